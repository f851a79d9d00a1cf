// What differs between the releases of llama.cpp that pablo is built into. It is
// told by the headers there are, so that a new release needs nothing here.

#pragma once

#include "ggml.h"

// Since 2025 gguf has a header of its own, and a CPU buffer type can bring its
// own matrix multiplication (ggml-cpu/traits.h), which packed codes need.
#if __has_include("gguf.h")
#include "gguf.h"
#define PABLO_HAS_PACKED 1
#else
#define PABLO_HAS_PACKED 0
#endif

// llama-moments is built on what tools are built on since 2025.
#define PABLO_HAS_FEEDBACK PABLO_HAS_PACKED

#define PABLO_NO_PACKED "packed codes need CPU buffer types with their own matrix multiplication, which this release of llama.cpp lacks"

#ifndef __cplusplus

#if __has_include("ggml-common.h")
#define GGML_COMMON_DECL_C
#include "ggml-common.h"
#else // until March 2024
#include "ggml-quants.h"
typedef ggml_fp16_t ggml_half;
#define PABLO_HIST_CHUNK
#endif

// ggml_quantize_chunk, which once counted codes as well.
static inline size_t pablo_upstream_chunk(enum ggml_type type, const float * src, void * dst, int64_t start, int64_t nrows, int64_t n_per_row, const float * imatrix) {
#ifdef PABLO_HIST_CHUNK
    int64_t hist[16] = { 0 };
    return ggml_quantize_chunk(type, src, dst, (int) start, (int) nrows, (int) n_per_row, hist, imatrix);
#else
    return ggml_quantize_chunk(type, src, dst, start, nrows, n_per_row, imatrix);
#endif
}

#endif
