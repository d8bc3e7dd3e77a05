#ifndef PLGRAPH_SERIALIZATION_PLAN_H_
#define PLGRAPH_SERIALIZATION_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/dtype.h"
#include "core/file_system.h"
#include "graph/graph.h"
#include "serialization/model.pb.h"

namespace plgraph {

/// A compiled model in a file: the graph after the passes, with the model it came from (overrides applied)
/// and what it was compiled for. PlanExecution makes an executable of it. The format is in FORMAT.md.
struct Plan {
  Model model;
  Graph graph;
  bool training = true;  ///< whether the graph has its adjoint
  DType dtype = DType::kFloat;
  std::int64_t batch = 1;
  std::int64_t steps = 1;
};

/// Whether the bytes start like a plan; so a tool can take a plan wherever it takes a model file.
bool IsPlan(std::span<const std::byte> bytes);

/// The same plan gives the same bytes.
std::vector<std::byte> EncodePlan(const Plan& plan);
/// Verifies the checksum, every reference, every op name and every count of operands; throws Error(kRuntime)
/// that names the path and what is wrong.
Plan DecodePlan(std::span<const std::byte> bytes, const std::string& path);

/// Replaces the file as a whole.
void WritePlan(FileSystem& files, const std::string& path, const Plan& plan);
Plan ReadPlan(FileSystem& files, const std::string& path);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_PLAN_H_
