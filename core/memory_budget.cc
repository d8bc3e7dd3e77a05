#include "core/memory_budget.h"

#include <sys/mman.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

namespace plgraph {
namespace {

constexpr std::int64_t kUnlimited = std::numeric_limits<std::int64_t>::max();

// The first word of a file as a number; nothing if there is no such file or it says "max".
std::optional<std::int64_t> NumberIn(const std::string& path) {
  std::ifstream file(path);
  std::int64_t number = 0;
  if (file >> number) return number;
  return std::nullopt;
}

// MemAvailable: what can be taken without swapping, page cache that can be dropped included.
std::int64_t AvailableInMachine() {
  std::ifstream file("/proc/meminfo");
  std::string name;
  std::string unit;
  for (std::int64_t kilobytes = 0; file >> name >> kilobytes; std::getline(file, unit)) {
    if (name == "MemAvailable:") return kilobytes * 1024;
  }
  return kUnlimited;
}

// The number after `name` in a file of lines "name number", or 0.
std::int64_t Statistic(const std::string& path, const std::string& wanted) {
  std::ifstream file(path);
  std::string name;
  for (std::int64_t number = 0; file >> name >> number;) {
    if (name == wanted) return number;
  }
  return 0;
}

// What a control group still allows: its limit minus its use; pages of files that it can drop are free.
std::int64_t LeftInGroup(const std::string& limit_path, const std::string& use_path,
                         const std::string& stat_path, const std::string& droppable) {
  const auto limit = NumberIn(limit_path);
  const auto use = NumberIn(use_path);
  if (!limit || !use) return kUnlimited;
  return std::max<std::int64_t>(0,
                                *limit - std::max<std::int64_t>(0, *use - Statistic(stat_path, droppable)));
}

// The path of this process's control group from a line of /proc/self/cgroup: "0::/path" for version 2,
// "4:memory:/path" for version 1.
std::string GroupOf(const std::string& controller) {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    if (line.substr(first + 1, second - first - 1) == controller) return line.substr(second + 1);
  }
  return "/";
}

// A limit may be set on the group or on any one above it. In a container the path may not exist; the root
// does.
std::int64_t LeftInGroups() {
  std::int64_t left = kUnlimited;
  const auto walk = [&](const std::string& root, std::string group, const char* limit, const char* use,
                        const char* droppable) {
    while (true) {
      if (group == "/") group.clear();
      const std::string folder = root + group + "/";
      left = std::min(left, LeftInGroup(folder + limit, folder + use, folder + "memory.stat", droppable));
      if (group.empty()) return;
      group.resize(group.find_last_of('/'));
    }
  };
  walk("/sys/fs/cgroup", GroupOf(""), "memory.max", "memory.current", "inactive_file");
  walk("/sys/fs/cgroup/memory", GroupOf("memory"), "memory.limit_in_bytes", "memory.usage_in_bytes",
       "total_inactive_file");
  return left;
}

}  // namespace

std::int64_t SystemMemory::Available() const { return std::min(AvailableInMachine(), LeftInGroups()); }

void* SystemMemory::Take(std::int64_t bytes) {
  if (bytes <= 0) return nullptr;
  void* memory =
      mmap(nullptr, static_cast<size_t>(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  // Large pages where the kernel gives them: fewer misses when whole matrices are walked. A refusal is fine.
  madvise(memory, static_cast<size_t>(bytes), MADV_HUGEPAGE);
  return memory;
}

void SystemMemory::Release(void* memory, std::int64_t bytes) {
  if (memory != nullptr) munmap(memory, static_cast<size_t>(bytes));
}

}  // namespace plgraph
