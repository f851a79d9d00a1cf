#include "pablo-moments-writer.h"

#include "pablo-factor.h"
#include "pablo-moments.h"

#include "ggml.h"

#include <cerrno>
#include <cstring>
#include <stdexcept>

void pablo_moments_writer::fail() const {
    throw std::runtime_error(partial + ": cannot be written: " + strerror(errno));
}

static void set_strings(gguf_context * gguf, const char * key, const std::vector<std::string> & strings) {
    std::vector<const char *> pointers;
    for (const std::string & string : strings) {
        pointers.push_back(string.c_str());
    }
    gguf_set_arr_str(gguf, key, pointers.data(), pointers.size());
}

pablo_moments_writer::pablo_moments_writer(const std::string & path, const std::vector<pablo_moments_input> & inputs, uint32_t chunks, uint32_t context)
    : path(path), partial(path + ".partial"), file(nullptr), gguf(gguf_init_empty(), gguf_free) {
    std::vector<std::string> weights, of, names;
    std::vector<int64_t>     sizes;
    for (const pablo_moments_input & input : inputs) {
        for (const std::string & weight : input.weights) {
            weights.push_back(weight);
            of.push_back(input.name);
        }
        for (int64_t matrix = 0; matrix < input.n_matrices; ++matrix) {
            names.push_back(input.tensor_name(matrix));
            sizes.push_back(pablo_half_size(input.n));
        }
    }
    gguf_set_val_str(gguf.get(), PABLO_KEY_TYPE,    PABLO_MOMENTS_TYPE);
    gguf_set_val_u32(gguf.get(), PABLO_KEY_VERSION, PABLO_MOMENTS_VERSION);
    gguf_set_val_u32(gguf.get(), PABLO_KEY_CHUNKS,  chunks);
    gguf_set_val_u32(gguf.get(), PABLO_KEY_CONTEXT, context);
    gguf_set_val_u64(gguf.get(), PABLO_KEY_TOKENS,  (uint64_t) chunks*context);
    set_strings(gguf.get(), PABLO_KEY_WEIGHTS, weights);
    set_strings(gguf.get(), PABLO_KEY_INPUTS,  of);
    set_strings(gguf.get(), PABLO_KEY_NAMES,   names);
    gguf_set_arr_data(gguf.get(), PABLO_KEY_COUNTS, GGUF_TYPE_UINT64, std::vector<uint64_t>(names.size()).data(), names.size());

    const std::unique_ptr<ggml_context, void (*)(ggml_context *)> context_of_headers(ggml_init({ (names.size() + 1)*ggml_tensor_overhead(), nullptr, true }), ggml_free);
    for (size_t i = 0; i < names.size(); ++i) {
        ggml_tensor * tensor = ggml_new_tensor_1d(context_of_headers.get(), GGML_TYPE_F32, sizes[i]);
        ggml_set_name(tensor, names[i].c_str());
        gguf_add_tensor(gguf.get(), tensor);
    }
    file = fopen(partial.c_str(), "wb");
    if (!file) {
        fail();
    }
    write_header();
}

pablo_moments_writer::~pablo_moments_writer() {
    if (file) {
        fclose(file);
        remove(partial.c_str());
    }
}

void pablo_moments_writer::write(const void * data, size_t size) {
    if (size > 0 && fwrite(data, 1, size, file) != size) {
        fail();
    }
}

void pablo_moments_writer::write_header() {
    std::vector<char> header(gguf_get_meta_size(gguf.get()));
    gguf_get_meta_data(gguf.get(), header.data());
    write(header.data(), header.size());
}

void pablo_moments_writer::add(const pablo_gather & gathered, int64_t n) {
    std::vector<float> row(n);
    for (int64_t r = 0; r < n; ++r) {
        gathered.mean_row(r, row.data());
        write(row.data(), (n - r)*sizeof(float));
    }
    const size_t alignment = gguf_get_alignment(gguf.get());
    const std::vector<char> padding((alignment - pablo_half_size(n)*sizeof(float)%alignment)%alignment);
    write(padding.data(), padding.size());
    counts.push_back(gathered.count());
}

void pablo_moments_writer::finish() {
    gguf_set_arr_data(gguf.get(), PABLO_KEY_COUNTS, GGUF_TYPE_UINT64, counts.data(), counts.size());
    rewind(file); // the header's size has not changed
    write_header();
    const bool closed = fclose(file) == 0;
    file = nullptr;
    if (!closed || rename(partial.c_str(), path.c_str()) != 0) {
        const int reason = errno;
        remove(partial.c_str());
        errno = reason;
        fail();
    }
}
