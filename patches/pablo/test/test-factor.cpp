// The inner product, the sum of second moments, and their factor, against plain double precision.

#include "moments.h"

#include "pablo-factor.h"
#include "pablo-gather.h"
#include "pablo-rank.h"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

std::vector<float> make_moments(random_source & random, moments_kind kind, int n) {
    const int rank = kind == MOMENTS_SINGULAR ? 5 : kind == MOMENTS_ZERO ? 0 : 2*n;
    std::vector<double> sum(n*n);
    for (int k = 0; k < rank; ++k) {
        std::vector<double> x(n);
        double common = random.weight();
        for (int i = 0; i < n; ++i) {
            x[i] = random.weight() + common;
            if (kind == MOMENTS_ILL_CONDITIONED) {
                x[i] *= std::pow(10.0, 6.0*i/n - 3.0);
            }
            if (kind == MOMENTS_UNUSED_COLUMNS && i%7 == 3) {
                x[i] = 0.0;
            }
        }
        for (int r = 0; r < n; ++r) {
            for (int c = 0; c < n; ++c) {
                sum[r*n + c] += x[r]*x[c]/rank;
            }
        }
    }
    std::vector<float> half;
    for (int r = 0; r < n; ++r) {
        for (int c = r; c < n; ++c) {
            half.push_back((float) sum[r*n + c]);
        }
    }
    return half;
}

std::vector<double> damped(const std::vector<float> & half, int n, double damping) {
    std::vector<double> m(n*n);
    double trace = 0.0;
    int    used  = 0;
    size_t at    = 0;
    for (int r = 0; r < n; ++r) {
        for (int c = r; c < n; ++c) {
            m[r*n + c] = m[c*n + r] = half[at++];
        }
        trace += m[r*n + r];
        used  += m[r*n + r] != 0.0;
    }
    const double mean = used ? trace/used : 1.0;
    for (int r = 0; r < n; ++r) {
        m[r*n + r] = (m[r*n + r] != 0.0 ? m[r*n + r] : mean) + damping*mean;
    }
    return m;
}

std::vector<double> reference_factor(const std::vector<float> & half, int n, double damping) {
    std::vector<double> m = damped(half, n, damping), inverse(n*n), u(n*n);
    for (int r = 0; r < n; ++r) {
        inverse[r*n + r] = 1.0;
    }
    for (int p = 0; p < n; ++p) { // Gauss and Jordan; a positive definite matrix needs no other pivots
        const double pivot = m[p*n + p];
        for (int c = 0; c < n; ++c) {
            m[p*n + c]       /= pivot;
            inverse[p*n + c] /= pivot;
        }
        for (int r = 0; r < n; ++r) {
            const double factor = m[r*n + p];
            for (int c = 0; r != p && c < n; ++c) {
                m[r*n + c]       -= factor*m[p*n + c];
                inverse[r*n + c] -= factor*inverse[p*n + c];
            }
        }
    }
    for (int r = 0; r < n; ++r) { // inverse = UT U
        for (int c = r; c < n; ++c) {
            double rest = inverse[r*n + c];
            for (int k = 0; k < r; ++k) {
                rest -= u[k*n + r]*u[k*n + c];
            }
            u[r*n + c] = c == r ? std::sqrt(rest) : rest/u[r*n + r];
        }
    }
    return u;
}

template <typename T>
static void check_rank_update(random_source & random, T tolerance) {
    for (const int k : { 1, 7, 64, 300 }) {
        const int rows = 16, width = 64, lda = 70, ldb = 20, ldc = 66;
        std::vector<T> a(k*lda), b(k*ldb), c(rows*ldc);
        for (std::vector<T> * m : { &a, &b, &c }) {
            for (T & value : *m) {
                value = random.weight();
            }
        }
        std::vector<T> expected = c;
        pablo_rank_update(rows, width, k, (T) -1, a.data() + 1, lda, b.data() + 1, ldb, c.data() + 1, ldc);
        pablo_rank_update_ref(rows, width, k, (T) -1, a.data() + 1, lda, b.data() + 1, ldb, expected.data() + 1, ldc);
        for (size_t i = 0; i < c.size(); ++i) {
            CHECK(std::fabs(c[i] - expected[i]) <= tolerance*std::sqrt((T) k), "k %d, element %zu: %g instead of %g", k, i, (double) c[i], (double) expected[i]);
        }
    }
}

void test_rank_update(random_source & random) {
    check_rank_update<float>(random, 1e-5f);
    check_rank_update<double>(random, 1e-14);
}

