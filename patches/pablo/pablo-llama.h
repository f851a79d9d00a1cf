// What libllama calls of pablo: one object while a model is quantized, a few
// functions while one is loaded. What fails throws a std::exception that says why.

#pragma once

#include "pablo-release.h"
#include "pablo.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

// A conf that frees what it holds, also when the constructor of what it is part of throws.
struct pablo_owned_conf : pablo_conf {
    pablo_owned_conf() : pablo_conf() {}
    ~pablo_owned_conf() { pablo_free_conf(this); }
    pablo_owned_conf(const pablo_owned_conf &) = delete;
    pablo_owned_conf & operator=(const pablo_owned_conf &) = delete;
};

class pablo_feedback_model;

// Quantizing as pablo.conf says, from first to last tensor.
class pablo_quantizer {
  public:
    // Reads pablo.conf. `input` must not be own-coded already.
    explicit pablo_quantizer(const gguf_context * input);
    ~pablo_quantizer();

    // Names every tensor, in file order, before the metadata is written.
    void add_tensor(const ggml_tensor * tensor, ggml_type to);
    void write_metadata(gguf_context * output) const;

    // The encoder of a tensor that was added.
    const pablo_encoder & encoder(const std::string & name) const;

    // Whether codes of a tensor that was added are chosen by what they do to its outputs. Then this takes the place of
    // quantizing rows one by one: rows `first_row` and on, counted through the tensor's matrices, by all threads.
    // `imatrix` is of the whole tensor, or NULL. Returns the bytes written.
    bool has_feedback(const ggml_tensor * tensor) const;
    size_t quantize_with_feedback(const ggml_tensor * tensor, const float * src, void * dst, int64_t first_row, int64_t n_rows, const float * imatrix, int n_threads);

    // After the last row of a tensor: counts its codes. A release that writes a
    // tensor piece by piece finishes each, in order, before it is written.
    void finish_tensor(const ggml_tensor * tensor, ggml_type type, void * data, int n_threads);
    void finish_rows(const ggml_tensor * tensor, ggml_type type, void * data, int64_t n_rows, int n_threads);

    // After the last tensor, if pablo.conf names a file.
    void write_histogram();

  private:
    struct counted_tensor {
        std::string           name;
        ggml_type             type;
        std::vector<int64_t>  shape;
        std::vector<uint64_t> codes;
    };

    pablo_owned_conf                     conf;
    std::map<std::string, pablo_encoder> encoders;
    std::vector<std::string>             own_tensors;
    bool                                 centred; // some own tensor is
    std::vector<counted_tensor>          counted;
    pablo_histogram                      total;
    std::unique_ptr<pablo_feedback_model> feedback; // none without FEEDBACK
};

bool pablo_is_own_coded(const gguf_context * file);

// Marks the own tensors of a file, found by name. False if it has none.
// Throws if pablo.conf contradicts the file.
bool pablo_mark_tensors(const gguf_context * file, const std::function<ggml_tensor *(const std::string &)> & find);

// Makes a marked tensor's header what it is in buffers of that type: packed codes are Q8_0 in every one but pablo's own.
// False if such a buffer cannot compute `op` with it.
bool pablo_fit_header(ggml_tensor * tensor, ggml_op op, const char * buffer_type);

// The same, but throws where that is false.
void pablo_require_fit(ggml_tensor * tensor, ggml_op op, const char * buffer_type);

// Reads a tensor's bytes and passes them through pablo on their way from the file
// to its buffer. `read(to, at, size)` gives those from its byte `at`.
void pablo_read_tensor(const ggml_tensor * tensor, const char * buffer_type, void * data, const std::function<void(void *, size_t, size_t)> & read);

// A copy of a tensor's header has no op_params; this gives it the mark.
void pablo_copy_mark(ggml_tensor * to, const ggml_tensor * from);
