#include "pablo-kernels.h"

#include "ggml-cpu-impl.h"
#include "ggml-impl.h"
#include "repack.h"
#include "simd-mappings.h"

struct lanes_block {
    ggml_half d[PABLO_LANES];
    uint8_t   qs[PABLO_LANES*QK4_0/2];
};

// Byte k of lane `lane` in a block of `lanes` lanes.
static int interleaved(int k, int lane, int lanes) {
    return k/PABLO_BYTES*lanes*PABLO_BYTES + lane*PABLO_BYTES + k%PABLO_BYTES;
}

void pablo_gemv_ref(int n, float * dst, const void * weights, const void * activations, int columns, const int8_t * table) {
    const int n_blocks = n/QK4_0;
    const block_q8_0 * a = (const block_q8_0 *) activations;
    for (int column = 0; column < columns; ++column) {
        const lanes_block * w = (const lanes_block *) weights + column/PABLO_LANES*n_blocks;
        const int lane = column%PABLO_LANES;
        float sum = 0.0f;
        for (int b = 0; b < n_blocks; ++b) {
            int products = 0;
            for (int k = 0; k < QK4_0/2; ++k) {
                const uint8_t nibbles = w[b].qs[interleaved(k, lane, PABLO_LANES)];
                products += table[nibbles & 15]*a[b].qs[k] + table[nibbles >> 4]*a[b].qs[k + QK4_0/2];
            }
            sum += products*GGML_CPU_FP16_TO_FP32(w[b].d[lane])*GGML_CPU_FP16_TO_FP32(a[b].d);
        }
        dst[column] = sum;
    }
}

void pablo_gemm_ref(int n, float * dst, size_t stride, const void * weights, const void * activations, int rows, int columns, const int8_t * table) {
    const int n_blocks = n/QK4_0;
    for (int row = 0; row < rows; ++row) {
        const block_q8_0x4 * a = (const block_q8_0x4 *) activations + row/4*n_blocks;
        for (int column = 0; column < columns; ++column) {
            const lanes_block * w = (const lanes_block *) weights + column/PABLO_LANES*n_blocks;
            const int lane = column%PABLO_LANES;
            float sum = 0.0f;
            for (int b = 0; b < n_blocks; ++b) {
                int products = 0;
                for (int k = 0; k < QK4_0/2; ++k) {
                    const uint8_t nibbles = w[b].qs[interleaved(k, lane, PABLO_LANES)];
                    products += table[nibbles & 15]*a[b].qs[interleaved(k, row%4, 4)]
                              + table[nibbles >> 4]*a[b].qs[interleaved(k + QK4_0/2, row%4, 4)];
                }
                sum += products*GGML_CPU_FP16_TO_FP32(w[b].d[lane])*GGML_CPU_FP16_TO_FP32(a[b].d[row%4]);
            }
            dst[row*stride + column] = sum;
        }
    }
}

float pablo_dot(int n, const void * weights, const void * activations, int lane, const int8_t * table) {
    const block_q4_0 * w = (const block_q4_0 *) weights;
    float sum = 0.0f;
    for (int b = 0; b < n/QK4_0; ++b) {
        const block_q8_0   * one  = (const block_q8_0   *) activations + b;
        const block_q8_0x4 * four = (const block_q8_0x4 *) activations + b;
        int products = 0;
        for (int k = 0; k < QK4_0/2; ++k) {
            const int low  = lane < 0 ? one->qs[k]           : four->qs[interleaved(k, lane, 4)];
            const int high = lane < 0 ? one->qs[k + QK4_0/2] : four->qs[interleaved(k + QK4_0/2, lane, 4)];
            products += table[w[b].qs[k] & 15]*low + table[w[b].qs[k] >> 4]*high;
        }
        sum += products*GGML_CPU_FP16_TO_FP32(w[b].d)*GGML_CPU_FP16_TO_FP32(lane < 0 ? one->d : four->d[lane]);
    }
    return sum;
}

void pablo_gemv(int n, float * dst, const void * weights, const void * activations, int columns, const int8_t * table) {
#if defined(__AVX2__)
    pablo_gemv_8x8_q8_0(n, dst, 0, weights, activations, 1, columns, table);
#elif defined(__aarch64__)
    pablo_gemv_4x4_q8_0(n, dst, 0, weights, activations, 1, columns, table);
#else
    pablo_gemv_ref(n, dst, weights, activations, columns, table);
#endif
}

void pablo_gemm(int n, float * dst, size_t stride, const void * weights, const void * activations, int rows, int columns, const int8_t * table) {
#if defined(__AVX2__)
    pablo_gemm_8x8_q8_0(n, dst, stride, weights, activations, rows, columns, table);
#elif defined(__aarch64__)
    pablo_gemm_4x4_q8_0(n, dst, stride, weights, activations, rows, columns, table);
#else
    pablo_gemm_ref(n, dst, stride, weights, activations, rows, columns, table);
#endif
}
