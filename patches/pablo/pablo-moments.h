// A file of second moments: how llama-moments writes it and FEEDBACK reads it.
//
// A GGUF of one F32 tensor for each distinct input of a model's matrix multiplications: the upper triangle of
// E[x xT], row by row, n(n+1)/2 values for inputs of n. A weight of three dimensions has an input for each of its
// matrices, NAME#0, NAME#1, …. One that no token reached (an expert) is all zeros, its count 0.

#pragma once

#define PABLO_MOMENTS_TYPE "moments"

#define PABLO_KEY_TYPE    "general.type"
#define PABLO_KEY_VERSION "moments.version" // u32
#define PABLO_KEY_CHUNKS  "moments.chunks"  // u32
#define PABLO_KEY_CONTEXT "moments.context" // u32, tokens of a chunk
#define PABLO_KEY_TOKENS  "moments.tokens"  // u64, of all chunks
#define PABLO_KEY_WEIGHTS "moments.weights" // names of the model's tensors, beside them…
#define PABLO_KEY_INPUTS  "moments.inputs"  // …the names of their inputs here, without #
#define PABLO_KEY_NAMES   "moments.names"   // names of this file's tensors, beside them…
#define PABLO_KEY_COUNTS  "moments.counts"  // …u64, how many tokens each saw

#define PABLO_MOMENTS_VERSION 1u
