#include "core/memory_budget.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string>

#include "core/error.h"

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

// The number after a name in a file of lines "name number ...".
std::optional<std::int64_t> Statistic(const std::string& path, const std::string& wanted) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    std::int64_t number = 0;
    if (words >> name && name == wanted && words >> number) return number;
  }
  return std::nullopt;
}

// MemAvailable: what can be taken without swapping, page cache that can be dropped included.
std::int64_t AvailableInMachine() {
  const auto kilobytes = Statistic("/proc/meminfo", "MemAvailable:");
  return kilobytes ? *kilobytes * 1024 : kUnlimited;
}

// What a control group still allows: its limit minus its use; pages of files that it can drop are free.
std::int64_t LeftInGroup(const std::string& limit_path, const std::string& use_path,
                         const std::string& stat_path, const std::string& droppable) {
  const auto limit = NumberIn(limit_path);
  const auto use = NumberIn(use_path);
  if (!limit || !use) return kUnlimited;
  return std::max<std::int64_t>(
      0, *limit - std::max<std::int64_t>(0, *use - Statistic(stat_path, droppable).value_or(0)));
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

// What is kept free within a limit of this process, for what cannot fail later: messages, and for each thread the
// buffers of the matrix products, which take up to 9 MB.
constexpr std::int64_t kReserve = std::int64_t{32} << 20;
constexpr std::int64_t kReserveOfThread = std::int64_t{9} << 20;

std::int64_t LeftInLimit(__rlimit_resource resource, const std::string& use) {
  const std::string status = "/proc/self/status";
  rlimit limit = {};
  if (getrlimit(resource, &limit) != 0 || limit.rlim_cur > static_cast<rlim_t>(kUnlimited)) return kUnlimited;
  const std::int64_t used = Statistic(status, use).value_or(0) * 1024 + kReserve +
                            Statistic(status, "Threads:").value_or(1) * kReserveOfThread;
  return std::max<std::int64_t>(0, static_cast<std::int64_t>(limit.rlim_cur) - used);
}

// `ulimit -v` and `ulimit -d`.
std::int64_t LeftInLimits() {
  return std::min(LeftInLimit(RLIMIT_AS, "VmSize:"), LeftInLimit(RLIMIT_DATA, "VmData:"));
}

}  // namespace

std::int64_t SystemMemory::Available() const {
  return std::min({AvailableInMachine(), LeftInGroups(), LeftInLimits()});
}

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

void RequireMemory(const MemoryBudget& budget, std::int64_t bytes, const std::string& what,
                   const std::string& hint) {
  const std::int64_t available = budget.Available();
  if (bytes <= available) return;
  throw Error(ErrorKind::kRuntime,
              fmt::format("{} needs {:.1f} MB of memory but {:.1f} MB are available{}", what,
                          static_cast<double>(bytes) / 1e6, static_cast<double>(available) / 1e6, hint));
}

}  // namespace plgraph