void test_gather(random_source & random) {
    for (const int n : { 32, 80, 224 }) {
        const int n_rows = 600;
        std::vector<float> x(n_rows*n);
        std::vector<const float *> rows;
        for (float & value : x) {
            value = random.weight();
        }
        for (int r = 0; r < n_rows; ++r) {
            rows.push_back(x.data() + r*n);
        }
        std::vector<float> scratch(pablo_gather::scratch_size(n));
        pablo_gather one(n), many(n);
        for (int piece = 0; piece < 2; ++piece) { // two batches
            CHECK(one.add(rows.data() + piece*350, piece ? 250 : 350, scratch.data(), 1), "n %d: finite", n);
            CHECK(many.add(rows.data() + piece*350, piece ? 250 : 350, scratch.data(), 5), "n %d: finite", n);
        }
        CHECK(one.count() == (uint64_t) n_rows, "n %d: %d rows", n, (int) one.count());
        std::vector<float> a(n), b(n);
        for (int r = 0; r < n; ++r) {
            one.mean_row(r, a.data());
            many.mean_row(r, b.data());
            for (int c = r; c < n; ++c) {
                double sum = 0.0;
                for (int k = 0; k < n_rows; ++k) {
                    sum += (double) x[k*n + r]*x[k*n + c];
                }
                CHECK(std::fabs(a[c - r] - sum/n_rows) <= 2e-6, "n %d, row %d, column %d: %g instead of %g", n, r, c, a[c - r], sum/n_rows);
                CHECK(a[c - r] == b[c - r], "n %d, row %d, column %d: depends on threads", n, r, c);
            }
        }
        for (const float bad : { std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity() }) {
            x[n_rows*n - 1] = bad;
            pablo_gather refused(n);
            CHECK(!refused.add(rows.data(), n_rows, scratch.data(), 2), "n %d: %g is taken", n, bad);
        }
        pablo_gather none(n);
        none.mean_row(0, a.data());
        CHECK(a[0] == 0.0f && none.count() == 0, "n %d: nothing added", n);
    }
}

static std::string message_of(const std::vector<float> & half, int n) {
    try {
        pablo_make_factor(half.data(), n, 0.01, 2);
    } catch (const std::runtime_error & error) {
        return error.what();
    }
    return "";
}

void test_factor(random_source & random) {
    for (const int n : { 32, 96, 224 }) {
        for (int kind = 0; kind < N_MOMENTS; ++kind) {
            const std::vector<float>  half   = make_moments(random, (moments_kind) kind, n);
            const std::vector<double> u      = reference_factor(half, n, 0.01);
            const pablo_factor        factor = pablo_make_factor(half.data(), n, 0.01, 1);
            const pablo_factor        shared = pablo_make_factor(half.data(), n, 0.01, 4);
            CHECK(factor.strips == shared.strips && factor.weight == shared.weight, "%s, n %d: depends on threads", moments_names[kind], n);
            double mean = 0.0;
            for (int c = 0; c < n; ++c) {
                mean += 1.0/(u[c*n + c]*u[c*n + c])/n;
            }
            // R = U^-1, so with S_kc = R_kc/R_cc: sum over k of U_rk S_kc R_cc is 1 for r = c and else 0
            double worst = 0.0;
            for (int c = 0; c < n; ++c) {
                const double weight = 1.0/(u[c*n + c]*u[c*n + c])/mean;
                CHECK(std::fabs(factor.weight[c] - weight) <= 1e-5*weight, "%s, n %d, column %d: weight %g instead of %g", moments_names[kind], n, c, factor.weight[c], weight);
                for (int r = 0; r <= c; ++r) {
                    double sum = 0.0, size = 0.0;
                    for (int k = r; k <= c; ++k) {
                        const double term = u[r*n + k]*factor.strip(c/32)[k*32 + c%32];
                        sum  += term;
                        size += std::fabs(term);
                    }
                    const double expected = r == c ? u[c*n + c] : 0.0;
                    worst = std::max(worst, std::fabs(sum - expected)/size);
                }
            }
            CHECK(worst <= 1e-6, "%s, n %d: U S is off by %g", moments_names[kind], n, worst);
        }
    }
    std::vector<float> half = make_moments(random, MOMENTS_RANDOM, 64);
    half[64 + 1] = std::numeric_limits<float>::quiet_NaN();
    CHECK(message_of(half, 64) == "row 1, column 2 is not finite", "%s", message_of(half, 64).c_str());
    half[64 + 1] = 100.0f*half[64];
    CHECK(message_of(half, 64).find("they are no second moments") != std::string::npos, "a matrix that is not positive: %s", message_of(half, 64).c_str());
}
