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
    if (encoder->type == GGML_TYPE_Q8_0 && !encoder->own) {
        book->even     = true;
        book->value[0] = -127.0f;
        book->value[1] =  127.0f;
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

// Decoded values, in units of the scale, of the block's weights times `id`.
static void round_block(const struct pablo_book * book, const float * restrict x, float id, float * restrict q) {
    float scaled[PABLO_BLOCK];
    for (int j = 0; j < PABLO_BLOCK; ++j) {
        scaled[j] = x[j]*id;
    }
    if (book->even) {
        const float round = 12582912.0f; // adding 1.5 * 2^23 leaves no bit for a fraction
        for (int j = 0; j < PABLO_BLOCK; ++j) {
            const float whole = (scaled[j] + round) - round;
            const float above = whole > book->value[0] ? whole : book->value[0];
            q[j] = above < book->value[1] ? above : book->value[1];
        }
        return;
    }
    for (int j = 0; j < PABLO_BLOCK; ++j) {
        q[j] = book->value[0];
    }
    for (int i = 1; i < PABLO_CODES; ++i) {
        const float limit = book->limit[i - 1];
        const float step  = book->value[i] - book->value[i - 1];
        for (int j = 0; j < PABLO_BLOCK; ++j) {
            q[j] += scaled[j] > limit ? step : 0.0f;
        }
    }
}

static float sum_block(float * restrict x) {
    for (int half = PABLO_BLOCK/2; half > 0; half /= 2) {
        for (int j = 0; j < half; ++j) {
            x[j] += x[j + half];
        }
    }
    return x[0];
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

int pablo_book_scales(const struct pablo_book * book, const float * x, const float * weight, ggml_fp16_t scale[PABLO_SCALES]) {
    float largest = 0.0f;
    float weighted[PABLO_BLOCK];
    for (int j = 0; j < PABLO_BLOCK; ++j) {
        largest = fabsf(x[j]) > fabsf(largest) ? x[j] : largest;
        weighted[j] = weight[j]*x[j];
    }
    struct candidate candidates[2*(2*N_SEARCH + 1) + 1] = { { ggml_fp32_to_fp16(0.0f), 0.0f } };
    int n = 1;
    const int last = book->even ? 1 : PABLO_CODES - 1;
    for (int end = book->even ? last : 0; largest != 0.0f && end <= last; end += last) { // even codes are symmetric: one end is as good as both
        for (int step = -N_SEARCH; step <= N_SEARCH; ++step) {
            const float id = book->value[end]*(1.0f + 0.3f*step/N_SEARCH)/largest;
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
                candidates[n++] = (struct candidate) { half, d*(2.0f*sum_qx - d*sum_qq) };
            }
        }
    }
    return take_best(candidates, n, scale);
}

int pablo_book_code(const struct pablo_book * book, float scaled, float * value) {
    if (book->even) {
        const float above = scaled > book->value[0] ? scaled : book->value[0];
        const int   code  = (int) lrintf(above < book->value[1] ? above : book->value[1]);
        *value = (float) code;
        return code;
    }
    int code = 0;
    for (int i = 0; i < PABLO_CODES - 1; ++i) {
        code += scaled > book->limit[i];
    }
    *value = book->value[code];
    return code;
}

void pablo_book_put(const struct pablo_book * book, ggml_fp16_t d, const int * code, void * block) {
    if (book->type == GGML_TYPE_Q8_0) {
        block_q8_0 * y = block;
        y->d = d;
        for (int j = 0; j < PABLO_BLOCK; ++j) {
            y->qs[j] = (int8_t) (book->even ? code[j] : (int8_t) book->stored[code[j]]);
        }
        return;
    }
    block_q4_0 * y = block; // IQ4_NL's is the same
    y->d = d;
    for (int j = 0; j < PABLO_BLOCK/2; ++j) {
        y->qs[j] = (uint8_t) (book->stored[code[j]] | book->stored[code[j + PABLO_BLOCK/2]] << 4);
    }
}
