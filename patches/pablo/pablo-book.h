// What the codes of a block may be, whichever type holds them.

#pragma once

#include "pablo.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PABLO_SCALES 8 // that are tried with feedback, for each block

// Even: codes are whole numbers from `low` to `high`, decoded to themselves. Else 16 codes: a weight's is the number of
// limits it is above, in units of its scale.
struct pablo_book {
    enum ggml_type type;
    bool           even;
    int            low, high;
    float          limit[PABLO_CODES - 1];
    float          value[PABLO_CODES];
    uint8_t        stored[PABLO_CODES]; // code → nibble, or byte of Q8_0
};

// False if error feedback does not know the encoder's type.
bool pablo_make_book(struct pablo_book * book, const struct pablo_encoder * encoder);

// Encodes a block of a row: of the scales that leave the smallest weighted squared errors of its current values, as fp16
// stores them, that one by which most remains right when codes are then chosen column by column, each making later
// columns of the block make good its error.
//   triangle: 32 rows of 32 of S (see pablo-factor.h), from the block's first column; weight: R_cc^2
//   w: the weights; x: their current values; error: gets w less what is stored
void pablo_book_encode(const struct pablo_book * book, const float * triangle, const float * weight, const float * w,
                       const float * x, float * error, void * block);

// The code of one weight in units of its scale, as it is stored, and through `value` what it decodes to.
uint8_t pablo_book_nearest(const struct pablo_book * book, float scaled, float * value);

// Stores a block of such codes.
void pablo_book_put(const struct pablo_book * book, ggml_fp16_t d, const uint8_t * code, void * block);

#ifdef __cplusplus
}
#endif
