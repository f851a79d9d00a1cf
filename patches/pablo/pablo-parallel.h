// Work that any thread may do a piece of.

#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

// Calls work(task, thread) for each task of 0..n_tasks - 1, by up to `n_threads` threads, numbered from 0.
// `work` must not throw.
template <typename F>
void pablo_parallel(int n_threads, int64_t n_tasks, F && work) {
    std::atomic<int64_t> next(0);
    const auto loop = [&](int thread) {
        for (int64_t task = next++; task < n_tasks; task = next++) {
            work(task, thread);
        }
    };
    const int n_used = (int) std::min<int64_t>(n_threads, n_tasks);
#if defined(_OPENMP) // ggml's own threads, which would otherwise wait for work in a loop beside these
    #pragma omp parallel for num_threads(n_used) schedule(static, 1)
    for (int thread = 0; thread < n_used; ++thread) {
        loop(thread);
    }
#else
    std::vector<std::thread> others;
    for (int thread = 1; thread < n_used; ++thread) {
        others.emplace_back(loop, thread);
    }
    loop(0);
    for (std::thread & other : others) {
        other.join();
    }
#endif
}
