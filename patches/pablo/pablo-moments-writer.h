// Writing a file of second moments (pablo-moments.h).

#pragma once

#include "gguf.h"
#include "pablo-gather.h"

#include <memory>
#include <string>
#include <vector>

// A distinct input of a model's matrix multiplications: named by the first weight it is multiplied with.
struct pablo_moments_input {
    std::string              name;
    int64_t                  n;          // columns
    int64_t                  n_matrices; // of the weights; each has moments of its own
    std::vector<std::string> weights;    // all that it is multiplied with

    std::string tensor_name(int64_t matrix) const { return n_matrices == 1 ? name : name + "#" + std::to_string(matrix); }
};

// Writes beside the file, and renames it when it is whole. What fails throws a std::runtime_error.
class pablo_moments_writer {
  public:
    pablo_moments_writer(const std::string & path, const std::vector<pablo_moments_input> & inputs, uint32_t chunks, uint32_t context);
    ~pablo_moments_writer(); // leaves nothing of an unfinished file

    // The next tensor, in the inputs' order, each matrix after the other.
    void add(const pablo_gather & gathered, int64_t n);

    void finish();

  private:
    std::string                                              path;
    std::string                                              partial;
    FILE *                                                   file;
    std::unique_ptr<gguf_context, void (*)(gguf_context *)> gguf;
    std::vector<uint64_t>                                    counts;

    void write(const void * data, size_t size);
    void write_header();
    [[noreturn]] void fail() const;
};
