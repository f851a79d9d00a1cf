#include "pablo-moments-file.h"

#include "pablo-factor.h"
#include "pablo-moments.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <stdexcept>

void pablo_moments_file::fail(const std::string & what) const {
    throw std::runtime_error("FEEDBACK " + path + ": " + what);
}

static void seek(FILE * file, uint64_t offset) {
#if defined(_WIN32)
    _fseeki64(file, (int64_t) offset, SEEK_SET);
#else
    fseeko(file, (off_t) offset, SEEK_SET);
#endif
}

pablo_moments_file::pablo_moments_file(const std::string & path) : path(path), file(fopen(path.c_str(), "rb"), [](FILE * f) { return f ? fclose(f) : 0; }) {
    if (!file) {
        fail(std::string("cannot be opened: ") + strerror(errno));
    }
    read_header();
    check_values();
}

void pablo_moments_file::read_header() {
    const std::unique_ptr<gguf_context, void (*)(gguf_context *)> gguf(gguf_init_from_file(path.c_str(), { true, nullptr }), gguf_free);
    if (!gguf) {
        fail("is no GGUF file, or a damaged one");
    }
    const auto find_key = [&](const char * key, gguf_type type) {
        const int64_t id = gguf_find_key(gguf.get(), key);
        if (id < 0 || gguf_get_kv_type(gguf.get(), id) != type) {
            fail(std::string("has no ") + key + ": expected a file that llama-moments wrote");
        }
        return id;
    };
    const auto find_array = [&](const char * key, gguf_type type) {
        const int64_t id = find_key(key, GGUF_TYPE_ARRAY);
        if (gguf_get_arr_type(gguf.get(), id) != type) {
            fail(std::string(key) + " is not as llama-moments writes it");
        }
        return id;
    };
    if (strcmp(gguf_get_val_str(gguf.get(), find_key(PABLO_KEY_TYPE, GGUF_TYPE_STRING)), PABLO_MOMENTS_TYPE) != 0) {
        fail("is a GGUF file, but not of second moments: expected one that llama-moments wrote");
    }
    if (gguf_get_val_u32(gguf.get(), find_key(PABLO_KEY_VERSION, GGUF_TYPE_UINT32)) != PABLO_MOMENTS_VERSION) {
        fail("was made by another version of llama-moments");
    }
    const int64_t weights = find_array(PABLO_KEY_WEIGHTS, GGUF_TYPE_STRING);
    const int64_t of      = find_array(PABLO_KEY_INPUTS,  GGUF_TYPE_STRING);
    const int64_t names   = find_array(PABLO_KEY_NAMES,   GGUF_TYPE_STRING);
    const int64_t counts  = find_array(PABLO_KEY_COUNTS,  GGUF_TYPE_UINT64);
    const size_t n_weights = gguf_get_arr_n(gguf.get(), weights);
    const size_t n_inputs  = gguf_get_arr_n(gguf.get(), names);
    if ((size_t) gguf_get_arr_n(gguf.get(), of) != n_weights || (size_t) gguf_get_arr_n(gguf.get(), counts) != n_inputs) {
        fail("its lists of names are not of equal length");
    }
    for (size_t i = 0; i < n_weights; ++i) {
        inputs_of[gguf_get_arr_str(gguf.get(), weights, i)] = gguf_get_arr_str(gguf.get(), of, i);
    }
    for (size_t i = 0; i < n_inputs; ++i) {
        const char *  name   = gguf_get_arr_str(gguf.get(), names, i);
        const int64_t tensor = gguf_find_tensor(gguf.get(), name);
        if (tensor < 0 || gguf_get_tensor_type(gguf.get(), tensor) != GGML_TYPE_F32) {
            fail(std::string("the second moments of ") + name + " are missing");
        }
        const int64_t size = gguf_get_tensor_size(gguf.get(), tensor)/sizeof(float);
        const int64_t n    = (int64_t) ((std::sqrt(8.0*size + 1.0) - 1.0)/2.0 + 0.5);
        if (pablo_half_size(n) != size) {
            fail(std::string("the second moments of ") + name + " have " + std::to_string(size) + " values, which is no symmetric half");
        }
        const uint64_t offset = gguf_get_data_offset(gguf.get()) + gguf_get_tensor_offset(gguf.get(), tensor);
        inputs[name] = { n, ((const uint64_t *) gguf_get_arr_data(gguf.get(), counts))[i], offset };
    }
}

std::vector<float> pablo_moments_file::read(const input & which) const {
    std::vector<float> half(pablo_half_size(which.n));
    seek(file.get(), which.offset);
    if (fread(half.data(), sizeof(float), half.size(), file.get()) != half.size()) {
        fail("is truncated: it ends before its last value");
    }
    return half;
}

void pablo_moments_file::check_values() const {
    std::vector<float> piece(1 << 20);
    for (const auto & entry : inputs) {
        const input & which = entry.second;
        seek(file.get(), which.offset);
        for (int64_t rest = pablo_half_size(which.n); rest > 0; rest -= piece.size()) {
            const size_t size = (size_t) std::min<int64_t>(rest, piece.size());
            if (fread(piece.data(), sizeof(float), size, file.get()) != size) {
                fail("is truncated: it ends before the last value of " + entry.first);
            }
            if (!std::all_of(piece.begin(), piece.begin() + size, [](float value) { return std::isfinite(value); })) {
                fail("the second moments of " + entry.first + " have a value that is not finite");
            }
        }
    }
}

const pablo_moments_file::input * pablo_moments_file::find(const std::string & weight, int64_t matrix, int64_t n_matrices) const {
    const auto of = inputs_of.find(weight);
    if (of == inputs_of.end()) {
        return nullptr;
    }
    const auto found = inputs.find(n_matrices == 1 ? of->second : of->second + "#" + std::to_string(matrix));
    return found == inputs.end() || found->second.count == 0 ? nullptr : &found->second;
}
