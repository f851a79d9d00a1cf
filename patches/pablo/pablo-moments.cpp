// llama-moments: the second moments E[x xT] of every input of a model's matrix multiplications over a text, as
// FEEDBACK of pablo.conf wants them. Tokens and batches are llama-imatrix's. The file's bytes do not depend on the
// number of threads, nor on --memory, which only decides in how many passes over the text they are gathered.

#include "arg.h"
#include "common.h"
#include "llama.h"

#include "pablo-moments-collector.h"

#include <algorithm>
#include <clocale>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>

static volatile std::sig_atomic_t interrupted = 0;

static void on_signal(int) { interrupted = 1; }

static bool is_interrupted(void *) { return interrupted; }

static void print_usage(int, char ** argv) {
    printf("\nexample usage:\n\n    %s -m model.gguf -f text.txt -o moments.gguf [--chunks 100] [--memory 4294967296]\n\n"
           "--memory: bytes of second moments held at once; a smaller number means more passes over the text\n\n", argv[0]);
}

// Takes --memory and its value away from what llama.cpp's own options are read from.
static uint64_t take_memory(std::vector<char *> & arguments) {
    uint64_t memory = 4ull << 30;
    for (size_t i = 1; i < arguments.size(); ++i) {
        if (strcmp(arguments[i], "--memory") == 0) {
            const char * text = i + 1 < arguments.size() ? arguments[i + 1] : "";
            char * end;
            memory = strtoull(text, &end, 10);
            if (*text < '0' || *text > '9' || *end || memory == 0) {
                throw std::runtime_error(std::string("--memory expects a number of bytes, found \"") + text + "\"");
            }
            arguments.erase(arguments.begin() + i, arguments.begin() + i + 2);
            break;
        }
    }
    return memory;
}

struct text_chunks {
    std::vector<llama_token> tokens;
    int  n_ctx;
    int  n_chunks;
    bool add_bos;
};

static text_chunks read_text(llama_context * ctx, const common_params & params, int n_ctx) {
    const llama_vocab * vocab = llama_model_get_vocab(llama_get_model(ctx));
    text_chunks text = { common_tokenize(ctx, params.prompt, true, params.parse_special), n_ctx, 0, llama_vocab_get_add_bos(vocab) };
    const int n_whole = (int) text.tokens.size()/n_ctx;
    text.n_chunks = params.n_chunks < 0 ? n_whole : std::min(params.n_chunks, n_whole);
    if ((int) text.tokens.size() < 2*n_ctx || text.n_chunks == 0) {
        throw std::runtime_error("the text has " + std::to_string(text.tokens.size()) + " tokens: at least two chunks of " + std::to_string(n_ctx) + " are needed");
    }
    return text;
}

// Chunks `first` and on, one sequence each, as llama-imatrix computes them.
static void decode(llama_context * ctx, llama_batch & batch, text_chunks & text, int first, int n_seq, int n_batch) {
    const llama_token bos = llama_vocab_bos(llama_model_get_vocab(llama_get_model(ctx)));
    llama_memory_clear(llama_get_memory(ctx), true);
    for (int start = 0; start < text.n_ctx; start += n_batch) {
        common_batch_clear(batch);
        for (int seq = 0; seq < n_seq; ++seq) {
            for (int k = start; k < std::min(text.n_ctx, start + n_batch); ++k) {
                const llama_token token = k == 0 && text.add_bos ? bos : text.tokens[(first + seq)*text.n_ctx + k];
                common_batch_add(batch, token, k, { seq }, true); // all outputs, so that the last layer sees all tokens
            }
        }
        if (llama_decode(ctx, batch) != 0) {
            throw std::runtime_error("the model could not be evaluated");
        }
        llama_synchronize(ctx);
    }
}

static bool on_node(ggml_tensor * node, bool ask, void * collector) {
    pablo_moments_collector & c = *(pablo_moments_collector *) collector;
    return ask ? c.wants(node) : !interrupted && c.error().empty() && c.take(node);
}

