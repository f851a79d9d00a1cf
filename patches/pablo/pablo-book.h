// What the codes of a block may be, whichever type holds them.

#pragma once

#include "pablo.h"

#ifdef __cplusplus
extern "C" {
#endif

// Even: codes are whole numbers from value[0] to value[1], decoded to themselves. Else 16 codes:
// a weight's is the number of limits it is above, in units of its scale.
struct pablo_book {
    enum ggml_type type;
    bool           even;
    float          limit[PABLO_CODES - 1];
    float          value[PABLO_CODES];
    uint8_t        stored[PABLO_CODES]; // code → nibble, or byte of Q8_0
};

// False if error feedback does not know the encoder's type.
bool pablo_make_book(struct pablo_book * book, const struct pablo_encoder * encoder);

#define PABLO_SCALES 8

// The scales, as fp16, that leave the smallest weighted squared errors of the scales tried, the best first; at least one.
// Returns how many there are.
int pablo_book_scales(const struct pablo_book * book, const float * x, const float * weight, ggml_fp16_t scale[PABLO_SCALES]);

// The code of one weight in units of its scale, and through `value` what it decodes to.
int pablo_book_code(const struct pablo_book * book, float scaled, float * value);

// Stores a block's codes.
void pablo_book_put(const struct pablo_book * book, ggml_fp16_t d, const int * code, void * block);

#ifdef __cplusplus
}
#endif
