#ifndef PLGRAPH_OPS_KERNELS_ROWS_H_
#define PLGRAPH_OPS_KERNELS_ROWS_H_

#include <algorithm>
#include <cstdint>

#include "core/threads.h"

namespace plgraph {

/// Elements that one thread should at least have to do.
constexpr std::int64_t kElementsPerThread = 16384;

/// Shares `instances` x `rows` pieces of work of `elements` elements each among the threads:
/// body(instance, begin, end) does the rows [begin, end) of an instance.
template <typename Body>
void ForRows(ThreadPool& threads, std::int64_t instances, std::int64_t rows, std::int64_t elements,
             const Body& body) {
  if (threads.size() == 1) {
    for (std::int64_t instance = 0; instance < instances; ++instance) body(instance, std::int64_t{0}, rows);
    return;
  }
  const std::int64_t grain =
      std::max<std::int64_t>(1, kElementsPerThread / std::max<std::int64_t>(elements, 1));
  threads.For(instances * rows, grain, 1, [&](std::int64_t begin, std::int64_t end) {
    while (begin < end) {
      const std::int64_t instance = begin / rows;
      const std::int64_t row = begin % rows;
      const std::int64_t count = std::min(rows - row, end - begin);
      body(instance, row, row + count);
      begin += count;
    }
  });
}

/// Shares the columns of `instances` matrices of `rows` rows among the threads: body(instance, begin, end) does the
/// columns [begin, end) of all rows of an instance. Borders are multiples of 16, the elements of a cache line of
/// floats.
template <typename Body>
void ForColumns(ThreadPool& threads, std::int64_t instances, std::int64_t rows, std::int64_t columns,
                const Body& body) {
  if (threads.size() == 1) {
    for (std::int64_t instance = 0; instance < instances; ++instance)
      body(instance, std::int64_t{0}, columns);
    return;
  }
  const std::int64_t grain = std::max<std::int64_t>(16, kElementsPerThread / std::max<std::int64_t>(rows, 1));
  if (instances >= threads.size()) {
    threads.For(instances, std::max<std::int64_t>(1, grain / columns), 1,
                [&](std::int64_t begin, std::int64_t end) {
                  for (std::int64_t instance = begin; instance < end; ++instance)
                    body(instance, std::int64_t{0}, columns);
                });
    return;
  }
  for (std::int64_t instance = 0; instance < instances; ++instance) {
    threads.For(columns, grain, 16,
                [&](std::int64_t begin, std::int64_t end) { body(instance, begin, end); });
  }
}

}  // namespace plgraph

#endif  // PLGRAPH_OPS_KERNELS_ROWS_H_
