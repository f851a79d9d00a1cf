#include "pablo-release.h"
#include "pablo-book.h"

#include <math.h>
#include <string.h>

#define N_SEARCH 16 // scales tried on each side of the one at which the block's largest weight is the last code

// Type and codes as upstream decodes them: a block of scale 1 that holds each code once.
static void set_upstream_values(struct pablo_book * book) {
    block_q4_0 block = { .d = ggml_fp32_to_fp16(1.0f) };
    for (int j = 0; j < PABLO_BLOCK/2; ++j) {
        block.qs[j] = (uint8_t) j;
    }
    float decoded[PABLO_BLOCK];
    ggml_get_type_traits(book->type)->to_float(&block, decoded, PABLO_BLOCK);
    memcpy(book->value, decoded, sizeof(book->value));
}

bool pablo_make_book(struct pablo_book * book, const struct pablo_encoder * encoder) {
    memset(book, 0, sizeof(*book));
    book->type = encoder->type;
    if (encoder->type != GGML_TYPE_Q4_0 && encoder->type != GGML_TYPE_IQ4_NL && encoder->type != GGML_TYPE_Q8_0) {
        return false;
    }
    if (!encoder->own && encoder->type != GGML_TYPE_IQ4_NL) {
        book->even = true;
        book->low  = encoder->type == GGML_TYPE_Q8_0 ? -127 : -8; // some kernels negate Q8_0's codes, which -128 does not survive
        book->high = encoder->type == GGML_TYPE_Q8_0 ?  127 :  7;
        return true;
    }
    const bool centred = encoder->own && encoder->type == GGML_TYPE_Q4_0 && !encoder->packed;
    if (!encoder->own || centred) {
        set_upstream_values(book);
    }
    for (int i = 0; i < PABLO_CODES; ++i) {
        book->stored[i] = (uint8_t) i;
        if (encoder->own) {
            book->stored[i] = (uint8_t) (encoder->type == GGML_TYPE_Q8_0 ? i - 8 : i ^ 8);
            book->value[i]  = centred ? book->value[i] : encoder->table.value[i];
        }
    }
    for (int i = 1; i < PABLO_CODES; ++i) {
        book->limit[i - 1] = 0.5f*(book->value[i - 1] + book->value[i]);
    }
    for (int i = 8 - encoder->radius; centred && i <= 8 + encoder->radius && i < PABLO_CODES; ++i) {
        book->value[i]  = 0.0f; // what is rounded to within the radius becomes 0
        book->stored[i] = 0;
    }
    return true;
}

// Whole numbers within the book's range, of n values.
static void round_even(const struct pablo_book * book, const float * restrict scaled, float * restrict q, int n) {
    const float round = 12582912.0f; // adding 1.5 * 2^23 leaves no bit for a fraction
    const float low   = (float) book->low;
    const float high  = (float) book->high;
    for (int j = 0; j < n; ++j) {
        const float above = scaled[j] > low ? scaled[j] : low;
        q[j] = ((above < high ? above : high) + round) - round;
    }
}

// Decoded values, in units of the scale, of the block's weights times `id`.
static void round_block(const struct pablo_book * book, const float * restrict x, float id, float * restrict q) {
    float scaled[PABLO_BLOCK];
    for (int j = 0; j < PABLO_BLOCK; ++j) {
        scaled[j] = x[j]*id;
        q[j]      = book->value[0];
    }
    if (book->even) {
        round_even(book, scaled, q, PABLO_BLOCK);
        return;
    }
    for (int i = 1; i < PABLO_CODES; ++i) {
        const float limit = book->limit[i - 1];
        const float step  = book->value[i] - book->value[i - 1];
        for (int j = 0; j < PABLO_BLOCK; ++j) {
            q[j] += scaled[j] > limit ? step : 0.0f;
        }
    }
}

