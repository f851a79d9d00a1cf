// pablo.conf, tables, encoding, decoding and histograms.

#include "check.h"

#include "pablo.h"

#define GGML_COMMON_DECL_CPP
#include "ggml-common.h"

#include <cmath>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

static bool parse(const std::string & text, pablo_conf * conf, std::string * error) {
    char message[PABLO_MAX_ERROR] = "";
    const bool ok = pablo_parse_conf(conf, "pablo.conf", text.data(), text.size(), message);
    *error = message;
    return ok;
}

static const std::string basic_table = "64 32 16 8 4 2 1 1 1 1 2 4 8 16 32 64 -128 -64 -32 -16 -8 -4 -2 -1 0 1 2 4 8 16 32 64";

static const std::string balanced_table = "42 22 15 12 10 9 9 9 9 9 9 10 12 15 22 42 -127 -65 -50 -38 -28 -19 -10 -1 0 9 18 27 37 49 64 127";

static void test_conf() {
    pablo_conf conf;
    std::string error;
    CHECK(parse("# a comment\r\n\r\n1 3 1 # more\r\nDECODE published:shift,rawdot\r\nTYPES Q8_0\r\nHISTOGRAM some path/h.json\r\n", &conf, &error), "%s", error.c_str());
    CHECK(conf.own && conf.radius == 3 && conf.table_mode == PABLO_TABLE_BALANCED && conf.types == PABLO_TYPE_Q8_0 &&
        conf.defects == (PABLO_DEFECT_SHIFT | PABLO_DEFECT_RAWDOT) && std::string(conf.histogram) == "some path/h.json", "what was read differs");
    CHECK(parse("1 0 2\nTABLE " + basic_table, &conf, &error) && conf.table.width[0] == 64 && conf.table.value[0] == -128, "%s", error.c_str());

    pablo_free_conf(&conf);
    CHECK(parse("1 0 2\nTABLE " + basic_table + "\nTENSOR_TABLE blk.*.ffn_down.* 1" + balanced_table.substr(2) + "\nTENSOR_TABLE * " + balanced_table, &conf, &error) == false, "widths that do not sum to 256");
    CHECK(parse("1 0 2\nTABLE " + basic_table + "\nTENSOR_TABLE blk.*.ffn_down.* " + balanced_table, &conf, &error), "%s", error.c_str());
    CHECK(pablo_table_for(&conf, "blk.12.ffn_down.weight")->width[0] == 42 && pablo_table_for(&conf, "blk.12.ffn_up.weight")->width[0] == 64, "TENSOR_TABLE");
    pablo_free_conf(&conf);

    const struct { std::string text, expected; } bad[] = {
        { "",                                   "pablo.conf:1:1: expected EXECUTION_MODE Q4_0_RADIUS TABLE_MODE, found an empty file" },
        { "# only a comment\n",                 "found an empty file" },
        { "2 0 0\n",                            "pablo.conf:1:1: expected EXECUTION_MODE, 0 (simple) or 1 (own), found \"2\"" },
        { "1 -1 0\n",                           "pablo.conf:1:3: expected Q4_0_RADIUS, 0 to 7, found \"-1\"" },
        { "1 8 0\n",                            "pablo.conf:1:3: expected Q4_0_RADIUS, 0 to 7, found \"8\"" },
        { "1 1.5 0\n",                          "pablo.conf:1:3: expected Q4_0_RADIUS, 0 to 7, found \"1.5\"" },
        { "1 0\n",                              "found the end of the line" },
        { "1 0 3\n",                            "pablo.conf:1:5: expected TABLE_MODE" },
        { "1 0 0 0\n",                          "pablo.conf:1:7: expected the end of the line, found \"0\"" },
        { "1 0 2\n",                            "TABLE_MODE 2 expects a line: TABLE" },
        { "1 0 0\nTABLE " + basic_table,        "pablo.conf:2:1: expected TABLE only with TABLE_MODE 2" },
        { "1 0 2\nTABLE " + basic_table + " 7", "expected the end of the line, found \"7\"" },
        { "1 0 2\nTABLE 63" + basic_table.substr(2), "pablo.conf:2:7: TABLE: bin widths sum to 255, expected 256" },
        { "1 0 2\nTABLE 1 2 3\n",               "expected 16 bin widths" },
        { "1 0 2\nTABLE 64 32 16 8 4 2 1 1 1 1 2 4 8 16 32 64 -128 -64 -32 -16 -8 -4 -2 -1 0 1 2 4 8 16 32 32", "decoded value 16 is 32, expected more than the one before, 32" },
        { "1 0 2\nTABLE 64 32 16 8 4 2 1 1 1 1 2 4 8 16 32 64 -129 -64 -32 -16 -8 -4 -2 -1 0 1 2 4 8 16 32 64", "-128 to 127" },
        { "1 0 2\nTABLE " + basic_table + "\nTENSOR_TABLE\n", "pablo.conf:3:13: expected a tensor's name" },
        { "1 0 0\nTENSOR_TABLE x " + basic_table, "pablo.conf:2:1: expected TABLE only with TABLE_MODE 2" },
        { "1 0 0\nCONTAINER wide\n",            "pablo.conf:2:11: expected native or packed, found \"wide\"" },
        { "1 0 0\nCONTAINER native\nCONTAINER packed\n", "pablo.conf:3:1: expected each key only once" },
        { "1 0 0\nDECODE published:\n",         "pablo.conf:2:8: expected exact, published" },
        { "1 0 1\nSCALE search\n",             "SCALE search expects ENCODE nearest" },
        { "1 0 0\nTYPES Q4_K\n",                "pablo.conf:2:7: expected Q4_0 or Q8_0, found \"Q4_K\"" },
        { "1 0 0\nTYPES\n",                     "expected Q4_0 or Q8_0, found the end of the line" },
        { "1 0 0\nHISTOGRAM\n",                 "expected a path" },
        { "1 0 0\nRADIUS 3\n",                  "pablo.conf:2:1: expected CONTAINER, TABLE, TENSOR_TABLE, ENCODE, SCALE, DECODE, TYPES or HISTOGRAM, found \"RADIUS\"" },
        { "1 0 0\nCONTAINER packed\nDECODE published\n", "CONTAINER packed expects DECODE exact" },
        { std::string("1 0 0\n\0\x01\x02", 9),  "a zero byte" },
        { std::string("\x7f" "ELF\x02\x01", 6), "pablo.conf:1:1: expected EXECUTION_MODE" },
        { "1 0 0\n# " + std::string(9000, 'x'), "8192 characters" },
    };
    for (const auto & b : bad) {
        CHECK(!parse(b.text, &conf, &error), "accepted: %s", b.text.c_str());
        CHECK(error.find(b.expected) != std::string::npos, "\"%s\" does not say \"%s\"", error.c_str(), b.expected.c_str());
    }
}

