// Second moments of several kinds, and what GPTQ makes of them, in double precision.

#pragma once

#include "check.h"

#include <vector>

enum moments_kind { MOMENTS_RANDOM, MOMENTS_SINGULAR, MOMENTS_ILL_CONDITIONED, MOMENTS_UNUSED_COLUMNS, MOMENTS_ZERO, N_MOMENTS };

static const char * const moments_names[N_MOMENTS] = { "random", "singular", "ill-conditioned", "unused columns", "zero" };

// The upper triangle, row by row.
std::vector<float> make_moments(random_source & random, moments_kind kind, int n);

// U of (M + damping * mean(diag M) * I)^-1 = UT U, upper triangular, n x n, by way of the inverse. Unused columns count
// as the mean of the others.
std::vector<double> reference_factor(const std::vector<float> & half, int n, double damping);

// M as it is factored, n x n.
std::vector<double> damped(const std::vector<float> & half, int n, double damping);

void test_rank_update(random_source & random);
void test_gather(random_source & random);
void test_factor(random_source & random);
void test_codes(random_source & random);
void test_moments(random_source & random);
