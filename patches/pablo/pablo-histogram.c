#include "pablo-release.h"
#include "pablo.h"

#include <string.h>

#define PIECE 64 // blocks gathered at a time

static void close_run(struct pablo_histogram * h, uint64_t length) {
    if (length > 0) {
        h->run[length < PABLO_RUNS ? length - 1 : PABLO_RUNS - 1]++;
    }
}

static int trailing_zeros(uint64_t x) {
#if defined(__GNUC__)
    return __builtin_ctzll(x);
#else
    int n = 0;
    for (; !(x & 1); x >>= 1) {
        ++n;
    }
    return n;
#endif
}

static uint64_t load_64(const uint8_t * bytes) {
    uint64_t x = 0;
    for (int i = 0; i < 8; ++i) {
        x |= (uint64_t) bytes[i] << 8*i;
    }
    return x;
}

// Bit i is set if nibble i of the 16 is zero.
static uint64_t zero_nibbles(const uint8_t * bytes) {
    uint64_t x = load_64(bytes);
    x |= x >> 1;
    x |= x >> 2;
    x = ~x & 0x1111111111111111ull;
    x = (x | x >>  3) & 0x0303030303030303ull;
    x = (x | x >>  6) & 0x000f000f000f000full;
    x = (x | x >> 12) & 0x000000ff000000ffull;
    return (x | x >> 24) & 0xffff;
}

// Bit i is set if byte i of the eight is zero.
static uint64_t zero_bytes(const uint8_t * bytes) {
    const uint64_t low7 = 0x7f7f7f7f7f7f7f7full;
    const uint64_t x    = load_64(bytes);
    const uint64_t zero = ~(((x & low7) + low7) | x) & ~low7;
    return (zero >> 7)*0x0102040810204080ull >> 56;
}

// Follows runs through the next 32 codes; bit i of `zeros` is set if the i-th is zero.
static void follow_runs(struct pablo_histogram * h, uint64_t zeros) {
    const uint64_t others = ~zeros & 0xffffffffull;
    if (others == 0) {
        h->tail += 32;
    } else {
        const int first = trailing_zeros(others);
        if (h->tail == h->n) {
            h->head = h->tail + first;
        } else {
            close_run(h, h->tail + first);
        }
        // after the first other code, from one run to the next
        h->tail = 0;
        int at = first;
        for (uint64_t rest = zeros >> at; rest; rest = zeros >> at) {
            at += trailing_zeros(rest);
            const int length = trailing_zeros(~(zeros >> at));
            at += length;
            if (at < 32) {
                close_run(h, length);
            } else {
                h->tail = length;
            }
        }
    }
    h->n += 32;
    if (h->tail == h->n) {
        h->head = h->n;
    }
}

// How often each byte occurs. Four counters, so that equal neighbours do not wait for each other.
struct byte_counts {
    uint64_t n[4][256];
};

static void count_bytes(struct byte_counts * counts, const uint8_t * bytes, int n) {
    for (int i = 0; i < n; i += 4) {
        for (int k = 0; k < 4; ++k) {
            counts->n[k][bytes[i + k]]++;
        }
    }
}

// Two codes of a native table as one byte, as packed ones are.
static void pack_nibbles(const int8_t * restrict code, uint8_t * restrict bytes) {
    for (int j = 0; j < PABLO_BLOCK/2; ++j) {
        bytes[j] = (uint8_t) ((code[2*j] & 15) | ((code[2*j + 1] & 15) << 4));
    }
}

void pablo_count(struct pablo_histogram * h, enum ggml_type type, bool own, const void * data, int64_t n) {
    const bool nibbles = own || type == GGML_TYPE_Q4_0;
    const int  size    = nibbles ? PABLO_BLOCK/2 : PABLO_BLOCK; // bytes of a block's codes

    struct byte_counts counts = { { { 0 } } };
    for (int64_t first = 0; first < n/PABLO_BLOCK; first += PIECE) {
        const int64_t rest   = n/PABLO_BLOCK - first;
        const int     blocks = (int) (rest < PIECE ? rest : PIECE);
        uint8_t bytes[PIECE*PABLO_BLOCK];
        for (int b = 0; b < blocks; ++b) {
            if (type == GGML_TYPE_Q4_0) {
                memcpy(bytes + b*size, ((const block_q4_0 *) data)[first + b].qs, size);
            } else if (own) {
                pack_nibbles(((const block_q8_0 *) data)[first + b].qs, bytes + b*size);
            } else {
                memcpy(bytes + b*size, ((const block_q8_0 *) data)[first + b].qs, size);
            }
        }
        count_bytes(&counts, bytes, blocks*size);
        for (int b = 0; b < blocks; ++b) {
            const uint8_t * c = bytes + b*size;
            follow_runs(h, nibbles ? zero_nibbles(c) | zero_nibbles(c + 8) << 16
                                   : zero_bytes(c) | zero_bytes(c + 8) << 8 | zero_bytes(c + 16) << 16 | zero_bytes(c + 24) << 24);
        }
    }
    for (int byte = 0; byte < 256; ++byte) {
        const uint64_t count = counts.n[0][byte] + counts.n[1][byte] + counts.n[2][byte] + counts.n[3][byte];
        if (nibbles) {
            h->code[(byte & 15) ^ (own ? 8 : 0)] += count;
            h->code[(byte >> 4) ^ (own ? 8 : 0)] += count;
        } else {
            h->code[byte ^ 128] += count;
        }
    }
}

void pablo_join(struct pablo_histogram * h, const struct pablo_histogram * next) {
    for (int i = 0; i < 256; ++i) {
        h->code[i] += next->code[i];
    }
    for (int i = 0; i < PABLO_RUNS; ++i) {
        h->run[i] += next->run[i];
    }
    if (h->head == h->n) {
        h->head += next->head;
    } else if (next->head < next->n) {
        close_run(h, h->tail + next->head);
    }
    h->tail = next->tail < next->n ? next->tail : h->tail + next->n;
    h->n   += next->n;
}

void pablo_close(struct pablo_histogram * h) {
    close_run(h, h->head);
    if (h->head < h->n) {
        close_run(h, h->tail);
    }
    h->head = 0;
    h->tail = 0;
    h->n    = 0;
}
