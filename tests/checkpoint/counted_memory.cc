#include "tests/checkpoint/counted_memory.h"

#include <malloc.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace plgraph {
namespace {

struct Count {
  bool active = false;
  std::int64_t held = 0;  // may fall below zero: what was taken before is given back
  std::int64_t peak = 0;
  size_t largest = 0;
};
thread_local Count count;

void* Take(size_t size) {
  void* memory = std::malloc(std::max<size_t>(1, size));
  if (memory == nullptr) throw std::bad_alloc();
  if (count.active) {
    count.held += static_cast<std::int64_t>(malloc_usable_size(memory));
    count.peak = std::max(count.peak, count.held);
    count.largest = std::max(count.largest, size);
  }
  return memory;
}

void Give(void* memory) {
  if (count.active) count.held -= static_cast<std::int64_t>(malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

CountedMemory::CountedMemory() { count = {.active = true}; }
CountedMemory::~CountedMemory() { count.active = false; }
size_t CountedMemory::Peak() { return static_cast<size_t>(count.peak); }
size_t CountedMemory::Largest() { return count.largest; }

}  // namespace plgraph

void* operator new(size_t size) { return plgraph::Take(size); }
void* operator new[](size_t size) { return plgraph::Take(size); }
// std::stable_sort takes its buffer by this one.
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  try {
    return plgraph::Take(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* memory) noexcept { plgraph::Give(memory); }
void operator delete[](void* memory) noexcept { plgraph::Give(memory); }
void operator delete(void* memory, size_t /*size*/) noexcept { plgraph::Give(memory); }
void operator delete[](void* memory, size_t /*size*/) noexcept { plgraph::Give(memory); }