// By halves, in loops of constant length, which compilers make into vectors.
static float sum_block(float * restrict x) {
    for (int j = 0; j < 16; ++j) { x[j] += x[j + 16]; }
    for (int j = 0; j < 8;  ++j) { x[j] += x[j + 8];  }
    for (int j = 0; j < 4;  ++j) { x[j] += x[j + 4];  }
    return (x[0] + x[2]) + (x[1] + x[3]);
}

void pablo_book_put(const struct pablo_book * book, ggml_fp16_t d, const uint8_t * restrict code, void * restrict block) {
    if (book->type == GGML_TYPE_Q8_0) {
        block_q8_0 * y = block;
        y->d = d;
        memcpy(y->qs, code, PABLO_BLOCK);
        return;
    }
    block_q4_0 * y = block; // IQ4_NL's is the same
    y->d = d;
    const int low = book->even ? book->low : 0;
    for (int j = 0; j < PABLO_BLOCK/2; ++j) {
        y->qs[j] = (uint8_t) (((code[j] - low) & 15) | (code[j + PABLO_BLOCK/2] - low) << 4);
    }
}

struct candidate {
    ggml_fp16_t scale;
    float       gain; // by how much its error is below that of a block of zeros
};

// Takes the candidates of the largest gains, each scale once.
static int take_best(struct candidate * candidates, int n, ggml_fp16_t scale[PABLO_SCALES]) {
    for (int taken = 0; taken < PABLO_SCALES; ++taken) {
        int best = 0;
        for (int i = 1; i < n; ++i) {
            best = candidates[i].gain > candidates[best].gain ? i : best;
        }
        if (candidates[best].gain < 0.0f) {
            return taken;
        }
        scale[taken] = candidates[best].scale;
        for (int i = 0; i < n; ++i) {
            candidates[i].gain = candidates[i].scale == scale[taken] ? -1.0f : candidates[i].gain;
        }
    }
    return PABLO_SCALES;
}

// The scales that leave the smallest weighted squared errors of those tried, the best first; at least one.
static int find_scales(const struct pablo_book * book, const float * x, const float * weight, ggml_fp16_t scale[PABLO_SCALES]) {
    float largest = 0.0f;
    float weighted[PABLO_BLOCK];
    for (int j = 0; j < PABLO_BLOCK; ++j) {
        largest = fabsf(x[j]) > fabsf(largest) ? x[j] : largest;
        weighted[j] = weight[j]*x[j];
    }
    struct candidate candidates[2*(2*N_SEARCH + 1) + 1] = { { ggml_fp32_to_fp16(0.0f), 0.0f } };
    int n = 1;
    const float ends[2] = { book->even ? book->low : book->value[0], book->even ? book->high : book->value[PABLO_CODES - 1] };
    for (int end = book->even && book->low == -book->high; largest != 0.0f && end < 2; ++end) { // of symmetric codes one end says it all
        for (int step = -N_SEARCH; step <= N_SEARCH; ++step) {
            const float id = ends[end]*(1.0f + 0.3f*step/N_SEARCH)/largest;
            float q[PABLO_BLOCK], qx[PABLO_BLOCK], qq[PABLO_BLOCK];
            round_block(book, x, id, q);
            for (int j = 0; j < PABLO_BLOCK; ++j) {
                qx[j] = weighted[j]*q[j];
                qq[j] = weight[j]*q[j]*q[j];
            }
            const float sum_qx = sum_block(qx);
            const float sum_qq = sum_block(qq);
            if (sum_qq > 0.0f) { // the least-squares scale of these codes, as it is stored
                const ggml_fp16_t half = ggml_fp32_to_fp16(sum_qx/sum_qq);
                const float       d    = ggml_fp16_to_fp32(half);
                if (half != candidates[n - 1].scale) { // neighbours often have the same codes
                    candidates[n++] = (struct candidate) { half, d*(2.0f*sum_qx - d*sum_qq) };
                }
            }
        }
    }
    return take_best(candidates, n, scale);
}

