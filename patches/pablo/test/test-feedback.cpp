// Error feedback, from second moments to codes.

#include "moments.h"

#include "ggml.h"

int main() {
    ggml_free(ggml_init({ 1024, nullptr, true })); // fills ggml's fp16 tables
    ggml_log_set([](ggml_log_level, const char *, void *) {}, nullptr); // what gguf says about damaged files
    random_source random = { 1 };
    test_rank_update(random);
    test_gather(random);
    test_factor(random);
    test_codes(random);
    test_moments(random);
    return report("feedback");
}
