// Rates of the machine that plgraph's loops can be compared with: plain loops over the arrays that a step of a
// plastic layer of N x N passes over, and the product of two N x N matrices by BLIS. Prints JSON.
//
//     machine_rates [N] [THREADS]
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "core/clock.h"
#include "core/print.h"
#include "core/threads.h"
#include "ops/kernels/gemm.h"

namespace plgraph {
namespace {

constexpr int kPasses = 1001;
constexpr std::int64_t kGrain = 16384;  // elements that one thread should at least have to do
constexpr std::int64_t kAlign = 16;     // floats in a cache line

// What a step reads and writes: w, alpha, H, and in the backward pass G = dL/dH and dL/dalpha. The arithmetic is
// trivial and keeps every number near one.
struct Arrays {
  explicit Arrays(std::int64_t n) : size(n * n) {}

  std::int64_t size;
  std::vector<float> w = std::vector<float>(size, 0.5F);
  std::vector<float> alpha = std::vector<float>(size, 0.5F);
  std::vector<float> h = std::vector<float>(size, 0.5F);
  std::vector<float> g = std::vector<float>(size, 0.5F);
  std::vector<float> d_alpha = std::vector<float>(size, 0.5F);
};

// Reads w, alpha and h, writes h: 16 bytes per element.
__attribute__((target_clones("avx2", "default"))) void PassForward(const float* __restrict w,
                                                                   const float* __restrict alpha,
                                                                   float* __restrict h, std::int64_t size) {
  for (std::int64_t i = 0; i < size; ++i) h[i] = 0.5F * h[i] + w[i] * alpha[i];
}

// Reads w, alpha, h, g and d_alpha, writes h, g and d_alpha: 32 bytes per element.
__attribute__((target_clones("avx2", "default"))) void PassBackward(const float* __restrict w,
                                                                    const float* __restrict alpha,
                                                                    float* __restrict h, float* __restrict g,
                                                                    float* __restrict d_alpha,
                                                                    std::int64_t size) {
  for (std::int64_t i = 0; i < size; ++i) {
    h[i] = 0.5F * h[i] + w[i];
    g[i] = 0.5F * g[i] + alpha[i];
    d_alpha[i] = 0.5F * d_alpha[i] + h[i] * g[i];
  }
}

// The median of the seconds of one pass.
template <typename Body>
double MedianSeconds(int passes, const Body& pass) {
  const SystemClock clock;
  std::vector<double> seconds;
  for (int i = 0; i < passes; ++i) {
    const double start = clock.Seconds();
    pass();
    seconds.push_back(clock.Seconds() - start);
  }
  std::nth_element(seconds.begin(), seconds.begin() + passes / 2, seconds.end());
  return seconds[passes / 2];
}

double ForwardBytesPerSecond(Arrays& a, ThreadPool& threads) {
  const double seconds = MedianSeconds(kPasses, [&] {
    threads.For(a.size, kGrain, kAlign, [&](std::int64_t begin, std::int64_t end) {
      PassForward(&a.w[begin], &a.alpha[begin], &a.h[begin], end - begin);
    });
  });
  return 16.0 * static_cast<double>(a.size) / seconds;
}

double BackwardBytesPerSecond(Arrays& a, ThreadPool& threads) {
  const double seconds = MedianSeconds(kPasses, [&] {
    threads.For(a.size, kGrain, kAlign, [&](std::int64_t begin, std::int64_t end) {
      PassBackward(&a.w[begin], &a.alpha[begin], &a.h[begin], &a.g[begin], &a.d_alpha[begin], end - begin);
    });
  });
  return 32.0 * static_cast<double>(a.size) / seconds;
}

double GemmOperationsPerSecond(Arrays& a, std::int64_t n, ThreadPool& threads) {
  const MatrixView<const float> left = RowMajor<const float>(a.w.data(), n, n);
  const MatrixView<const float> right = RowMajor<const float>(a.alpha.data(), n, n);
  const MatrixView<float> product = RowMajor(a.h.data(), n, n);
  const double seconds =
      MedianSeconds(kPasses / 20, [&] { Gemm(left, right, product, Store::kReplace, threads); });
  return 2.0 * static_cast<double>(n * n * n) / seconds;
}

}  // namespace
}  // namespace plgraph

int main(int argc, char** argv) {
  const std::int64_t n = argc > 1 ? std::atoll(argv[1]) : 1000;
  const int thread_count = argc > 2 ? std::atoi(argv[2]) : plgraph::AvailableCores();
  if (n < 1 || n > 20000 || thread_count < 1) {
    plgraph::Print(stderr, "usage: machine_rates [N] [THREADS]      N from 1 to 20000\n");
    return 2;
  }
  plgraph::ThreadPool threads(thread_count);
  plgraph::Arrays arrays(n);
  const double forward = plgraph::ForwardBytesPerSecond(arrays, threads);
  const double backward = plgraph::BackwardBytesPerSecond(arrays, threads);
  const double gemm = plgraph::GemmOperationsPerSecond(arrays, n, threads);
  plgraph::Print(stdout,
                 "{{\"neurons\": {}, \"threads\": {}, \"forward_bytes_per_second\": {:.4g}, "
                 "\"backward_bytes_per_second\": {:.4g}, \"gemm_operations_per_second\": {:.4g}}}\n",
                 n, thread_count, forward, backward, gemm);
  return 0;
}