// Codes of one column for all scales, of values in units of them, and what they decode to.
static void round_column(const struct pablo_book * book, const float * restrict scaled, uint8_t * restrict code, float * restrict q) {
    if (book->even) {
        round_even(book, scaled, q, PABLO_SCALES);
        for (int s = 0; s < PABLO_SCALES; ++s) {
            code[s] = (uint8_t) (int) q[s];
        }
        return;
    }
    int32_t above[PABLO_SCALES] = { 0 };
    for (int s = 0; s < PABLO_SCALES; ++s) {
        q[s] = book->value[0];
    }
    for (int i = 1; i < PABLO_CODES; ++i) {
        const float limit = book->limit[i - 1];
        const float step  = book->value[i] - book->value[i - 1];
        for (int s = 0; s < PABLO_SCALES; ++s) {
            q[s]     += scaled[s] > limit ? step : 0.0f;
            above[s] += scaled[s] > limit;
        }
    }
    for (int s = 0; s < PABLO_SCALES; ++s) {
        code[s] = book->stored[above[s]];
    }
}

void pablo_book_encode(const struct pablo_book * book, const float * restrict triangle, const float * restrict weight, const float * restrict w,
                       const float * restrict x, float * restrict error, void * restrict block) {
    ggml_fp16_t scale[PABLO_SCALES];
    const int n_scales = find_scales(book, x, weight, scale);

    // all scales side by side
    float   d[PABLO_SCALES], id[PABLO_SCALES], loss[PABLO_SCALES] = { 0.0f };
    float   now[PABLO_BLOCK][PABLO_SCALES], e[PABLO_BLOCK][PABLO_SCALES];
    uint8_t code[PABLO_BLOCK][PABLO_SCALES];
    for (int s = 0; s < PABLO_SCALES; ++s) {
        d[s]  = ggml_fp16_to_fp32(scale[s < n_scales ? s : 0]);
        id[s] = d[s] != 0.0f ? 1.0f/d[s] : 0.0f;
    }
    for (int c = 0; c < PABLO_BLOCK; ++c) {
        for (int s = 0; s < PABLO_SCALES; ++s) {
            now[c][s] = x[c];
        }
    }
    for (int c = 0; c < PABLO_BLOCK; ++c) {
        float scaled[PABLO_SCALES], q[PABLO_SCALES];
        for (int s = 0; s < PABLO_SCALES; ++s) {
            scaled[s] = now[c][s]*id[s];
        }
        round_column(book, scaled, code[c], q);
        for (int s = 0; s < PABLO_SCALES; ++s) {
            const float left = now[c][s] - d[s]*q[s];
            loss[s] += weight[c]*left*left;
            e[c][s]  = w[c] - d[s]*q[s];
        }
        for (int later = c + 1; later < PABLO_BLOCK; ++later) {
            const float factor = triangle[c*PABLO_BLOCK + later];
            for (int s = 0; s < PABLO_SCALES; ++s) {
                now[later][s] += e[c][s]*factor;
            }
        }
    }
    int best = 0;
    for (int s = 1; s < n_scales; ++s) {
        best = loss[s] < loss[best] ? s : best;
    }
    uint8_t chosen[PABLO_BLOCK];
    for (int c = 0; c < PABLO_BLOCK; ++c) {
        chosen[c] = code[c][best];
        error[c]  = e[c][best];
    }
    pablo_book_put(book, scale[best], chosen, block);
}

uint8_t pablo_book_nearest(const struct pablo_book * book, float scaled, float * value) {
    if (book->even) {
        round_even(book, &scaled, value, 1);
        return (uint8_t) (int) *value;
    }
    int above = 0;
    for (int i = 1; i < PABLO_CODES; ++i) {
        above += scaled > book->limit[i - 1];
    }
    *value = book->value[above];
    return book->stored[above];
}
