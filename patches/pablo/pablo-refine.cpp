#include "pablo-refine.h"

#include "pablo-rank.h"

#include <cmath>
#include <cstring>
#include <vector>

#define DEPTH  256 // rows of a strip at a time: that much of it stays in the cache while all groups use it
#define PASSES 4   // through a block before the next: codes and scale change what is best for the other

// A row's block: what is stored, and what that leaves.
struct refined_block {
    float d;
    float value[PABLO_BLOCK]; // in units of the scale
    float error[PABLO_BLOCK]; // w - q
    float slope[PABLO_BLOCK]; // (w - q) H
};

static bool refine_codes(const pablo_book & book, const float * h, refined_block & block) {
    bool changed = false;
    const float id = 1.0f/block.d;
    for (int c = 0; c < PABLO_BLOCK; ++c) {
        const float * row = h + c*PABLO_BLOCK;
        float value;
        pablo_book_nearest(&book, block.value[c] + block.slope[c]/row[c]*id, &value);
        const float step = block.d*(value - block.value[c]);
        if (step*(2.0f*block.slope[c] - step*row[c]) <= 0.0f) { // a radius may prefer another code than the nearest
            continue;
        }
        block.value[c]  = value;
        block.error[c] -= step;
        for (int j = 0; j < PABLO_BLOCK; ++j) {
            block.slope[j] -= step*row[j];
        }
        changed = true;
    }
    return changed;
}

static bool refine_scale(const float * h, refined_block & block) {
    float along[PABLO_BLOCK] = { 0 }; // the slope that one unit more of the scale takes away
    for (int c = 0; c < PABLO_BLOCK; ++c) {
        for (int j = 0; j < PABLO_BLOCK; ++j) {
            along[j] += block.value[c]*h[c*PABLO_BLOCK + j];
        }
    }
    float slope = 0.0f, curve = 0.0f;
    for (int j = 0; j < PABLO_BLOCK; ++j) {
        slope += block.value[j]*block.slope[j];
        curve += block.value[j]*along[j];
    }
    if (!(curve > 0.0f)) {
        return false;
    }
    const float d    = ggml_fp16_to_fp32(ggml_fp32_to_fp16(block.d + slope/curve));
    const float step = d - block.d;
    if (d == 0.0f || !std::isfinite(d) || step*(step*curve - 2.0f*slope) >= 0.0f) {
        return false;
    }
    block.d = d;
    for (int j = 0; j < PABLO_BLOCK; ++j) {
        block.error[j] -= step*block.value[j];
        block.slope[j] -= step*along[j];
    }
    return true;
}

// h: rows and columns of H of the block; slope: the row's (w - q) H; error: one value in PABLO_GROUP
static void refine_block(const pablo_book & book, const float * h, const float * w, const float * slope, float * error, void * dst) {
    refined_block block;
    ggml_fp16_t half;
    memcpy(&half, dst, sizeof(half)); // a block of any type begins with its scale
    block.d = ggml_fp16_to_fp32(half);
    if (block.d == 0.0f) {
        return;
    }
    for (int c = 0; c < PABLO_BLOCK; ++c) {
        block.error[c] = error[c*PABLO_GROUP];
        block.slope[c] = slope[c];
        pablo_book_nearest(&book, (w[c] - block.error[c])/block.d, &block.value[c]);
    }
    bool changed = false;
    for (int pass = 0; pass < PASSES; ++pass) {
        const bool codes = refine_codes(book, h, block);
        const bool scale = refine_scale(h, block);
        if (!codes && !scale) {
            break;
        }
        changed = true;
    }
    if (!changed) {
        return;
    }
    uint8_t code[PABLO_BLOCK];
    for (int c = 0; c < PABLO_BLOCK; ++c) {
        float value;
        code[c] = pablo_book_nearest(&book, block.value[c], &value);
        error[c*PABLO_GROUP] = w[c] - block.d*block.value[c];
    }
    pablo_book_put(&book, ggml_fp32_to_fp16(block.d), code, dst);
}

void pablo_refine_rows(const pablo_book & book, const pablo_factor & factor, const float * src, float * const * errors, int n_rows, char * dst, int n_sweeps) {
    const int64_t n          = factor.n;
    const int     n_groups   = (n_rows + PABLO_GROUP - 1)/PABLO_GROUP;
    const size_t  row_size   = ggml_row_size(book.type, n);
    const size_t  block_size = ggml_type_size(book.type);
    std::vector<float> slopes(n_groups*PABLO_GROUP*PABLO_BLOCK);
    for (int sweep = 0; sweep < n_sweeps; ++sweep) {
        for (int64_t b = 0; b < n/PABLO_BLOCK; ++b) {
            const float * columns = factor.columns(b);
            const int64_t first   = b*PABLO_BLOCK;
            std::fill(slopes.begin(), slopes.end(), 0.0f);
            for (int64_t k = 0; k < n; k += DEPTH) {
                const int64_t depth = n - k < DEPTH ? n - k : DEPTH;
                for (int g = 0; g < n_groups; ++g) {
                    pablo_rank_update(PABLO_GROUP, PABLO_BLOCK, depth, 1.0f, columns + k*PABLO_BLOCK, PABLO_BLOCK,
                                      errors[g] + k*PABLO_GROUP, PABLO_GROUP, slopes.data() + g*PABLO_GROUP*PABLO_BLOCK, PABLO_BLOCK);
                }
            }
            for (int row = 0; row < n_rows; ++row) {
                refine_block(book, columns + first*PABLO_BLOCK, src + row*n + first, slopes.data() + row*PABLO_BLOCK,
                             errors[row/PABLO_GROUP] + first*PABLO_GROUP + row%PABLO_GROUP, dst + row*row_size + b*block_size);
            }
        }
    }
}
