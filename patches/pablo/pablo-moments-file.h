// Reading a file of second moments (pablo-moments.h).

#pragma once

#include "pablo-release.h"

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

class pablo_moments_file {
  public:
    struct input {
        int64_t  n;      // columns
        uint64_t count;  // tokens
        uint64_t offset; // of the data in the file
    };

    // Reads the whole file once. Throws std::runtime_error, which names the file, if it is none of second moments,
    // damaged, or has values that are not finite.
    explicit pablo_moments_file(const std::string & path);

    // Whether it has the input of a weight tensor, whichever matrix of it.
    bool covers(const std::string & weight) const { return inputs_of.count(weight) != 0; }

    // The input of one of a weight's matrices, or NULL if it has none, or one that no token reached.
    const input * find(const std::string & weight, int64_t matrix, int64_t n_matrices) const;

    // The upper triangle, row by row.
    std::vector<float> read(const input & which) const;

    const std::string path;

  private:
    std::unique_ptr<FILE, int (*)(FILE *)> file;
    std::map<std::string, std::string>     inputs_of; // weight → name of its input
    std::map<std::string, input>           inputs;

    void read_header();
    void check_values() const;
    [[noreturn]] void fail(const std::string & what) const;
};
