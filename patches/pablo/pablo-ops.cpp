#include "pablo-ops.h"
#include "pablo-kernels.h"

#include "ggml-cpu-impl.h"
#include "ggml-cpu.h"
#include "ggml-impl.h"
#include "repack.h"

#include <cstring>
#include <vector>

//
// Layout: groups of PABLO_LANES rows, then the rows that fill no group (pablo-kernels.h)
//

static int64_t rows_in_groups(const ggml_tensor * weights) {
    return weights->ne[1] - weights->ne[1]%PABLO_LANES;
}

// Copies block `b` of row `lane` into its group, or, with `extract`, out of it.
static void move_block(uint8_t * group, int64_t b, int lane, block_q4_0 * block, bool extract) {
    uint8_t * at = group + b*PABLO_LANES*sizeof(block_q4_0);
    uint8_t * d  = at + lane*sizeof(ggml_half);
    uint8_t * qs = at + PABLO_LANES*sizeof(ggml_half) + lane*PABLO_BYTES;
    extract ? memcpy(&block->d, d, sizeof(ggml_half)) : memcpy(d, &block->d, sizeof(ggml_half));
    for (int k = 0; k < QK4_0/2; k += PABLO_BYTES, qs += PABLO_LANES*PABLO_BYTES) {
        extract ? memcpy(block->qs + k, qs, PABLO_BYTES) : memcpy(qs, block->qs + k, PABLO_BYTES);
    }
}

void pablo_set_packed(ggml_tensor * weights, const char * src) {
    const int64_t n_blocks = weights->ne[0]/QK4_0;
    const size_t  row_size = weights->nb[1];
    for (int64_t matrix = 0; matrix < weights->ne[2]; ++matrix) {
        char * dst = (char *) weights->data + matrix*weights->nb[2];
        for (int64_t row = 0; row < rows_in_groups(weights); row += PABLO_LANES) {
            uint8_t * group = (uint8_t *) dst + row*row_size;
            for (int64_t b = 0; b < n_blocks; ++b) {
                for (int lane = 0; lane < PABLO_LANES; ++lane) {
                    block_q4_0 block;
                    memcpy(&block, src + (row + lane)*row_size + b*sizeof(block), sizeof(block));
                    move_block(group, b, lane, &block, false);
                }
            }
        }
        const size_t in_groups = rows_in_groups(weights)*row_size;
        memcpy(dst + in_groups, src + in_groups, weights->nb[2] - in_groups);
        src += weights->nb[2];
    }
}

//
// get_rows
//

void pablo_get_rows(const ggml_compute_params * params, ggml_tensor * dst, const pablo_mark * mark) {
    const ggml_tensor * weights = dst->src[0];
    const ggml_tensor * ids     = dst->src[1];
    const int64_t n_ids = ggml_nelements(ids);
    const int64_t n     = weights->ne[0];

    std::vector<block_q4_0> loose(mark->packed ? n/QK4_0 : 0);
    for (int64_t i = params->ith; i < n_ids; i += params->nth) {
        const int64_t i0 = i%ids->ne[0];
        const int64_t i1 = i/ids->ne[0]%ids->ne[1];
        const int64_t i2 = i/ids->ne[0]/ids->ne[1];
        const int32_t row = *(const int32_t *) ((const char *) ids->data + i0*ids->nb[0] + i1*ids->nb[1] + i2*ids->nb[2]);
        GGML_ASSERT(row >= 0 && row < weights->ne[1]);

        char * matrix = (char *) weights->data + i1*weights->nb[2] + i2*weights->nb[3];
        const void * src = matrix + row*weights->nb[1];
        if (mark->packed && row < rows_in_groups(weights)) {
            uint8_t * group = (uint8_t *) matrix + row/PABLO_LANES*PABLO_LANES*weights->nb[1];
            for (int64_t b = 0; b < n/QK4_0; ++b) {
                move_block(group, b, row%PABLO_LANES, &loose[b], true);
            }
            src = loose.data();
        }
        float * out = (float *) ((char *) dst->data + i0*dst->nb[1] + i1*dst->nb[2] + i2*dst->nb[3]);
        pablo_dequantize_row(weights->type, mark, src, out, n);
    }
}

//
// mul_mat and mul_mat_id
//

// `rows` activation rows, all but the last rows%4 interleaved by four, against
// weight rows first..last of one matrix, first a multiple of PABLO_LANES.
static void multiply(const ggml_tensor * weights, const char * matrix, const int8_t * table, const char * activations, int64_t rows,
                     char * dst, size_t dst_stride, int64_t first, int64_t last) {
    const int     n           = (int) weights->ne[0];
    const size_t  row_size    = ggml_row_size(GGML_TYPE_Q8_0, n);
    const int64_t fours       = rows - rows%4;
    const int64_t grouped_end = MIN(last, rows_in_groups(weights));

    if (first < grouped_end) {
        const char * start   = matrix + first*weights->nb[1];
        const int    columns = (int) (grouped_end - first);
        if (fours > 0) {
            pablo_gemm(n, (float *) dst + first, dst_stride/sizeof(float), start, activations, (int) fours, columns, table);
        }
        for (int64_t row = fours; row < rows; ++row) {
            pablo_gemv(n, (float *) (dst + row*dst_stride) + first, start, activations + row*row_size, columns, table);
        }
    }
    for (int64_t column = MAX(first, grouped_end); column < last; ++column) {
        for (int64_t row = 0; row < rows; ++row) {
            const char * a = activations + (row < fours ? row - row%4 : row)*row_size;
            ((float *) (dst + row*dst_stride))[column] = pablo_dot(n, matrix + column*weights->nb[1], a, row < fours ? (int) (row%4) : -1, table);
        }
    }
}

