#ifndef PLGRAPH_TESTS_CHECKPOINT_COUNTED_MEMORY_H_
#define PLGRAPH_TESTS_CHECKPOINT_COUNTED_MEMORY_H_

#include <cstddef>

namespace plgraph {

/// Counts what `operator new` of this program gives while the object lives, in this thread. One at a time.
class CountedMemory {
 public:
  CountedMemory();
  ~CountedMemory();
  CountedMemory(const CountedMemory&) = delete;
  CountedMemory& operator=(const CountedMemory&) = delete;

  /// The most that was held at once, in bytes.
  static size_t Peak();
  /// The largest piece that was asked for, in bytes.
  static size_t Largest();
};

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_CHECKPOINT_COUNTED_MEMORY_H_
