#include "pablo-llama.h"
#include "pablo-metadata.h"
#include "pablo-values.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

bool pablo_is_own_coded(const gguf_context * file) {
    return pablo_metadata::is_present(file);
}

bool pablo_mark_tensors(const gguf_context * file, const std::function<ggml_tensor *(const std::string &)> & find) {
    if (!pablo_is_own_coded(file)) {
        return false;
    }
    const pablo_metadata metadata = pablo_metadata::read(file);

    pablo_owned_conf conf;
    char error[PABLO_MAX_ERROR];
    const char * name;
    if (!pablo_read_conf(&conf, &name, error)) {
        throw std::runtime_error(error);
    }
    const std::string contradiction = name ? metadata.contradiction(conf) : "";
    if (!contradiction.empty()) {
        throw std::runtime_error(std::string(name) + " says " + contradiction + ", but the model was quantized otherwise; "
            "a model is decoded as its pablo.* metadata says: remove " + name + ", or give the one it was made with");
    }

    for (size_t i = 0; i < metadata.tensors.size(); ++i) {
        const std::string & own = metadata.tensors[i];
        ggml_tensor * tensor = find(own);
        if (!tensor || (tensor->type != GGML_TYPE_Q4_0 && tensor->type != GGML_TYPE_Q8_0)) {
            throw std::runtime_error("own-coded model: tensor " + own + (tensor ? " is neither Q4_0 nor Q8_0" : " is missing"));
        }
        pablo_mark mark = {};
        mark.packed  = tensor->type == GGML_TYPE_Q4_0 && metadata.conf.own && metadata.conf.container == PABLO_CONTAINER_PACKED;
        mark.centred = tensor->type == GGML_TYPE_Q4_0 && metadata.conf.own && metadata.conf.container == PABLO_CONTAINER_NATIVE;
        mark.defects = (uint8_t) metadata.conf.defects;
        for (int nibble = 0; nibble < PABLO_CODES; ++nibble) {
            mark.value[nibble] = metadata.values[i*PABLO_CODES + (nibble ^ 8)];
        }
        if (!PABLO_HAS_PACKED && mark.packed) {
            throw std::runtime_error("own-coded tensor " + own + " is packed: " PABLO_NO_PACKED);
        }
        pablo_set_mark(tensor, &mark);
    }
    return true;
}

void pablo_copy_mark(ggml_tensor * to, const ggml_tensor * from) {
    const pablo_mark * mark = pablo_get_mark(from);
    if (mark) {
        pablo_set_mark(to, mark);
    }
}

bool pablo_fit_header(ggml_tensor * tensor, ggml_op op, const char * buffer_type) {
    const pablo_mark * mark = pablo_get_mark(tensor);
    if (!mark || strcmp(buffer_type, PABLO_BUFFER_NAME) == 0) {
        return true;
    }
    if (mark->packed && tensor->type == GGML_TYPE_Q4_0) {
        tensor->type  = GGML_TYPE_Q8_0;
        tensor->nb[0] = ggml_type_size(tensor->type);
        tensor->nb[1] = ggml_row_size(tensor->type, tensor->ne[0]);
        for (int dim = 2; dim < GGML_MAX_DIMS; ++dim) {
            tensor->nb[dim] = tensor->nb[dim - 1]*tensor->ne[dim - 1];
        }
    }
    return op != GGML_OP_GET_ROWS || mark->packed || !pablo_needs_own_rows(mark, tensor->type);
}

void pablo_require_fit(ggml_tensor * tensor, ggml_op op, const char * buffer_type) {
    if (!pablo_fit_header(tensor, op, buffer_type)) {
        throw std::runtime_error(std::string("own-coded tensor ") + tensor->name + " was made to be read as DECODE published says, which a " + buffer_type +
            " buffer cannot do, but only the processor's " PABLO_BUFFER_NAME ": use neither --no-repack nor --override-tensor for it");
    }
}

// Through the library, piece by piece, each while it is in the processor's cache.
static void read_pieces(const ggml_tensor * tensor, const pablo_mark * mark, char * data, const std::function<void(void *, size_t, size_t)> & read) {
    const bool    expands  = mark->packed && tensor->type == GGML_TYPE_Q8_0;
    const size_t  in       = ggml_type_size(expands ? GGML_TYPE_Q4_0 : tensor->type);
    const size_t  out      = ggml_type_size(tensor->type);
    const int64_t n_blocks = ggml_nelements(tensor)/PABLO_BLOCK;
    std::vector<char> piece(std::min<int64_t>(n_blocks, 4096)*in);
    for (int64_t done = 0, n; done < n_blocks; done += n) {
        n = std::min<int64_t>(n_blocks - done, 4096);
        read(piece.data(), done*in, n*in);
        if (expands) {
            pablo_expand(mark->value, piece.data(), data + done*out, n);
        } else {
            pablo_translate(tensor->type, mark, piece.data(), n*PABLO_BLOCK);
            memcpy(data + done*out, piece.data(), n*out);
        }
    }
}

void pablo_read_tensor(const ggml_tensor * tensor, const char * buffer_type, void * data, const std::function<void(void *, size_t, size_t)> & read) {
    const pablo_mark * mark = pablo_get_mark(tensor);
    if (!mark || strcmp(buffer_type, PABLO_BUFFER_NAME) == 0) {
        read(data, 0, ggml_nbytes(tensor));
    } else {
        read_pieces(tensor, mark, (char *) data, read);
    }
}