static std::vector<float> random_weights(random_source & random, int64_t n) {
    std::vector<float> weights(n);
    for (int64_t i = 0; i < n; ++i) {
        weights[i] = i%320 < 32 ? 0.0f : random.weight();
    }
    return weights;
}

static std::vector<uint8_t> quantize(const pablo_conf & conf, ggml_type type, const std::vector<float> & weights, int64_t n_per_row, const float * imatrix = nullptr) {
    const pablo_encoder encoder = pablo_make_encoder(&conf, "", type);
    std::vector<uint8_t> bytes(weights.size()/32*ggml_type_size(type));
    const size_t size = pablo_quantize_chunk(&encoder, weights.data(), bytes.data(), 0, weights.size()/n_per_row, n_per_row, imatrix);
    CHECK(size == bytes.size(), "%zu bytes instead of %zu", size, bytes.size());
    return bytes;
}

static pablo_mark mark_for(const pablo_conf & conf, ggml_type type) {
    pablo_mark mark = {};
    mark.packed  = type == GGML_TYPE_Q4_0 && conf.container == PABLO_CONTAINER_PACKED;
    mark.centred = type == GGML_TYPE_Q4_0 && conf.container == PABLO_CONTAINER_NATIVE;
    for (int i = 0; i < PABLO_CODES; ++i) {
        mark.value[i] = conf.table.value[i ^ 8];
    }
    return mark;
}

