// Included at the end of ggml-cpu/arch/x86/repack.cpp, whose kernels for
// Q4_0, IQ4_NL and MXFP4 take their table as a parameter but are static there.

#pragma once

#include "pablo-kernels.h"

#if defined(__AVX2__)
static __m256i pablo_load_table(const int8_t * table) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *) table));
}

void pablo_gemv_8x8_q8_0(int n, float * s, size_t bs, const void * vx, const void * vy, int nr, int nc, const int8_t * table) {
    gemv_q4_b32_8x8_q8_0_lut_avx<block_iq4_nlx8>(n, s, bs, vx, vy, nr, nc, pablo_load_table(table));
}

void pablo_gemm_8x8_q8_0(int n, float * s, size_t bs, const void * vx, const void * vy, int nr, int nc, const int8_t * table) {
    gemm_q4_b32_8x8_q8_0_lut_avx<block_iq4_nlx8>(n, s, bs, vx, vy, nr, nc, pablo_load_table(table));
}
#endif
