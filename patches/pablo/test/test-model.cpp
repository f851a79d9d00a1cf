// A model's way through the library, tensor by tensor, without llama.cpp:
// quantized by eight threads, described, counted, marked and read again.

#include "check.h"

#include "pablo-llama.h"
#include "pablo-metadata.h"

#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>

static const int n_threads  = 8;
static const int n_per_row  = 64;
static const int n_rows     = 8*520; // not a whole number of the pieces that are read
static const char * const conf_name = "pablo-test-model.conf";
static const char * const json_name = "pablo-test-model.json";

static const char * const names[] = { "blk.0.ffn_up.weight", "blk.1.ffn_up.weight", "output.weight" };

static void write_conf(const std::string & text) {
    std::ofstream(conf_name) << text;
}

static std::string table_line(const char * key, int step) {
    std::string line = key;
    for (int i = 0; i < 16; ++i) {
        line += " 16";
    }
    for (int i = 0; i < 16; ++i) {
        line += " " + std::to_string((i - 8)*step);
    }
    return line + "\n";
}

static std::vector<uint8_t> quantize(pablo_quantizer & quantizer, const ggml_tensor * tensor, const std::vector<float> & weights) {
    const pablo_encoder & encoder = quantizer.encoder(tensor->name);
    std::vector<uint8_t> bytes(ggml_nbytes(tensor));
    std::vector<std::thread> threads;
    for (int t = 0; t < n_threads; ++t) {
        threads.emplace_back([&, t] {
            const int64_t first = (int64_t) n_rows*t/n_threads*n_per_row;
            pablo_quantize_chunk(&encoder, weights.data(), bytes.data(), first, n_rows/n_threads, n_per_row, nullptr);
        });
    }
    for (std::thread & thread : threads) {
        thread.join();
    }
    quantizer.finish_tensor(tensor, tensor->type, bytes.data(), n_threads);
    return bytes;
}