// A centred file of radius 0, translated, is upstream's byte for byte; native and packed hold the same codes.
static void test_schemes(random_source & random) {
    const std::vector<float> weights = random_weights(random, 64*320);
    pablo_conf conf;
    pablo_default_conf(&conf);
    const std::vector<uint8_t> upstream = quantize(conf, GGML_TYPE_Q4_0, weights, 320);

    conf.own = true;
    std::vector<uint8_t> centred = quantize(conf, GGML_TYPE_Q4_0, weights, 320);
    pablo_mark mark = mark_for(conf, GGML_TYPE_Q4_0);
    pablo_translate(GGML_TYPE_Q4_0, &mark, centred.data(), weights.size());
    CHECK(centred == upstream, "radius 0 is upstream's Q4_0");

    for (const pablo_table_mode mode : { PABLO_TABLE_BASIC, PABLO_TABLE_BALANCED }) {
        conf.table_mode = mode;
        conf.table = pablo_builtin_table(mode);
        conf.container = PABLO_CONTAINER_NATIVE;
        std::vector<uint8_t> native = quantize(conf, GGML_TYPE_Q8_0, weights, 320);
        conf.container = PABLO_CONTAINER_PACKED;
        const std::vector<uint8_t> packed = quantize(conf, GGML_TYPE_Q4_0, weights, 320);
        const pablo_mark packed_mark = mark_for(conf, GGML_TYPE_Q4_0);
        mark = mark_for(conf, GGML_TYPE_Q8_0);

        std::vector<float> a(weights.size()), b(weights.size()), c(weights.size());
        pablo_dequantize_row(GGML_TYPE_Q8_0, &mark, native.data(), a.data(), weights.size());
        pablo_dequantize_row(GGML_TYPE_Q4_0, &packed_mark, packed.data(), b.data(), weights.size());
        pablo_translate(GGML_TYPE_Q8_0, &mark, native.data(), weights.size());
        ggml_get_type_traits(GGML_TYPE_Q8_0)->to_float(native.data(), c.data(), weights.size());
        CHECK(a == b && a == c, "table %d: native, packed and translated differ", mode);
    }
}

// A searched scale never leaves a larger error than absmax, up to the scale's rounding to fp16.
static void test_search(random_source & random) {
    const std::vector<float> weights = random_weights(random, 64*320);
    pablo_conf conf;
    pablo_default_conf(&conf);
    conf.own = true;
    conf.container = PABLO_CONTAINER_PACKED;
    conf.table = pablo_builtin_table(PABLO_TABLE_BALANCED);
    conf.encode = PABLO_ENCODE_NEAREST;
    const pablo_mark mark = mark_for(conf, GGML_TYPE_Q4_0);
    std::vector<float> decoded[2] = { weights, weights };
    for (int search = 0; search < 2; ++search) {
        conf.scale = search ? PABLO_SCALE_SEARCH : PABLO_SCALE_ABSMAX;
        const std::vector<uint8_t> bytes = quantize(conf, GGML_TYPE_Q4_0, weights, 320);
        pablo_dequantize_row(GGML_TYPE_Q4_0, &mark, bytes.data(), decoded[search].data(), weights.size());
    }
    for (size_t block = 0; block < weights.size(); block += 32) {
        double error[2] = { 0.0, 0.0 };
        for (int search = 0; search < 2; ++search) {
            for (size_t i = block; i < block + 32; ++i) {
                error[search] += std::pow(decoded[search][i] - weights[i], 2.0);
            }
        }
        CHECK(error[1] <= error[0]*1.01, "block %zu: error %g searched, %g absmax", block/32, error[1], error[0]);
    }
}

