#include "graph/compile.h"

#include "graph/passes/passes.h"

namespace plgraph {
namespace {

// The whole compiler, in order. One pass is one file in passes/. A pass that is optional makes a graph cheaper and
// may be left out.
constexpr Pass kTrainingPasses[] = {
    {"expand", ExpandCompositions},                // first, so that later passes see few ops
    {"pooling", PoolBeforeRelu, Pass::kOptional},  // pooling before a Relu: fewer elements
    {"terms", PrepareTerms},      // losses joined over the steps; each state has its own next
    {"autodiff", AppendAdjoint},  // gradient nodes are ordinary nodes
    {"simplify", Simplify},       // equal nodes merged, patterns replaced, dead nodes dropped
    {"forms", ChooseForms},       // after simplify, which makes patterns plain
    {"sum", SumPastUpdates, Pass::kOptional},
    {"recompute", MarkRecomputed, Pass::kOptional},  // before invert, which changes what reads a trace
    {"invert", InvertUpdates, Pass::kOptional},
    {"phases", AssignPhases},  // once, ahead, step, after, and back
};

constexpr Pass kInferencePasses[] = {
    {"expand", ExpandCompositions},
    {"inference", DropTrainingOps},  // after expand: compositions hold such ops
    {"pooling", PoolBeforeRelu, Pass::kOptional},
    {"terms", PrepareTerms},
    {"simplify", Simplify},
    {"forms", ChooseForms},
    {"sum", SumPastUpdates, Pass::kOptional},
    {"phases", AssignPhases},
};

}  // namespace

Executable Compile(Graph graph, const CompileOptions& options, const PassControl& control) {
  const std::span<const Pass> passes =
      options.training ? std::span<const Pass>(kTrainingPasses) : std::span<const Pass>(kInferencePasses);
  RunPasses(passes, options.planned_for(), control, graph);
  return PlanExecution(std::move(graph), options);
}

}  // namespace plgraph
