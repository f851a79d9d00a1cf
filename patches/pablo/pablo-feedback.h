// Codes chosen by what they do to a tensor's outputs.

#pragma once

#include "pablo-book.h"
#include "pablo-factor.h"

#define PABLO_SWEEPS 2 // of refinement; more change the KL divergence by 0.1 % at most

struct pablo_row_group {
    const float * src[PABLO_GROUP];             // the block's weights
    float       * error;                        // w - q, PABLO_GROUP values for each column of a row
    float         x[PABLO_GROUP*PABLO_BLOCK];   // the block's current values, row by row
};

// The inner product, nearly all of the work where rows are long: adds to a block's values what they make good of the
// errors of all columns before it.
void pablo_add_errors(const pablo_factor & factor, int64_t block, pablo_row_group * groups, int n_groups);

// Quantizes rows of factor.n weights each, block by block: the block's scale is searched over its current values, a
// weight counting R_cc^2, then codes are chosen column by column (see pablo-factor.h), and in the end refined by so many
// sweeps (pablo-refine.h). Inner products are in F32.
// Rows do not depend on each other, so the bytes depend on no number of threads.
void pablo_quantize_with_feedback(const pablo_book & book, const pablo_factor & factor, const float * src, void * dst, int64_t n_rows, int n_threads, int n_sweeps = PABLO_SWEEPS);

// The same of rows whose inputs nothing is known of, or only how much each column counts: each code is the nearest at the
// scale that is best for its block.
//   weight: n values above or equal to 0; NULL if all count alike
void pablo_quantize_nearest(const pablo_book & book, const float * weight, const float * src, void * dst, int64_t n_rows, int64_t n, int n_threads);
