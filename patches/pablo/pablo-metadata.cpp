#include "pablo-metadata.h"

#include <cstring>
#include <stdexcept>

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

static const char * const table_names[]     = { "basic", "balanced", "custom" };
static const char * const container_names[] = { "native", "packed" };
static const char * const encode_names[]    = { "bins", "nearest" };
static const char * const scale_names[]     = { "absmax", "search" };

static const char * scheme_name(const pablo_conf & conf) {
    if (!conf.own) {
        return "simple";
    }
    return conf.types & PABLO_TYPE_Q4_0 && conf.container == PABLO_CONTAINER_NATIVE ? "centred" : "table";
}

bool pablo_metadata::is_present(const gguf_context * file) {
    return gguf_find_key(file, KEY_VERSION) >= 0;
}

void pablo_metadata::write(gguf_context * file, const pablo_conf & conf, const std::vector<std::string> & tensors) {
    char decode[64];
    pablo_defects_name(conf.defects, decode);

    gguf_set_val_u32(file, KEY_VERSION,   version);
    gguf_set_val_str(file, KEY_SCHEME,    scheme_name(conf));
    gguf_set_val_u32(file, KEY_RADIUS,    conf.radius);
    gguf_set_val_str(file, KEY_CONTAINER, container_names[conf.container]);
    gguf_set_val_str(file, KEY_DECODE,    decode);
    gguf_set_val_str(file, KEY_ENCODE,    encode_names[conf.encode]);
    gguf_set_val_str(file, KEY_SCALE,     scale_names[conf.scale]);
    gguf_set_val_str(file, KEY_TABLE,     table_names[conf.table_mode]);

    int32_t widths[PABLO_CODES];
    for (int i = 0; i < PABLO_CODES; ++i) {
        widths[i] = conf.table.width[i];
    }
    gguf_set_arr_data(file, KEY_WIDTHS, GGUF_TYPE_INT32, widths,           PABLO_CODES);
    gguf_set_arr_data(file, KEY_VALUES, GGUF_TYPE_INT8,  conf.table.value, PABLO_CODES);

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

static int64_t find_array(const gguf_context * file, const char * key, gguf_type type) {
    const int64_t id = find(file, key, GGUF_TYPE_ARRAY);
    if (gguf_get_arr_type(file, id) != type || (type != GGUF_TYPE_STRING && gguf_get_arr_n(file, id) != PABLO_CODES)) {
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
    static const char * const scheme_names[] = { "simple", "centred", "table" };

    pablo_metadata result;
    pablo_conf & conf = result.conf;
    pablo_default_conf(&conf);
    conf.own        = find_name<int>(file, KEY_SCHEME, scheme_names) != 0;
    conf.radius     = (int) gguf_get_val_u32(file, find(file, KEY_RADIUS, GGUF_TYPE_UINT32));
    conf.container  = find_name<pablo_container>(file, KEY_CONTAINER, container_names);
    conf.encode     = find_name<pablo_encode>(file, KEY_ENCODE, encode_names);
    conf.scale      = find_name<pablo_scale>(file, KEY_SCALE, scale_names);
    conf.table_mode = find_name<pablo_table_mode>(file, KEY_TABLE, table_names);
    const char * decode = gguf_get_val_str(file, find(file, KEY_DECODE, GGUF_TYPE_STRING));
    if (!pablo_parse_defects(decode, &conf.defects)) {
        throw std::runtime_error(std::string("own-coded model: metadata " KEY_DECODE " is \"") + decode + "\", which this version does not know");
    }
    const int32_t * widths = (const int32_t *) gguf_get_arr_data(file, find_array(file, KEY_WIDTHS, GGUF_TYPE_INT32));
    const int8_t  * values = (const int8_t  *) gguf_get_arr_data(file, find_array(file, KEY_VALUES, GGUF_TYPE_INT8));
    for (int i = 0; i < PABLO_CODES; ++i) {
        conf.table.width[i] = (int16_t) widths[i];
        conf.table.value[i] = values[i];
    }
    char error[PABLO_MAX_ERROR];
    if (!pablo_check_table(&conf.table, error)) {
        throw std::runtime_error(std::string("own-coded model: metadata " KEY_TABLE ": ") + error);
    }
    const int64_t tensors = find_array(file, KEY_TENSORS, GGUF_TYPE_STRING);
    for (size_t i = 0; i < gguf_get_arr_n(file, tensors); ++i) {
        result.tensors.push_back(gguf_get_arr_str(file, tensors, i));
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
        return std::string("CONTAINER ") + container_names[other.container];
    }
    if (std::string(scheme_name(conf)) == "centred" && conf.radius != other.radius) {
        return "Q4_0_RADIUS " + std::to_string(other.radius);
    }
    if (memcmp(conf.table.value, other.table.value, PABLO_CODES) != 0) {
        return std::string("the ") + table_names[other.table_mode] + " table";
    }
    return "";
}
