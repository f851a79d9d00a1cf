#include "pablo-feedback.h"

#include "pablo-parallel.h"
#include "pablo-rank.h"
#include "pablo-refine.h"

#include <cstring>

#define CHUNK 64  // rows at most that one task quantizes
#define DEPTH 256 // earlier columns at a time: that much of a strip stays in the cache while all rows use it

void pablo_add_errors(const pablo_factor & factor, int64_t block, pablo_row_group * groups, int n_groups) {
    const float * strip = factor.strip(block);
    const int64_t first = block*PABLO_BLOCK;
    for (int64_t k = 0; k < first; k += DEPTH) {
        const int64_t depth = std::min<int64_t>(DEPTH, first - k);
        for (int g = 0; g < n_groups; ++g) {
            pablo_rank_update(PABLO_GROUP, PABLO_BLOCK, depth, 1.0f, strip + k*PABLO_BLOCK, PABLO_BLOCK,
                              groups[g].error + k*PABLO_GROUP, PABLO_GROUP, groups[g].x, PABLO_BLOCK);
        }
    }
}

static void encode_rows(const pablo_book & book, const pablo_factor & factor, const float * src, char * dst, int n_rows, pablo_row_group * groups, int n_sweeps) {
    const int64_t n        = factor.n;
    const int     n_groups = (n_rows + PABLO_GROUP - 1)/PABLO_GROUP;
    const size_t  row_size = ggml_row_size(book.type, n);
    const size_t  block_size = ggml_type_size(book.type);
    for (int64_t b = 0; b < n/PABLO_BLOCK; ++b) {
        const float * strip = factor.strip(b);
        const int64_t first = b*PABLO_BLOCK;
        for (int g = 0; g < n_groups; ++g) {
            for (int r = 0; r < PABLO_GROUP; ++r) {
                const int row = g*PABLO_GROUP + r < n_rows ? g*PABLO_GROUP + r : n_rows - 1; // rows past the last repeat it, and are not written
                groups[g].src[r] = src + row*n + first;
                memcpy(groups[g].x + r*PABLO_BLOCK, groups[g].src[r], PABLO_BLOCK*sizeof(float));
            }
        }
        pablo_add_errors(factor, b, groups, n_groups);
        for (int row = 0; row < n_rows; ++row) {
            pablo_row_group & group = groups[row/PABLO_GROUP];
            const int r = row%PABLO_GROUP;
            float error[PABLO_BLOCK];
            pablo_book_encode(&book, strip + first*PABLO_BLOCK, factor.weight.data() + first, group.src[r], group.x + r*PABLO_BLOCK,
                              error, dst + row*row_size + b*block_size);
            for (int c = 0; c < PABLO_BLOCK; ++c) {
                group.error[(first + c)*PABLO_GROUP + r] = error[c];
            }
        }
    }
    std::vector<float *> errors;
    for (int g = 0; g < n_groups; ++g) {
        errors.push_back(groups[g].error);
    }
    pablo_refine_rows(book, factor, src, errors.data(), n_rows, dst, n_sweeps);
}

void pablo_quantize_with_feedback(const pablo_book & book, const pablo_factor & factor, const float * src, void * dst, int64_t n_rows, int n_threads, int n_sweeps) {
    const int64_t even  = (n_rows + n_threads - 1)/n_threads;
    const int64_t chunk = std::min<int64_t>(CHUNK, (even + PABLO_GROUP - 1)/PABLO_GROUP*PABLO_GROUP);
    const int64_t n_tasks = (n_rows + chunk - 1)/chunk;
    const int64_t n_workers = std::min<int64_t>(n_threads, n_tasks);
    const int64_t n_groups  = chunk/PABLO_GROUP;

    std::vector<float> errors(n_workers*n_groups*PABLO_GROUP*factor.n);
    std::vector<pablo_row_group> groups(n_workers*n_groups);
    for (size_t g = 0; g < groups.size(); ++g) {
        groups[g].error = errors.data() + g*PABLO_GROUP*factor.n;
    }
    pablo_parallel(n_threads, n_tasks, [&](int64_t task, int thread) {
        const int64_t first = task*chunk;
        encode_rows(book, factor, src + first*factor.n, (char *) dst + first*ggml_row_size(book.type, factor.n),
                    (int) std::min(chunk, n_rows - first), groups.data() + thread*n_groups, n_sweeps);
    });
}

void pablo_quantize_nearest(const pablo_book & book, const float * weight, const float * src, void * dst, int64_t n_rows, int64_t n, int n_threads) {
    std::vector<float> triangle(PABLO_BLOCK*PABLO_BLOCK); // no column makes good another's error
    for (int c = 0; c < PABLO_BLOCK; ++c) {
        triangle[c*PABLO_BLOCK + c] = 1.0f;
    }
    const std::vector<float> alike(weight ? 0 : n, 1.0f);
    weight = weight ? weight : alike.data();
    const size_t row_size   = ggml_row_size(book.type, n);
    const size_t block_size = ggml_type_size(book.type);
    pablo_parallel(n_threads, n_rows, [&](int64_t row, int) {
        float error[PABLO_BLOCK];
        for (int64_t b = 0; b < n/PABLO_BLOCK; ++b) {
            const float * w = src + row*n + b*PABLO_BLOCK;
            pablo_book_encode(&book, triangle.data(), weight + b*PABLO_BLOCK, w, w, error, (char *) dst + row*row_size + b*block_size);
        }
    });
}
