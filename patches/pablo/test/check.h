// The few lines of test framework that the library's tests need.

#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>

// Prints what is wrong and where; a program's exit code says whether any check failed.
inline int failed_checks = 0;

#define CHECK(condition, ...)                                     \
    do {                                                          \
        if (!(condition) && ++failed_checks <= 20) {              \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition); \
            fprintf(stderr, __VA_ARGS__);                         \
            fputc('\n', stderr);                                  \
        }                                                         \
    } while (0)

// The same numbers on every machine, unlike std::normal_distribution.
struct random_source {
    uint64_t state;
    uint32_t next() {
        state = state*6364136223846793005ull + 1442695040888963407ull;
        return (uint32_t) (state >> 33);
    }
    int below(int n) { return (int) (next()%(uint32_t) n); }
    float weight() { // roughly normal
        float sum = 0.0f;
        for (int i = 0; i < 12; ++i) {
            sum += next()/2147483648.0f;
        }
        return sum - 6.0f;
    }
};

inline int report(const char * name) {
    printf("%s: %s\n", name, failed_checks ? "FAILED" : "ok");
    return failed_checks ? EXIT_FAILURE : EXIT_SUCCESS;
}
