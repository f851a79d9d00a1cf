// The buffer type of weights that no upstream type can express.

#pragma once

#include "ggml-backend.h"

ggml_backend_buffer_type_t pablo_buffer_type(void);
