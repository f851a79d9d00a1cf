#include "pablo-reader.h"
#include "pablo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILE (1024*1024)

void pablo_default_conf(struct pablo_conf * conf) {
    memset(conf, 0, sizeof(*conf));
    conf->types = PABLO_TYPE_Q4_0 | PABLO_TYPE_Q8_0;
    conf->table = pablo_builtin_table(conf->table_mode);
}

static bool read_table(struct pablo_reader * r, struct pablo_table * table) {
    const char * start = r->at;
    int value;
    for (int i = 0; i < PABLO_CODES; ++i) {
        if (!pablo_read_int(r, 1, 241, "16 bin widths, 1 to 241, then 16 decoded values", &value)) {
            return false;
        }
        table->width[i] = (int16_t) value;
    }
    for (int i = 0; i < PABLO_CODES; ++i) {
        if (!pablo_read_int(r, -128, 127, "16 decoded values, -128 to 127, after 16 bin widths", &value)) {
            return false;
        }
        table->value[i] = (int8_t) value;
    }
    char problem[PABLO_MAX_ERROR];
    if (!pablo_check_table(table, problem)) {
        snprintf(r->error, PABLO_MAX_ERROR, "%.300s:%d:%d: TABLE: %.150s", r->name, r->line, (int) (start - r->text) + 1, problem);
        return false;
    }
    return true;
}

static bool read_tensor_table(struct pablo_reader * r, struct pablo_conf * conf) {
    struct pablo_tensor_table entry;
    if (!pablo_next_word(r) || strlen(r->word) >= sizeof(entry.pattern)) {
        return pablo_fail(r, r->word, "a tensor's name, * for any text, then 16 bin widths and 16 decoded values");
    }
    strcpy(entry.pattern, r->word);
    if (!read_table(r, &entry.table)) {
        return false;
    }
    if (pablo_next_word(r)) {
        return pablo_fail(r, r->word, "the end of the line");
    }
    void * grown = realloc(conf->tensor_tables, (conf->n_tensor_tables + 1)*sizeof(entry));
    if (!grown) {
        return pablo_fail(r, r->text, "memory for another table");
    }
    conf->tensor_tables = grown;
    conf->tensor_tables[conf->n_tensor_tables++] = entry;
    return true;
}

static bool read_types(struct pablo_reader * r, unsigned * types) {
    *types = 0;
    while (pablo_next_word(r)) {
        if (strcmp(r->word, "Q4_0") == 0) {
            *types |= PABLO_TYPE_Q4_0;
        } else if (strcmp(r->word, "Q8_0") == 0) {
            *types |= PABLO_TYPE_Q8_0;
        } else {
            return pablo_fail(r, r->word, "Q4_0 or Q8_0");
        }
    }
    return *types || pablo_fail(r, r->word, "Q4_0 or Q8_0");
}

enum key { KEY_CONTAINER, KEY_TABLE, KEY_TENSOR_TABLE, KEY_ENCODE, KEY_SCALE, KEY_DECODE, KEY_TYPES, KEY_HISTOGRAM, N_KEYS };

static bool read_key(struct pablo_reader * r, struct pablo_conf * conf, unsigned * seen) {
    static const char * const names[N_KEYS] = { "CONTAINER", "TABLE", "TENSOR_TABLE", "ENCODE", "SCALE", "DECODE", "TYPES", "HISTOGRAM" };

    int key = 0;
    while (key < N_KEYS && strcmp(r->word, names[key]) != 0) {
        ++key;
    }
    if (key == N_KEYS) {
        return pablo_fail(r, r->word, "CONTAINER, TABLE, TENSOR_TABLE, ENCODE, SCALE, DECODE, TYPES or HISTOGRAM");
    }
    if ((key == KEY_TABLE || key == KEY_TENSOR_TABLE) && conf->table_mode != PABLO_TABLE_CUSTOM) {
        return pablo_fail(r, r->word, "TABLE only with TABLE_MODE 2 in the first line");
    }
    if (key == KEY_TENSOR_TABLE) {
        return read_tensor_table(r, conf);
    }
    if (*seen & (1u << key)) {
        return pablo_fail(r, r->word, "each key only once");
    }
    *seen |= 1u << key;

    int value = 0;
    switch (key) {
        case KEY_CONTAINER:
            if (!pablo_read_choice(r, pablo_container_names, &value)) { return false; }
            conf->container = (enum pablo_container) value;
            break;
        case KEY_TABLE:
            if (!read_table(r, &conf->table)) { return false; }
            break;
        case KEY_ENCODE:
            if (!pablo_read_choice(r, pablo_encode_names, &value)) { return false; }
            conf->encode = (enum pablo_encode) value;
            break;
        case KEY_SCALE:
            if (!pablo_read_choice(r, pablo_scale_names, &value)) { return false; }
            conf->scale = (enum pablo_scale) value;
            break;
        case KEY_DECODE:
            pablo_next_word(r);
            if (!pablo_parse_defects(r->word, &conf->defects)) {
                return pablo_fail(r, r->word, "exact, published, or published: and any of packing,shift,lownibble,rawdot");
            }
            break;
        case KEY_TYPES:
            return read_types(r, &conf->types);
        case KEY_HISTOGRAM: // a path may hold spaces
            r->at += strspn(r->at, " \t");
            if (*r->at == '\0' || strlen(r->at) >= PABLO_MAX_PATH) {
                return pablo_fail(r, r->at, "a path");
            }
            strcpy(conf->histogram, r->at);
            return true;
    }
    return !pablo_next_word(r) || pablo_fail(r, r->word, "the end of the line");
}

