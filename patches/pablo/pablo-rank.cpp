#include "pablo-rank.h"

template <typename T>
static void update_ref(int rows, int width, int64_t k, T sign, const T * a, int lda, const T * b, int ldb, T * c, int ldc) {
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
#define VECTOR 64
#define ROWS   8 // with 32 registers
#elif defined(__AVX__)
#define VECTOR 32
#define ROWS   4
#else
#define VECTOR 16
#define ROWS   4
#endif

// Two vectors wide, so many rows high that the sums stay in registers.
template <typename T>
static void update_tile(int64_t k, T sign, const T * __restrict a, int lda, const T * __restrict b, int ldb, T * __restrict c, int ldc) {
    typedef T vector __attribute__((vector_size(VECTOR), aligned(sizeof(T)), may_alias));
    const int lanes = VECTOR/sizeof(T);
    vector sum[ROWS][2] = {};
    for (int64_t at = 0; at < k; ++at, a += lda, b += ldb) {
        const vector low  = *(const vector *) a;
        const vector high = *(const vector *) (a + lanes);
        for (int r = 0; r < ROWS; ++r) {
            sum[r][0] += b[r]*low;
            sum[r][1] += b[r]*high;
        }
    }
    for (int r = 0; r < ROWS; ++r) {
        for (int half = 0; half < 2; ++half) {
            vector * to = (vector *) (c + r*ldc + half*lanes);
            *to += sign*sum[r][half];
        }
    }
}

template <typename T>
static void update(int rows, int width, int64_t k, T sign, const T * a, int lda, const T * b, int ldb, T * c, int ldc) {
    const int step = 2*VECTOR/sizeof(T);
    for (int i = 0; i < width; i += step) {
        for (int r = 0; r < rows; r += ROWS) {
            update_tile(k, sign, a + i, lda, b + r, ldb, c + r*ldc + i, ldc);
        }
    }
}

#else

template <typename T>
static void update(int rows, int width, int64_t k, T sign, const T * a, int lda, const T * b, int ldb, T * c, int ldc) {
    update_ref(rows, width, k, sign, a, lda, b, ldb, c, ldc);
}

#endif

void pablo_rank_update(int rows, int width, int64_t k, float sign, const float * a, int lda, const float * b, int ldb, float * c, int ldc) {
    update(rows, width, k, sign, a, lda, b, ldb, c, ldc);
}

void pablo_rank_update(int rows, int width, int64_t k, double sign, const double * a, int lda, const double * b, int ldb, double * c, int ldc) {
    update(rows, width, k, sign, a, lda, b, ldb, c, ldc);
}

void pablo_rank_update_ref(int rows, int width, int64_t k, float sign, const float * a, int lda, const float * b, int ldb, float * c, int ldc) {
    update_ref(rows, width, k, sign, a, lda, b, ldb, c, ldc);
}

void pablo_rank_update_ref(int rows, int width, int64_t k, double sign, const double * a, int lda, const double * b, int ldb, double * c, int ldc) {
    update_ref(rows, width, k, sign, a, lda, b, ldb, c, ldc);
}
