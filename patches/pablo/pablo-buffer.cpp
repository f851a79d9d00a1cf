#include "pablo-buffer.h"
#include "pablo-ops.h"
#include "pablo.h"

#include "ggml-backend-impl.h"
#include "ggml-cpu.h"
#include "ggml-impl.h"
#include "traits.h"

#include <cstring>

static const size_t alignment = 64;

static const pablo_mark * mark_of(const ggml_tensor * op) {
    const ggml_tensor * weights = op->src[0];
    return weights && weights->buffer && weights->buffer->buft == pablo_buffer_type() ? pablo_get_mark(weights) : nullptr;
}

namespace {

class pablo_traits : public ggml::cpu::tensor_traits {
    bool work_size(int /*n_threads*/, const ggml_tensor * op, size_t & size) override {
        if (op->op != GGML_OP_MUL_MAT && op->op != GGML_OP_MUL_MAT_ID) {
            return false;
        }
        size = ggml_row_size(GGML_TYPE_Q8_0, ggml_nelements(op->src[1]));
        return true;
    }

    bool compute_forward(ggml_compute_params * params, ggml_tensor * op) override {
        const pablo_mark * mark = mark_of(op);
        switch (op->op) {
            case GGML_OP_GET_ROWS:   pablo_get_rows  (params, op, mark); return true;
            case GGML_OP_MUL_MAT:    pablo_mul_mat   (params, op, mark); return true;
            case GGML_OP_MUL_MAT_ID: pablo_mul_mat_id(params, op, mark); return true;
            default: return false;
        }
    }
};

class pablo_extra_buffer_type : public ggml::cpu::extra_buffer_type {
    pablo_traits traits;

    bool supports_op(ggml_backend_dev_t, const ggml_tensor * op) override {
        const pablo_mark * mark = mark_of(op);
        if (!mark) {
            return false;
        }
        if (op->op == GGML_OP_GET_ROWS) {
            return pablo_needs_own_rows(mark, op->src[0]->type);
        }
        if (op->op != GGML_OP_MUL_MAT && op->op != GGML_OP_MUL_MAT_ID) {
            return false;
        }
        const ggml_tensor * activations = op->src[1];
        return pablo_needs_own_dot(mark) && activations->type == GGML_TYPE_F32 &&
            ggml_n_dims(op->src[0]) <= 3 &&
            (!activations->buffer || ggml_backend_buft_is_host(activations->buffer->buft));
    }

    ggml::cpu::tensor_traits * get_tensor_traits(const ggml_tensor * op) override {
        const bool known = op->op == GGML_OP_GET_ROWS || op->op == GGML_OP_MUL_MAT || op->op == GGML_OP_MUL_MAT_ID;
        return known && mark_of(op) ? &traits : nullptr;
    }
};

}

static void set_tensor(ggml_backend_buffer_t, ggml_tensor * tensor, const void * data, size_t offset, size_t size) {
    const pablo_mark * mark = pablo_get_mark(tensor);
    GGML_ASSERT(mark && offset == 0 && size == ggml_nbytes(tensor));
    if (mark->packed) {
        pablo_set_packed(tensor, (const char *) data);
    } else {
        memcpy(tensor->data, data, size);
    }
}

static ggml_backend_buffer_t alloc_buffer(ggml_backend_buffer_type_t type, size_t size) {
    ggml_backend_buffer_t buffer = ggml_backend_buft_alloc_buffer(ggml_backend_cpu_buffer_type(), size);
    if (buffer) {
        buffer->buft             = type;
        buffer->iface.set_tensor = set_tensor;
        buffer->iface.get_tensor = nullptr;
        buffer->iface.cpy_tensor = nullptr;
    }
    return buffer;
}

static const char * get_name(ggml_backend_buffer_type_t) {
    return PABLO_BUFFER_NAME;
}

static size_t get_alignment(ggml_backend_buffer_type_t) {
    return alignment;
}

ggml_backend_buffer_type_t pablo_buffer_type(void) {
    static pablo_extra_buffer_type extra;
    static ggml_backend_buffer_type type = {
        /* .iface   = */ { get_name, alloc_buffer, get_alignment, nullptr, nullptr, nullptr },
        /* .device  = */ ggml_backend_reg_dev_get(ggml_backend_cpu_reg(), 0),
        /* .context = */ &extra,
    };
    return &type;
}
