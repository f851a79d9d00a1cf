#include "pablo-release.h"
#include "pablo-values.h"
#include "pablo.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#elif defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define PABLO_SSSE3
#endif

void pablo_look_up_ref(const int8_t * restrict value, void * restrict blocks, int64_t n_blocks) {
    block_q8_0 * x = blocks;
    for (int64_t b = 0; b < n_blocks; ++b) {
        for (int j = 0; j < PABLO_BLOCK; ++j) {
            x[b].qs[j] = value[x[b].qs[j] & 15];
        }
    }
}

void pablo_expand_ref(const int8_t * restrict value, const void * restrict src, void * restrict dst, int64_t n_blocks) {
    const block_q4_0 * x = src;
    block_q8_0       * y = dst;
    for (int64_t b = 0; b < n_blocks; ++b) {
        y[b].d = x[b].d;
        for (int j = 0; j < PABLO_BLOCK/2; ++j) {
            y[b].qs[j]                 = value[x[b].qs[j] & 15];
            y[b].qs[j + PABLO_BLOCK/2] = value[x[b].qs[j] >> 4];
        }
    }
}

#if defined(__aarch64__)
void pablo_look_up(const int8_t * restrict value, void * restrict blocks, int64_t n_blocks) {
    const int8x16_t table = vld1q_s8(value);
    block_q8_0 * x = blocks;
    for (int64_t b = 0; b < n_blocks; ++b) {
        for (int j = 0; j < PABLO_BLOCK; j += 16) {
            const uint8x16_t nibble = vandq_u8(vreinterpretq_u8_s8(vld1q_s8(x[b].qs + j)), vdupq_n_u8(15));
            vst1q_s8(x[b].qs + j, vqtbl1q_s8(table, nibble));
        }
    }
}

void pablo_expand(const int8_t * restrict value, const void * restrict src, void * restrict dst, int64_t n_blocks) {
    const int8x16_t table = vld1q_s8(value);
    const block_q4_0 * x = src;
    block_q8_0       * y = dst;
    for (int64_t b = 0; b < n_blocks; ++b) {
        const uint8x16_t nibbles = vld1q_u8(x[b].qs);
        y[b].d = x[b].d;
        vst1q_s8(y[b].qs,      vqtbl1q_s8(table, vandq_u8(nibbles, vdupq_n_u8(15))));
        vst1q_s8(y[b].qs + 16, vqtbl1q_s8(table, vshrq_n_u8(nibbles, 4)));
    }
}
#elif defined(PABLO_SSSE3)
// Wider registers gain nothing: these are as fast as memory is.
__attribute__((target("ssse3")))
static void look_up_ssse3(const int8_t * restrict value, void * restrict blocks, int64_t n_blocks) {
    const __m128i table = _mm_loadu_si128((const __m128i *) value);
    block_q8_0 * x = blocks;
    for (int64_t b = 0; b < n_blocks; ++b) {
        for (int j = 0; j < PABLO_BLOCK; j += 16) {
            __m128i * q = (__m128i *) (x[b].qs + j);
            _mm_storeu_si128(q, _mm_shuffle_epi8(table, _mm_and_si128(_mm_loadu_si128(q), _mm_set1_epi8(15))));
        }
    }
}

__attribute__((target("ssse3")))
static void expand_ssse3(const int8_t * restrict value, const void * restrict src, void * restrict dst, int64_t n_blocks) {
    const __m128i table = _mm_loadu_si128((const __m128i *) value);
    const __m128i low   = _mm_set1_epi8(15);
    const block_q4_0 * x = src;
    block_q8_0       * y = dst;
    for (int64_t b = 0; b < n_blocks; ++b) {
        const __m128i nibbles = _mm_loadu_si128((const __m128i *) x[b].qs);
        y[b].d = x[b].d;
        _mm_storeu_si128((__m128i *)  y[b].qs,       _mm_shuffle_epi8(table, _mm_and_si128(nibbles, low)));
        _mm_storeu_si128((__m128i *) (y[b].qs + 16), _mm_shuffle_epi8(table, _mm_and_si128(_mm_srli_epi16(nibbles, 4), low)));
    }
}

void pablo_look_up(const int8_t * value, void * blocks, int64_t n_blocks) {
    (__builtin_cpu_supports("ssse3") ? look_up_ssse3 : pablo_look_up_ref)(value, blocks, n_blocks);
}

void pablo_expand(const int8_t * value, const void * src, void * dst, int64_t n_blocks) {
    (__builtin_cpu_supports("ssse3") ? expand_ssse3 : pablo_expand_ref)(value, src, dst, n_blocks);
}
#else
void pablo_look_up(const int8_t * value, void * blocks, int64_t n_blocks) {
    pablo_look_up_ref(value, blocks, n_blocks);
}

void pablo_expand(const int8_t * value, const void * src, void * dst, int64_t n_blocks) {
    pablo_expand_ref(value, src, dst, n_blocks);
}
#endif
