#include "pablo-llama.h"
#include "pablo-metadata.h"

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

void pablo_check_buffer(const ggml_tensor * tensor, ggml_op op, const char * buffer_type) {
    const pablo_mark * mark = pablo_get_mark(tensor);
    if (!mark || strcmp(buffer_type, PABLO_BUFFER_NAME) == 0) {
        return;
    }
    if (op == GGML_OP_GET_ROWS ? pablo_needs_own_rows(mark, tensor->type) : pablo_needs_own_dot(mark)) {
        throw std::runtime_error(std::string("own-coded tensor ") + tensor->name + " cannot be decoded in a " + buffer_type +
            " buffer, only on the CPU: use -ngl 0, and neither --no-repack nor --override-tensor");
    }
}

void pablo_read_tensor(const ggml_tensor * tensor, const char * buffer_type, void * data, const std::function<void(void *, size_t, size_t)> & read) {
    const size_t size = ggml_nbytes(tensor);
    const pablo_mark * mark = pablo_get_mark(tensor);
    if (!mark || strcmp(buffer_type, PABLO_BUFFER_NAME) == 0) {
        read(data, 0, size);
        return;
    }
    // piece by piece, each translated while it is in the processor's cache
    const size_t block = ggml_type_size(tensor->type);
    std::vector<char> piece(std::min(size, 4096*block));
    for (size_t done = 0; done < size; done += piece.size()) {
        piece.resize(std::min(piece.size(), size - done));
        read(piece.data(), done, piece.size());
        pablo_translate(tensor->type, mark, piece.data(), piece.size()/block*PABLO_BLOCK);
        memcpy((char *) data + done, piece.data(), piece.size());
    }
}
