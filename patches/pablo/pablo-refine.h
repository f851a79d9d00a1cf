// Codes that are there already are made better: each, and each block's scale, becomes the best that all others allow.

#pragma once

#include "pablo-book.h"
#include "pablo-factor.h"

// Coordinate descent on the error of outputs, (w - q) H (w - q)T: a row's error never grows. (QuantEase, arXiv 2309.01885,
// does the same without scales.) Each sweep goes through all columns, at twice the cost of choosing the codes.
//   src: n_rows rows of weights
//   errors: for each group of rows w - q, PABLO_GROUP values for each column; rows past n_rows are there and not written
//   dst: n_rows rows
void pablo_refine_rows(const pablo_book & book, const pablo_factor & factor, const float * src, float * const * errors, int n_rows, char * dst, int n_sweeps);