static void run(common_params & params, uint64_t memory) {
    const int n_ctx = params.n_ctx;
    if (n_ctx <= 0 || params.prompt.empty()) {
        throw std::runtime_error(n_ctx <= 0 ? "--ctx-size must be more than 0" : "expected a text: -f FILE");
    }
    const int n_seq = std::max(1, params.n_batch/n_ctx);
    params.n_parallel = n_seq;
    params.n_ctx      = n_seq*n_ctx;
    params.n_batch    = std::min(params.n_batch, params.n_ctx);
    if (params.n_batch > n_ctx && params.n_batch%n_ctx != 0) {
        throw std::runtime_error("--batch-size must be a multiple of --ctx-size, or less than it");
    }
    const auto & threads = params.cpuparams_batch.n_threads > 0 ? params.cpuparams_batch : params.cpuparams;
    pablo_moments_collector collector(std::max(1, threads.n_threads));
    params.cb_eval           = on_node;
    params.cb_eval_user_data = &collector;
    params.warmup            = false;

    auto init = common_init_from_params(params);
    llama_context * ctx = init->context();
    if (!ctx) {
        throw std::runtime_error(params.model.path + ": cannot be loaded");
    }
    text_chunks text = read_text(ctx, params, n_ctx);
    llama_set_abort_callback(ctx, is_interrupted, nullptr);

    llama_batch batch = llama_batch_init(params.n_batch, 0, 1);
    const std::unique_ptr<llama_batch, void (*)(llama_batch *)> freed(&batch, [](llama_batch * b) { llama_batch_free(*b); });
    text_chunks beginning = { text.tokens, std::min(n_ctx, 32), 1, text.add_bos };
    decode(ctx, batch, beginning, 0, 1, params.n_batch);

    const int n_passes = collector.plan(memory);
    if (n_passes == 0) {
        throw std::runtime_error(params.model.path + ": has no weights that anything is multiplied with");
    }
    pablo_moments_writer writer(params.out_file, collector.inputs(), text.n_chunks, n_ctx);
    for (int pass = 0; pass < n_passes && !interrupted; ++pass) {
        collector.begin_pass(pass);
        for (int chunk = 0; chunk < text.n_chunks && !interrupted; chunk += n_seq) {
            const int n = std::min(n_seq, text.n_chunks - chunk);
            decode(ctx, batch, text, chunk, n, params.n_batch);
            if (!collector.error().empty()) {
                throw std::runtime_error(collector.error());
            }
            fprintf(stderr, "moments: pass %d of %d, chunk %d of %d\n", pass + 1, n_passes, chunk + n, text.n_chunks);
        }
        if (!interrupted) {
            collector.end_pass(writer);
        }
    }
    if (!interrupted) {
        writer.finish();
    }
}

int main(int argc, char ** argv) {
    std::setlocale(LC_NUMERIC, "C");
    common_init();
    try {
        std::vector<char *> arguments(argv, argv + argc);
        const uint64_t memory = take_memory(arguments);
        arguments.push_back(nullptr);
        common_params params;
        params.out_file = "moments.gguf";
        params.n_ctx    = 512;
        params.escape   = false;
        if (!common_params_parse((int) arguments.size() - 1, arguments.data(), params, LLAMA_EXAMPLE_IMATRIX, print_usage)) {
            return EXIT_FAILURE;
        }
        std::signal(SIGINT,  on_signal);
        std::signal(SIGTERM, on_signal);
        llama_backend_init();
        llama_numa_init(params.numa);
        run(params, memory);
    } catch (const std::exception & error) {
        if (!interrupted) {
            fprintf(stderr, "moments: error: %s\n", error.what());
            return EXIT_FAILURE;
        }
    }
    return interrupted ? 130 : EXIT_SUCCESS;
}
