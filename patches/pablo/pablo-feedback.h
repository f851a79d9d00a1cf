// Codes chosen by what they do to a tensor's outputs.

#pragma once

#include "pablo-book.h"
#include "pablo-factor.h"

// Quantizes rows of factor.n weights each, block by block: the block's scale is searched over its current values, a
// weight counting R_cc^2, then codes are chosen column by column (see pablo-factor.h). The inner product is in F32.
// Rows do not depend on each other, so the bytes depend on no number of threads.
void pablo_quantize_with_feedback(const pablo_book & book, const pablo_factor & factor, const float * src, void * dst, int64_t n_rows, int n_threads);
