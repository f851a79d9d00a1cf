// Codes chosen with error feedback: each is held against GPTQ's update in double precision.

#include "moments.h"

#include "pablo-feedback.h"

#include <cmath>
#include <cstring>
#include <string>

struct scheme {
    const char *   name;
    ggml_type      type;
    bool           own;
    bool           packed;
    int            radius;
};

static const scheme schemes[] = {
    { "Q4_0",           GGML_TYPE_Q4_0,   false, false, 0 },
    { "IQ4_NL",         GGML_TYPE_IQ4_NL, false, false, 0 },
    { "Q8_0",           GGML_TYPE_Q8_0,   false, false, 0 },
    { "centred",        GGML_TYPE_Q4_0,   true,  false, 0 },
    { "centred, 2",     GGML_TYPE_Q4_0,   true,  false, 2 },
    { "packed table",   GGML_TYPE_Q4_0,   true,  true,  0 },
    { "native table",   GGML_TYPE_Q8_0,   true,  false, 0 },
};

static pablo_encoder encoder_for(const scheme & s) {
    pablo_conf conf;
    pablo_default_conf(&conf);
    conf.own       = s.own;
    conf.radius    = s.radius;
    conf.container = s.packed ? PABLO_CONTAINER_PACKED : PABLO_CONTAINER_NATIVE;
    conf.encode    = PABLO_ENCODE_NEAREST;
    conf.scale     = PABLO_SCALE_SEARCH;
    conf.table     = pablo_builtin_table(PABLO_TABLE_BALANCED);
    return pablo_make_encoder(&conf, "", s.type);
}

// What is decoded, block by block, in units of the scale; and the scales.
static void decode(const scheme & s, const pablo_encoder & encoder, const std::vector<uint8_t> & bytes, std::vector<float> & value, std::vector<float> & scale) {
    const size_t block_size = ggml_type_size(s.type);
    value.resize(bytes.size()/block_size*32);
    scale.resize(bytes.size()/block_size);
    pablo_mark mark = {};
    mark.packed  = s.packed;
    mark.centred = s.own && s.type == GGML_TYPE_Q4_0 && !s.packed;
    for (int i = 0; i < PABLO_CODES; ++i) {
        mark.value[i] = encoder.table.value[i ^ 8];
    }
    for (size_t b = 0; b < scale.size(); ++b) {
        std::vector<uint8_t> block(bytes.begin() + b*block_size, bytes.begin() + (b + 1)*block_size);
        ggml_fp16_t half;
        memcpy(&half, block.data(), sizeof(half));
        scale[b] = ggml_fp16_to_fp32(half);
        half = ggml_fp32_to_fp16(1.0f);
        memcpy(block.data(), &half, sizeof(half));
        if (s.own) {
            pablo_dequantize_row(s.type, &mark, block.data(), value.data() + 32*b, 32);
        } else {
            ggml_get_type_traits(s.type)->to_float(block.data(), value.data() + 32*b, 32);
        }
    }
}

// The value that a weight in units of its scale is rounded to.
static double round_to_code(const scheme & s, const pablo_encoder & encoder, double x) {
    static const double iq4_nl[16] = { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 };
    if (s.type == GGML_TYPE_IQ4_NL || s.packed || (s.own && s.type == GGML_TYPE_Q8_0)) {
        double best = INFINITY;
        for (int i = 0; i < 16; ++i) {
            const double value = s.own ? encoder.table.value[i] : iq4_nl[i];
            best = std::fabs(x - value) < std::fabs(x - best) ? value : best;
        }
        return best;
    }
    const double low = s.type == GGML_TYPE_Q8_0 ? -127 : -8, high = s.type == GGML_TYPE_Q8_0 ? 127 : 7;
    const double rounded = std::min(high, std::max(low, std::nearbyint(x)));
    return s.own && std::fabs(rounded) <= s.radius ? 0.0 : rounded;
}

// The error of outputs, over M as it was factored.
static double loss(const std::vector<double> & m, const float * w, const std::vector<double> & q, int n) {
    double sum = 0.0;
    for (int r = 0; r < n; ++r) {
        for (int c = 0; c < n; ++c) {
            sum += (w[r] - q[r])*m[r*n + c]*(w[c] - q[c]);
        }
    }
    return sum;
}