static bool read_first(struct pablo_reader * r, struct pablo_conf * conf) {
    int mode, radius, table_mode;
    if (!pablo_read_int(r, 0, 1, "EXECUTION_MODE, 0 (simple) or 1 (own)", &mode) ||
        !pablo_read_int(r, 0, PABLO_MAX_RADIUS, "Q4_0_RADIUS, 0 to 7", &radius) ||
        !pablo_read_int(r, 0, 2, "TABLE_MODE, 0 (basic), 1 (balanced) or 2 (a TABLE line)", &table_mode)) {
        return false;
    }
    if (pablo_next_word(r)) {
        return pablo_fail(r, r->word, "the end of the line");
    }
    conf->own        = mode;
    conf->radius     = radius;
    conf->table_mode = (enum pablo_table_mode) table_mode;
    conf->table      = pablo_builtin_table(conf->table_mode);
    return true;
}

static bool parse_conf(struct pablo_conf * conf, const char * name, const char * text, size_t size, char error[PABLO_MAX_ERROR]) {
    pablo_default_conf(conf);

    struct pablo_reader r = { .name = name, .error = error };
    unsigned seen  = 0;
    bool     first = true;
    for (size_t i = 0; i < size;) {
        const char * end    = memchr(text + i, '\n', size - i);
        size_t       length = end ? (size_t) (end - text) - i : size - i;
        const size_t next   = i + length + 1;
        if (length > 0 && text[i + length - 1] == '\r') {
            --length;
        }
        ++r.line;
        if (length >= sizeof(r.text) || memchr(text + i, '\0', length)) {
            snprintf(error, PABLO_MAX_ERROR, "%.300s:%d:1: expected a line of text, found %s", name, r.line,
                     length >= sizeof(r.text) ? "one of 8192 characters or more" : "a zero byte");
            return false;
        }
        memcpy(r.text, text + i, length);
        r.text[length] = '\0';
        r.text[strcspn(r.text, "#")] = '\0';
        for (size_t last = strlen(r.text); last > 0 && strchr(" \t", r.text[last - 1]); --last) {
            r.text[last - 1] = '\0';
        }
        r.at = r.text;
        i = next;
        if (*r.text == '\0') {
            continue;
        }
        if (first) {
            if (!read_first(&r, conf)) { return false; }
            first = false;
        } else if (!pablo_next_word(&r) || !read_key(&r, conf, &seen)) {
            return false;
        }
    }
    if (first) {
        snprintf(error, PABLO_MAX_ERROR, "%.300s:1:1: expected EXECUTION_MODE Q4_0_RADIUS TABLE_MODE, found an empty file", name);
        return false;
    }
    if (conf->table_mode == PABLO_TABLE_CUSTOM && !(seen & 1u << KEY_TABLE)) {
        snprintf(error, PABLO_MAX_ERROR, "%.300s:1:1: TABLE_MODE 2 expects a line: TABLE, 16 bin widths, 16 decoded values", name);
        return false;
    }
    if (conf->scale == PABLO_SCALE_SEARCH && conf->encode != PABLO_ENCODE_NEAREST) {
        snprintf(error, PABLO_MAX_ERROR, "%.300s: SCALE search expects ENCODE nearest: it weighs the nearest decoded values", name);
        return false;
    }
    if (conf->container == PABLO_CONTAINER_PACKED && conf->defects) {
        snprintf(error, PABLO_MAX_ERROR, "%.300s: CONTAINER packed expects DECODE exact: the fork had no packed container", name);
        return false;
    }
    return true;
}

bool pablo_parse_conf(struct pablo_conf * conf, const char * name, const char * text, size_t size, char error[PABLO_MAX_ERROR]) {
    const bool ok = parse_conf(conf, name, text, size, error);
    if (!ok) {
        pablo_free_conf(conf);
    }
    return ok;
}

void pablo_free_conf(struct pablo_conf * conf) {
    free(conf->tensor_tables);
    conf->tensor_tables   = NULL;
    conf->n_tensor_tables = 0;
}

bool pablo_read_conf(struct pablo_conf * conf, const char ** found, char error[PABLO_MAX_ERROR]) {
    pablo_default_conf(conf);
    const char * given = getenv("PABLO_CONF");
    const char * name  = given && *given ? given : "pablo.conf";

    FILE * file = fopen(name, "rb");
    *found = file ? name : NULL;
    if (!file) {
        if (name == given || errno != ENOENT) {
            snprintf(error, PABLO_MAX_ERROR, "%.300s: cannot be opened: %s", name, strerror(errno));
            return false;
        }
        return true;
    }
    char * text = malloc(MAX_FILE);
    const size_t size = text ? fread(text, 1, MAX_FILE, file) : 0;
    const bool   bad  = !text || ferror(file);
    fclose(file);
    bool ok = false;
    if (bad || size == MAX_FILE) {
        snprintf(error, PABLO_MAX_ERROR, "%.300s: %s", name, bad ? "cannot be read" : "expected less than 1 MiB");
    } else {
        ok = pablo_parse_conf(conf, name, text, size, error);
    }
    free(text);
    return ok;
}
