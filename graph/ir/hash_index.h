#ifndef PLGRAPH_GRAPH_IR_HASH_INDEX_H_
#define PLGRAPH_GRAPH_IR_HASH_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "graph/ir/op_def.h"

namespace plgraph {

/// Finds values of a graph by a hash of what they are, such as a name, without memory of its own for each of them: a
/// large graph has hundreds of thousands.
class HashIndex {
 public:
  /// Makes room for so many values.
  void Reserve(size_t values);
  /// The value must not be there yet.
  void Add(std::uint64_t hash, Value value);
  void Remove(Value value);

  /// The value that was added last of those with this hash for which `same(value)`; no value if there is none.
  template <typename Same>
  Value Find(std::uint64_t hash, const Same& same) const {
    if (chains_.empty()) return {};
    const auto wanted = static_cast<std::uint32_t>(hash);
    for (Value at = chains_[ChainOf(wanted)]; at; at = EntryOf(at).next) {
      if (EntryOf(at).hash == wanted && same(at)) return at;
    }
    return {};
  }

 private:
  struct Entry {
    std::uint32_t hash = 0;
    Value next;  // in the chain of its hash
  };

  size_t ChainOf(std::uint32_t hash) const { return hash & (chains_.size() - 1); }
  const Entry& EntryOf(Value value) const { return entries_[static_cast<size_t>(value.id)]; }
  Entry& EntryOf(Value value) { return entries_[static_cast<size_t>(value.id)]; }

  std::vector<Value> chains_;   // the first of each; a power of two
  std::vector<Entry> entries_;  // by value
};

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_IR_HASH_INDEX_H_
