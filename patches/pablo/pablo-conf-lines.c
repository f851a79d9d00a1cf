#include "pablo-conf-lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool pablo_read_table(struct pablo_reader * r, struct pablo_table * table) {
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

bool pablo_read_tensor_table(struct pablo_reader * r, struct pablo_conf * conf) {
    struct pablo_tensor_table entry;
    if (!pablo_next_word(r) || strlen(r->word) >= sizeof(entry.pattern)) {
        return pablo_fail(r, r->word, "a tensor's name, * for any text, then 16 bin widths and 16 decoded values");
    }
    strcpy(entry.pattern, r->word);
    if (!pablo_read_table(r, &entry.table)) {
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

bool pablo_read_feedback_rule(struct pablo_reader * r, struct pablo_conf * conf) {
    static const char * const names[2] = { "off", "on" };
    struct pablo_feedback_rule rule;
    int on;
    if (!pablo_read_choice(r, names, &on)) {
        return false;
    }
    if (!pablo_next_word(r) || strlen(r->word) >= sizeof(rule.pattern)) {
        return pablo_fail(r, r->word, "a tensor's name, * for any text, after on or off");
    }
    strcpy(rule.pattern, r->word);
    rule.on = on;
    if (pablo_next_word(r)) {
        return pablo_fail(r, r->word, "the end of the line");
    }
    void * grown = realloc(conf->feedback_rules, (conf->n_feedback_rules + 1)*sizeof(rule));
    if (!grown) {
        return pablo_fail(r, r->text, "memory for another rule");
    }
    conf->feedback_rules = grown;
    conf->feedback_rules[conf->n_feedback_rules++] = rule;
    return true;
}

bool pablo_read_types(struct pablo_reader * r, unsigned * types) {
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
