// pablo-test-speed [columns] [rows] [threads]: how fast error feedback's parts are beside ggml's F32 matrix product of
// the same shape, in one run. Prints GFLOP/s of all threads together as JSON: by the processor time that they take, which
// other processes do not count in, and the quickest of several times.

#include "pablo-factor.h"
#include "pablo-feedback.h"
#include "pablo-gather.h"
#include "pablo-parallel.h"

#include "ggml-cpu.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>

// Seconds, as if all threads had a processor of their own.
template <typename F>
static double quickest(int n_threads, F && f) {
    double best = 1e30;
    for (int i = 0; i < 5; ++i) {
        const std::clock_t start = std::clock();
        f();
        best = std::min(best, (double) (std::clock() - start)/CLOCKS_PER_SEC/n_threads);
    }
    return best;
}

static std::vector<float> some_floats(int64_t n) {
    std::vector<float> x(n);
    uint64_t state = 1;
    for (float & value : x) {
        state = state*6364136223846793005ull + 1442695040888963407ull;
        value = (int32_t) (state >> 32)/2147483648.0f;
    }
    return x;
}

// n columns times n, for each of `rows`.
static double time_ggml(int64_t n, int64_t rows, int n_threads) {
    ggml_context * ctx = ggml_init({ (size_t) (n*n + 2*n*rows)*sizeof(float) + (1 << 20), nullptr, false });
    ggml_tensor * a = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, n, n);
    ggml_tensor * b = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, n, rows);
    const std::vector<float> values = some_floats(n*std::max(n, rows));
    std::copy(values.begin(), values.begin() + n*n, (float *) a->data);
    std::copy(values.begin(), values.begin() + n*rows, (float *) b->data);
    ggml_cgraph * graph = ggml_new_graph(ctx);
    ggml_build_forward_expand(graph, ggml_mul_mat(ctx, a, b));
    const double seconds = quickest(n_threads, [&] { ggml_graph_compute_with_ctx(ctx, graph, n_threads); });
    ggml_free(ctx);
    return seconds;
}

static double time_inner_product(const pablo_factor & factor, int64_t rows, int n_threads) {
    const int64_t n = factor.n, n_tasks = rows/64;
    std::vector<float> errors = some_floats(n*64*n_threads);
    std::vector<pablo_row_group> groups(8*n_threads);
    for (size_t g = 0; g < groups.size(); ++g) {
        groups[g].error = errors.data() + g*PABLO_GROUP*n;
    }
    return quickest(n_threads, [&] {
        pablo_parallel(n_threads, n_tasks, [&](int64_t, int thread) {
            for (int64_t block = 0; block < n/PABLO_BLOCK; ++block) {
                pablo_add_errors(factor, block, groups.data() + 8*thread, 8);
            }
        });
    });
}

int main(int argc, char ** argv) {
    const int64_t n         = argc > 1 ? atoll(argv[1]) : 2048;
    const int64_t rows      = argc > 2 ? atoll(argv[2]) : 1024;
    const int     n_threads = argc > 3 ? atoi(argv[3]) : 1;
    if (n < 32 || n%32 != 0 || rows < 64 || rows%64 != 0 || n_threads < 1) {
        fprintf(stderr, "expected columns, a multiple of 32, rows, a multiple of 64, and threads\n");
        return EXIT_FAILURE;
    }
    const double ggml = time_ggml(n, rows, n_threads);

    pablo_gather sum(n);
    const std::vector<float> inputs = some_floats(n*rows);
    std::vector<const float *> pointers;
    for (int64_t row = 0; row < rows; ++row) {
        pointers.push_back(inputs.data() + row*n);
    }
    std::vector<float> scratch(pablo_gather::scratch_size(n));
    const double gather = quickest(n_threads, [&] { sum.add(pointers.data(), rows, scratch.data(), n_threads); });

    std::vector<float> half(pablo_half_size(n));
    for (int64_t r = 0, at = 0; r < n; at += n - r, ++r) {
        sum.mean_row(r, half.data() + at);
    }
    pablo_factor factor;
    const double factoring = quickest(n_threads, [&] { factor = pablo_make_factor(half.data(), n, 0.01, n_threads); });
    const double product   = time_inner_product(factor, rows, n_threads);

    pablo_conf conf;
    pablo_default_conf(&conf);
    const pablo_encoder encoder = pablo_make_encoder(&conf, "", GGML_TYPE_IQ4_NL);
    pablo_book book;
    pablo_make_book(&book, &encoder);
    std::vector<char> codes(rows*ggml_row_size(GGML_TYPE_IQ4_NL, n));
    const double quantize = quickest(n_threads, [&] { pablo_quantize_with_feedback(book, factor, inputs.data(), codes.data(), rows, n_threads); });

    const double giga = 1e-9*n*n;
    printf("{\"columns\":%lld,\"rows\":%lld,\"threads\":%d,\"ggml\":%.2f,\"innerProduct\":%.2f,\"gather\":%.2f,\"factor\":%.2f,\"quantizeNanosecondsPerWeight\":%.2f}\n",
        (long long) n, (long long) rows, n_threads, 2*giga*rows/ggml, giga*rows/product, giga*rows/gather, giga*n/3/factoring, 1e9*quantize/(n*rows));
    return EXIT_SUCCESS;
}
