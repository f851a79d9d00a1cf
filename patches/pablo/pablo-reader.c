#include "pablo-reader.h"

#include "pablo.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char * const pablo_container_names[2] = { "native", "packed" };
const char * const pablo_encode_names[2]    = { "bins", "nearest" };
const char * const pablo_scale_names[2]     = { "absmax", "search" };

bool pablo_fail(struct pablo_reader * r, const char * at, const char * expected) {
    snprintf(r->error, PABLO_MAX_ERROR, "%.300s:%d:%d: expected %.120s, found %s%.40s%s", r->name, r->line, (int) (at - r->text) + 1, expected,
             *at ? "\"" : "", *at ? at : "the end of the line", *at ? "\"" : "");
    return false;
}

bool pablo_next_word(struct pablo_reader * r) {
    if (r->at > r->text && r->at[-1] == '\0') {
        r->at[-1] = ' ';
    }
    r->at  += strspn(r->at, " \t");
    r->word = r->at;
    r->at  += strcspn(r->at, " \t");
    if (*r->at) {
        *r->at++ = '\0';
    }
    return *r->word != '\0';
}

bool pablo_read_int(struct pablo_reader * r, int min, int max, const char * expected, int * value) {
    if (!pablo_next_word(r)) {
        return pablo_fail(r, r->word, expected);
    }
    char * end;
    errno = 0;
    const long number = strtol(r->word, &end, 10);
    if (*end || errno || number < min || number > max) {
        return pablo_fail(r, r->word, expected);
    }
    *value = (int) number;
    return true;
}

bool pablo_read_positive(struct pablo_reader * r, const char * expected, double * value) {
    pablo_next_word(r);
    char * end;
    *value = strtod(r->word, &end);
    return (end > r->word && !*end && isfinite(*value) && *value > 0.0) || pablo_fail(r, r->word, expected);
}

bool pablo_read_rest(struct pablo_reader * r, size_t size, const char * expected, char * text) {
    r->at += strspn(r->at, " \t");
    if (*r->at == '\0' || strlen(r->at) >= size) {
        return pablo_fail(r, r->at, expected);
    }
    strcpy(text, r->at);
    return true;
}

bool pablo_read_choice(struct pablo_reader * r, const char * const names[2], int * value) {
    char expected[64];
    snprintf(expected, sizeof(expected), "%s or %s", names[0], names[1]);
    pablo_next_word(r);
    *value = strcmp(r->word, names[1]) == 0;
    return *value || strcmp(r->word, names[0]) == 0 || pablo_fail(r, r->word, expected);
}
