#include "pablo-feedback-model.h"
#include "pablo-llama.h"
#include "pablo-metadata.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <thread>

// Leaves a file that is there as it is.
static bool is_writable(const char * path) {
    FILE * before = fopen(path, "rb");
    FILE * file   = fopen(path, "ab");
    if (file) {
        fclose(file);
    }
    if (before) {
        fclose(before);
    } else if (file) {
        remove(path);
    }
    return file;
}

pablo_quantizer::pablo_quantizer(const gguf_context * input) : centred(false), total() {
    char error[PABLO_MAX_ERROR];
    const char * name;
    if (!pablo_read_conf(&conf, &name, error)) {
        throw std::runtime_error(error);
    }
    if (!PABLO_HAS_PACKED && conf.own && conf.container == PABLO_CONTAINER_PACKED) {
        throw std::runtime_error(std::string(name) + ": CONTAINER packed: " PABLO_NO_PACKED ": use CONTAINER native, or a newer release");
    }
    if (pablo_metadata::is_present(input)) {
        throw std::runtime_error("the model is own-coded already (it has pablo.* metadata): quantize the F16 or F32 model it was made from");
    }
    if (conf.histogram[0] && !is_writable(conf.histogram)) {
        const std::string reason = strerror(errno);
        throw std::runtime_error(std::string("HISTOGRAM ") + conf.histogram + ": cannot be written: " + reason);
    }
    if (conf.feedback[0]) {
        feedback.reset(new pablo_feedback_model(conf));
    }
}

pablo_quantizer::~pablo_quantizer() = default;

void pablo_quantizer::add_tensor(const ggml_tensor * tensor, ggml_type to) {
    const std::string   name    = tensor->name;
    const ggml_type     from    = tensor->type;
    const pablo_encoder encoder = pablo_make_encoder(&conf, name.c_str(), to);
    encoders[name] = encoder;
    if (feedback && from != to) {
        feedback->add_tensor(tensor, encoder);
    }
    const bool damaged_simple = !conf.own && conf.defects && to == GGML_TYPE_Q4_0;
    if (from != to && (encoder.own || damaged_simple)) {
        own_tensors.push_back(name);
        centred = centred || (encoder.own && to == GGML_TYPE_Q4_0 && !encoder.packed);
    }
}

const pablo_encoder & pablo_quantizer::encoder(const std::string & name) const {
    return encoders.at(name);
}

bool pablo_quantizer::has_feedback(const ggml_tensor * tensor) const {
    return feedback && feedback->has(tensor->name);
}

size_t pablo_quantizer::quantize_with_feedback(const ggml_tensor * tensor, const float * src, void * dst, int64_t first_row, int64_t n_rows, const float * imatrix, int n_threads) {
    const pablo_encoder & encoder = encoders.at(tensor->name);
    feedback->quantize(tensor, encoder, src, dst, first_row, n_rows, imatrix, n_threads);
    return n_rows*ggml_row_size(encoder.type, tensor->ne[0]);
}

void pablo_quantizer::write_metadata(gguf_context * output) const {
    if (feedback) {
        fputs(feedback->report().c_str(), stdout);
        fflush(stdout);
    }
    if (!own_tensors.empty()) {
        pablo_metadata::write(output, conf, own_tensors, centred);
    }
}

void pablo_quantizer::finish_tensor(const ggml_tensor * tensor, ggml_type type, void * data, int n_threads) {
    finish_rows(tensor, type, data, ggml_nrows(tensor), n_threads);
}

void pablo_quantizer::finish_rows(const ggml_tensor * tensor, ggml_type type, void * data, int64_t n_rows, int n_threads) {
    const pablo_encoder & encoder = encoders.at(tensor->name);
    const int64_t n_blocks = n_rows*tensor->ne[0]/PABLO_BLOCK;

    if (conf.histogram[0] && (type == GGML_TYPE_Q4_0 || type == GGML_TYPE_Q8_0)) {
        std::vector<pablo_histogram> pieces(n_threads);
        std::vector<std::thread>     workers;
        for (int t = n_threads - 1; t >= 0; --t) { // the first piece on this thread
            const int64_t first = n_blocks*t/n_threads;
            const int64_t last  = n_blocks*(t + 1)/n_threads;
            const char *  start = (const char *) data + first*ggml_type_size(type);
            const auto count = [=, &pieces, &encoder] { pablo_count(&pieces[t], type, encoder.own, start, (last - first)*PABLO_BLOCK); };
            if (t > 0) {
                workers.emplace_back(count);
            } else {
                count();
            }
        }
        for (std::thread & worker : workers) {
            worker.join();
        }
        pablo_histogram sum = {};
        for (const pablo_histogram & piece : pieces) {
            pablo_join(&sum, &piece);
        }
        pablo_join(&total, &sum);

        const bool    bytes = type == GGML_TYPE_Q8_0 && !encoder.own;
        const int64_t dims  = ggml_n_dims(tensor);
        if (counted.empty() || counted.back().name != tensor->name) {
            counted.push_back({ tensor->name, type, { tensor->ne, tensor->ne + dims }, std::vector<uint64_t>(bytes ? 256 : PABLO_CODES) });
        }
        for (size_t i = 0; i < counted.back().codes.size(); ++i) {
            counted.back().codes[i] += sum.code[i];
        }
    }
    if (encoder.own && type == GGML_TYPE_Q4_0 && conf.defects & PABLO_DEFECT_PACKING) {
        pablo_damage_packing(data, n_blocks*PABLO_BLOCK);
    }
}

template <typename T>
static std::string join_numbers(const T * numbers, size_t n) {
    std::string text;
    for (size_t i = 0; i < n; ++i) {
        text += (i ? "," : "") + std::to_string(numbers[i]);
    }
    return "[" + text + "]";
}

// Tensor names come from a file: whatever JSON reserves is escaped.
static std::string quote(const std::string & text) {
    std::string quoted = "\"";
    for (const unsigned char c : text) {
        char escape[8];
        snprintf(escape, sizeof(escape), c == '"' || c == '\\' ? "\\%c" : c < 0x20 ? "\\u%04x" : "%c", c);
        quoted += escape;
    }
    return quoted + "\"";
}

void pablo_quantizer::write_histogram() {
    if (!conf.histogram[0]) {
        return;
    }
    pablo_close(&total);
    std::string json = "{\"pablo\":[{\"tensors\":[";
    for (size_t i = 0; i < counted.size(); ++i) {
        const counted_tensor & t = counted[i];
        json += i ? ",\n" : "\n";
        json += "{\"name\":" + quote(t.name) + ",\"type\":\"" + (t.type == GGML_TYPE_Q4_0 ? "Q4_0" : "Q8_0") + "\"";
        json += ",\"shape\":" + join_numbers(t.shape.data(), t.shape.size());
        json += ",\"hist\":"  + join_numbers(t.codes.data(), t.codes.size()) + "}";
    }
    json += "]},\n{\"groups\":" + join_numbers(total.run, PABLO_RUNS) + "}]}\n";

    FILE * file = fopen(conf.histogram, "wb");
    const bool written = file && fwrite(json.data(), 1, json.size(), file) == json.size();
    const int  reason  = errno; // fclose may set another
    if (!file || fclose(file) != 0 || !written) {
        throw std::runtime_error(std::string("HISTOGRAM ") + conf.histogram + ": cannot be written: " + strerror(file && written ? errno : reason));
    }
}
