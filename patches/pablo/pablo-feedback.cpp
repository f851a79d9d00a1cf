#include "pablo-feedback.h"

#include "pablo-parallel.h"
#include "pablo-rank.h"

#include <cstring>

#define GROUP 8   // rows that are updated together
#define CHUNK 64  // rows at most that one task quantizes
#define DEPTH 256 // earlier columns at a time: that much of a strip stays in the cache while all rows use it

// Errors w - q of a group's rows: GROUP values for each column. Current values of the group's block: GROUP rows of PABLO_BLOCK.
struct group {
    const float * src[GROUP];
    float       * error;
    float         x[GROUP*PABLO_BLOCK];
};

static void encode_rows(const pablo_book & book, const pablo_factor & factor, const float * src, char * dst, int n_rows, group * groups) {
    const int64_t n        = factor.n;
    const int     n_groups = (n_rows + GROUP - 1)/GROUP;
    const size_t  row_size = ggml_row_size(book.type, n);
    const size_t  block_size = ggml_type_size(book.type);
    for (int64_t b = 0; b < n/PABLO_BLOCK; ++b) {
        const float * strip = factor.strip(b);
        const int64_t first = b*PABLO_BLOCK;
        for (int g = 0; g < n_groups; ++g) {
            for (int r = 0; r < GROUP; ++r) {
                const int row = g*GROUP + r < n_rows ? g*GROUP + r : n_rows - 1; // rows past the last repeat it, and are not written
                groups[g].src[r] = src + row*n + first;
                memcpy(groups[g].x + r*PABLO_BLOCK, groups[g].src[r], PABLO_BLOCK*sizeof(float));
            }
        }
        for (int64_t k = 0; k < first; k += DEPTH) {
            const int64_t depth = first - k < DEPTH ? first - k : DEPTH;
            for (int g = 0; g < n_groups; ++g) {
                pablo_rank_update(GROUP, PABLO_BLOCK, depth, 1.0f, strip + k*PABLO_BLOCK, PABLO_BLOCK,
                                         groups[g].error + k*GROUP, GROUP, groups[g].x, PABLO_BLOCK);
            }
        }
        for (int row = 0; row < n_rows; ++row) {
            group & own = groups[row/GROUP];
            const int r = row%GROUP;
            float error[PABLO_BLOCK];
            pablo_book_encode(&book, strip + first*PABLO_BLOCK, factor.weight.data() + first, own.src[r], own.x + r*PABLO_BLOCK,
                              error, dst + row*row_size + b*block_size);
            for (int c = 0; c < PABLO_BLOCK; ++c) {
                own.error[(first + c)*GROUP + r] = error[c];
            }
        }
    }
}

void pablo_quantize_with_feedback(const pablo_book & book, const pablo_factor & factor, const float * src, void * dst, int64_t n_rows, int n_threads) {
    const int64_t even  = (n_rows + n_threads - 1)/n_threads;
    const int64_t chunk = std::min<int64_t>(CHUNK, (even + GROUP - 1)/GROUP*GROUP);
    const int64_t n_tasks = (n_rows + chunk - 1)/chunk;
    const int64_t n_workers = std::min<int64_t>(n_threads, n_tasks);
    const int64_t n_groups  = chunk/GROUP;

    std::vector<float> errors(n_workers*n_groups*GROUP*factor.n);
    std::vector<group> groups(n_workers*n_groups);
    for (size_t g = 0; g < groups.size(); ++g) {
        groups[g].error = errors.data() + g*GROUP*factor.n;
    }
    pablo_parallel(n_threads, n_tasks, [&](int64_t task, int thread) {
        const int64_t first = task*chunk;
        encode_rows(book, factor, src + first*factor.n, (char *) dst + first*ggml_row_size(book.type, factor.n),
                    (int) std::min(chunk, n_rows - first), groups.data() + thread*n_groups);
    });
}
