// Encoding, decoding and histograms.

#include "check.h"

#include "pablo.h"

#define GGML_COMMON_DECL_CPP
#include "ggml-common.h"

#include <cmath>
#include <cstring>
#include <thread>
#include <vector>

void test_conf(); // test-conf.cpp
void test_values(random_source & random); // test-values.cpp

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

// A bin is the one of upstream's Q8_0 code, also half-way between two of them.
static void test_bins(random_source & random) {
    std::vector<float> weights = random_weights(random, 64*320);
    for (size_t i = 0; i < weights.size()/2; ++i) {
        weights[i] = i%32 == 0 ? 127.0f : 0.5f*(random.below(509) - 254); // the scale is 1
    }
    pablo_conf conf;
    pablo_default_conf(&conf);
    const std::vector<uint8_t> upstream = quantize(conf, GGML_TYPE_Q8_0, weights, 320);
    conf.own = true;
    for (const pablo_table_mode mode : { PABLO_TABLE_BASIC, PABLO_TABLE_BALANCED }) {
        conf.table = pablo_builtin_table(mode);
        const std::vector<uint8_t> own = quantize(conf, GGML_TYPE_Q8_0, weights, 320);
        for (size_t b = 0; b < weights.size()/32; ++b) {
            const block_q8_0 * x = (const block_q8_0 *) upstream.data() + b;
            const block_q8_0 * y = (const block_q8_0 *) own.data() + b;
            CHECK(x->d == y->d, "block %zu: scale", b);
            for (int j = 0; j < 32; ++j) {
                int bin = 0;
                for (int edge = -128 + conf.table.width[0]; bin < PABLO_CODES - 1 && x->qs[j] >= edge; edge += conf.table.width[++bin]) {
                }
                CHECK(y->qs[j] == bin - 8, "table %d, block %zu, weight %d: code %d for %d", mode, b, j, y->qs[j], x->qs[j]);
            }
        }
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
    test_bins(random);
    test_search(random);
    test_histograms(random);
    test_threads(random);
    test_values(random);
    return report("library");
}
