#include "pablo-factor.h"

#include "pablo-parallel.h"
#include "pablo-rank.h"

#include <cmath>
#include <stdexcept>
#include <string>

#define TILE 64

// A lower triangle of square tiles, each column by column, so that both operands of an update lie k by k.
// It holds H with rows and columns in reverse: its lower Cholesky factor L gives R_kc = L_(n-1-k)(n-1-c).
struct tiled_matrix {
    explicit tiled_matrix(int64_t n) : n_tiles((n + TILE - 1)/TILE), data(n_tiles*(n_tiles + 1)/2*TILE*TILE) {}

    double * tile(int64_t i, int64_t j) { return data.data() + (i*(i + 1)/2 + j)*TILE*TILE; }
    double & at(int64_t row, int64_t column) { return tile(row/TILE, column/TILE)[column%TILE*TILE + row%TILE]; }

    int64_t             n_tiles;
    std::vector<double> data;
};

static void load(tiled_matrix & h, const float * half, int64_t n, double damping) {
    double  sum  = 0.0;
    int64_t used = 0;
    for (int64_t r = 0; r < n; ++r) {
        for (int64_t c = r; c < n; ++c) {
            const double value = *half++;
            if (!std::isfinite(value)) {
                throw std::runtime_error("row " + std::to_string(r) + ", column " + std::to_string(c) + " is not finite");
            }
            h.at(n - 1 - r, n - 1 - c) = value;
        }
        const double square = h.at(n - 1 - r, n - 1 - r);
        sum  += square;
        used += square != 0.0;
    }
    const double mean = sum > 0.0 ? sum/used : 1.0;
    for (int64_t r = 0; r < h.n_tiles*TILE; ++r) {
        double & square = h.at(r, r);
        square = (square != 0.0 ? square : mean) + damping*mean;
    }
}

// The tile on the diagonal becomes its own Cholesky factor. Returns the column that has no positive square, or -1.
static int factor_diagonal(double * t) {
    for (int j = 0; j < TILE; ++j) {
        const double square = t[j*TILE + j];
        if (!(square > 0.0)) {
            return j;
        }
        const double root = std::sqrt(square);
        for (int i = j; i < TILE; ++i) {
            t[j*TILE + i] /= root;
        }
        for (int k = j + 1; k < TILE; ++k) {
            const double factor = t[j*TILE + k];
            for (int i = k; i < TILE; ++i) {
                t[k*TILE + i] -= factor*t[j*TILE + i];
            }
        }
    }
    return -1;
}

// A tile below the diagonal, times the inverse of the transposed factor on it.
static void solve(double * __restrict t, const double * __restrict diagonal) {
    for (int j = 0; j < TILE; ++j) {
        for (int k = 0; k < j; ++k) {
            const double factor = diagonal[k*TILE + j];
            for (int i = 0; i < TILE; ++i) {
                t[j*TILE + i] -= factor*t[k*TILE + i];
            }
        }
        const double inverse = 1.0/diagonal[j*TILE + j];
        for (int i = 0; i < TILE; ++i) {
            t[j*TILE + i] *= inverse;
        }
    }
}

static void factor(tiled_matrix & h, int64_t n, int n_threads) {
    for (int64_t j = 0; j < h.n_tiles; ++j) {
        const auto update = [&](int64_t i) {
            for (int64_t k = 0; k < j; ++k) {
                pablo_rank_update(TILE, TILE, TILE, -1.0, h.tile(i, k), TILE, h.tile(j, k), TILE, h.tile(i, j), TILE);
            }
        };
        update(j);
        const int bad = factor_diagonal(h.tile(j, j));
        if (bad >= 0) {
            throw std::runtime_error("column " + std::to_string(n - 1 - j*TILE - bad) + " contradicts the later ones: they are no second moments of anything");
        }
        pablo_parallel(n_threads, h.n_tiles - 1 - j, [&](int64_t task, int) {
            update(j + 1 + task);
            solve(h.tile(j + 1 + task, j), h.tile(j, j));
        });
    }
}

pablo_factor pablo_make_factor(const float * half, int64_t n, double damping, int n_threads) {
    tiled_matrix h(n);
    load(h, half, n, damping);

    pablo_factor result;
    result.n = n;
    const int64_t n_strips = n/PABLO_STRIP;
    result.damped.resize(n*n);
    pablo_parallel(n_threads, n_strips, [&](int64_t b, int) {
        float * to = result.damped.data() + PABLO_STRIP*n*b;
        for (int64_t k = 0; k < n; ++k) {
            for (int64_t c = PABLO_STRIP*b; c < PABLO_STRIP*(b + 1); ++c) {
                to[k*PABLO_STRIP + c%PABLO_STRIP] = (float) h.at(n - 1 - std::min(k, c), n - 1 - std::max(k, c));
            }
        }
    });

    factor(h, n, n_threads);
    result.weight.resize(n);
    result.strips.resize(PABLO_STRIP*PABLO_STRIP*(n_strips*(n_strips + 1)/2));
    double sum = 0.0;
    for (int64_t c = 0; c < n; ++c) {
        sum += std::pow(h.at(n - 1 - c, n - 1 - c), 2);
    }
    pablo_parallel(n_threads, n_strips, [&](int64_t b, int) {
        float * to = result.strips.data() + PABLO_STRIP*PABLO_STRIP*(b*(b + 1)/2);
        for (int64_t c = PABLO_STRIP*b; c < PABLO_STRIP*(b + 1); ++c) {
            const double last = h.at(n - 1 - c, n - 1 - c);
            result.weight[c] = (float) (last*last*n/sum);
            for (int64_t k = 0; k <= c; ++k) {
                to[k*PABLO_STRIP + c%PABLO_STRIP] = (float) (h.at(n - 1 - k, n - 1 - c)/last);
            }
        }
    });
    return result;
}
