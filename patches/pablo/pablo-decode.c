#include "pablo-release.h"
#include "pablo-values.h"
#include "pablo.h"

#include <string.h>

#define MARK_MAGIC 0x6c626170u // "pabl"

static_assert(sizeof(struct pablo_mark) <= GGML_MAX_OP_PARAMS, "a mark fits into op_params");

void pablo_set_mark(struct ggml_tensor * tensor, const struct pablo_mark * mark) {
    memcpy(tensor->op_params, mark, sizeof(*mark));
    ((struct pablo_mark *) tensor->op_params)->magic = MARK_MAGIC;
}

const struct pablo_mark * pablo_get_mark(const struct ggml_tensor * tensor) {
    const struct pablo_mark * mark = (const struct pablo_mark *) tensor->op_params;
    return tensor->op == GGML_OP_NONE && mark->magic == MARK_MAGIC ? mark : NULL;
}

// An own tensor that is neither packed nor centred is Q8_0 through a table;
// Q4_0 then is upstream's, marked for the defects alone.
static bool is_own(const struct pablo_mark * mark, enum ggml_type type) {
    return mark->packed || mark->centred || type == GGML_TYPE_Q8_0;
}

bool pablo_needs_own_rows(const struct pablo_mark * mark, enum ggml_type type) {
    if (mark->packed) {
        return true;
    }
    if (!is_own(mark, type)) {
        return mark->defects & PABLO_DEFECT_SHIFT;
    }
    return mark->defects & (mark->centred ? PABLO_DEFECT_RAWDOT | PABLO_DEFECT_LOWNIBBLE : PABLO_DEFECT_RAWDOT);
}

bool pablo_needs_own_dot(const struct pablo_mark * mark) {
    return mark->packed;
}

void pablo_translate(enum ggml_type type, const struct pablo_mark * mark, void * data, int64_t n) {
    if (mark->packed || mark->defects & PABLO_DEFECT_RAWDOT || !is_own(mark, type)) {
        return;
    }
    if (type == GGML_TYPE_Q8_0) {
        pablo_look_up(mark->value, data, n/PABLO_BLOCK);
        return;
    }
    for (int64_t b = 0; b < n/PABLO_BLOCK; ++b) {
        uint8_t * qs = ((block_q4_0 *) data)[b].qs;
        for (int j = 0; j < PABLO_BLOCK/2; ++j) {
            qs[j] ^= 0x88;
        }
    }
}

static int sign_extend(int nibble) {
    return (nibble ^ 8) - 8;
}

void pablo_dequantize_row(enum ggml_type type, const struct pablo_mark * mark, const void * src, float * dst, int64_t n) {
    for (int64_t b = 0; b < n/PABLO_BLOCK; ++b, dst += PABLO_BLOCK) {
        if (type == GGML_TYPE_Q8_0) {
            const block_q8_0 * x = (const block_q8_0 *) src + b;
            const float d = ggml_fp16_to_fp32(x->d);
            for (int j = 0; j < PABLO_BLOCK; ++j) {
                dst[j] = d*mark->value[x->qs[j] & 15];
            }
            continue;
        }
        const block_q4_0 * x = (const block_q4_0 *) src + b;
        const float d = ggml_fp16_to_fp32(x->d);
        for (int j = 0; j < PABLO_BLOCK/2; ++j) {
            const int low  = x->qs[j] & 15;
            const int high = x->qs[j] >> 4;
            int w0, w1;
            if (mark->packed) {
                w0 = mark->value[low];
                w1 = mark->value[high];
            } else if (mark->centred) {
                w0 = mark->defects & PABLO_DEFECT_LOWNIBBLE ? low : sign_extend(low);
                w1 = sign_extend(high);
            } else {
                w0 = low - 8;
                w1 = (mark->defects & PABLO_DEFECT_SHIFT ? sign_extend(high) : high) - 8;
            }
            dst[j]                 = d*w0;
            dst[j + PABLO_BLOCK/2] = d*w1;
        }
    }
}
