#include "graph/ir/hash_index.h"

#include <bit>

namespace plgraph {

void HashIndex::Reserve(size_t values) {
  if (values <= chains_.size()) return;
  std::vector<Value> old(std::bit_ceil(values));
  old.swap(chains_);
  entries_.reserve(chains_.size());
  for (Value first : old) {
    while (first) {
      Entry& entry = EntryOf(first);
      Value& chain = chains_[ChainOf(entry.hash)];
      const Value rest = entry.next;
      entry.next = chain;
      chain = first;
      first = rest;
    }
  }
}

void HashIndex::Add(std::uint64_t hash, Value value) {
  const auto index = static_cast<size_t>(value.id);
  Reserve(index + 1);
  if (entries_.size() <= index) entries_.resize(index + 1);
  const auto stored = static_cast<std::uint32_t>(hash);
  Value& chain = chains_[ChainOf(stored)];
  entries_[index] = {.hash = stored, .next = chain};
  chain = value;
}

void HashIndex::Remove(Value value) {
  Value* at = &chains_[ChainOf(EntryOf(value).hash)];
  while (*at != value) at = &EntryOf(*at).next;
  *at = EntryOf(value).next;
}

}  // namespace plgraph
