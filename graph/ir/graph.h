#ifndef PLGRAPH_GRAPH_IR_GRAPH_H_
#define PLGRAPH_GRAPH_IR_GRAPH_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/shape.h"
#include "core/source_location.h"
#include "graph/ir/op_def.h"
#include "graph/ir/trace_choice.h"

namespace plgraph {

/// Along which axes a value has different instances: every value exists once for each combination.
struct Variance {
  bool sample = false;  ///< one for each sample of the batch
  bool step = false;    ///< one for each step of the episode

  bool Covers(Variance other) const { return (sample || !other.sample) && (step || !other.step); }
  friend Variance operator|(Variance a, Variance b) { return {a.sample || b.sample, a.step || b.step}; }
  friend bool operator==(Variance, Variance) = default;
};

/// When a node runs. The order of the enumerators is the order of an update.
enum class Phase {
  kOnce,          ///< depends on parameters only: once an update
  kAhead,         ///< depends on inputs, on no state: all steps and samples as one batch, before the loop
  kStep,          ///< in the loop over the steps: depends on a state, and a state depends on it
  kAfter,         ///< depends on the loop, no state depends on it: one batch; the losses, and their gradients
  kStepAdjoint,   ///< in the backward loop over the steps
  kAheadAdjoint,  ///< depends on the backward loop; one batch
  kOnceAdjoint,   ///< gradients of parameters, once an update
};
constexpr int kPhaseCount = 7;
std::string_view NameOf(Phase phase);
constexpr bool IsLoop(Phase phase) { return phase == Phase::kStep || phase == Phase::kStepAdjoint; }

class Graph;

/// Where a value comes from.
enum class NodeKind {
  kOp,
  kInput,      ///< the data
  kParameter,  ///< trained
  kState,      ///< what the state's `next` was at the end of the step before (for an adjoint state: after)
  kControl,    ///< set by whoever runs the graph: a seed of the backward pass, the mark of the last step
};

/// A vertex: one operation, or a source of values; its name is its result's name. Nothing is read from a name: what a
/// node is stands in the other fields.
struct Node {
  std::string name;
  NodeKind kind = NodeKind::kOp;
  const OpDef* op = nullptr;         ///< null unless kind is kOp
  std::vector<Value> operands = {};  ///< as in the OpDef; no value for an absent optional operand
  std::vector<AttributeValue> attributes = {};
  Shape shape = {};  ///< of one sample at one step
  Variance variance = {};
  Phase phase = Phase::kOnce;
  bool trainable = false;  ///< parameters only
  bool recomputed =
      false;  ///< recomputed in the backward pass, from snapshots of states, not kept for all steps
  /// The name of the node of the model that it is, or for which the compiler made it.
  std::string origin = {};
  SourceLocation location = {};                        ///< of the origin, in the model file
  std::vector<SourceLocation> operand_locations = {};  ///< as operands; empty for nodes made by the compiler
  bool backward = false;                               ///< made for the backward pass
  bool at_last_step = false;                           ///< made for the last step of a run alone
  std::uint32_t random_stream = 0;  ///< of a random op: the stream of its numbers, which its copies share

