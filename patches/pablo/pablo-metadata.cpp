#include "pablo-metadata.h"

#include <cstring>
#include <stdexcept>

#define KEY_PREFIX    "pablo."
#define KEY_VERSION   "pablo.version"
#define KEY_SCHEME    "pablo.scheme"
#define KEY_RADIUS    "pablo.radius"
#define KEY_CONTAINER "pablo.container"
#define KEY_DECODE    "pablo.decode"
#define KEY_ENCODE    "pablo.encode"
#define KEY_SCALE     "pablo.scale"
#define KEY_TABLE     "pablo.table"
#define KEY_WIDTHS    "pablo.table.widths"
#define KEY_VALUES    "pablo.table.values"
#define KEY_TENSORS   "pablo.tensors"

static const uint32_t version = 1;

enum metadata_scheme { SCHEME_SIMPLE, SCHEME_CENTRED, SCHEME_TABLE };

static const char * const scheme_names[] = { "simple", "centred", "table" };
static const char * const table_names[]  = { "basic", "balanced", "custom" };

// Any key of ours: a file of which one was damaged must not pass for upstream's.
bool pablo_metadata::is_present(const gguf_context * file) {
    for (int64_t i = 0; i < (int64_t) gguf_get_n_kv(file); ++i) {
        if (strncmp(gguf_get_key(file, i), KEY_PREFIX, strlen(KEY_PREFIX)) == 0) {
            return true;
        }
    }
    return false;
}

static std::vector<int8_t> values_of(const pablo_conf & conf, const std::vector<std::string> & tensors) {
    std::vector<int8_t> values;
    for (const std::string & tensor : tensors) {
        const pablo_table * table = pablo_table_for(&conf, tensor.c_str());
        values.insert(values.end(), table->value, table->value + PABLO_CODES);
    }
    return values;
}

void pablo_metadata::write(gguf_context * file, const pablo_conf & conf, const std::vector<std::string> & tensors, bool centred) {
    char decode[64];
    pablo_defects_name(conf.defects, decode);

    const metadata_scheme scheme = !conf.own ? SCHEME_SIMPLE : centred ? SCHEME_CENTRED : SCHEME_TABLE;

    gguf_set_val_u32(file, KEY_VERSION,   version);
    gguf_set_val_str(file, KEY_SCHEME,    scheme_names[scheme]);
    gguf_set_val_u32(file, KEY_RADIUS,    conf.radius);
    gguf_set_val_str(file, KEY_CONTAINER, pablo_container_names[conf.container]);
    gguf_set_val_str(file, KEY_DECODE,    decode);
    gguf_set_val_str(file, KEY_ENCODE,    pablo_encode_names[conf.encode]);
    gguf_set_val_str(file, KEY_SCALE,     pablo_scale_names[conf.scale]);
    gguf_set_val_str(file, KEY_TABLE,     table_names[conf.table_mode]);

    int32_t widths[PABLO_CODES];
    for (int i = 0; i < PABLO_CODES; ++i) {
        widths[i] = conf.table.width[i];
    }
    gguf_set_arr_data(file, KEY_WIDTHS, GGUF_TYPE_INT32, widths, PABLO_CODES);

    const std::vector<int8_t> values = conf.n_tensor_tables ? values_of(conf, tensors)
        : std::vector<int8_t>(conf.table.value, conf.table.value + PABLO_CODES);
    gguf_set_arr_data(file, KEY_VALUES, GGUF_TYPE_INT8, values.data(), values.size());

    std::vector<const char *> names;
    for (const std::string & name : tensors) {
        names.push_back(name.c_str());
    }
    gguf_set_arr_str(file, KEY_TENSORS, names.data(), names.size());
}

static int64_t find(const gguf_context * file, const char * key, gguf_type type) {
    const int64_t id = gguf_find_key(file, key);
    if (id < 0 || gguf_get_kv_type(file, id) != type) {
        throw std::runtime_error(std::string("own-coded model: metadata ") + key + " is " + (id < 0 ? "missing" : "of another type"));
    }
    return id;
}

