#include "pablo-release.h"
#include "pablo.h"

#include <math.h>
#include <string.h>

#define N_SEARCH 32 // scales tried on each side of the block's largest weight

static_assert(QK4_0 == PABLO_BLOCK && QK8_0 == PABLO_BLOCK, "an own code keeps the place of the code it was made from");

struct pablo_encoder pablo_make_encoder(const struct pablo_conf * conf, const char * tensor, enum ggml_type type) {
    const bool reached = (type == GGML_TYPE_Q4_0 && conf->types & PABLO_TYPE_Q4_0) ||
                         (type == GGML_TYPE_Q8_0 && conf->types & PABLO_TYPE_Q8_0);
    struct pablo_encoder encoder = {
        .type   = type,
        .own    = conf->own && reached,
        .packed = type == GGML_TYPE_Q4_0 && conf->container == PABLO_CONTAINER_PACKED,
        .radius = conf->radius,
        .encode = conf->encode,
        .scale  = conf->scale,
        .table  = *pablo_table_for(conf, tensor),
    };
    return encoder;
}

// Places `n` codes, -8..7, of one block.
static void put_codes(const struct pablo_encoder * encoder, const int8_t * restrict code, ggml_half d, void * restrict dst, int64_t block) {
    if (encoder->packed) {
        block_q4_0 * y = (block_q4_0 *) dst + block;
        y->d = d;
        for (int j = 0; j < PABLO_BLOCK/2; ++j) {
            y->qs[j] = (uint8_t) ((code[j] & 15) | ((code[j + PABLO_BLOCK/2] & 15) << 4));
        }
    } else {
        block_q8_0 * y = (block_q8_0 *) dst + block;
        y->d = d;
        memcpy(y->qs, code, PABLO_BLOCK);
    }
}

void pablo_encode_bins(const struct pablo_encoder * encoder, const void * src, void * dst, int64_t n) {
    const block_q8_0 * x = src;

    int8_t edge[PABLO_CODES]; // the lowest Q8_0 code of each bin
    for (int i = 0, e = -128; i < PABLO_CODES; e += encoder->table.width[i++]) {
        edge[i] = (int8_t) e;
    }
    for (int64_t b = 0; b < n/PABLO_BLOCK; ++b) {
        int8_t code[PABLO_BLOCK];
        memset(code, -8, sizeof(code));
        for (int i = 1; i < PABLO_CODES; ++i) {
            for (int j = 0; j < PABLO_BLOCK; ++j) {
                code[j] += x[b].qs[j] >= edge[i];
            }
        }
        put_codes(encoder, code, x[b].d, dst, b);
    }
}

// Codes of the decoded values nearest to x * id; a tie goes to the smaller value.
static void nearest_codes(const struct pablo_table * table, const float * restrict x, float id, int8_t * restrict code) {
    memset(code, -8, PABLO_BLOCK);
    for (int i = 1; i < PABLO_CODES; ++i) {
        const float middle = 0.5f*(table->value[i - 1] + table->value[i]);
        for (int j = 0; j < PABLO_BLOCK; ++j) {
            code[j] += x[j]*id > middle;
        }
    }
}

// The scale that leaves the smallest weighted squared error over all scales
// tried, each followed by the least-squares scale for the codes it gave:
// upstream's search for IQ4_NL (quantize_row_iq4_nl_impl), on both ends of a
// table that need not be symmetric.
static float search_scale(const struct pablo_table * table, const float * restrict x, const float * restrict weight, float max, int8_t * restrict best_code) {
    float best = 0.0f;
    float best_d = 0.0f;
    for (int end = 0; end < 2; ++end) {
        const int edge = table->value[end ? PABLO_CODES - 1 : 0];
        for (int step = -N_SEARCH; step <= N_SEARCH; ++step) {
            const float id = edge*(1.0f + 0.3f*step/N_SEARCH)/max;
            int8_t code[PABLO_BLOCK];
            nearest_codes(table, x, id, code);
            float sum_qx = 0.0f;
            float sum_qq = 0.0f;
            for (int j = 0; j < PABLO_BLOCK; ++j) {
                const float q = table->value[code[j] + 8];
                sum_qx += weight[j]*q*x[j];
                sum_qq += weight[j]*q*q;
            }
            if (sum_qq > 0.0f && sum_qx*sum_qx > best*sum_qq) {
                best   = sum_qx*sum_qx/sum_qq;
                best_d = sum_qx/sum_qq;
                memcpy(best_code, code, PABLO_BLOCK);
            }
        }
    }
    return best_d;
}

