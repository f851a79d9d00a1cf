// pablo: own codes inside ggml's Q4_0 and Q8_0 blocks.
//
// The thesis (ch. 3 and 4) changes what two existing types mean without adding
// a type: the blocks stay as large as they are, their codes get another meaning.
//
//   scheme             base type  stored code                        weight
//   simple             any        upstream's                         upstream's
//   centred, radius R  Q4_0       Q4_0 code - 8, -8..7; |c| <= R: 0  c * d
//   table, native      Q8_0       table(Q8_0 code), -8..7, a byte    value[c + 8] * d
//   table, packed      Q4_0       table(Q8_0 code), -8..7, a nibble  value[c + 8] * d
//
// A 4-bit code in a nibble is two's complement. Everything is chosen by a file,
// pablo.conf; without one, every function here does what upstream does.
//
// Functions that can fail return false and write one line to `error`.
// Nothing here keeps state between calls: all functions are safe from any
// number of threads as long as these do not write to the same memory.

#pragma once

#include "ggml.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PABLO_BLOCK 32      // weights per block, of Q4_0 as of Q8_0
#define PABLO_CODES 16      // codes of an own scheme
#define PABLO_MAX_RADIUS 7
#define PABLO_MAX_PATH 4096
#define PABLO_MAX_ERROR 512

//
// Schemes
//

enum pablo_table_mode { PABLO_TABLE_BASIC, PABLO_TABLE_BALANCED, PABLO_TABLE_CUSTOM };
enum pablo_container  { PABLO_CONTAINER_NATIVE, PABLO_CONTAINER_PACKED };
enum pablo_encode     { PABLO_ENCODE_BINS, PABLO_ENCODE_NEAREST };
enum pablo_scale      { PABLO_SCALE_ABSMAX, PABLO_SCALE_SEARCH };

// As pablo.conf and a file's metadata have them.
extern const char * const pablo_container_names[2];
extern const char * const pablo_encode_names[2];
extern const char * const pablo_scale_names[2];

// What the thesis's published fork did, and exact decoding does not.
enum pablo_defect {
    PABLO_DEFECT_PACKING   = 1, // Q4_0 own: a negative low nibble sets every bit of the high one
    PABLO_DEFECT_SHIFT     = 2, // Q4_0 simple: get_rows reads high nibbles of 8 and more as 16 too little
    PABLO_DEFECT_LOWNIBBLE = 4, // Q4_0 own: get_rows reads the low nibble without its sign
    PABLO_DEFECT_RAWDOT    = 8, // matrix multiplication uses the codes as they lie, undecoded
};
#define PABLO_DEFECTS_ALL 15u

enum pablo_types { PABLO_TYPE_Q4_0 = 1, PABLO_TYPE_Q8_0 = 2 };

// From -128 upwards, code i - 8 stands for `width[i]` neighbouring Q8_0 codes
// and decodes to `value[i]`. Widths sum to 256, values rise strictly.
struct pablo_table {
    int16_t width[PABLO_CODES];
    int8_t  value[PABLO_CODES];
};

// The table of the tensors whose names match, * standing for any text.
struct pablo_tensor_table {
    char               pattern[GGML_MAX_NAME];
    struct pablo_table table;
};

// Whether codes of the tensors whose names match are chosen with error feedback.
struct pablo_feedback_rule {
    char pattern[GGML_MAX_NAME];
    bool on;
};

struct pablo_conf {
    bool                  own;
    int                   radius; // 0..PABLO_MAX_RADIUS, Q4_0 native
    enum pablo_table_mode table_mode;
    struct pablo_table    table;
    enum pablo_container  container;
    enum pablo_encode     encode;
    enum pablo_scale      scale;
    unsigned              defects; // of enum pablo_defect; 0 is DECODE exact
    unsigned              types;   // of enum pablo_types
    char                  histogram[PABLO_MAX_PATH]; // path, or empty
    struct pablo_tensor_table * tensor_tables; // owned; PABLO_TABLE_CUSTOM only
    size_t                n_tensor_tables;
    char                  feedback[PABLO_MAX_PATH]; // path of second moments, or empty: no error feedback
    double                damping; // of the moments' mean diagonal, above 0
    struct pablo_feedback_rule * feedback_rules; // owned; the first that matches decides, none is on
    size_t                n_feedback_rules;
};

// The table of a mode; PABLO_TABLE_CUSTOM has that of PABLO_TABLE_BASIC until it is given one.
struct pablo_table pablo_builtin_table(enum pablo_table_mode mode);
bool pablo_check_table(const struct pablo_table * table, char error[PABLO_MAX_ERROR]);

