#ifndef PLGRAPH_OPS_KERNELS_ROWS_H_
#define PLGRAPH_OPS_KERNELS_ROWS_H_

#include <algorithm>
#include <cstdint>

#include "core/threads.h"

namespace plgraph {

/// Elements that one thread should at least have to do.
constexpr std::int64_t kElementsPerThread = 16384;

/// Shares `rows` x `lines` pieces of work of `elements` elements each among the threads:
/// body(row, begin, end) does the lines [begin, end) of a row.
template <typename Body>
void ForLines(ThreadPool& threads, std::int64_t rows, std::int64_t lines, std::int64_t elements,
              const Body& body) {
  if (threads.size() == 1) {
    for (std::int64_t row = 0; row < rows; ++row) body(row, std::int64_t{0}, lines);
    return;
  }
  const std::int64_t grain =
      std::max<std::int64_t>(1, kElementsPerThread / std::max<std::int64_t>(elements, 1));
  threads.For(rows * lines, grain, 1, [&](std::int64_t begin, std::int64_t end) {
    while (begin < end) {
      const std::int64_t row = begin / lines;
      const std::int64_t line = begin % lines;
      const std::int64_t count = std::min(lines - line, end - begin);
      body(row, line, line + count);
      begin += count;
    }
  });
}

/// Shares the columns of `rows` matrices of `lines` lines among the threads: body(row, begin, end) does the
/// columns [begin, end) of all lines of a row. Borders are multiples of 16, the elements of a cache line of
/// floats.
template <typename Body>
void ForColumns(ThreadPool& threads, std::int64_t rows, std::int64_t lines, std::int64_t columns,
                const Body& body) {
  if (threads.size() == 1) {
    for (std::int64_t row = 0; row < rows; ++row) body(row, std::int64_t{0}, columns);
    return;
  }
  const std::int64_t grain =
      std::max<std::int64_t>(16, kElementsPerThread / std::max<std::int64_t>(lines, 1));
  if (rows >= threads.size()) {
    threads.For(rows, std::max<std::int64_t>(1, grain / columns), 1,
                [&](std::int64_t begin, std::int64_t end) {
                  for (std::int64_t row = begin; row < end; ++row) body(row, std::int64_t{0}, columns);
                });
    return;
  }
  for (std::int64_t row = 0; row < rows; ++row) {
    threads.For(columns, grain, 16, [&](std::int64_t begin, std::int64_t end) { body(row, begin, end); });
  }
}

}  // namespace plgraph

#endif  // PLGRAPH_OPS_KERNELS_ROWS_H_
