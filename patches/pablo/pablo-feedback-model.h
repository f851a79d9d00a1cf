// Error feedback for a model's tensors: which get it, and the factor of the one that is quantized.

#pragma once

#include "pablo-llama.h"

#if PABLO_HAS_FEEDBACK

#include "pablo-feedback.h"
#include "pablo-moments-file.h"

#include <set>
#include <string>
#include <vector>

class pablo_feedback_model {
  public:
    // Reads the moments that `conf` names. Throws std::runtime_error.
    explicit pablo_feedback_model(const pablo_conf & conf);

    // Each tensor that is quantized, before any. Throws if the moments are for other rows than the tensor's.
    void add_tensor(const ggml_tensor * tensor, const pablo_encoder & encoder);

    // After the last: a line for each tensor, whether it gets feedback. Throws if none does.
    std::string report() const;

    // Whether it is quantized here: also one without moments, whose scales are searched, and one of a type without
    // feedback, whose weights count by the moments' diagonal.
    bool has(const std::string & tensor) const { return chosen.count(tensor) != 0; }

    // Quantizes rows `first_row` and on of a tensor, counted through its matrices; `imatrix` is of the whole tensor,
    // or NULL.
    void quantize(const ggml_tensor * tensor, const pablo_encoder & encoder, const float * src, void * dst, int64_t first_row, int64_t n_rows, const float * imatrix, int n_threads);

  private:
    struct line {
        std::string tensor;
        std::string how;
    };

    const pablo_conf &       conf;
    pablo_moments_file       moments;
    std::set<std::string>    chosen;
    std::vector<line>        lines;
    bool                     any_covered = false;
    bool                     any_fed     = false;

    // Tensors that share an input follow each other, by name, or with one between: attn_k, attn_output, attn_q, attn_v.
    struct used_factor {
        const pablo_moments_file::input * input = nullptr;
        pablo_factor                      factor;
    };
    used_factor recent[2]; // the one used last first

    std::vector<float> diagonal(const pablo_moments_file::input & which);
    const pablo_factor & factor_of(const pablo_moments_file::input & which, const char * tensor, int n_threads);
};

#else

#include <stdexcept>

class pablo_feedback_model {
  public:
    explicit pablo_feedback_model(const pablo_conf &) { throw std::runtime_error("FEEDBACK: this release of llama.cpp has no llama-moments: use a newer one"); }
    void add_tensor(const ggml_tensor *, const pablo_encoder &) {}
    std::string report() const { return ""; }
    bool has(const std::string &) const { return false; }
    void quantize(const ggml_tensor *, const pablo_encoder &, const float *, void *, int64_t, int64_t, const float *, int) {}
};

#endif