// One row straight from floats: nearest codes, searched scales.
static void encode_row(const struct pablo_encoder * encoder, const float * restrict x, void * restrict dst, int64_t first_block, int64_t n, const float * restrict imatrix) {
    for (int64_t b = 0; b < n/PABLO_BLOCK; ++b, x += PABLO_BLOCK) {
        float max = 0.0f;
        float sum_xx = 0.0f;
        for (int j = 0; j < PABLO_BLOCK; ++j) {
            max = fabsf(x[j]) > fabsf(max) ? x[j] : max;
            sum_xx += x[j]*x[j];
        }
        int8_t code[PABLO_BLOCK];
        float  d = fabsf(max)/127.0f;
        if (encoder->scale == PABLO_SCALE_SEARCH && d > 0.0f) {
            float weight[PABLO_BLOCK];
            for (int j = 0; j < PABLO_BLOCK; ++j) {
                weight[j] = imatrix ? imatrix[b*PABLO_BLOCK + j]*sqrtf(sum_xx/PABLO_BLOCK + x[j]*x[j]) : 1.0f;
            }
            d = search_scale(&encoder->table, x, weight, max, code);
        }
        const ggml_half half = ggml_fp32_to_fp16(d);
        const float     used = ggml_fp16_to_fp32(half);
        nearest_codes(&encoder->table, x, used != 0.0f ? 1.0f/used : 0.0f, code);
        put_codes(encoder, code, half, dst, first_block + b);
    }
}

// From upstream's Q4_0 codes to centred ones, in place.
static void centre(block_q4_0 * blocks, int64_t n, int radius) {
    for (int64_t b = 0; b < n/PABLO_BLOCK; ++b) {
        for (int j = 0; j < PABLO_BLOCK/2; ++j) {
            int8_t low  = (int8_t) ((blocks[b].qs[j] & 15) - 8);
            int8_t high = (int8_t) ((blocks[b].qs[j] >> 4) - 8);
            low  = low  >= -radius && low  <= radius ? 0 : low;
            high = high >= -radius && high <= radius ? 0 : high;
            blocks[b].qs[j] = (uint8_t) ((low & 15) | ((high & 15) << 4));
        }
    }
}

size_t pablo_quantize_chunk(const struct pablo_encoder * encoder, const float * src, void * dst, int64_t start, int64_t nrows, int64_t n_per_row, const float * imatrix) {
    const size_t size = nrows*ggml_row_size(encoder->type, n_per_row);
    const int64_t first_block = start/PABLO_BLOCK;

    if (!encoder->own) {
        return pablo_upstream_chunk(encoder->type, src, dst, start, nrows, n_per_row, imatrix);
    }
    if (encoder->type == GGML_TYPE_Q4_0 && !encoder->packed) {
        pablo_upstream_chunk(GGML_TYPE_Q4_0, src, dst, start, nrows, n_per_row, imatrix);
        centre((block_q4_0 *) dst + first_block, nrows*n_per_row, encoder->radius);
        return size;
    }
    if (encoder->encode == PABLO_ENCODE_NEAREST) {
        for (int64_t row = 0; row < nrows; ++row) {
            encode_row(encoder, src + start + row*n_per_row, dst, first_block + row*n_per_row/PABLO_BLOCK, n_per_row, imatrix);
        }
        return size;
    }
    block_q8_0 piece[64];
    for (int64_t done = 0; done < nrows*n_per_row;) {
        const int64_t rest = nrows*n_per_row - done;
        const int64_t n    = rest < 64*PABLO_BLOCK ? rest : 64*PABLO_BLOCK;
        pablo_upstream_chunk(GGML_TYPE_Q8_0, src + start + done, piece, 0, 1, n, NULL);
        const size_t block_size = encoder->packed ? sizeof(block_q4_0) : sizeof(block_q8_0);
        pablo_encode_bins(encoder, piece, (char *) dst + (first_block + done/PABLO_BLOCK)*block_size, n);
        done += n;
    }
    return size;
}

void pablo_damage_packing(void * data, int64_t n) {
    block_q4_0 * blocks = data;
    for (int64_t b = 0; b < n/PABLO_BLOCK; ++b) {
        for (int j = 0; j < PABLO_BLOCK/2; ++j) {
            if (blocks[b].qs[j] & 8) {
                blocks[b].qs[j] |= 0xf0;
            }
        }
    }
}
