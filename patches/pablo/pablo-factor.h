// What error feedback needs of the second moments M = E[x xT] of a tensor's input.
//
// With H = M + damping * mean(diag M) * I = R RT, R upper triangular, the error of
// a row of outputs is |(w - q) R|^2. Column c of that product holds the errors of
// the columns up to c, so a code chosen for w_c + sum over k < c of
// (w_k - q_k) S_kc, S_kc = R_kc/R_cc, makes good what was lost before it, and an
// error left in it counts R_cc^2. That is GPTQ's update (arXiv 2210.17323) by
// U = R^-1, the upper Cholesky factor of H^-1, as QuIP's LDLQ has it (arXiv
// 2307.13304, theorem 6): the same codes, but nothing is inverted. 1/U_cc is R_cc.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#define PABLO_STRIP 32 // columns of a strip, a block's
#define PABLO_GROUP 8  // rows whose errors lie together, and are updated together

struct pablo_factor {
    int64_t            n = 0;
    std::vector<float> strips; // of S, one after another: rows 0..last column of the strip, 32 columns each
    std::vector<float> damped; // H, by strips of 32 columns of all rows
    std::vector<float> weight; // R_cc^2 over its mean, for each column

    // Row k of H's columns of a block is 32 values from columns(block) + 32*k.
    const float * columns(int64_t block) const { return damped.data() + PABLO_STRIP*n*block; }

    // Strip `block` begins here; row k of it is 32 values from strip(block) + 32*k.
    const float * strip(int64_t block) const { return strips.data() + PABLO_STRIP*PABLO_STRIP*(block*(block + 1)/2); }
};

// Values of the symmetric half of an n x n matrix.
inline int64_t pablo_half_size(int64_t n) { return n*(n + 1)/2; }

// Factors moments given as their upper triangle, row by row; n is a multiple of 32. Columns whose diagonal is 0 were
// never used, and count as the mean of the others. In double precision, by any number of threads with the same result.
// Throws std::runtime_error if the matrix is none of second moments (not positive semidefinite, or not finite).
pablo_factor pablo_make_factor(const float * half, int64_t n, double damping, int n_threads);
