// A file of second moments, from being written to a tensor quantized with it.

#include "moments.h"

#include "pablo-feedback-model.h"
#include "pablo-moments-writer.h"

#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>

static const int n         = 64;
static const int n_rows    = 24; // of a matrix
static const int n_experts = 3;  // the second is never reached
static const char * const file_name = "pablo-test-feedback.gguf";

static std::string write_file(random_source & random, bool reached = true) {
    const std::vector<pablo_moments_input> inputs = {
        { "blk.0.attn_q.weight",        n, 1,         { "blk.0.attn_q.weight", "blk.0.attn_k.weight" } },
        { "blk.0.ffn_gate_exps.weight", n, n_experts, { "blk.0.ffn_gate_exps.weight" } },
    };
    pablo_moments_writer writer(file_name, inputs, 3, 512);
    for (int matrix = 0; matrix < 1 + n_experts; ++matrix) {
        pablo_gather sum(n);
        std::vector<float> scratch(pablo_gather::scratch_size(n)), x(n);
        const float * row = x.data();
        for (int i = 0; i < 100 && matrix != 2 && reached; ++i) {
            const float common = random.weight();
            for (float & value : x) {
                value = random.weight() + common;
            }
            sum.add(&row, 1, scratch.data(), 1);
        }
        writer.add(sum, n);
    }
    writer.finish();
    std::ifstream file(file_name, std::ios::binary);
    return { std::istreambuf_iterator<char>(file), {} };
}

static ggml_tensor make_tensor(const char * name, int64_t columns, int64_t matrices) {
    ggml_tensor tensor = {};
    tensor.type  = GGML_TYPE_F16;
    tensor.ne[0] = columns;
    tensor.ne[1] = n_rows;
    tensor.ne[2] = matrices;
    tensor.ne[3] = 1;
    ggml_set_name(&tensor, name);
    return tensor;
}

static pablo_conf conf_with_feedback() {
    pablo_conf conf;
    pablo_default_conf(&conf);
    strcpy(conf.feedback, file_name);
    return conf;
}

// The three matrices at once, one by one, and in pieces across them: the same bytes; the one without moments is rounded.
static void test_matrices(random_source & random) {
    pablo_conf conf = conf_with_feedback();
    pablo_feedback_model model(conf);
    const ggml_tensor experts = make_tensor("blk.0.ffn_gate_exps.weight", n, n_experts), dense = make_tensor("blk.0.attn_k.weight", n, 1), other = make_tensor("token_embd.weight", n, 1);
    const pablo_encoder encoder = pablo_make_encoder(&conf, "", GGML_TYPE_Q4_0);
    for (const ggml_tensor * tensor : { &experts, &dense, &other }) {
        model.add_tensor(tensor, encoder);
    }
    const std::string expected =
        "pablo_feedback: blk.0.ffn_gate_exps.weight: feedback (2 of 3 matrices)\n"
        "pablo_feedback: blk.0.attn_k.weight: feedback (100 tokens)\n"
        "pablo_feedback: token_embd.weight: rounded (no moments)\n";
    CHECK(model.report() == expected, "%s", model.report().c_str());
    CHECK(model.has(experts.name) && model.has(dense.name) && model.has(other.name), "which tensors are quantized here");

    std::vector<float> w(n_experts*n_rows*n), imatrix(n_experts*n);
    for (float & weight : w) {
        weight = random.weight();
    }
    for (float & importance : imatrix) {
        importance = 1.0f + random.below(100);
    }
    const size_t row_size = ggml_row_size(GGML_TYPE_Q4_0, n);
    std::vector<uint8_t> whole(n_experts*n_rows*row_size), pieces(whole.size()), rounded(whole.size());
    model.quantize(&experts, encoder, w.data(), whole.data(), 0, n_experts*n_rows, imatrix.data(), 3);
    for (int row = 0; row < n_experts*n_rows; row += 10) {
        model.quantize(&experts, encoder, w.data() + row*n, pieces.data() + row*row_size, row, std::min(10, n_experts*n_rows - row), imatrix.data(), 1);
    }
    CHECK(pieces == whole, "pieces across matrices");
    pablo_book book;
    pablo_make_book(&book, &encoder);
    for (int matrix = 0; matrix < n_experts; ++matrix) {
        pablo_quantize_nearest(book, imatrix.data() + matrix*n, w.data() + matrix*n_rows*n, rounded.data() + matrix*n_rows*row_size, n_rows, n, 1);
        const bool same = memcmp(whole.data() + matrix*n_rows*row_size, rounded.data() + matrix*n_rows*row_size, n_rows*row_size) == 0;
        CHECK(same == (matrix == 1), "matrix %d", matrix);
    }
}