// Counting in any number of pieces gives what counting code by code gives.
static void test_histograms(random_source & random) {
    for (int round = 0; round < 200; ++round) {
        const int n_blocks = 1 + random.below(300);
        const int zero_share = random.below(101);
        const bool bytes = round%2;
        const ggml_type type = bytes ? GGML_TYPE_Q8_0 : GGML_TYPE_Q4_0;
        std::vector<uint8_t> data(n_blocks*ggml_type_size(type));
        std::vector<int> stream;
        for (int b = 0; b < n_blocks; ++b) {
            uint8_t * qs = data.data() + b*ggml_type_size(type) + sizeof(ggml_half);
            for (size_t j = 0; j < ggml_type_size(type) - sizeof(ggml_half); ++j) {
                const int low  = random.below(100) < zero_share ? 0 : random.below(bytes ? 256 : 16);
                const int high = random.below(100) < zero_share ? 0 : random.below(16);
                qs[j] = (uint8_t) (bytes ? low : low | high << 4);
                stream.push_back(low);
                if (!bytes) {
                    stream.push_back(high);
                }
            }
        }
        pablo_histogram expected = {};
        uint64_t zeros = 0;
        for (size_t i = 0; i <= stream.size(); ++i) {
            if (i < stream.size()) {
                expected.code[bytes ? stream[i] ^ 128 : stream[i] ^ 8]++;
            }
            if (i < stream.size() && stream[i] == 0) {
                ++zeros;
            } else if (zeros > 0) {
                expected.run[zeros < PABLO_RUNS ? zeros - 1 : PABLO_RUNS - 1]++;
                zeros = 0;
            }
        }
        const int n_pieces = 1 + random.below(9);
        pablo_histogram got = {};
        for (int piece = 0; piece < n_pieces; ++piece) {
            const int first = n_blocks*piece/n_pieces;
            const int last  = n_blocks*(piece + 1)/n_pieces;
            pablo_histogram part = {};
            pablo_count(&part, type, !bytes, data.data() + first*ggml_type_size(type), (last - first)*32);
            pablo_join(&got, &part);
        }
        pablo_close(&got);
        CHECK(memcmp(got.code, expected.code, sizeof(got.code)) == 0, "round %d: codes", round);
        CHECK(memcmp(got.run,  expected.run,  sizeof(got.run))  == 0, "round %d: runs, %d pieces", round, n_pieces);
    }
}

// Eight threads that quantize their own rows of one tensor.
static void test_threads(random_source & random) {
    const int n_threads = 8;
    const std::vector<float> weights = random_weights(random, n_threads*16*320);
    pablo_conf conf;
    pablo_default_conf(&conf);
    conf.own = true;
    for (const bool search : { false, true }) {
        conf.container = search ? PABLO_CONTAINER_PACKED : PABLO_CONTAINER_NATIVE;
        conf.scale = search ? PABLO_SCALE_SEARCH : PABLO_SCALE_ABSMAX;
        conf.encode = search ? PABLO_ENCODE_NEAREST : PABLO_ENCODE_BINS;
        for (const ggml_type type : { GGML_TYPE_Q4_0, GGML_TYPE_Q8_0 }) {
            const std::vector<uint8_t> alone = quantize(conf, type, weights, 320);
            std::vector<uint8_t> together(alone.size());
            const pablo_encoder encoder = pablo_make_encoder(&conf, "", type);
            std::vector<std::thread> threads;
            for (int t = 0; t < n_threads; ++t) {
                threads.emplace_back([&, t] {
                    pablo_quantize_chunk(&encoder, weights.data(), together.data(), (int64_t) t*16*320, 16, 320, nullptr);
                });
            }
            for (std::thread & thread : threads) {
                thread.join();
            }
            CHECK(together == alone, "%s, search %d", ggml_type_name(type), search);
        }
    }
}

int main() {
    ggml_free(ggml_init({ 1024, nullptr, true })); // fills ggml's fp16 tables
    random_source random = { 1 };
    test_conf();
    test_schemes(random);
    test_search(random);
    test_histograms(random);
    test_threads(random);
    return report("library");
}
