#include "pablo-feedback-model.h"

#include "pablo-parallel.h"

#include <stdexcept>
#include <utility>

pablo_feedback_model::pablo_feedback_model(const pablo_conf & conf) : conf(conf), moments(conf.feedback) {}

void pablo_feedback_model::add_tensor(const ggml_tensor * tensor, const pablo_encoder & encoder) {
    const std::string name = tensor->name;
    const auto rounded = [&](const std::string & why) { lines.push_back({ name, "rounded (" + why + ")" }); };

    any_covered = any_covered || moments.covers(name);
    if (!pablo_feedback_for(&conf, tensor->name)) {
        return rounded("FEEDBACK_TENSORS off");
    }
    const int64_t n_matrices = tensor->ne[2]*tensor->ne[3];
    int64_t  reached = 0;
    uint64_t count   = 0;
    for (int64_t matrix = 0; matrix < n_matrices; ++matrix) {
        const pablo_moments_file::input * input = moments.find(name, matrix, n_matrices);
        if (input && input->n != tensor->ne[0]) {
            throw std::runtime_error("FEEDBACK " + moments.path + ": the second moments of " + name + " are for " + std::to_string(input->n) +
                " columns, but the tensor has " + std::to_string(tensor->ne[0]) + ": they are another model's");
        }
        reached += input != nullptr;
        count   += input ? input->count : 0;
    }
    pablo_book book;
    if (!pablo_make_book(&book, &encoder)) {
        if (reached < n_matrices || !ggml_is_quantized(encoder.type)) {
            return rounded(std::string("type ") + ggml_type_name(encoder.type));
        }
        chosen.insert(name);
        return rounded(std::string("type ") + ggml_type_name(encoder.type) + ", by importance");
    }
    const bool table = encoder.own && (encoder.packed || encoder.type == GGML_TYPE_Q8_0);
    if (table && (encoder.encode != PABLO_ENCODE_NEAREST || encoder.scale != PABLO_SCALE_SEARCH)) {
        throw std::runtime_error("FEEDBACK with a table expects ENCODE nearest and SCALE search: that is how it chooses codes and scales");
    }
    chosen.insert(name);
    if (reached == 0) {
        return rounded("no moments");
    }
    any_fed = true;
    lines.push_back({ name, "feedback (" + (n_matrices == 1 ? std::to_string(count) + " tokens"
        : std::to_string(reached) + " of " + std::to_string(n_matrices) + " matrices") + ")" });
}

std::string pablo_feedback_model::report() const {
    if (!any_covered) {
        throw std::runtime_error("FEEDBACK " + moments.path + ": has none of this model's tensors: it is another model's");
    }
    if (!any_fed) {
        throw std::runtime_error("FEEDBACK " + moments.path + ": no tensor can be quantized with it: " + (lines.empty() ? "none is quantized" : lines.back().tensor + " is " + lines.back().how));
    }
    std::string text;
    for (const line & l : lines) {
        text += "pablo_feedback: " + l.tensor + ": " + l.how + "\n";
    }
    return text;
}

const pablo_factor & pablo_feedback_model::factor_of(const pablo_moments_file::input & which, const char * tensor, int n_threads) {
    if (recent[0].input != &which) {
        std::swap(recent[0], recent[1]);
    }
    if (recent[0].input != &which) {
        recent[0] = used_factor(); // before the next takes its memory
        try {
            recent[0].factor = pablo_make_factor(moments.read(which).data(), which.n, conf.damping, n_threads);
        } catch (const std::runtime_error & error) {
            throw std::runtime_error("FEEDBACK " + moments.path + ": the second moments of " + tensor + ": " + error.what());
        }
        recent[0].input = &which;
    }
    return recent[0].factor;
}

// The importance of each column.
std::vector<float> pablo_feedback_model::diagonal(const pablo_moments_file::input & which) {
    const std::vector<float> half = moments.read(which);
    std::vector<float> importance;
    for (int64_t c = 0, at = 0; c < which.n; at += which.n - c, ++c) {
        importance.push_back(half[at]);
    }
    return importance;
}

static void round_rows(const pablo_encoder & encoder, const float * src, char * dst, int64_t n_rows, int64_t n, const float * imatrix, int n_threads) {
    const size_t row_size = ggml_row_size(encoder.type, n);
    pablo_parallel(n_threads, n_rows, [&](int64_t row, int) { pablo_quantize_chunk(&encoder, src + row*n, dst + row*row_size, 0, 1, n, imatrix); });
}

void pablo_feedback_model::quantize(const ggml_tensor * tensor, const pablo_encoder & encoder, const float * src, void * dst, int64_t first_row, int64_t n_rows, const float * imatrix, int n_threads) {
    const int64_t n = tensor->ne[0], rows = tensor->ne[1];
    const size_t row_size = ggml_row_size(encoder.type, n);
    pablo_book book;
    const bool known = pablo_make_book(&book, &encoder);
    for (int64_t row = 0; row < n_rows;) {
        const int64_t matrix = (first_row + row)/rows;
        const int64_t piece  = std::min(n_rows - row, rows - (first_row + row)%rows);
        const pablo_moments_file::input * input = moments.find(tensor->name, matrix, tensor->ne[2]*tensor->ne[3]);
        const float * weight = imatrix ? imatrix + matrix*n : nullptr;
        const float * from = src + row*n;
        char * to = (char *) dst + row*row_size;
        if (known && input) {
            pablo_quantize_with_feedback(book, factor_of(*input, tensor->name, n_threads), from, to, piece, n_threads);
        } else if (known) {
            pablo_quantize_nearest(book, weight, from, to, piece, n, n_threads);
        } else if (weight) {
            round_rows(encoder, from, to, piece, n, weight, n_threads);
        } else {
            round_rows(encoder, from, to, piece, n, diagonal(*input).data(), n_threads);
        }
        row += piece;
    }
    if (!ggml_validate_row_data(encoder.type, dst, n_rows*row_size)) {
        throw std::runtime_error("quantized data validation failed");
    }
}
