#include "pablo.h"

#include <string.h>

static const struct { const char * name; unsigned defect; } defect_names[] = {
    { "packing",   PABLO_DEFECT_PACKING   },
    { "shift",     PABLO_DEFECT_SHIFT     },
    { "lownibble", PABLO_DEFECT_LOWNIBBLE },
    { "rawdot",    PABLO_DEFECT_RAWDOT    },
};
#define N_DEFECTS (sizeof(defect_names)/sizeof(defect_names[0]))

void pablo_defects_name(unsigned defects, char name[64]) {
    strcpy(name, defects ? "published:" : "exact");
    for (size_t i = 0; i < N_DEFECTS; ++i) {
        if (defects & defect_names[i].defect) {
            if (name[strlen(name) - 1] != ':') {
                strcat(name, ",");
            }
            strcat(name, defect_names[i].name);
        }
    }
}

bool pablo_parse_defects(const char * name, unsigned * defects) {
    *defects = 0;
    if (strcmp(name, "exact") == 0) {
        return true;
    }
    if (strcmp(name, "published") == 0) {
        *defects = PABLO_DEFECTS_ALL;
        return true;
    }
    if (strncmp(name, "published:", 10) != 0) {
        return false;
    }
    for (const char * p = name + 10;; ++p) {
        const size_t length = strcspn(p, ",");
        size_t i = 0;
        while (i < N_DEFECTS && (strlen(defect_names[i].name) != length || strncmp(p, defect_names[i].name, length) != 0)) {
            ++i;
        }
        if (i == N_DEFECTS) {
            return false;
        }
        *defects |= defect_names[i].defect;
        p += length;
        if (*p == '\0') {
            return true;
        }
    }
}
