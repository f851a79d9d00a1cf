#include "pablo.h"

#include <stdio.h>

struct pablo_table pablo_builtin_table(enum pablo_table_mode mode) {
    // thesis, table 4.1.1
    static const struct pablo_table basic = {
        {  64,  32,  16,   8,  4,  2,  1,  1, 1, 1, 2, 4, 8, 16, 32, 64 },
        { -128, -64, -32, -16, -8, -4, -2, -1, 0, 1, 2, 4, 8, 16, 32, 64 },
    };
    // the published fork; the thesis describes it in section 4.1
    static const struct pablo_table balanced = {
        {  42,  22,  15,  12,  10,   9,   9,  9, 9, 9,  9, 10, 12, 15, 22,  42 },
        { -127, -65, -50, -38, -28, -19, -10, -1, 0, 9, 18, 27, 37, 49, 64, 127 },
    };
    return mode == PABLO_TABLE_BALANCED ? balanced : basic;
}

bool pablo_check_table(const struct pablo_table * table, char error[PABLO_MAX_ERROR]) {
    int sum = 0;
    for (int i = 0; i < PABLO_CODES; ++i) {
        if (table->width[i] < 1) {
            snprintf(error, PABLO_MAX_ERROR, "bin width %d is %d, expected 1 or more", i + 1, table->width[i]);
            return false;
        }
        sum += table->width[i];
        if (i > 0 && table->value[i] <= table->value[i - 1]) {
            snprintf(error, PABLO_MAX_ERROR, "decoded value %d is %d, expected more than the one before, %d",
                     i + 1, table->value[i], table->value[i - 1]);
            return false;
        }
    }
    if (sum != 256) {
        snprintf(error, PABLO_MAX_ERROR, "bin widths sum to %d, expected 256", sum);
        return false;
    }
    return true;
}

// Only the last star seen can still stand for another text: no more than length of pattern times length of name.
static bool matches(const char * pattern, const char * name) {
    const char * star = NULL;
    const char * from = name; // what the star stands for ends before this
    while (*name) {
        if (*pattern == '*') {
            star = pattern++;
            from = name;
        } else if (*pattern == *name) {
            ++pattern;
            ++name;
        } else if (star) {
            pattern = star + 1;
            name    = ++from;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        ++pattern;
    }
    return *pattern == '\0';
}

bool pablo_feedback_for(const struct pablo_conf * conf, const char * tensor) {
    for (size_t i = 0; i < conf->n_feedback_rules; ++i) {
        if (matches(conf->feedback_rules[i].pattern, tensor)) {
            return conf->feedback_rules[i].on;
        }
    }
    return true;
}

const struct pablo_table * pablo_table_for(const struct pablo_conf * conf, const char * tensor) {
    for (size_t i = 0; i < conf->n_tensor_tables; ++i) {
        if (matches(conf->tensor_tables[i].pattern, tensor)) {
            return &conf->tensor_tables[i].table;
        }
    }
    return &conf->table;
}
