#include "pablo-release.h"
#include "pablo.h"

#include <math.h>

#define N_SEARCH 32 // scales tried on each side of the block's largest weight

static_assert(QK4_0 == PABLO_BLOCK && QK8_0 == PABLO_BLOCK, "an own code keeps the place of the code it was made from");

// Above which of the 15 limits a weight in units of its scale lies says its code.
// Bins: the bin's lowest Q8_0 code less one half, as roundf goes away from zero.
// Nearest: half-way between decoded values; a tie goes to the smaller.
static void set_limits(struct pablo_encoder * encoder) {
    int edge = -128;
    for (int i = 1; i < PABLO_CODES; ++i) {
        edge += encoder->table.width[i - 1];
        const float half_below = edge - 0.5f;
        encoder->limit[i - 1] = encoder->encode == PABLO_ENCODE_NEAREST ? 0.5f*(encoder->table.value[i - 1] + encoder->table.value[i])
                              : edge > 0 ? nextafterf(half_below, -128.0f) : half_below;
    }
}

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
    set_limits(&encoder);
    return encoder;
}

// Codes, 0..15, of the weights of one block, each times `id`.
static void find_codes(const float * restrict limit, const float * restrict x, float id, int32_t * restrict code) {
    float scaled[PABLO_BLOCK];
    for (int j = 0; j < PABLO_BLOCK; ++j) {
        scaled[j] = x[j]*id;
        code[j]   = 0;
    }
    for (int i = 0; i < PABLO_CODES - 1; ++i) {
        for (int j = 0; j < PABLO_BLOCK; ++j) {
            code[j] += scaled[j] > limit[i];
        }
    }
}

static float first_of_magnitude(const float * x, float magnitude) {
    while (fabsf(*x) != magnitude) {
        ++x;
    }
    return *x;
}

// The scale that leaves the smallest weighted squared error over all scales
// tried, each followed by the least-squares scale for the codes it gave:
// upstream's search for IQ4_NL (quantize_row_iq4_nl_impl), on both ends of a
// table that need not be symmetric.
static float search_scale(const struct pablo_encoder * encoder, const float * restrict x, const float * restrict weight, float max) {
    const int8_t * value = encoder->table.value;
    float best   = 0.0f;
    float best_d = fabsf(max)/127.0f; // where no weight counts
    for (int end = 0; end < 2; ++end) {
        const int edge = value[end ? PABLO_CODES - 1 : 0];
        for (int step = -N_SEARCH; step <= N_SEARCH; ++step) {
            const float id = edge*(1.0f + 0.3f*step/N_SEARCH)/max;
            int32_t code[PABLO_BLOCK];
            find_codes(encoder->limit, x, id, code);
            float sum_qx = 0.0f;
            float sum_qq = 0.0f;
            for (int j = 0; j < PABLO_BLOCK; ++j) {
                const float q = value[code[j]];
                sum_qx += weight[j]*q*x[j];
                sum_qq += weight[j]*q*q;
            }
            if (sum_qq > 0.0f && sum_qx*sum_qx > best*sum_qq) {
                best   = sum_qx*sum_qx/sum_qq;
                best_d = sum_qx/sum_qq;
            }
        }
    }
    return best_d;
}

// Stores a block of codes, 0..15, as -8..7.
static void put_codes(const struct pablo_encoder * encoder, const int32_t * restrict code, ggml_half d, void * restrict dst, int64_t block) {
    if (encoder->packed) {
        block_q4_0 * y = (block_q4_0 *) dst + block;
        y->d = d;
        for (int j = 0; j < PABLO_BLOCK/2; ++j) {
            y->qs[j] = (uint8_t) ((code[j] | code[j + PABLO_BLOCK/2] << 4) ^ 0x88);
        }
    } else {
        block_q8_0 * y = (block_q8_0 *) dst + block;
        y->d = d;
        for (int j = 0; j < PABLO_BLOCK; ++j) {
            y->qs[j] = (int8_t) (code[j] - 8);
        }
    }
}

// One row through the table. The bins are those of upstream's Q8_0 codes: same
// scale, same product, and limits in place of its rounding.
static void encode_row(const struct pablo_encoder * encoder, const float * restrict x, void * restrict dst, int64_t first_block, int64_t n, const float * restrict imatrix) {
    for (int64_t b = 0; b < n/PABLO_BLOCK; ++b, x += PABLO_BLOCK) {
        float max = 0.0f;
        for (int j = 0; j < PABLO_BLOCK; ++j) {
            const float magnitude = fabsf(x[j]);
            max = magnitude > max ? magnitude : max;
        }
        float d = max/127.0f;
        if (encoder->scale == PABLO_SCALE_SEARCH && d > 0.0f) {
            float weight[PABLO_BLOCK];
            for (int j = 0; j < PABLO_BLOCK; ++j) {
                weight[j] = imatrix ? imatrix[b*PABLO_BLOCK + j] : 1.0f;
            }
            d = search_scale(encoder, x, weight, first_of_magnitude(x, max));
        }
        const ggml_half half = ggml_fp32_to_fp16(d);
        const float     used = encoder->encode == PABLO_ENCODE_NEAREST ? ggml_fp16_to_fp32(half) : d;
        int32_t code[PABLO_BLOCK];
        find_codes(encoder->limit, x, used != 0.0f ? 1.0f/used : 0.0f, code);
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
    for (int64_t row = 0; row < nrows; ++row) {
        encode_row(encoder, src + start + row*n_per_row, dst, first_block + row*n_per_row/PABLO_BLOCK, n_per_row, imatrix);
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