// An array of `n` entries, or of any number if `n` is 0.
static int64_t find_array(const gguf_context * file, const char * key, gguf_type type, size_t n = 0) {
    const int64_t id = find(file, key, GGUF_TYPE_ARRAY);
    if (gguf_get_arr_type(file, id) != type || (n && (size_t) gguf_get_arr_n(file, id) != n)) {
        throw std::runtime_error(std::string("own-coded model: metadata ") + key + " is not an array as this version writes it");
    }
    return id;
}

template <typename T, size_t N>
static T find_name(const gguf_context * file, const char * key, const char * const (&names)[N]) {
    const char * value = gguf_get_val_str(file, find(file, key, GGUF_TYPE_STRING));
    for (size_t i = 0; i < N; ++i) {
        if (strcmp(value, names[i]) == 0) {
            return (T) i;
        }
    }
    throw std::runtime_error(std::string("own-coded model: metadata ") + key + " is \"" + value + "\", which this version does not know");
}

pablo_metadata pablo_metadata::read(const gguf_context * file) {
    if (gguf_get_val_u32(file, find(file, KEY_VERSION, GGUF_TYPE_UINT32)) != version) {
        throw std::runtime_error("own-coded model: metadata " KEY_VERSION " is not 1: made by another version of pablo");
    }

    pablo_metadata result;
    pablo_conf & conf = result.conf;
    pablo_default_conf(&conf);
    const metadata_scheme found = find_name<metadata_scheme>(file, KEY_SCHEME, scheme_names);
    conf.own       = found != SCHEME_SIMPLE;
    result.centred = found == SCHEME_CENTRED;
    conf.radius    = (int) gguf_get_val_u32(file, find(file, KEY_RADIUS, GGUF_TYPE_UINT32));
    conf.container = find_name<pablo_container>(file, KEY_CONTAINER, pablo_container_names);
    const char * decode = gguf_get_val_str(file, find(file, KEY_DECODE, GGUF_TYPE_STRING));
    if (!pablo_parse_defects(decode, &conf.defects)) {
        throw std::runtime_error(std::string("own-coded model: metadata " KEY_DECODE " is \"") + decode + "\", which this version does not know");
    }
    const int64_t tensors = find_array(file, KEY_TENSORS, GGUF_TYPE_STRING);
    for (size_t i = 0; i < (size_t) gguf_get_arr_n(file, tensors); ++i) {
        result.tensors.push_back(gguf_get_arr_str(file, tensors, i));
    }
    const int64_t  stored  = find_array(file, KEY_VALUES, GGUF_TYPE_INT8);
    const size_t   n       = gguf_get_arr_n(file, stored);
    const int8_t * values  = (const int8_t *) gguf_get_arr_data(file, stored);
    const size_t   n_needed = PABLO_CODES*result.tensors.size();
    if (n != PABLO_CODES && n != n_needed) {
        throw std::runtime_error("own-coded model: metadata " KEY_VALUES " has neither 16 entries nor 16 for each own tensor");
    }
    for (size_t i = 0; i < n_needed; ++i) {
        result.values.push_back(values[n == n_needed ? i : i%PABLO_CODES]);
    }
    return result;
}

std::string pablo_metadata::contradiction(const pablo_conf & other) const {
    if (conf.own != other.own) {
        return other.own ? "EXECUTION_MODE 1 (own)" : "EXECUTION_MODE 0 (simple)";
    }
    if (conf.defects != other.defects) {
        char decode[64];
        pablo_defects_name(other.defects, decode);
        return std::string("DECODE ") + decode;
    }
    if (!conf.own) {
        return "";
    }
    if (conf.container != other.container) {
        return std::string("CONTAINER ") + pablo_container_names[other.container];
    }
    if (centred && conf.radius != other.radius) {
        return "Q4_0_RADIUS " + std::to_string(other.radius);
    }
    if (values != values_of(other, tensors)) {
        return std::string("the ") + table_names[other.table_mode] + " table";
    }
    return "";
}