// As a tensor of a model's in F16.
static void add_tensor(pablo_quantizer & quantizer, const char * name, ggml_type to) {
    ggml_tensor tensor = {};
    tensor.type = GGML_TYPE_F16;
    for (int dim = 0; dim < GGML_MAX_DIMS; ++dim) {
        tensor.ne[dim] = dim == 0 ? n_per_row : dim == 1 ? n_rows : 1;
    }
    ggml_set_name(&tensor, name);
    quantizer.add_tensor(&tensor, to);
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

// In a device's buffer a packed tensor is upstream's Q8_0 of the same weights, and no other tensor changes.
static void test_elsewhere(const ggml_tensor * tensor, const std::vector<uint8_t> & bytes) {
    ggml_tensor there = *tensor;
    CHECK(pablo_fit_header(&there, GGML_OP_MUL_MAT, PABLO_BUFFER_NAME) && there.type == tensor->type, "%s stays as it is in pablo's buffers", tensor->name);
    CHECK(pablo_fit_header(&there, GGML_OP_GET_ROWS, "Vulkan0"), "%s can be looked up elsewhere", tensor->name);
    CHECK(there.type == GGML_TYPE_Q8_0 && ggml_nbytes(&there) == (size_t) ggml_nelements(tensor)/32*34, "%s becomes Q8_0", tensor->name);
    std::vector<uint8_t> read(ggml_nbytes(&there));
    pablo_read_tensor(&there, "Vulkan0", read.data(), [&](void * to, size_t at, size_t size) { memcpy(to, bytes.data() + at, size); });
    std::vector<float> weights(ggml_nelements(tensor)), expected(weights);
    ggml_get_type_traits(GGML_TYPE_Q8_0)->to_float(read.data(), weights.data(), weights.size());
    pablo_dequantize_row(tensor->type, pablo_get_mark(tensor), bytes.data(), expected.data(), expected.size());
    CHECK(weights == expected, "%s has other weights elsewhere", tensor->name);
}

// DECODE published reads rows otherwise than upstream does: that is for pablo's buffers alone.
static void test_published() {
    for (const ggml_type type : { GGML_TYPE_Q4_0, GGML_TYPE_Q8_0 }) {
        ggml_tensor tensor = {};
        tensor.type = type;
        ggml_set_name(&tensor, "token_embd.weight");
        pablo_mark mark = {};
        mark.centred = type == GGML_TYPE_Q4_0;
        mark.defects = PABLO_DEFECTS_ALL;
        pablo_set_mark(&tensor, &mark);
        CHECK(!pablo_fit_header(&tensor, GGML_OP_GET_ROWS, "CPU") && pablo_fit_header(&tensor, GGML_OP_MUL_MAT, "CPU") && tensor.type == type, "published %s", ggml_type_name(type));
        CHECK(pablo_fit_header(&tensor, GGML_OP_GET_ROWS, PABLO_BUFFER_NAME), "published %s in pablo's buffers", ggml_type_name(type));
        const std::string message = message_of([&] { pablo_require_fit(&tensor, GGML_OP_GET_ROWS, "Vulkan_Host"); });
        CHECK(message.find("token_embd.weight") != std::string::npos && message.find("a Vulkan_Host buffer") != std::string::npos, "message: %s", message.c_str());
    }
}

// Two tables by name and one for the rest: every tensor is marked with its own, and read through it.
static void test_container(random_source & random, const char * container, ggml_type type) {
    write_conf("1 0 2\nCONTAINER " + std::string(container) + "\nHISTOGRAM " + json_name + "\n" +
        table_line("TABLE", 16) + table_line("TENSOR_TABLE blk.0.*", 15) + table_line("TENSOR_TABLE blk.*", 14));
    ggml_context * ctx = ggml_init({ 64*1024*1024, nullptr, true });
    gguf_context * file = gguf_init_empty();
    pablo_quantizer quantizer(file);
    std::vector<ggml_tensor *> tensors;
    for (const char * name : names) {
        tensors.push_back(ggml_new_tensor_2d(ctx, type, n_per_row, n_rows));
        ggml_set_name(tensors.back(), name);
        add_tensor(quantizer, name, type);
    }
    quantizer.write_metadata(file);
    std::vector<std::vector<uint8_t>> bytes;
    for (const ggml_tensor * tensor : tensors) {
        std::vector<float> weights(ggml_nelements(tensor));
        for (float & weight : weights) {
            weight = random.weight();
        }
        bytes.push_back(quantize(quantizer, tensor, weights));
    }
    quantizer.write_histogram();
    const auto find = [&](const std::string & name) {
        for (ggml_tensor * tensor : tensors) {
            if (name == tensor->name) {
                return tensor;
            }
        }
        return (ggml_tensor *) nullptr;
    };
    CHECK(pablo_mark_tensors(file, find), "the metadata says that the file is own-coded");

    std::ifstream json(json_name);
    const std::string text{ std::istreambuf_iterator<char>(json), {} };
    for (size_t i = 0; i < tensors.size(); ++i) {
        const pablo_mark * mark = pablo_get_mark(tensors[i]);
        const int step = i == 0 ? 15 : i == 1 ? 14 : 16;
        for (int nibble = 0; mark && nibble < PABLO_CODES; ++nibble) {
            CHECK(mark->value[nibble] == ((nibble ^ 8) - 8)*step, "%s, nibble %d: %d", names[i], nibble, mark->value[nibble]);
        }
        CHECK(mark && mark->packed == (type == GGML_TYPE_Q4_0), "%s is marked", names[i]);

        std::vector<uint8_t> read(bytes[i].size()), expected = bytes[i];
        pablo_translate(type, mark, expected.data(), ggml_nelements(tensors[i]));
        pablo_read_tensor(tensors[i], "CPU", read.data(), [&](void * to, size_t at, size_t size) { memcpy(to, bytes[i].data() + at, size); });
        CHECK(read == expected, "%s, read through its table", names[i]);
        test_elsewhere(tensors[i], bytes[i]);

        pablo_histogram histogram = {};
        pablo_count(&histogram, type, true, bytes[i].data(), ggml_nelements(tensors[i]));
        std::string hist = "\"hist\":[";
        for (int code = 0; code < PABLO_CODES; ++code) {
            hist += (code ? "," : "") + std::to_string(histogram.code[code]);
        }
        CHECK(text.find(hist + "]") != std::string::npos, "%s: %s] is not in the histogram", names[i], hist.c_str());
    }
    gguf_free(file);
    ggml_free(ctx);
}

static void test_faults() {
    write_conf("1 0 0\nCONTAINER packed\n");
    gguf_context * file = gguf_init_empty();
    pablo_quantizer quantizer(file);
    add_tensor(quantizer, "a", GGML_TYPE_Q4_0);
    quantizer.write_metadata(file);
    const auto none = [](const std::string &) { return (ggml_tensor *) nullptr; };
    CHECK(message_of([&] { pablo_mark_tensors(file, none); }).find("tensor a is missing") != std::string::npos, "a missing tensor");
    CHECK(message_of([&] { pablo_quantizer again(file); }).find("own-coded already") != std::string::npos, "quantized twice");
    write_conf("1 0 1\nCONTAINER packed\n");
    const std::string message = message_of([&] { pablo_mark_tensors(file, none); });
    CHECK(message.find(std::string(conf_name) + " says the balanced table") == 0, "another table: %s", message.c_str());
    gguf_context * plain = gguf_init_empty();
    // With a table of its own, which the address sanitizer would miss if it stayed behind.
    write_conf("1 0 2\nHISTOGRAM nowhere/histogram.json\n" + table_line("TABLE", 16) + table_line("TENSOR_TABLE a", 14));
    CHECK(message_of([&] { pablo_quantizer other(plain); }).find("HISTOGRAM nowhere/histogram.json: cannot be written") == 0, "no such folder");
    CHECK(!pablo_metadata::is_present(plain), "a file of upstream's");
    gguf_set_val_str(plain, "pablo.scheme", "table");
    CHECK(pablo_metadata::is_present(plain), "an own file is known by any of its keys");
    CHECK(message_of([&] { pablo_metadata::read(plain); }).find("pablo.version is missing") != std::string::npos, "a file that lost its version");
    gguf_free(plain);
    gguf_free(file);
}

int main() {
    ggml_free(ggml_init({ 1024, nullptr, true })); // fills ggml's fp16 tables
    setenv("PABLO_CONF", conf_name, 1);
    random_source random = { 1 };
    test_container(random, "native", GGML_TYPE_Q8_0);
    test_container(random, "packed", GGML_TYPE_Q4_0);
    test_published();
    test_faults();
    remove(conf_name);
    remove(json_name);
    return report("model");
}
