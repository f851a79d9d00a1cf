#include "pablo-moments-collector.h"

#include "ggml-backend.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

static bool is_multiplication(const ggml_tensor * node) {
    return node->op == GGML_OP_MUL_MAT || node->op == GGML_OP_MUL_MAT_ID;
}

// A weight's name in the model's file; empty for what is none. The scheduler calls copies DEVICE#name#number.
static std::string weight_name(const ggml_tensor * tensor) {
    std::string name = tensor->name;
    const size_t first = name.find('#');
    if (first != std::string::npos) {
        const size_t last = name.find('#', first + 1);
        name = name.substr(first + 1, last == std::string::npos ? last : last - first - 1);
    }
    const std::string ending = ".weight";
    const bool ends = name.size() > ending.size() && name.compare(name.size() - ending.size(), ending.size(), ending) == 0;
    // llama-quantize leaves what chooses the experts as it is
    return tensor->op == GGML_OP_NONE && ends && name.find("ffn_gate_inp") == std::string::npos ? name : "";
}

void pablo_moments_collector::look(const std::string & weight, const ggml_tensor * node) {
    const ggml_tensor * weights = node->src[0];
    const ggml_tensor * input   = node->src[1];
    if (input_of.count(weight) || input->type != GGML_TYPE_F32 || input->nb[0] != sizeof(float)) {
        return;
    }
    const int64_t n_matrices = weights->ne[2]*weights->ne[3];
    for (const size_t i : seen[input]) { // weights of as many matrices, chosen in the same way
        if (found[i].n_matrices == n_matrices) {
            found[i].weights.push_back(weight);
            input_of[weight] = i;
            return;
        }
    }
    input_of[weight] = found.size();
    seen[input].push_back(found.size());
    found.push_back({ weight, input->ne[0], n_matrices, { weight } });
}

bool pablo_moments_collector::wants(const ggml_tensor * node) {
    const std::string weight = is_multiplication(node) ? weight_name(node->src[0]) : "";
    if (weight.empty()) {
        return false;
    }
    if (pass < 0) {
        look(weight, node);
        return false;
    }
    // Of weights that share an input, the first gives it.
    const auto input = input_of.find(weight);
    return input != input_of.end() && found[input->second].name == weight && active.count(input->second);
}

int pablo_moments_collector::plan(uint64_t memory) {
    uint64_t scratch_bytes = 0;
    for (const pablo_moments_input & input : found) {
        scratch_bytes = std::max<uint64_t>(scratch_bytes, pablo_gather::scratch_size(input.n)*sizeof(float));
    }
    scratch.resize(scratch_bytes/sizeof(float));
    uint64_t held  = scratch_bytes;
    int      last  = 0;
    for (size_t i = 0; i < found.size(); ++i) {
        const uint64_t bytes = pablo_gather::size(found[i].n)*sizeof(float);
        if (scratch_bytes + bytes > memory) {
            throw std::runtime_error("--memory " + std::to_string(memory) + ": the input of " + found[i].name + " alone takes " + std::to_string(scratch_bytes + bytes) + " bytes");
        }
        for (int64_t matrix = 0; matrix < found[i].n_matrices; ++matrix) {
            if (held + bytes > memory) {
                held = scratch_bytes;
                ++last;
            }
            held += bytes;
            pieces.push_back({ i, matrix, last });
        }
    }
    return found.empty() ? 0 : last + 1;
}

void pablo_moments_collector::begin_pass(int number) {
    pass = number;
    for (const piece & p : pieces) {
        if (p.pass == pass) {
            gathered.emplace(std::make_pair(p.input, p.matrix), pablo_gather(found[p.input].n));
            active.insert(p.input);
        }
    }
}

void pablo_moments_collector::end_pass(pablo_moments_writer & writer) {
    for (const auto & entry : gathered) {
        writer.add(entry.second, found[entry.first.first].n);
    }
    gathered.clear();
    active.clear();
}

bool pablo_moments_collector::add(size_t input, int64_t matrix, const std::vector<const float *> & rows) {
    const auto sum = gathered.find({ input, matrix });
    if (sum == gathered.end() || sum->second.add(rows.data(), rows.size(), scratch.data(), n_threads)) {
        return true;
    }
    problem = "the input of " + found[input].name + " has a value that is not a finite number";
    return false;
}

bool pablo_moments_collector::take(const ggml_tensor * node) {
    const ggml_tensor * x = node->src[1];
    const size_t  input      = input_of.at(weight_name(node->src[0]));
    const int64_t n_matrices = found[input].n_matrices;
    const char * data = (const char *) x->data;
    if (!ggml_backend_buffer_is_host(x->view_src ? x->view_src->buffer : x->buffer)) {
        copied.resize(ggml_nbytes(x));
        ggml_backend_tensor_get(x, copied.data(), 0, copied.size());
        data = copied.data();
    }
    std::vector<std::vector<const float *>> rows(n_matrices);
    if (node->op == GGML_OP_MUL_MAT_ID) { // x: columns, experts used or 1, tokens; ids: experts used, tokens
        const ggml_tensor * ids = node->src[2];
        std::vector<char> chosen(ggml_nbytes(ids));
        ggml_backend_tensor_get(ids, chosen.data(), 0, chosen.size());
        for (int64_t token = 0; token < ids->ne[1]; ++token) {
            for (int64_t slot = 0; slot < ids->ne[0]; ++slot) {
                int32_t expert;
                memcpy(&expert, chosen.data() + token*ids->nb[1] + slot*ids->nb[0], sizeof(expert));
                rows.at(expert).push_back((const float *) (data + slot%x->ne[1]*x->nb[1] + token*x->nb[2]));
            }
        }
    } else {
        for (int64_t i3 = 0; i3 < x->ne[3]; ++i3) {
            for (int64_t i2 = 0; i2 < x->ne[2]; ++i2) {
                const int64_t matrix = i3%node->src[0]->ne[3]*node->src[0]->ne[2] + i2%node->src[0]->ne[2];
                for (int64_t i1 = 0; i1 < x->ne[1]; ++i1) {
                    rows[matrix].push_back((const float *) (data + i1*x->nb[1] + i2*x->nb[2] + i3*x->nb[3]));
                }
            }
        }
    }
    for (int64_t matrix = 0; matrix < n_matrices; ++matrix) {
        if (!add(input, matrix, rows[matrix])) {
            return false;
        }
    }
    return true;
}
