// Every kernel against its scalar reference.

#include "check.h"

#include "pablo-kernels.h"
#include "pablo.h"

#include "ggml-cpu-impl.h"
#include "ggml-cpu.h"
#include "repack.h"

#include <cmath>
#include <cstring>
#include <vector>

void test_graphs(random_source & random); // test-graphs.cpp

struct problem {
    int n, rows, columns;
    std::vector<uint8_t> weights, one, four;
    int8_t table[PABLO_CODES];
};

enum scales { SCALES_ONE, SCALES_RANDOM, SCALES_SMALL, SCALES_INFINITE };

static ggml_half make_scale(random_source & random, scales kind) {
    static const ggml_half small[] = { 0x0000, 0x8000, 0x0001, 0x8001, 0x03ff, 0x0400 }; // zeros, subnormal, the smallest normal
    switch (kind) {
        case SCALES_ONE:  return 0x3c00;
        case SCALES_SMALL: return small[random.below(6)];
        case SCALES_INFINITE: return random.below(64) ? 0x7bff : random.below(2) ? 0x7c00 : 0xfc00; // the largest, infinities
        default:          return ggml_fp32_to_fp16(0.01f*random.weight());
    }
}

static problem make_problem(random_source & random, int n, int rows, int columns, scales kind, int largest) {
    problem p;
    p.n = n;
    p.rows = rows;
    p.columns = columns;
    for (int i = 0; i < PABLO_CODES; ++i) {
        p.table[i] = (int8_t) (random.below(2*largest + 1) - largest);
    }
    if (kind != SCALES_RANDOM && largest == 127 && random.below(2)) {
        p.table[random.below(PABLO_CODES)] = -128; // cannot be negated in 8 bits
    }
    p.weights.resize((size_t) columns*n/32*sizeof(block_q4_0));
    p.one.resize((size_t) rows*n/32*sizeof(block_q8_0));
    p.four.resize((size_t) rows*n/32*sizeof(block_q8_0));
    for (auto * bytes : { &p.weights, &p.one, &p.four }) {
        for (uint8_t & byte : *bytes) {
            byte = (uint8_t) random.next();
        }
    }
    for (int b = 0; b < columns*n/32; ++b) {
        ggml_half * d = (ggml_half *) (p.weights.data() + b/PABLO_LANES*PABLO_LANES*sizeof(block_q4_0)) + b%PABLO_LANES;
        *d = make_scale(random, kind);
        if (random.below(16) == 0) {
            *d = 0;
        }
    }
    for (int b = 0; b < rows*n/32; ++b) {
        block_q8_0 * x = (block_q8_0 *) p.one.data() + b;
        x->d = make_scale(random, kind);
        const bool all_zero = random.below(16) == 0;
        for (int j = 0; j < 32; ++j) {
            x->qs[j] = (int8_t) (all_zero ? 0 : random.below(2*largest + 1) - largest);
        }
    }
    // the same rows again, four by four
    for (int row = 0; row < rows; ++row) {
        for (int b = 0; b < n/32; ++b) {
            const block_q8_0 * x = (const block_q8_0 *) p.one.data() + row*n/32 + b;
            block_q8_0x4 * y = (block_q8_0x4 *) p.four.data() + row/4*n/32 + b;
            y->d[row%4] = x->d;
            for (int k = 0; k < 32; ++k) {
                y->qs[k/PABLO_BYTES*4*PABLO_BYTES + row%4*PABLO_BYTES + k%PABLO_BYTES] = x->qs[k];
            }
        }
    }
    return p;
}

// One ulp for each block, of the largest summand or sum.
static bool close(float a, float b, double magnitude, int n_blocks) {
    if (!std::isfinite(a) || !std::isfinite(b)) {
        return std::isnan(a) == std::isnan(b) && (std::isnan(a) || a == b);
    }
    return std::fabs(a - b) <= n_blocks*1.1920929e-7*magnitude;
}

static double magnitude_of(const problem & p, int row, int column) {
    const int lane = column%PABLO_LANES;
    const uint8_t    * group = p.weights.data() + (size_t) column/PABLO_LANES*PABLO_LANES*p.n/32*sizeof(block_q4_0);
    const block_q8_0 * a     = (const block_q8_0 *) p.one.data() + row*p.n/32;
    double sum = 0.0, largest = 0.0;
    for (int b = 0; b < p.n/32; ++b, group += PABLO_LANES*sizeof(block_q4_0)) {
        const uint8_t * qs = group + PABLO_LANES*sizeof(ggml_half) + lane*PABLO_BYTES;
        int products = 0;
        for (int k = 0; k < 16; ++k) {
            const uint8_t nibbles = qs[k/PABLO_BYTES*PABLO_LANES*PABLO_BYTES + k%PABLO_BYTES];
            products += p.table[nibbles & 15]*a[b].qs[k] + p.table[nibbles >> 4]*a[b].qs[k + 16];
        }
        const double summand = (double) ggml_fp16_to_fp32(((const ggml_half *) group)[lane])*ggml_fp16_to_fp32(a[b].d)*products;
        sum += summand;
        largest = std::fmax(largest, std::fmax(std::fabs(sum), std::fabs(summand)));
    }
    return largest;
}

