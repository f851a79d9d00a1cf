// Packed tensors in ggml's graphs.

#include "check.h"

#include "pablo-buffer.h"
#include "pablo.h"

#include "ggml-cpu.h"

#define GGML_COMMON_DECL_CPP
#include "ggml-common.h"

#include <cmath>
#include <cstring>
#include <vector>

void test_graphs(random_source & random);

struct graph_shape {
    int n, weight_rows, tokens;
    int experts;   // of mul_mat_id; 0: mul_mat and get_rows
    int x_slots;   // activation rows a token of mul_mat_id, 1 for one that all slots share
    int matrices;  // of mul_mat, each for two planes of activations if there are several
    bool apart;    // activation rows that do not follow one another
    int n_threads;
};

static void compare_rows(const graph_shape & s, const pablo_mark & mark, const block_q4_0 * matrix, const float * a, const float * product) {
    std::vector<float> row(s.n);
    for (int column = 0; column < s.weight_rows; ++column) {
        pablo_dequantize_row(GGML_TYPE_Q4_0, &mark, matrix + (size_t) column*s.n/32, row.data(), s.n);
        double sum = 0.0, size = 0.0;
        for (int i = 0; i < s.n; ++i) {
            sum  += (double) row[i]*a[i];
            size += (double) row[i]*row[i];
        }
        // activations are rounded to 8 bits: 6 standard deviations of that error
        CHECK(std::fabs(product[column] - sum) <= 6*std::sqrt(size)*4.0/127/std::sqrt(12.0) + 1e-6,
            "n %d, %d rows, %d tokens, %d experts, %d slots, %d matrices, %d threads: %g instead of %g",
            s.n, s.weight_rows, s.tokens, s.experts, s.x_slots, s.matrices, s.n_threads, product[column], sum);
    }
}

// mul_mat, mul_mat_id and get_rows of a packed tensor through ggml, against its dequantized rows.
static void compare_graph(random_source & random, const graph_shape & s) {
    ggml_context * weights_ctx = ggml_init({ 64*1024*1024, nullptr, true });
    ggml_context * ctx = ggml_init({ 512*1024*1024, nullptr, false });

    const int n_matrices = s.experts ? s.experts : s.matrices;
    ggml_tensor * weights = ggml_new_tensor_3d(weights_ctx, GGML_TYPE_Q4_0, s.n, s.weight_rows, n_matrices);
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

    const int slots  = 2;
    const int planes = s.matrices > 1 ? 2*s.matrices : 1;
    ggml_tensor * memory = s.experts ? ggml_new_tensor_3d(ctx, GGML_TYPE_F32, s.n, s.x_slots, s.tokens)
                                     : ggml_new_tensor_3d(ctx, GGML_TYPE_F32, s.apart ? 2*s.n : s.n, s.tokens, planes);
    ggml_tensor * x = s.apart ? ggml_view_3d(ctx, memory, s.n, s.tokens, planes, memory->nb[1], memory->nb[2], 0) : memory;
    ggml_tensor * ids = s.experts ? ggml_new_tensor_2d(ctx, GGML_TYPE_I32, slots, s.tokens) : ggml_new_tensor_1d(ctx, GGML_TYPE_I32, s.tokens);
    for (int64_t i = 0; i < ggml_nelements(memory); ++i) {
        ((float *) memory->data)[i] = random.weight();
    }
    for (int64_t i = 0; i < ggml_nelements(ids); ++i) {
        ((int32_t *) ids->data)[i] = random.below(s.experts ? s.experts : s.weight_rows);
    }
    ggml_tensor * product = s.experts ? ggml_mul_mat_id(ctx, weights, x, ids) : ggml_mul_mat(ctx, weights, x);
    ggml_tensor * rows    = s.experts || s.matrices > 1 ? nullptr : ggml_get_rows(ctx, weights, ids);
    ggml_cgraph * graph = ggml_new_graph(ctx);
    ggml_build_forward_expand(graph, product);
    if (rows) {
        ggml_build_forward_expand(graph, rows);
    }
    ggml_graph_compute_with_ctx(ctx, graph, s.n_threads);

    const size_t matrix_blocks = (size_t) s.weight_rows*s.n/32;
    const auto at = [](const ggml_tensor * tensor, int i1, int i2) { return (const float *) ((const char *) tensor->data + i1*tensor->nb[1] + i2*tensor->nb[2]); };
    for (int token = 0; token < s.tokens; ++token) {
        for (int slot = 0; s.experts && slot < slots; ++slot) {
            const int expert = ((int32_t *) ids->data)[token*slots + slot];
            compare_rows(s, mark, blocks.data() + expert*matrix_blocks, at(x, slot%s.x_slots, token), at(product, slot, token));
        }
        for (int plane = 0; !s.experts && plane < planes; ++plane) {
            compare_rows(s, mark, blocks.data() + plane*s.matrices/planes*matrix_blocks, at(x, token, plane), at(product, token, plane));
        }
        if (rows) {
            std::vector<float> row(s.n);
            const int id = ((int32_t *) ids->data)[token];
            pablo_dequantize_row(GGML_TYPE_Q4_0, &mark, &blocks[(size_t) id*s.n/32], row.data(), s.n);
            CHECK(memcmp(row.data(), at(rows, token, 0), s.n*sizeof(float)) == 0, "get_rows of row %d", id);
        }
    }
    ggml_backend_buffer_free(buffer);
    ggml_free(ctx);
    ggml_free(weights_ctx);
}

void test_graphs(random_source & random) {
    for (int weight_rows : { 3, 8, 13, 64 }) {
        for (int tokens : { 1, 3, 4, 9, 20 }) {
            const int n_threads = 1 + random.below(2);
            compare_graph(random, { 96, weight_rows, tokens, 0, 0, 1, false, n_threads });
            compare_graph(random, { 96, weight_rows, tokens, 0, 0, 1, true,  n_threads });
            compare_graph(random, { 96, weight_rows, tokens, 0, 0, 3, false, n_threads });
            compare_graph(random, { 96, weight_rows, tokens, 5, 1, 0, false, n_threads });
            compare_graph(random, { 96, weight_rows, tokens, 5, 2, 0, false, n_threads });
        }
    }
    // more threads than groups of rows for each
    compare_graph(random, { 96, 61, 9, 0, 0, 1, false, 7 });
    compare_graph(random, { 96, 61, 9, 5, 2, 0, false, 7 });
}
