#ifndef PLGRAPH_GRAPH_PASSES_PASSES_H_
#define PLGRAPH_GRAPH_PASSES_PASSES_H_

#include "graph/ir/compile_options.h"
#include "graph/ir/graph.h"

namespace plgraph {

/// Of what every sample has at every step.
constexpr Variance kFull = {.sample = true, .step = true};

/// Replaces the ops that are compositions by what they are composed of.
void ExpandCompositions(const PlannedFor& options, Graph& graph);

/// Puts their operand in the place of the ops that only training has, and forgets what training updates.
void DropTrainingOps(const PlannedFor& options, Graph& graph);

/// Takes the largest elements of windows before a Relu rather than behind it.
void PoolBeforeRelu(const PlannedFor& options, Graph& graph);

/// Gives every loss and metric a value of its own, one for each sample, and every state a `next` of its own.
void PrepareTerms(const PlannedFor& options, Graph& graph);

/// Appends the nodes of the gradient with respect to every trainable parameter, through time.
void AppendAdjoint(const PlannedFor& options, Graph& graph);

/// Merges equal nodes, replaces patterns by ops that do the same at less cost, and drops what nothing needs.
void Simplify(const PlannedFor& options, Graph& graph);

/// Chooses the form of each trace: State::form. Throws Error(kInvalid) for a form that a user wants of a trace that
/// cannot have it.
void ChooseForms(const PlannedFor& options, Graph& graph);

/// Puts sums over past updates in the place of the traces that have this form.
void SumPastUpdates(const PlannedFor& options, Graph& graph);

/// Marks what the backward pass recomputes by running updates again, because it can neither be inverted nor is small
/// enough to be kept for all steps. Does nothing where the steps are few.
void MarkRecomputed(const PlannedFor& options, Graph& graph);

/// Lets the backward pass invert the updates of the traces that have this form, so that they need not be kept for all
/// steps.
void InvertUpdates(const PlannedFor& options, Graph& graph);

/// Decides when each node runs.
void AssignPhases(const PlannedFor& options, Graph& graph);

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_PASSES_PASSES_H_