static void compare(const problem & p, scales kind) {
    const size_t row_size = p.n/32*sizeof(block_q8_0);
    std::vector<float> fast(p.rows*p.columns), ref(fast), fours(fast), fours_ref(fast);
    for (int row = 0; row < p.rows; ++row) {
        pablo_gemv    (p.n, &fast[row*p.columns], p.weights.data(), p.one.data() + row*row_size, p.columns, p.table);
        pablo_gemv_ref(p.n, &ref [row*p.columns], p.weights.data(), p.one.data() + row*row_size, p.columns, p.table);
    }
    pablo_gemm(p.n, fours.data(), p.columns, p.weights.data(), p.four.data(), p.rows, p.columns, p.table);
    pablo_gemm_ref(p.n, fours_ref.data(), p.columns, p.weights.data(), p.four.data(), p.rows, p.columns, p.table);

    for (size_t i = 0; i < ref.size(); ++i) {
        if (kind == SCALES_ONE) { // the floats are the integer sums
            CHECK(fast[i] == ref[i] && fours[i] == ref[i] && fours_ref[i] == ref[i],
                "n %d, result %zu: gemv %g, gemm %g, references %g %g", p.n, i, fast[i], fours[i], ref[i], fours_ref[i]);
        } else {
            const double magnitude = magnitude_of(p, (int) i/p.columns, (int) i%p.columns);
            CHECK(close(fast[i], ref[i], magnitude, p.n/32) && close(fours[i], ref[i], magnitude, p.n/32),
                "n %d, result %zu: gemv %g, gemm %g, reference %g", p.n, i, fast[i], fours[i], ref[i]);
        }
    }
}

// Rows that fill no group: the same sums as in a group.
static void compare_dot(random_source & random) {
    problem p = make_problem(random, 1024, 4, PABLO_LANES, SCALES_ONE, 64);
    std::vector<float> ref(4*PABLO_LANES);
    pablo_gemm_ref(p.n, ref.data(), PABLO_LANES, p.weights.data(), p.four.data(), 4, PABLO_LANES, p.table);
    for (int column = 0; column < PABLO_LANES; ++column) {
        std::vector<block_q4_0> row(p.n/32);
        for (int b = 0; b < p.n/32; ++b) {
            const uint8_t * group = p.weights.data() + b*PABLO_LANES*sizeof(block_q4_0);
            memcpy(&row[b].d, group + column*sizeof(ggml_half), sizeof(ggml_half));
            for (int k = 0; k < 16; ++k) {
                row[b].qs[k] = group[PABLO_LANES*sizeof(ggml_half) + k/PABLO_BYTES*PABLO_LANES*PABLO_BYTES + column*PABLO_BYTES + k%PABLO_BYTES];
            }
        }
        for (int lane = 0; lane < 4; ++lane) {
            const float together = pablo_dot(p.n, row.data(), p.four.data(), lane, p.table);
            const float alone    = pablo_dot(p.n, row.data(), p.one.data() + lane*p.n/32*sizeof(block_q8_0), -1, p.table);
            CHECK(together == ref[lane*PABLO_LANES + column] && alone == together, "column %d, lane %d", column, lane);
        }
    }
}

int main() {
    ggml_cpu_init();
    random_source random = { 1 };
    for (int n = 32; n <= 4096; n += 32) {
        const int largest = n <= 1024 ? 127 : 64; // integer sums stay below 2^24, exact in a float
        compare(make_problem(random, n, 4, 2*PABLO_LANES, SCALES_ONE, largest), SCALES_ONE);
        compare(make_problem(random, n, 8, PABLO_LANES, SCALES_RANDOM, 127), SCALES_RANDOM);
        if (n <= 256 || n%1024 == 0) { // enough rows for the loops that take 16 at once, and some more
            compare(make_problem(random, n, 20, 3*PABLO_LANES, SCALES_ONE, largest), SCALES_ONE);
            compare(make_problem(random, n, 20, 3*PABLO_LANES, SCALES_RANDOM, 127), SCALES_RANDOM);
        }
        compare(make_problem(random, n, 4, PABLO_LANES, SCALES_SMALL, 127), SCALES_SMALL);
        compare(make_problem(random, n, 4, PABLO_LANES, SCALES_INFINITE, 127), SCALES_INFINITE);
    }
    compare_dot(random);
    test_graphs(random);
    return report("kernels");
}
