#ifndef PLGRAPH_SERIALIZATION_STATE_PLAN_H_
#define PLGRAPH_SERIALIZATION_STATE_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/file_system.h"
#include "graph/compile.h"
#include "graph/ir/graph.h"
#include "serialization/language/model.pb.h"

namespace plgraph {

/// A compiled model in a file: the model (overrides applied), the graph that the passes made of it, and what they made
/// it for. PlanExecution makes an executable of it. The format is in FORMAT.md.
struct Plan {
  Model model;
  Graph graph;
  PlannedFor planned_for;
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

#endif  // PLGRAPH_SERIALIZATION_STATE_PLAN_H_
