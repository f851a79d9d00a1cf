// The inner loop of everything that costs time around error feedback:
// C[r][i] += sign * sum over k of B[k][r]*A[k][i], a matrix product of narrow panels
// that lie k by k in memory. Each element is summed in the order of k, whatever the
// panel it is part of: so results depend on no division of work.

#pragma once

#include <cstdint>

// `rows` a multiple of 8, `width` of 32; lda, ldb and ldc are the distances of two k, or two r; `sign` 1 or -1.
void pablo_rank_update(int rows, int width, int64_t k, float  sign, const float  * a, int lda, const float  * b, int ldb, float  * c, int ldc);
void pablo_rank_update(int rows, int width, int64_t k, double sign, const double * a, int lda, const double * b, int ldb, double * c, int ldc);

// What they compute, written plainly.
void pablo_rank_update_ref(int rows, int width, int64_t k, float  sign, const float  * a, int lda, const float  * b, int ldb, float  * c, int ldc);
void pablo_rank_update_ref(int rows, int width, int64_t k, double sign, const double * a, int lda, const double * b, int ldb, double * c, int ldc);
