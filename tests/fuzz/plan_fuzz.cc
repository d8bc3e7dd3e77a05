// A plan: decoded and, if it is sound, planned and encoded again.
#include "graph/compile.h"
#include "serialization/state/plan.h"
#include "tests/fuzz/fuzz_input.h"

namespace plgraph {
namespace {

void DecodeAndPlan(std::span<const std::byte> bytes) {
  const Plan plan = DecodePlan(bytes, "plan");
  EncodePlan(plan);
  CompileOptions options;
  options.training = plan.planned_for.training;
  options.steps = plan.planned_for.steps;
  options.continued = plan.planned_for.continued;
  options.outputs = plan.planned_for.outputs;
  PlanExecution(plan.graph, options);
}

}  // namespace
}  // namespace plgraph

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> bytes = plgraph::BytesOf(data, size);
  plgraph::Accepted([&] { plgraph::DecodeAndPlan(bytes); });
  plgraph::Accepted([&] { plgraph::DecodeAndPlan(plgraph::WithChecksum(bytes)); });
  return 0;
}
