#ifndef PLGRAPH_GRAPH_PLAN_BLOCK_POOL_H_
#define PLGRAPH_GRAPH_PLAN_BLOCK_POOL_H_

#include <cstdint>
#include <iterator>
#include <map>

#include "core/checked_size.h"

namespace plgraph {

/// The part of an arena in which values follow each other in time: blocks are handed out and taken back, best fit
/// first, neighbours joined. In elements, from the start of the part.
class BlockPool {
 public:
  std::int64_t Take(std::int64_t size) {
    auto best = free_.end();
    for (auto it = free_.begin(); it != free_.end(); ++it) {
      if (it->second >= size && (best == free_.end() || it->second < best->second)) best = it;
    }
    if (best == free_.end()) return Extend(size);
    const std::int64_t offset = best->first;
    const std::int64_t rest = best->second - size;
    free_.erase(best);
    if (rest > 0) free_[offset + size] = rest;
    return offset;
  }

  void Give(std::int64_t offset, std::int64_t size) {
    auto it = free_.emplace(offset, size).first;
    const auto next = std::next(it);
    if (next != free_.end() && it->first + it->second == next->first) {
      it->second += next->second;
      free_.erase(next);
    }
    if (it == free_.begin()) return;
    const auto previous = std::prev(it);
    if (previous->first + previous->second == it->first) {
      previous->second += it->second;
      free_.erase(it);
    }
  }

  std::int64_t peak() const { return end_; }

 private:
  std::int64_t Extend(std::int64_t size) {
    std::int64_t offset = end_;
    if (!free_.empty() && free_.rbegin()->first + free_.rbegin()->second == end_) {
      offset = free_.rbegin()->first;
      free_.erase(std::prev(free_.end()));
    }
    end_ = (CheckedSize(offset) + size).value();
    return offset;
  }

  std::map<std::int64_t, std::int64_t> free_;  // offset -> size
  std::int64_t end_ = 0;
};

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PLAN_BLOCK_POOL_H_