static std::vector<float> random_rows(random_source & random, int n_rows, int n) {
    std::vector<float> weights(n_rows*n);
    for (int i = 0; i < n_rows*n; ++i) {
        weights[i] = i/n == 1 || i%n/32 == 2 ? 0.0f : 0.05f*random.weight(); // a row of zeros, and a block in every row
    }
    return weights;
}

struct moments_case {
    moments_kind        kind;
    int                 n;
    std::vector<double> u, m; // the factor and M in double precision
    pablo_factor        factor;
};

static void check(random_source & random, const scheme & s, const moments_case & moments) {
    const int n_rows = 13; // not a whole number of groups
    const moments_kind          kind    = moments.kind;
    const int                   n       = moments.n;
    const std::vector<double> & u       = moments.u, & m = moments.m;
    const pablo_factor &        factor  = moments.factor;
    const std::vector<float>    w       = random_rows(random, n_rows, n);
    const pablo_encoder         encoder = encoder_for(s);
    pablo_book book;
    CHECK(pablo_make_book(&book, &encoder), "%s", s.name);

    std::vector<uint8_t> bytes(n_rows*ggml_row_size(s.type, n)), rounded(bytes.size()), refined(bytes.size());
    pablo_quantize_with_feedback(book, factor, w.data(), bytes.data(), n_rows, 1, 0);
    pablo_quantize_with_feedback(book, factor, w.data(), refined.data(), n_rows, 1);
    for (const int n_threads : { 2, 5 }) {
        std::vector<uint8_t> shared(bytes.size());
        pablo_quantize_with_feedback(book, factor, w.data(), shared.data(), n_rows, n_threads);
        CHECK(shared == refined, "%s, %s, n %d: depends on threads", s.name, moments_names[kind], n);
    }
    pablo_quantize_chunk(&encoder, w.data(), rounded.data(), 0, n_rows, n, nullptr);

    std::vector<float> value, scale, rounded_value, rounded_scale;
    decode(s, encoder, bytes, value, scale);
    decode(s, encoder, rounded, rounded_value, rounded_scale);
    double with = 0.0, without = 0.0;
    for (int row = 0; row < n_rows; ++row) {
        std::vector<double> x(w.begin() + row*n, w.begin() + (row + 1)*n), q(n), q_rounded(n);
        for (int c = 0; c < n; ++c) {
            const int    at = row*n + c;
            const double d  = scale[at/32];
            q[c]         = d*value[at];
            q_rounded[c] = (double) rounded_scale[at/32]*rounded_value[at];
            if (d != 0.0) { // the code of a value so close to the bound of two that F32 may see it on the other side may be either's
                const double low  = round_to_code(s, encoder, x[c]/d - 1e-3);
                const double high = round_to_code(s, encoder, x[c]/d + 1e-3);
                CHECK(value[at] == low || value[at] == high, "%s, %s, n %d, row %d, column %d: %g for %g", s.name, moments_names[kind], n, row, c, value[at], x[c]/d);
            }
            const double e = (x[c] - q[c])/u[c*n + c];
            for (int later = c + 1; later < n; ++later) {
                x[later] -= e*u[c*n + later];
            }
            CHECK(row != 1 || q[c] == 0.0, "%s, %s, n %d, column %d: %g in a row of zeros", s.name, moments_names[kind], n, c, q[c]);
        }
        with    += loss(m, w.data() + row*n, q, n);
        without += loss(m, w.data() + row*n, q_rounded, n);
    }
    CHECK(with < (kind == MOMENTS_ZERO ? 1.01 : 0.9)*without, "%s, %s, n %d: error of outputs %g with feedback, %g without", s.name, moments_names[kind], n, with, without);
}

