// Looking values up: what is fast against its scalar reference, byte for byte.

#include "check.h"

#include "pablo-values.h"
#include "pablo.h"

#define GGML_COMMON_DECL_CPP
#include "ggml-common.h"

#include <vector>

static std::vector<uint8_t> random_bytes(random_source & random, size_t size) {
    std::vector<uint8_t> bytes(size);
    for (uint8_t & byte : bytes) {
        byte = (uint8_t) random.next();
    }
    return bytes;
}

// Any bytes: scales are half floats of every kind, nibbles and values all there are. A block more shows what is written behind the last.
void test_values(random_source & random) {
    for (int n_blocks = 0; n_blocks < 300; ++n_blocks) {
        int8_t value[PABLO_CODES];
        for (int8_t & v : value) {
            v = (int8_t) random.next();
        }
        value[random.below(PABLO_CODES)] = -128;

        const std::vector<uint8_t> packed = random_bytes(random, n_blocks*sizeof(block_q4_0));
        std::vector<uint8_t> fast = random_bytes(random, (n_blocks + 1)*sizeof(block_q8_0)), ref = fast;
        pablo_expand    (value, packed.data(), fast.data(), n_blocks);
        pablo_expand_ref(value, packed.data(), ref.data(),  n_blocks);
        CHECK(fast == ref, "%d packed blocks", n_blocks);

        pablo_mark mark = {};
        mark.packed = 1;
        for (int i = 0; i < PABLO_CODES; ++i) {
            mark.value[i] = value[i];
        }
        std::vector<float> a(n_blocks*PABLO_BLOCK), b(a);
        pablo_dequantize_row(GGML_TYPE_Q4_0, &mark, packed.data(), a.data(), a.size());
        ggml_get_type_traits(GGML_TYPE_Q8_0)->to_float(fast.data(), b.data(), b.size());
        for (size_t i = 0; i < a.size(); ++i) {
            CHECK(a[i] == b[i] || (a[i] != a[i] && b[i] != b[i]), "%d blocks, weight %zu: packed %g, Q8_0 %g", n_blocks, i, a[i], b[i]);
        }

        fast = ref = random_bytes(random, (n_blocks + 1)*sizeof(block_q8_0));
        pablo_look_up    (value, fast.data(), n_blocks);
        pablo_look_up_ref(value, ref.data(),  n_blocks);
        CHECK(fast == ref, "%d blocks of bytes", n_blocks);
    }
}
