// The scheme of an own-coded file, as GGUF metadata.

#pragma once

#include "pablo-release.h"
#include "pablo.h"

#include <string>
#include <vector>

struct pablo_metadata {
    pablo_conf               conf;    // as far as it decides how codes are decoded
    bool                     centred; // some of the tensors are
    std::vector<std::string> tensors; // own-coded tensors, in file order
    std::vector<int8_t>      values;  // PABLO_CODES for each of the tensors

    static bool           is_present(const gguf_context * file);
    static void           write(gguf_context * file, const pablo_conf & conf, const std::vector<std::string> & tensors, bool centred);
    static pablo_metadata read(const gguf_context * file); // throws std::runtime_error

    // Empty, or what `other` says that the file does not.
    std::string contradiction(const pablo_conf & other) const;
};