// After many sweeps no other code of any column is better, and no row is worse than before.
static void check_refined(random_source & random, const scheme & s, const moments_case & moments) {
    const int n_rows = 13, n = moments.n;
    const std::vector<float> w       = random_rows(random, n_rows, n);
    const pablo_encoder      encoder = encoder_for(s);
    pablo_book book;
    pablo_make_book(&book, &encoder);
    std::vector<uint8_t> before(n_rows*ggml_row_size(s.type, n)), after(before.size());
    pablo_quantize_with_feedback(book, moments.factor, w.data(), before.data(), n_rows, 2, 0);
    pablo_quantize_with_feedback(book, moments.factor, w.data(), after.data(),  n_rows, 2, 100);
    std::vector<float> value, scale, value_before, scale_before;
    decode(s, encoder, after,  value, scale);
    decode(s, encoder, before, value_before, scale_before);
    for (int row = 0; row < n_rows; ++row) {
        std::vector<double> q(n), q_before(n), error(n);
        for (int c = 0; c < n; ++c) {
            const int at = row*n + c;
            q[c]        = (double) scale[at/32]*value[at];
            q_before[c] = (double) scale_before[at/32]*value_before[at];
            error[c]    = w[at] - q[c];
        }
        const double left = loss(moments.m, w.data() + row*n, q, n);
        CHECK(left <= loss(moments.m, w.data() + row*n, q_before, n)*(1 + 1e-5), "%s, %s, n %d, row %d: refined to %g", s.name, moments_names[moments.kind], n, row, left);
        for (int c = 0; c < n; ++c) {
            const double d = scale[(row*n + c)/32];
            double slope = 0.0;
            for (int k = 0; k < n; ++k) {
                slope += error[k]*moments.m[k*n + c];
            }
            const double curve = moments.m[c*n + c];
            const double step  = d == 0.0 ? 0.0 : d*round_to_code(s, encoder, (q[c] + slope/curve)/d) - q[c];
            const double gain  = step*(2.0*slope - step*curve);
            CHECK(gain <= 1e-4*(left + d*d*curve), "%s, %s, n %d, row %d, column %d: another code is better by %g of %g", s.name, moments_names[moments.kind], n, row, c, gain, left);
        }
    }
}

// Without moments each code is the nearest, and scales leave less than absmax ones.
static void check_nearest(random_source & random, const scheme & s) {
    const int n_rows = 13, n = 96;
    const std::vector<float> w       = random_rows(random, n_rows, n);
    const pablo_encoder      encoder = encoder_for(s);
    pablo_book book;
    pablo_make_book(&book, &encoder);
    std::vector<uint8_t> bytes(n_rows*ggml_row_size(s.type, n)), shared(bytes.size());
    pablo_quantize_nearest(book, nullptr, w.data(), bytes.data(), n_rows, n, 1);
    pablo_quantize_nearest(book, nullptr, w.data(), shared.data(), n_rows, n, 3);
    CHECK(shared == bytes, "%s: depends on threads", s.name);
    std::vector<float> value, scale;
    decode(s, encoder, bytes, value, scale);
    double searched = 0.0, upstream = 0.0;
    for (int at = 0; at < n_rows*n; ++at) {
        const double d = scale[at/32];
        const double low = d == 0.0 ? 0.0 : round_to_code(s, encoder, w[at]/d - 1e-4), high = d == 0.0 ? 0.0 : round_to_code(s, encoder, w[at]/d + 1e-4);
        CHECK(d == 0.0 || value[at] == low || value[at] == high, "%s, %d: %g for %g", s.name, at, value[at], w[at]/d);
        searched += std::pow(w[at] - d*value[at], 2);
    }
    pablo_quantize_chunk(&encoder, w.data(), bytes.data(), 0, n_rows, n, nullptr);
    decode(s, encoder, bytes, value, scale);
    for (int at = 0; at < n_rows*n; ++at) {
        upstream += std::pow(w[at] - (double) scale[at/32]*value[at], 2);
    }
    CHECK(searched <= upstream*1.001, "%s: squared error %g, rounded %g", s.name, searched, upstream);
}

void test_codes(random_source & random) {
    for (int kind = 0; kind < N_MOMENTS; ++kind) {
        for (const int n : { 32, 288 }) {
            const std::vector<float> half = make_moments(random, (moments_kind) kind, n);
            const moments_case moments = { (moments_kind) kind, n, reference_factor(half, n, 0.01), damped(half, n, 0.01), pablo_make_factor(half.data(), n, 0.01, 2) };
            for (const scheme & s : schemes) {
                check(random, s, moments);
                check_refined(random, s, moments);
            }
        }
    }
    for (const scheme & s : schemes) {
        check_nearest(random, s);
    }
    const pablo_encoder other = encoder_for({ "Q6_K", GGML_TYPE_Q6_K, false, false, 0 });
    pablo_book book;
    CHECK(!pablo_make_book(&book, &other), "Q6_K has no book");
}
