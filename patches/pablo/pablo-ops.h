// What the CPU computes with tensors in pablo's buffer type. All threads of a
// graph call these together; `dst->src[0]` carries `mark`.

#pragma once

#include "pablo.h"

struct ggml_compute_params;

// Packed blocks in file order into the layout of pablo-kernels.h, in weights->data.
void pablo_set_packed(ggml_tensor * weights, const char * src);

void pablo_get_rows  (const ggml_compute_params * params, ggml_tensor * dst, const pablo_mark * mark);
void pablo_mul_mat   (const ggml_compute_params * params, ggml_tensor * dst, const pablo_mark * mark);
void pablo_mul_mat_id(const ggml_compute_params * params, ggml_tensor * dst, const pablo_mark * mark);
