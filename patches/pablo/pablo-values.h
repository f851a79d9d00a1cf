// The values of own codes, through the table of 16 that a mark has.
// Each has a scalar reference beside it; both give the same bytes.

#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Q8_0 blocks of codes, in place: each byte becomes the value of its low nibble.
void pablo_look_up    (const int8_t * value, void * blocks, int64_t n_blocks);
void pablo_look_up_ref(const int8_t * value, void * blocks, int64_t n_blocks);

// Packed blocks, as large as Q4_0's, to Q8_0 blocks of the same scales and of the nibbles' values: exact.
void pablo_expand    (const int8_t * value, const void * src, void * dst, int64_t n_blocks);
void pablo_expand_ref(const int8_t * value, const void * src, void * dst, int64_t n_blocks);

#ifdef __cplusplus
}
#endif
