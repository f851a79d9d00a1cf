// The second moments of what a model's weights are multiplied with, taken while graphs are computed.

#pragma once

#include "pablo-moments-writer.h"

#include "ggml.h"

#include <map>
#include <set>
#include <string>
#include <vector>

class pablo_moments_collector {
  public:
    explicit pablo_moments_collector(int n_threads) : n_threads(n_threads) {}

    // While nothing is gathered yet: a graph's computation finds out what inputs there are.
    const std::vector<pablo_moments_input> & inputs() const { return found; }

    // How many passes over the text gather all inputs, if no more than `memory` bytes are held at once.
    // Throws std::runtime_error if one alone takes more.
    int plan(uint64_t memory);

    void begin_pass(int pass);                      // 0 and on
    void end_pass(pablo_moments_writer & writer);   // gives what was gathered, in order

    // Empty, or why computing was stopped.
    const std::string & error() const { return problem; }

    // For the scheduler: whether a node's input is wanted, and then, when it was computed, its input.
    // False stops the computation.
    bool wants(const ggml_tensor * node);
    bool take(const ggml_tensor * node);

  private:
    struct piece { // a matrix of an input
        size_t  input;
        int64_t matrix;
        int     pass;
    };

    const int                         n_threads;
    std::vector<pablo_moments_input>  found;
    std::map<std::string, size_t>     input_of;     // weight → its input
    std::map<const ggml_tensor *, std::vector<size_t>> seen; // inputs of the graph that is looked at
    std::vector<piece>                pieces;
    int                               pass = -1;
    std::map<std::pair<size_t, int64_t>, pablo_gather> gathered; // of this pass, by input and matrix
    std::set<size_t>                  active;       // inputs of which something is gathered in this pass
    std::vector<float>                scratch;
    std::vector<char>                 copied;       // what lies in another memory than the processor's
    std::string                       problem;

    void look(const std::string & weight, const ggml_tensor * node);
    bool add(size_t input, int64_t matrix, const std::vector<const float *> & rows);
};
