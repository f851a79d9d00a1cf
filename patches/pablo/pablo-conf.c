#include "pablo-conf-lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_FILE (1024*1024)

void pablo_default_conf(struct pablo_conf * conf) {
    memset(conf, 0, sizeof(*conf));
    conf->types = PABLO_TYPE_Q4_0 | PABLO_TYPE_Q8_0;
    conf->table = pablo_builtin_table(conf->table_mode);
    conf->damping = 0.01;
}

enum key { KEY_CONTAINER, KEY_TABLE, KEY_TENSOR_TABLE, KEY_ENCODE, KEY_SCALE, KEY_DECODE, KEY_TYPES, KEY_HISTOGRAM,
           KEY_FEEDBACK, KEY_DAMPING, KEY_FEEDBACK_TENSORS, N_KEYS };

static bool read_key(struct pablo_reader * r, struct pablo_conf * conf, unsigned * seen) {
    static const char * const names[N_KEYS] = { "CONTAINER", "TABLE", "TENSOR_TABLE", "ENCODE", "SCALE", "DECODE", "TYPES", "HISTOGRAM",
                                                "FEEDBACK", "DAMPING", "FEEDBACK_TENSORS" };

    int key = 0;
    while (key < N_KEYS && strcmp(r->word, names[key]) != 0) {
        ++key;
    }
    if (key == N_KEYS) {
        return pablo_fail(r, r->word, "CONTAINER, TABLE, TENSOR_TABLE, ENCODE, SCALE, DECODE, TYPES, HISTOGRAM, FEEDBACK, DAMPING or FEEDBACK_TENSORS");
    }
    if ((key == KEY_TABLE || key == KEY_TENSOR_TABLE) && conf->table_mode != PABLO_TABLE_CUSTOM) {
        return pablo_fail(r, r->word, "TABLE only with TABLE_MODE 2 in the first line");
    }
    if (key == KEY_TENSOR_TABLE) {
        return pablo_read_tensor_table(r, conf);
    }
    if (key == KEY_FEEDBACK_TENSORS) {
        return pablo_read_feedback_rule(r, conf);
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
            if (!pablo_read_table(r, &conf->table)) { return false; }
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
            return pablo_read_types(r, &conf->types);
        case KEY_HISTOGRAM:
            return pablo_read_rest(r, PABLO_MAX_PATH, "a path", conf->histogram);
        case KEY_FEEDBACK:
            return pablo_read_rest(r, PABLO_MAX_PATH, "a path", conf->feedback);
        case KEY_DAMPING:
            if (!pablo_read_positive(r, "a number above 0", &conf->damping)) { return false; }
            break;
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
    if (!conf->feedback[0] && (conf->n_feedback_rules || seen & 1u << KEY_DAMPING)) {
        snprintf(error, PABLO_MAX_ERROR, "%.300s: %s expects a line: FEEDBACK, the path of a model's second moments", name,
                 conf->n_feedback_rules ? "FEEDBACK_TENSORS" : "DAMPING");
        return false;
    }
    if (conf->feedback[0] && conf->defects) {
        snprintf(error, PABLO_MAX_ERROR, "%.300s: FEEDBACK expects DECODE exact: it makes good what weights decode to", name);
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
    free(conf->feedback_rules);
    conf->feedback_rules   = NULL;
    conf->n_feedback_rules = 0;
    conf->tensor_tables   = NULL;
    conf->n_tensor_tables = 0;
}

bool pablo_read_conf(struct pablo_conf * conf, const char ** found, char error[PABLO_MAX_ERROR]) {
    pablo_default_conf(conf);
    const char * given = getenv("PABLO_CONF");
    const char * name  = given && *given ? given : "pablo.conf";

    struct stat status;
    if (stat(name, &status) == 0 && (status.st_mode & S_IFMT) != S_IFREG) { // a pipe would be waited for
        *found = name;
        snprintf(error, PABLO_MAX_ERROR, "%.300s: is no regular file", name);
        return false;
    }
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
