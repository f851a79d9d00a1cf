// The inner loop of everything that costs time around error feedback:
// C[r][i] += sum over k of B[k][r]*A[k][i], a matrix product of narrow panels that
// lie k by k in memory. Each element is summed in the order of k, whatever the
// panel it is part of: so results depend on no division of work.

#pragma once

#include <cstdint>
#include <cstring>

template <typename T>
void pablo_rank_update_ref(int rows, int width, int64_t k, T sign, const T * a, int lda, const T * b, int ldb, T * c, int ldc) {
    for (int r = 0; r < rows; ++r) {
        for (int i = 0; i < width; ++i) {
            T sum = 0;
            for (int64_t at = 0; at < k; ++at) {
                sum += b[at*ldb + r]*a[at*lda + i];
            }
            c[r*ldc + i] += sign*sum;
        }
    }
}

#if defined(__GNUC__)

#if defined(__AVX512F__)
#define PABLO_VECTOR 64
#define PABLO_RANK_ROWS 8
#elif defined(__AVX__)
#define PABLO_VECTOR 32
#define PABLO_RANK_ROWS 4
#else
#define PABLO_VECTOR 16
#define PABLO_RANK_ROWS 4
#endif

// Two vectors wide, so many rows high that the sums stay in registers.
template <typename T, int rows>
static void pablo_rank_tile(int64_t k, T sign, const T * __restrict a, int lda, const T * __restrict b, int ldb, T * __restrict c, int ldc) {
    typedef T vector __attribute__((vector_size(PABLO_VECTOR), aligned(sizeof(T))));
    const int lanes = PABLO_VECTOR/sizeof(T);
    vector sum[rows][2] = {};
    for (int64_t at = 0; at < k; ++at, a += lda, b += ldb) {
        const vector low  = *(const vector *) a;
        const vector high = *(const vector *) (a + lanes);
        for (int r = 0; r < rows; ++r) {
            sum[r][0] += b[r]*low;
            sum[r][1] += b[r]*high;
        }
    }
    for (int r = 0; r < rows; ++r) {
        for (int half = 0; half < 2; ++half) {
            vector * to = (vector *) (c + r*ldc + half*lanes);
            *to += sign*sum[r][half];
        }
    }
}

// `rows` a multiple of 8, `width` of 32; `sign` 1 or -1.
template <typename T>
void pablo_rank_update(int rows, int width, int64_t k, T sign, const T * a, int lda, const T * b, int ldb, T * c, int ldc) {
    const int step = 2*PABLO_VECTOR/sizeof(T);
    for (int i = 0; i < width; i += step) {
        for (int r = 0; r < rows; r += PABLO_RANK_ROWS) {
            pablo_rank_tile<T, PABLO_RANK_ROWS>(k, sign, a + i, lda, b + r, ldb, c + r*ldc + i, ldc);
        }
    }
}

#else

template <typename T>
void pablo_rank_update(int rows, int width, int64_t k, T sign, const T * a, int lda, const T * b, int ldb, T * c, int ldc) {
    pablo_rank_update_ref(rows, width, k, sign, a, lda, b, ldb, c, ldc);
}

#endif