//
// pablo.conf
//

void pablo_default_conf(struct pablo_conf * conf);

// After a successful parse or read.
void pablo_free_conf(struct pablo_conf * conf);

// The first TENSOR_TABLE that matches the tensor's name, else the model's table.
const struct pablo_table * pablo_table_for(const struct pablo_conf * conf, const char * tensor);

// Whether FEEDBACK_TENSORS leaves the tensor to error feedback.
bool pablo_feedback_for(const struct pablo_conf * conf, const char * tensor);

// `name` is only for messages: "name:line:column: expected …".
bool pablo_parse_conf(struct pablo_conf * conf, const char * name, const char * text, size_t size, char error[PABLO_MAX_ERROR]);

// Reads $PABLO_CONF, else ./pablo.conf, else sets the defaults; `found` is the name of the file, or NULL.
bool pablo_read_conf(struct pablo_conf * conf, const char ** found, char error[PABLO_MAX_ERROR]);

// "exact", or "published:" and the defects by name.
void pablo_defects_name(unsigned defects, char name[64]);
bool pablo_parse_defects(const char * name, unsigned * defects);

//
// Marks: what a weight tensor of an own file is, kept in its op_params, which
// no operation uses on a weight. So a tensor explains itself wherever it goes.
//

struct pablo_mark {
    uint32_t magic;
    uint8_t  packed;
    uint8_t  centred;
    uint8_t  defects;
    uint8_t  reserved;
    int8_t   value[PABLO_CODES]; // of each nibble, 0..15, in nibble order
};

void pablo_set_mark(struct ggml_tensor * tensor, const struct pablo_mark * mark);
const struct pablo_mark * pablo_get_mark(const struct ggml_tensor * tensor); // NULL: upstream's tensor

// The name of the buffer type that decodes what upstream's types cannot express.
#define PABLO_BUFFER_NAME "CPU_PABLO"

// True if get_rows, or matrix multiplication, of the tensor needs that buffer type.
bool pablo_needs_own_rows(const struct pablo_mark * mark, enum ggml_type type);
bool pablo_needs_own_dot (const struct pablo_mark * mark);

//
// Encoding and decoding. Rows are multiples of PABLO_BLOCK weights; `n` counts weights.
//

struct pablo_encoder {
    enum ggml_type     type; // of the blocks
    bool               own;
    bool               packed;
    int                radius;
    enum pablo_encode  encode;
    enum pablo_scale   scale;
    struct pablo_table table;
    float              limit[PABLO_CODES - 1]; // a weight's code is how many of them it is above, in units of its scale
};

// The encoder of one tensor that is quantized to `type`.
struct pablo_encoder pablo_make_encoder(const struct pablo_conf * conf, const char * tensor, enum ggml_type type);

// As ggml_quantize_chunk, whose place it takes. Returns the bytes written.
size_t pablo_quantize_chunk(const struct pablo_encoder * encoder, const float * src, void * dst, int64_t start, int64_t nrows, int64_t n_per_row, const float * imatrix);

// Turns own bytes into the bytes of upstream's type of the same name, in place:
// centred nibbles by their high bit, native table codes by their value.
void pablo_translate(enum ggml_type type, const struct pablo_mark * mark, void * data, int64_t n);

// get_rows: one row of own blocks to floats, with the defects of the mark.
void pablo_dequantize_row(enum ggml_type type, const struct pablo_mark * mark, const void * src, float * dst, int64_t n);

// Damages finished centred blocks as the fork's packing did (PABLO_DEFECT_PACKING).
void pablo_damage_packing(void * data, int64_t n);

//
// Histograms
//

#define PABLO_RUNS 16 // runs of 1..15 zeros, then of 16 and more

// Codes of a piece of the code stream, in storage order. Pieces join in order.
// A zero is the code 0 as it is stored: upstream's Q4_0 codes are 0..15, so
// there it is the most negative one, as in the thesis (figure 3.1.1).
struct pablo_histogram {
    uint64_t code[256]; // upstream's Q4_0: code; own: code + 8; upstream's Q8_0: code + 128
    uint64_t run[PABLO_RUNS]; // closed runs of zeros
    uint64_t n;
    uint64_t head; // zeros before the first other code; n if there is none
    uint64_t tail; // zeros after the last other code
};

void pablo_count(struct pablo_histogram * histogram, enum ggml_type type, bool own, const void * data, int64_t n);
void pablo_join(struct pablo_histogram * histogram, const struct pablo_histogram * next);

// Counts the runs that the ends of the stream leave open.
void pablo_close(struct pablo_histogram * histogram);

#ifdef __cplusplus
}
#endif
