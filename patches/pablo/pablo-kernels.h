// Matrix multiplication of packed weights through a 16-entry table.
//
// Weights: rows in groups of PABLO_LANES, one block of each row after the
// other, PABLO_BYTES bytes at a time: the layout of upstream's block_iq4_nlx8
// (8 x 8) and block_iq4_nlx4 (4 x 4). Rows that fill no group follow as they
// are. Activations: block_q8_0 rows, or block_q8_0x4 with four rows interleaved
// by PABLO_BYTES, as upstream's repack makes them.
//
// `table` holds the value of each nibble, in nibble order.

#pragma once

#include <stddef.h>
#include <stdint.h>

#if defined(__aarch64__) || defined(__arm__)
#define PABLO_LANES 4
#define PABLO_BYTES 4
#else
#define PABLO_LANES 8
#define PABLO_BYTES 8
#endif

// n weights a row. gemv: one activation row, `columns` weight rows, a multiple
// of PABLO_LANES; gemm: `rows` activation rows, a multiple of 4, results `stride`
// floats apart. Each has a scalar reference that says what it computes.
void pablo_gemv    (int n, float * dst, const void * weights, const void * activations, int columns, const int8_t * table);
void pablo_gemv_ref(int n, float * dst, const void * weights, const void * activations, int columns, const int8_t * table);
void pablo_gemm    (int n, float * dst, size_t stride, const void * weights, const void * activations, int rows, int columns, const int8_t * table);
void pablo_gemm_ref(int n, float * dst, size_t stride, const void * weights, const void * activations, int rows, int columns, const int8_t * table);

// One weight row that is in no group. `lane` is the activation row among four
// interleaved ones, or -1 if it is by itself.
float pablo_dot(int n, const void * weights, const void * activations, int lane, const int8_t * table);

// Upstream's kernels, with a table where they have a constant (arch/*/repack.cpp).
// `nr` is 1 in gemv, which does not use `bs`.
void pablo_gemv_8x8_q8_0(int n, float * s, size_t bs, const void * vx, const void * vy, int nr, int nc, const int8_t * table);
void pablo_gemm_8x8_q8_0(int n, float * s, size_t bs, const void * vx, const void * vy, int nr, int nc, const int8_t * table);
void pablo_gemv_4x4_q8_0(int n, float * s, size_t bs, const void * vx, const void * vy, int nr, int nc, const int8_t * table);
void pablo_gemm_4x4_q8_0(int n, float * s, size_t bs, const void * vx, const void * vy, int nr, int nc, const int8_t * table);
