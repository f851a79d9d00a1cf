// Every kernel against its scalar reference.

#include "check.h"

#include "pablo-buffer.h"
#include "pablo-kernels.h"
#include "pablo.h"

#include "ggml-cpu-impl.h"
#include "ggml-cpu.h"
#include "repack.h"

#include <cmath>
#include <cstring>
#include <vector>

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

// One ulp for each block, of the largest that a block's summand can be.
static bool close(float a, float b, float magnitude, int n_blocks) {
    if (!std::isfinite(a) || !std::isfinite(b)) {
        return std::isnan(a) == std::isnan(b) && (std::isnan(a) || a == b);
    }
    return std::fabs(a - b) <= n_blocks*1.1920929e-7f*magnitude;
}

static float magnitude_of(const problem & p, int row, int column) {
    const uint8_t    * group = p.weights.data() + (size_t) column/PABLO_LANES*PABLO_LANES*p.n/32*sizeof(block_q4_0);
    const block_q8_0 * a     = (const block_q8_0 *) p.one.data() + row*p.n/32;
    float largest = 0.0f;
    for (int b = 0; b < p.n/32; ++b) {
        const ggml_half d = ((const ggml_half *) (group + b*PABLO_LANES*sizeof(block_q4_0)))[column%PABLO_LANES];
        largest = std::fmax(largest, std::fabs(ggml_fp16_to_fp32(d)*ggml_fp16_to_fp32(a[b].d)));
    }
    return largest*32*127*128;
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
        const float magnitude = magnitude_of(p, (int) i/p.columns, (int) i%p.columns);
        if (kind == SCALES_ONE) { // the floats are the integer sums
            CHECK(fast[i] == ref[i] && fours[i] == ref[i] && fours_ref[i] == ref[i],
                "n %d, result %zu: gemv %g, gemm %g, references %g %g", p.n, i, fast[i], fours[i], ref[i], fours_ref[i]);
        } else {
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

// mul_mat, mul_mat_id and get_rows of a packed tensor through ggml, against its dequantized rows.
static void compare_graph(random_source & random, int n, int weight_rows, int tokens, int experts, int n_threads) {
    ggml_init_params params = { 64*1024*1024, nullptr, true };
    ggml_context * weights_ctx = ggml_init(params);
    ggml_context * ctx = ggml_init({ 512*1024*1024, nullptr, false });

    ggml_tensor * weights = experts ? ggml_new_tensor_3d(weights_ctx, GGML_TYPE_Q4_0, n, weight_rows, experts)
                                    : ggml_new_tensor_2d(weights_ctx, GGML_TYPE_Q4_0, n, weight_rows);
    pablo_mark mark = {};
    mark.packed = 1;
    for (int i = 0; i < PABLO_CODES; ++i) {
        mark.value[i] = (int8_t) (random.below(256) - 128);
    }
    pablo_set_mark(weights, &mark);
    ggml_backend_buffer_t buffer = ggml_backend_alloc_ctx_tensors_from_buft(weights_ctx, pablo_buffer_type());
    std::vector<block_q4_0> blocks(ggml_nelements(weights)/32);
    for (block_q4_0 & block : blocks) {
        block.d = ggml_fp32_to_fp16(0.001f*random.weight());
        for (uint8_t & byte : block.qs) {
            byte = (uint8_t) random.next();
        }
    }
    ggml_backend_tensor_set(weights, blocks.data(), 0, ggml_nbytes(weights));

    const int slots = experts ? 2 : 1;
    ggml_tensor * x = experts ? ggml_new_tensor_3d(ctx, GGML_TYPE_F32, n, slots, tokens) : ggml_new_tensor_2d(ctx, GGML_TYPE_F32, n, tokens);
    ggml_tensor * ids = experts ? ggml_new_tensor_2d(ctx, GGML_TYPE_I32, slots, tokens) : ggml_new_tensor_1d(ctx, GGML_TYPE_I32, tokens);
    for (int64_t i = 0; i < ggml_nelements(x); ++i) {
        ((float *) x->data)[i] = random.weight();
    }
    for (int64_t i = 0; i < ggml_nelements(ids); ++i) {
        ((int32_t *) ids->data)[i] = random.below(experts ? experts : weight_rows);
    }
    ggml_tensor * product = experts ? ggml_mul_mat_id(ctx, weights, x, ids) : ggml_mul_mat(ctx, weights, x);
    ggml_tensor * rows    = experts ? nullptr : ggml_get_rows(ctx, weights, ids);
    ggml_cgraph * graph = ggml_new_graph(ctx);
    ggml_build_forward_expand(graph, product);
    if (rows) {
        ggml_build_forward_expand(graph, rows);
    }
    ggml_graph_compute_with_ctx(ctx, graph, n_threads);

    std::vector<float> row(n);
    for (int token = 0; token < tokens; ++token) {
        if (rows) {
            const int id = ((int32_t *) ids->data)[token];
            pablo_dequantize_row(GGML_TYPE_Q4_0, &mark, &blocks[(size_t) id*n/32], row.data(), n);
            CHECK(memcmp(row.data(), (float *) rows->data + (size_t) token*n, n*sizeof(float)) == 0, "get_rows of row %d", id);
        }
        for (int slot = 0; slot < slots; ++slot) {
            const int expert = experts ? ((int32_t *) ids->data)[token*slots + slot] : 0;
            const float * a = (float *) x->data + ((size_t) token*slots + slot)*n;
            for (int column = 0; column < weight_rows; ++column) {
                pablo_dequantize_row(GGML_TYPE_Q4_0, &mark, &blocks[((size_t) expert*weight_rows + column)*n/32], row.data(), n);
                double sum = 0.0, size = 0.0;
                for (int i = 0; i < n; ++i) {
                    sum  += (double) row[i]*a[i];
                    size += (double) row[i]*row[i];
                }
                const float got = ((float *) product->data)[((size_t) token*slots + slot)*weight_rows + column];
                // activations are rounded to 8 bits: 6 standard deviations of that error
                CHECK(std::fabs(got - sum) <= 6*std::sqrt(size)*4.0/127/std::sqrt(12.0) + 1e-6,
                    "n %d, %d rows, %d tokens, %d experts, %d threads: %g instead of %g", n, weight_rows, tokens, experts, n_threads, got, sum);
            }
        }
    }
    ggml_backend_buffer_free(buffer);
    ggml_free(ctx);
    ggml_free(weights_ctx);
}

int main() {
    ggml_cpu_init();
    random_source random = { 1 };
    for (int n = 32; n <= 4096; n += 32) {
        const int largest = n <= 1024 ? 127 : 64; // integer sums stay below 2^24, exact in a float
        compare(make_problem(random, n, 4, 2*PABLO_LANES, SCALES_ONE, largest), SCALES_ONE);
        compare(make_problem(random, n, 8, PABLO_LANES, SCALES_RANDOM, 127), SCALES_RANDOM);
        compare(make_problem(random, n, 4, PABLO_LANES, SCALES_SMALL, 127), SCALES_SMALL);
        compare(make_problem(random, n, 4, PABLO_LANES, SCALES_INFINITE, 127), SCALES_INFINITE);
    }
    compare_dot(random);
    for (int weight_rows : { 3, 8, 13, 64 }) {
        for (int tokens : { 1, 3, 4, 9 }) {
            for (int experts : { 0, 5 }) {
                compare_graph(random, 96, weight_rows, tokens, experts, 1 + random.below(2));
            }
        }
    }
    compare_graph(random, 96, 61, 9, 0, 7); // more threads than groups of rows for each
    compare_graph(random, 96, 61, 9, 5, 7);
    return report("kernels");
}