static void quantize_four(const float * src, void * dst, int64_t n) {
    PABLO_BYTES == 8 ? ggml_quantize_mat_q8_0_4x8(src, dst, n) : ggml_quantize_mat_q8_0_4x4(src, dst, n);
}

void pablo_mul_mat(const ggml_compute_params * params, ggml_tensor * dst, const pablo_mark * mark) {
    const ggml_tensor * weights     = dst->src[0];
    const ggml_tensor * activations = dst->src[1];
    const ggml_from_float_t from_float = ggml_get_type_traits_cpu(GGML_TYPE_Q8_0)->from_float;
    const int64_t n         = weights->ne[0];
    const int64_t rows      = activations->ne[1];
    const int64_t fours     = rows - rows%4;
    const size_t  row_size  = ggml_row_size(GGML_TYPE_Q8_0, n);
    const int64_t n_planes  = activations->ne[2]*activations->ne[3];
    char *        quantized = (char *) params->wdata;

    GGML_ASSERT(params->wsize >= row_size*rows*n_planes);
    GGML_ASSERT(activations->nb[0] == sizeof(float) && dst->nb[0] == sizeof(float));

    for (int64_t plane = 0; plane < n_planes; ++plane) {
        const char * src = (const char *) activations->data + plane%activations->ne[2]*activations->nb[2] + plane/activations->ne[2]*activations->nb[3];
        char * out = quantized + plane*rows*row_size;
        if (activations->nb[1] == n*sizeof(float)) {
            for (int64_t row = 4*params->ith; row < fours; row += 4*params->nth) {
                quantize_four((const float *) (src + row*activations->nb[1]), out + row*row_size, n);
            }
        } else {
            std::vector<float> together(4*n);
            for (int64_t row = 4*params->ith; row < fours; row += 4*params->nth) {
                for (int64_t i = 0; i < 4; ++i) {
                    memcpy(&together[i*n], src + (row + i)*activations->nb[1], n*sizeof(float));
                }
                quantize_four(together.data(), out + row*row_size, n);
            }
        }
        for (int64_t row = fours + params->ith; row < rows; row += params->nth) {
            from_float((const float *) (src + row*activations->nb[1]), out + row*row_size, n);
        }
    }

    const int64_t planes_a_matrix = activations->ne[2]/weights->ne[2];

    // several chunks a thread, so that one that is held up does not hold up all
    const int64_t n_groups = (weights->ne[1] + PABLO_LANES - 1)/PABLO_LANES;
    const int64_t n_chunks = MIN(n_groups, params->nth == 1 || ggml_is_numa() ? params->nth : 4*params->nth);
    if (params->ith == 0) {
        ggml_threadpool_chunk_set(params->threadpool, params->nth);
    }
    ggml_barrier(params->threadpool);

    for (int64_t chunk = params->ith; chunk < n_chunks*n_planes; chunk = ggml_threadpool_chunk_add(params->threadpool, 1)) {
        const int64_t plane = chunk/n_chunks;
        const int64_t part  = chunk%n_chunks;
        const int64_t first = n_groups*part/n_chunks*PABLO_LANES;
        const int64_t last  = MIN(n_groups*(part + 1)/n_chunks*PABLO_LANES, weights->ne[1]);
        char * out = (char *) dst->data + plane%dst->ne[2]*dst->nb[2] + plane/dst->ne[2]*dst->nb[3];
        const char * matrix = (const char *) weights->data + plane%activations->ne[2]/planes_a_matrix*weights->nb[2];
        multiply(weights, matrix, mark->value, quantized + plane*rows*row_size, rows, out, dst->nb[1], first, last);
    }
}

void pablo_mul_mat_id(const ggml_compute_params * params, ggml_tensor * dst, const pablo_mark * mark) {
    const ggml_tensor * weights     = dst->src[0];
    const ggml_tensor * activations = dst->src[1];
    const ggml_tensor * ids         = dst->src[2];
    const ggml_from_float_t from_float = ggml_get_type_traits_cpu(GGML_TYPE_Q8_0)->from_float;
    const int64_t n         = weights->ne[0];
    const size_t  row_size  = ggml_row_size(GGML_TYPE_Q8_0, n);
    const int64_t n_rows    = activations->ne[1]*activations->ne[2];
    char *        quantized = (char *) params->wdata;

    for (int64_t row = params->ith; row < n_rows; row += params->nth) {
        const char * src = (const char *) activations->data + row%activations->ne[1]*activations->nb[1] + row/activations->ne[1]*activations->nb[2];
        from_float((const float *) src, quantized + row*row_size, n);
    }
    ggml_barrier(params->threadpool);

    const int64_t n_groups = (weights->ne[1] + PABLO_LANES - 1)/PABLO_LANES;
    const int64_t first = n_groups*params->ith/params->nth*PABLO_LANES;
    const int64_t last  = MIN(n_groups*(params->ith + 1)/params->nth*PABLO_LANES, weights->ne[1]);

    // expert by expert, so that its weights are read once for all its tokens
    for (int64_t expert = 0; expert < weights->ne[2]; ++expert) {
        const char * matrix = (const char *) weights->data + expert*weights->nb[2];
        for (int64_t token = 0; token < ids->ne[1]; ++token) {
            for (int64_t slot = 0; slot < ids->ne[0]; ++slot) {
                if (*(const int32_t *) ((const char *) ids->data + token*ids->nb[1] + slot*ids->nb[0]) != expert) {
                    continue;
                }
                const char * a   = quantized + (slot%activations->ne[1] + token*activations->ne[1])*row_size;
                char       * out = (char *) dst->data + slot*dst->nb[1] + token*dst->nb[2];
                multiply(weights, matrix, mark->value, a, 1, out, dst->nb[1], first, last);
            }
        }
    }
}
