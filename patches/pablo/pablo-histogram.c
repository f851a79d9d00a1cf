#define GGML_COMMON_DECL_C
#include "ggml-common.h"

#include "pablo.h"

#include <string.h>

#define PIECE 64 // blocks unpacked at a time

static void close_run(struct pablo_histogram * h, uint64_t length) {
    if (length > 0) {
        h->run[length < PABLO_RUNS ? length - 1 : PABLO_RUNS - 1]++;
    }
}

// Bit i is set if byte i of the eight is zero.
static unsigned zero_bytes(const uint8_t * bytes) {
    const uint64_t low7 = 0x7f7f7f7f7f7f7f7full;
    uint64_t x = 0;
    for (int i = 0; i < 8; ++i) {
        x |= (uint64_t) bytes[i] << 8*i;
    }
    const uint64_t zero = ~(((x & low7) + low7) | x) & ~low7;
    return (unsigned) ((zero >> 7)*0x0102040810204080ull >> 56);
}

static int count_trailing_zeros(unsigned x) {
    int n = 0;
    while (!(x & 1u)) {
        x >>= 1;
        ++n;
    }
    return n;
}

// Follows runs of zero bytes through `n` bytes, a multiple of 8.
static void follow_runs(struct pablo_histogram * h, const uint8_t * bytes, int n) {
    for (int i = 0; i < n; i += 8) {
        // a bit above the eighth ends every search
        unsigned other = ~zero_bytes(bytes + i) & 0xff;
        if (other == 0) {
            h->tail += 8;
            h->n    += 8;
            continue;
        }
        int at = 0;
        while (other) {
            const int gap = count_trailing_zeros(other);
            h->tail += gap;
            if (h->tail == h->n + at + gap) {
                h->head = h->tail;
            } else {
                close_run(h, h->tail);
            }
            h->tail = 0;
            at     += gap + 1;
            other >>= gap + 1;
        }
        h->tail = 8 - at;
        h->n   += 8;
    }
    if (h->tail == h->n) {
        h->head = h->n;
    }
}

static void count_nibbles(struct pablo_histogram * h, const uint8_t * restrict code, int n, int bias) {
    for (int value = 0; value < PABLO_CODES; ++value) {
        uint32_t count = 0;
        for (int i = 0; i < n; i += PABLO_BLOCK) {
            uint8_t equal = 0;
            for (int j = 0; j < PABLO_BLOCK; ++j) {
                equal += code[i + j] == value;
            }
            count += equal;
        }
        h->code[value ^ bias] += count;
    }
}

static void count_bytes(struct pablo_histogram * h, const uint8_t * restrict code, int n) {
    uint32_t count[4][256] = { { 0 } }; // four, so that equal neighbours do not wait for each other
    for (int i = 0; i < n; i += 4) {
        for (int k = 0; k < 4; ++k) {
            count[k][code[i + k]]++;
        }
    }
    for (int value = 0; value < 256; ++value) {
        h->code[value ^ 128] += count[0][value] + count[1][value] + count[2][value] + count[3][value];
    }
}

void pablo_count(struct pablo_histogram * h, enum ggml_type type, bool own, const void * data, int64_t n) {
    for (int64_t first = 0; first < n/PABLO_BLOCK; first += PIECE) {
        const int64_t rest   = n/PABLO_BLOCK - first;
        const int     blocks = (int) (rest < PIECE ? rest : PIECE);
        uint8_t code[PIECE*PABLO_BLOCK];
        for (int b = 0; b < blocks; ++b) {
            uint8_t * c = code + b*PABLO_BLOCK;
            if (type == GGML_TYPE_Q4_0) {
                const uint8_t * qs = ((const block_q4_0 *) data)[first + b].qs;
                for (int j = 0; j < PABLO_BLOCK/2; ++j) {
                    c[2*j + 0] = qs[j] & 15;
                    c[2*j + 1] = qs[j] >> 4;
                }
            } else {
                const int8_t * qs   = ((const block_q8_0 *) data)[first + b].qs;
                const uint8_t  mask = own ? 15 : 255;
                for (int j = 0; j < PABLO_BLOCK; ++j) {
                    c[j] = (uint8_t) qs[j] & mask;
                }
            }
        }
        if (own || type == GGML_TYPE_Q4_0) {
            count_nibbles(h, code, blocks*PABLO_BLOCK, own ? 8 : 0);
        } else {
            count_bytes(h, code, blocks*PABLO_BLOCK);
        }
        follow_runs(h, code, blocks*PABLO_BLOCK);
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
