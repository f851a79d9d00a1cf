// The sum of x xT over the rows x of many inputs, as blocked matrix products.

#pragma once

#include <cstdint>
#include <cstdio>
#include <vector>

class pablo_gather {
  public:
    explicit pablo_gather(int64_t n);

    // Adds rows of n floats each. The result depends on which rows come together in one call, not on the number of
    // threads. `scratch` is scratch_size(n) floats. False if a value is not finite; the sum is of no use then.
    bool add(const float * const * rows, int64_t n_rows, float * scratch, int n_threads);

    // Row r of the sum's upper triangle over the number of rows added, n - r values; 0 if there were none.
    void mean_row(int64_t r, float * to) const;

    uint64_t count() const { return n_added; }

    static int64_t size(int64_t n);         // floats that a sum holds
    static int64_t scratch_size(int64_t n);

  private:
    int64_t            n;
    uint64_t           n_added;
    std::vector<float> tiles; // of the upper triangle, row by row

    float *       tile(int64_t row, int64_t column);
    const float * tile(int64_t row, int64_t column) const;
};
