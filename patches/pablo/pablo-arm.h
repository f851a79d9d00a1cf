// Included by ggml-cpu/arch/arm/repack.cpp, whose kernels for IQ4_NL want an
// instruction that not every 64-bit Arm processor has.

#pragma once

#include "pablo-kernels.h"

#if defined(__aarch64__) && defined(__ARM_NEON) && !defined(__ARM_FEATURE_DOTPROD)
#include <arm_neon.h>

// As vdotq_s32: the products of four neighbours are added to one lane of `sum`.
// No product leaves 16 bits.
static inline int32x4_t pablo_dot_fours(int32x4_t sum, int8x16_t a, int8x16_t b) {
    const int16x8_t low  = vmull_s8(vget_low_s8(a), vget_low_s8(b));
    const int16x8_t high = vmull_high_s8(a, b);
    return vaddq_s32(sum, vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high)));
}

#undef  vdotq_laneq_s32
#define vdotq_laneq_s32(sum, a, b, lane) \
    pablo_dot_fours(sum, a, vreinterpretq_s8_s32(vdupq_laneq_s32(vreinterpretq_s32_s8(b), lane)))
#endif
