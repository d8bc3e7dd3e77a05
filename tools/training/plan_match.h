#ifndef PLGRAPH_TOOLS_TRAINING_PLAN_MATCH_H_
#define PLGRAPH_TOOLS_TRAINING_PLAN_MATCH_H_

#include <string>
#include <vector>

#include "core/error.h"
#include "graph/compile.h"
#include "serialization/state/plan.h"

namespace plgraph {

/// Throws Error(kRuntime) when the graph of a plan lacks an input or a parameter of its model, or has one of another
/// shape. `model` is the graph of the model as CheckGraph leaves it; `path` is that of the plan.
void CheckIsOfModel(const Plan& plan, const Graph& model, const std::string& path);

/// The error of kind kInvalid that says that a plan was compiled for something else than what is asked for: which of the
/// overrides (`path=value`) may ask for it, both, and what to do.
Error OtherPlan(const std::string& path, const PlannedFor& planned, const PlannedFor& asked,
                const std::vector<std::string>& overrides);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_PLAN_MATCH_H_