template <typename F>
static std::string message_of(F && f) {
    try {
        f();
    } catch (const std::exception & error) {
        return error.what();
    }
    return "";
}

static void expect(const char * what, const std::string & message, const char * part) {
    CHECK(message.find(std::string("FEEDBACK ") + file_name + ": ") == 0 && message.find(part) != std::string::npos, "%s: \"%s\"", what, message.c_str());
}

static void write(const std::string & bytes) {
    std::ofstream(file_name, std::ios::binary) << bytes;
}

static void test_faults(random_source & random) {
    const std::string bytes = write_file(random);
    const pablo_conf conf = conf_with_feedback();
    const pablo_encoder encoder = pablo_make_encoder(&conf, "", GGML_TYPE_Q4_0);
    const auto open = [&] { pablo_feedback_model model(conf); };
    const auto add = [&](const ggml_tensor & tensor) {
        pablo_feedback_model model(conf);
        model.add_tensor(&tensor, encoder);
        model.report();
    };
    CHECK(message_of(open) == "", "a sound file: %s", message_of(open).c_str());
    expect("other rows", message_of([&] { add(make_tensor("blk.0.attn_q.weight", 2*n, 1)); }), "of blk.0.attn_q.weight are for 64 columns, but the tensor has 128");
    expect("another model", message_of([&] { add(make_tensor("blk.7.attn_q.weight", n, 1)); }), "has none of this model's tensors");
    expect("as many matrices", message_of([&] { add(make_tensor("blk.0.ffn_gate_exps.weight", n, 1)); }), "no tensor can be quantized with it");

    for (const size_t rest : { (size_t) 0, (size_t) 10, bytes.size()/2, bytes.size() - 1 }) {
        write(bytes.substr(0, rest));
        const std::string message = message_of(open);
        CHECK(message.find("damaged") != std::string::npos || message.find("truncated") != std::string::npos, "cut to %zu bytes: \"%s\"", rest, message.c_str());
    }
    for (const float bad : { std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity() }) {
        std::string damaged = bytes;
        memcpy(&damaged[damaged.size() - sizeof(bad)], &bad, sizeof(bad));
        write(damaged);
        expect("not finite", message_of(open), "of blk.0.ffn_gate_exps.weight#2 have a value that is not finite");
    }
    std::string renamed = bytes;
    renamed.replace(renamed.find("moments"), 7, "imatrix");
    write(renamed);
    expect("another kind of file", message_of(open), "not of second moments");
    remove(file_name);
    expect("no file", message_of(open), "cannot be opened");
    CHECK(message_of([&] { pablo_moments_writer writer("nowhere/m.gguf", {}, 1, 1); }).find("nowhere/m.gguf.partial: cannot be written") == 0, "no such folder");
    { // an unfinished file leaves nothing
        pablo_moments_writer writer(file_name, {}, 1, 1);
    }
    CHECK(!std::ifstream(file_name) && !std::ifstream(std::string(file_name) + ".partial"), "half a file");
    write_file(random, false);
    expect("nothing reached", message_of([&] { add(make_tensor("blk.0.attn_q.weight", n, 1)); }), "blk.0.attn_q.weight is rounded (no moments)");
    remove(file_name);
}

void test_moments(random_source & random) {
    write_file(random);
    test_matrices(random);
    test_faults(random);
}
