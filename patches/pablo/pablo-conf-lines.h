// The lines of pablo.conf that hold more than one value. All return false after writing to the reader's `error`.

#pragma once

#include "pablo-reader.h"
#include "pablo.h"

bool pablo_read_table(struct pablo_reader * r, struct pablo_table * table);
bool pablo_read_tensor_table(struct pablo_reader * r, struct pablo_conf * conf);
bool pablo_read_feedback_rule(struct pablo_reader * r, struct pablo_conf * conf);
bool pablo_read_types(struct pablo_reader * r, unsigned * types);
