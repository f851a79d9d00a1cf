#include "pablo-gather.h"

#include "pablo-parallel.h"
#include "pablo-rank.h"

#include <cfloat>
#include <cmath>

#define TILE  32  // columns of a strip, of rows copied side by side
#define DEPTH 256 // rows at a time: so much of two strips stays in the cache

static int64_t n_strips(int64_t n) { return (n + TILE - 1)/TILE; }

int64_t pablo_gather::size(int64_t n) { return n_strips(n)*(n_strips(n) + 1)/2*TILE*TILE; }

int64_t pablo_gather::scratch_size(int64_t n) { return n_strips(n)*TILE*DEPTH; }

pablo_gather::pablo_gather(int64_t n) : n(n), n_added(0), tiles(size(n)) {}

const float * pablo_gather::tile(int64_t row, int64_t column) const {
    return tiles.data() + (row*n_strips(n) - row*(row - 1)/2 + column - row)*TILE*TILE;
}

float * pablo_gather::tile(int64_t row, int64_t column) {
    return const_cast<float *>(static_cast<const pablo_gather *>(this)->tile(row, column));
}

// Columns `first` and on of the rows, side by side; zeros behind the last column.
static bool copy_strip(const float * const * rows, int64_t n_rows, int64_t first, int64_t n, float * to) {
    const int width = (int) std::min<int64_t>(TILE, n - first);
    bool finite = true;
    for (int64_t r = 0; r < n_rows; ++r, to += TILE) {
        for (int i = 0; i < width; ++i) {
            to[i]  = rows[r][first + i];
            finite = finite && std::fabs(to[i]) <= FLT_MAX;
        }
        std::fill(to + width, to + TILE, 0.0f);
    }
    return finite;
}

bool pablo_gather::add(const float * const * rows, int64_t n_rows, float * scratch, int n_threads) {
    const int64_t count = n_strips(n);
    std::atomic<bool> finite(true);
    for (int64_t first = 0; first < n_rows && finite; first += DEPTH) {
        const int64_t depth = std::min<int64_t>(DEPTH, n_rows - first);
        pablo_parallel(n_threads, count, [&](int64_t s, int) {
            if (!copy_strip(rows + first, depth, s*TILE, n, scratch + s*TILE*DEPTH)) {
                finite = false;
            }
        });
        pablo_parallel(n_threads, count, [&](int64_t i, int) {
            for (int64_t j = i; j < count; ++j) {
                pablo_rank_update(TILE, TILE, depth, 1.0f, scratch + j*TILE*DEPTH, TILE, scratch + i*TILE*DEPTH, TILE, tile(i, j), TILE);
            }
        });
    }
    n_added += n_rows;
    return finite;
}

void pablo_gather::mean_row(int64_t r, float * to) const {
    const double share = n_added ? 1.0/n_added : 0.0;
    for (int64_t c = r; c < n; ++c) {
        *to++ = (float) (tile(r/TILE, c/TILE)[r%TILE*TILE + c%TILE]*share);
    }
}
