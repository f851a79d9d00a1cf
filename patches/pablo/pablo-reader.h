// Reading pablo.conf word by word, with messages that name the place.

#pragma once

#include <stdbool.h>
#include <stddef.h>

struct pablo_reader {
    const char * name;
    int          line;
    char         text[8192];
    char       * at;
    char       * word; // the word last read
    char       * error;
};

// All return false after writing "name:line:column: expected …, found …" to `error`.
bool pablo_fail(struct pablo_reader * r, const char * at, const char * expected);
bool pablo_read_int(struct pablo_reader * r, int min, int max, const char * expected, int * value);
bool pablo_read_positive(struct pablo_reader * r, const char * expected, double * value);
bool pablo_read_rest(struct pablo_reader * r, size_t size, const char * expected, char * text); // the rest of the line, which may hold spaces
bool pablo_read_choice(struct pablo_reader * r, const char * const names[2], int * value);

// False at the end of the line.
bool pablo_next_word(struct pablo_reader * r);