  bool IsOfModel() const { return origin == name; }
};

/// A node that the compiler makes for another, with no more than a name and what it has from the other: the origin,
/// the pass and the steps.
Node MadeFor(const Node& source, std::string name);

/// A value that lives from step to step; or, if it is the same at all steps, from run to run.
struct State {
  Value value;  ///< the kState node: what it is during a step
  Value next;   ///< what it becomes; of a state that is the same at all steps, at the end of a run
  double initial_constant = 0;
  Value initial = {};    ///< if set: a parameter, the initial value
  bool kept = false;     ///< goes on from episode to episode
  bool adjoint = false;  ///< runs from the last step to the first
  Value resumes = {};    ///< of an adjoint state: the state with whose value at the end of the run it starts
  Value gradient_of = {};  ///< of an adjoint state: the state whose gradient it is, if that is still there
  ChosenForm form = ChosenForm::kKept;  ///< of a state that is a matrix, after the pass "forms"
};

/// Whether a state is a trace, or the gradient of one: a matrix for each sample, which is large beside the vectors that
/// make it.
bool IsTrace(const Graph& graph, const State& state);

/// At which steps a term is taken.
enum class TermAt { kLastStep, kEveryStep, kWeighted };

/// A loss or a metric: a scalar, taken at some steps, averaged over the batch.
struct Term {
  std::string name;
  Value value;  ///< a scalar; after the pass "terms": one for each sample, already joined over the steps
  TermAt at = TermAt::kLastStep;
  Value weight = {};  ///< kWeighted: a scalar input
  double scale = 1;   ///< of a loss, in the total
  bool is_loss = false;
  SourceLocation location = {};
  Value seed = {};  ///< of a loss, after the pass "autodiff": the control that holds dtotal/dterm
};

/// The gradient of the total loss with respect to a trainable parameter, summed over the batch's share.
struct ParameterGradient {
  Value parameter;
  Value gradient;  ///< no value: no loss depends on the parameter
};

/// What a parameter that is not trained becomes after a training run: a running mean.
struct ParameterUpdate {
  Value parameter;
  Value next;  ///< of the same shape, one for the whole run
};

/// Whether a node is a sum of which each step has one of its own.
inline bool SumsEachStep(const Node& node) {
  return node.op != nullptr && node.op->instance_rule == InstanceRule::kSum && node.variance.step;
}

/// Whether a node reads a value at other steps than its own too.
bool ReadsHistoryOf(const Node& node, Value operand);

/// What one network does with one sample at one step, and later also its adjoint. Vertices are nodes and
/// edges carry values from a node to the operand of another; the edges of states (from next to value) are not
/// edges of the graph, so that it has no cycle.
class Graph {
 public:
  Graph();
  ~Graph();
  Graph(const Graph& other);
  Graph& operator=(const Graph& other);
  Graph(Graph&&) noexcept;
  Graph& operator=(Graph&&) noexcept;

  /// Makes room for so many nodes.
  void Reserve(int nodes);
  /// Adds a node; its operands must be there already or be set later with SetOperand. A name that is taken
  /// gets a suffix: "d_w", "d_w.1". A node without an origin is one of the model; a random op without a stream gets
  /// one by its name.
  Value Add(Node node);
  void SetOperand(Value node, size_t index, Value operand);

  /// Gives a node another name if that is free; the old one is forgotten.
  void Rename(Value node, const std::string& name);
  /// Makes `name` find a node of another name: a pass merged the node of `name` into it, or into one that it replaces.
  void Alias(const std::string& name, Value node);

  int size() const;
  const Node& node(Value value) const;
  Node& node(Value value);
  /// The value of this name, or no value.
  Value Find(std::string_view name) const;
  /// All names that Find knows, in order.
  std::vector<std::pair<std::string, Value>> Names() const;
  /// Those of them that Alias has made.
  const std::vector<std::pair<std::string, Value>>& Aliases() const;
  /// The nodes that read a value, once for each operand that is it, in the order of their creation.
  std::vector<Value> Users(Value value) const;

  /// Every node after its operands; among those free to run, the earliest created first. The graph must be
  /// acyclic.
  std::vector<Value> TopologicalOrder() const;
  /// The groups of nodes that depend on each other in a circle; each in the direction of the data.
  std::vector<std::vector<Value>> Cycles() const;

  std::string name;
  std::vector<State> states;
  std::vector<Term> terms;  ///< losses and metrics, in the order of the file
  std::vector<ParameterGradient> gradients;
  std::vector<ParameterUpdate> updates;
  /// A control that is 1 at the last step of a run and 0 at the others; no value if nothing reads it.
  Value last_step;
  /// A control that is 1 in a run that starts an episode and 0 in a later window; no value if nothing reads
  /// it.
  Value first_window;
  /// A control that is 1 in the first run of a training, which alone starts kept states from their initial values,
  /// and 0 in the others; no value if nothing reads it.
  Value first_run;
  std::vector<TraceChoice> trace_choices;  ///< after the pass "forms", by state

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plgraph

#endif  // PLGRAPH_GRAPH_IR_GRAPH_H_
