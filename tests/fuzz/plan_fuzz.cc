// A plan: decoded and, if it is sound, planned and encoded again.
#include "graph/compile.h"
#include "serialization/plan.h"
#include "tests/fuzz/fuzz_input.h"

namespace plgraph {
namespace {

void DecodeAndPlan(std::span<const std::byte> bytes) {
  const Plan plan = DecodePlan(bytes, "plan");
  EncodePlan(plan);
  PlanExecution(plan.graph,
                {.training = plan.training, .dtype = plan.dtype, .batch = plan.batch, .steps = plan.steps});
}

}  // namespace
}  // namespace plgraph

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> bytes = plgraph::BytesOf(data, size);
  plgraph::Accepted([&] { plgraph::DecodeAndPlan(bytes); });
  plgraph::Accepted([&] { plgraph::DecodeAndPlan(plgraph::WithChecksum(bytes)); });
  return 0;
}
