// Which form each trace gets. A table has a row for each form: why a trace cannot have it, and what it costs. A trace
// that can be a sum is one where that takes fewer operations than the matrix. Of the forms of a matrix, that which
// keeps the least is taken: inverted, then recomputed, then kept. What is chosen stands in State::form, which the
// passes after this one apply, and for the report in Graph::trace_choices.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/diagnostics.h"
#include "graph/ir/known_ops.h"
#include "graph/ir/reach.h"
#include "graph/passes/passes.h"
#include "graph/passes/traces/recompute.h"
#include "graph/passes/traces/trace_cost.h"
#include "graph/passes/traces/trace_form.h"
#include "graph/passes/traces/trace_reads.h"

namespace plgraph {
namespace {

// A matrix for each step would itself have to be kept for all steps.
bool IsSmall(const TraceFactors& factors) {
  return factors.constant() || factors.kind() != TraceFactor::kPerConnection;
}

// A gate that the network computes for each row may close within a step, which no inversion survives: the trace would
// be recomputed from its snapshot every few steps. With the gates of gated linear attention (32 x 32, 192 steps) an
// update took 59 ms so, and 40 ms with recomputation. What decays row by row at a rate that is trained decays slowly.
bool MayDecayAtOnce(const TraceFactors& decay) {
  return std::any_of(decay.factors.begin(), decay.factors.end(), [](const TraceFactor& factor) {
    return factor.kind == TraceFactor::kPerRow && !factor.constant;
  });
}

constexpr std::string_view kOtherUpdate = "its update is not decay H + a b^T";

class FormChooser {
 public:
  FormChooser(const PlannedFor& planned, Graph& graph)
      : planned_(planned), graph_(graph), traces_(graph), is_backward_(BackwardNodes(graph)) {}

  void Run() {
    for (const Trace& trace : traces_.all()) {
      const ForcedForm* forced = ForcedOf(trace);
      candidates_.push_back({.trace = &trace, .forced = forced});
    }
    CheckForced();
    FillTable(ChosenForm::kInverted);
    FindRecomputed();
    FillTable(ChosenForm::kRecomputed);
    FillTable(ChosenForm::kKept);
    FillTable(ChosenForm::kSum);
    DropSumsWithoutPartner();
    for (Candidate& candidate : candidates_) Choose(candidate);
    RefuseForced();
    for (const Candidate& candidate : candidates_) Write(candidate);
  }

 private:
  // A trace, and its rows of the table.
  struct Candidate {
    const Trace* trace;
    const ForcedForm* forced = nullptr;
    std::array<FormOption, kFormCount> options = {};
    ChosenForm form = ChosenForm::kKept;

    FormOption& option(ChosenForm of) { return options[static_cast<size_t>(of)]; }
    const FormOption& option(ChosenForm of) const { return options[static_cast<size_t>(of)]; }
    bool Can(ChosenForm of) const { return option(of).why_not.empty(); }
  };

  // The table.
  std::string WhyNot(ChosenForm form, const Trace& trace) const {
    switch (form) {
      case ChosenForm::kKept:
        return "";
      case ChosenForm::kInverted:
        return WhyNotInverted(trace);
      case ChosenForm::kRecomputed:
        return WhyNotRecomputed(trace);
      case ChosenForm::kSum:
        return WhyNotSum(trace);
    }
    return "";
  }

  void FillTable(ChosenForm form) {
    for (Candidate& candidate : candidates_) {
      FormOption& option = candidate.option(form);
      option.why_not = WhyNot(form, *candidate.trace);
      if (option.why_not.empty()) option.cost = CostOf(form, UseOf(*candidate.trace), planned_.steps);
    }
  }

  std::string WhyNotMatrix(const Trace& trace) const {
    if (trace.state.adjoint) return "it is a gradient";
    if (!IsReadBackward(trace)) return "the backward pass does not read it";
    return HasOutput(trace) ? "it is an output, of which all steps are kept" : "";
  }

  std::string WhyNotInverted(const Trace& trace) const {
    if (const std::string reason = WhyNotMatrix(trace); !reason.empty()) return reason;
    if (!trace.form) return std::string(kOtherUpdate);
    if (trace.form->terms.size() != 1) return "its update adds several outer products";
    const OuterTerm& term = trace.form->terms[0];
    if (!IsSmall(trace.form->decay) || !IsSmall(term.scale))
      return "its decay or rate is another matrix at each step";
    return MayDecayAtOnce(trace.form->decay) ? "its decay of each row may become zero at any step" : "";
  }

  std::string WhyNotRecomputed(const Trace& trace) const {
    if (recomputed_for_[trace.value()]) return "";
    return WhyNotMatrix(trace);
  }

  std::string WhyNotSum(const Trace& trace) const {
    if (!trace.form || trace.form->terms.empty()) return std::string(kOtherUpdate);
    if (trace.form->decay.kind() > TraceFactor::kNumber) return "its decay is not one number";
    for (const OuterTerm& term : trace.form->terms) {
      if (term.scale.kind() > TraceFactor::kPerColumn) return "its rate differs from element to element";
      if (!VariesFully(term.pre, term.post)) return "its updates are the same for all samples or steps";
    }
    if (HasOutput(trace)) return "it is an output";
    for (const TraceRead& read : trace.reads) {
      const std::string reason = WhyNotRead(trace, read);
      if (!reason.empty()) return reason;
    }
    return "";
  }

  std::string WhyNotRead(const Trace& trace, const TraceRead& read) const {
    using enum plastic_mat_mul::Operand;
    const Node& reader = graph_.node(read.reader);
    if (read.form && IsPlasticProduct(reader) && reader.operands[kTrace] == read.matrix &&
        reader.operands[kWeight] != read.matrix) {
      const Value plasticity = reader.operands[kPlasticity];
      const bool matrix = plasticity && graph_.node(plasticity).shape.rank() > 1;
      return matrix ? "its plasticity differs from element to element" : "";
    }
    if (read.form && IsOp(reader, Ops().mat_mul) && reader.shape.rank() == 1) return "";
    if (read.form && IsOp(reader, Ops().dot) && Partner(trace, reader) != nullptr) return "";
    return fmt::format("{} ({}) reads all of it", reader.name, reader.op->name);
  }

  static bool IsPlasticProduct(const Node& node) {
    return IsOp(node, Ops().plastic_mat_mul) || IsOp(node, Ops().plastic_mat_mul_transposed);
  }

  bool VariesFully(Value a, Value b) const {
    const Variance both = graph_.node(a).variance | graph_.node(b).variance;
    return both == kFull;
  }

  // The gradient with which a Dot multiplies a trace, or the trace with which it multiplies a gradient.
  const Trace* Partner(const Trace& trace, const Node& dot) const {
    const Trace* a = traces_.OfMatrix(dot.operands[0]);
    const Trace* b = traces_.OfMatrix(dot.operands[1]);
    const Trace* other = a == &trace ? b : a;
    if (other == nullptr || other == &trace) return nullptr;
    const bool belong =
        other->state.gradient_of == trace.value() || trace.state.gradient_of == other->value();
    return belong ? other : nullptr;
  }

  bool HasOutput(const Trace& trace) const {
    return std::any_of(trace.matrices.begin(), trace.matrices.end(),
                       [&](Value matrix) { return IsAmong(graph_, planned_.outputs, matrix); });
  }

  bool IsReadBackward(const Trace& trace) const {
    return std::any_of(trace.reads.begin(), trace.reads.end(),
                       [&](const TraceRead& read) { return is_backward_[read.reader]; });
  }

  TraceUse UseOf(const Trace& trace) const {
    TraceUse use = {.shape = graph_.node(trace.value()).shape,
                    .terms = trace.form ? std::ssize(trace.form->terms) : 1,
                    .starts_at_zero = StartsAtZero(planned_, trace.state)};
    for (const TraceRead& read : trace.reads) {
      if (!IsOp(graph_.node(read.reader), Ops().dot)) {
        ++use.products;
        use.read_backward = use.read_backward || (!trace.state.adjoint && is_backward_[read.reader]);
      } else if (trace.state.adjoint) {
        use.dot = true;
      }
    }
    return use;
  }

  // What the backward pass reads and no inversion gives back, and the traces that this is made of.
  void FindRecomputed() {
    recomputed_for_ = NodeMap<Value>(graph_.size());
    if (!Recomputes(planned_)) return;
    NodeMap<bool> given_back(graph_.size());
    for (const Candidate& candidate : candidates_) {
      const bool inverted = candidate.Can(ChosenForm::kInverted) &&
                            (candidate.forced == nullptr || candidate.forced->form == ChosenForm::kInverted);
      if (!inverted) continue;
      for (const Value matrix : candidate.trace->matrices) given_back[matrix] = true;
    }
    recomputed_for_ = RecomputedFor(planned_, graph_, given_back);
    for (Candidate& candidate : candidates_) {
      const Value cause = recomputed_for_[candidate.trace->value()];
      if (!cause || !candidate.Can(ChosenForm::kInverted) || candidate.trace->state.adjoint) continue;
      if (candidate.forced == nullptr || candidate.forced->form == ChosenForm::kInverted)
        candidate.option(ChosenForm::kInverted).why_not =
            fmt::format("{} is recomputed, and it with that", graph_.node(cause).name);
    }
  }

  // A trace and its gradient, which are multiplied with each other, can be sums together only.
  void DropSumsWithoutPartner() {
    for (bool changed = true; changed;) {
      changed = false;
      for (Candidate& candidate : candidates_) {
        for (const TraceRead& read : candidate.trace->reads) {
          if (!candidate.Can(ChosenForm::kSum) || !IsOp(graph_.node(read.reader), Ops().dot)) continue;
          const Candidate& partner = CandidateOf(*Partner(*candidate.trace, graph_.node(read.reader)));
          if (partner.Can(ChosenForm::kSum) && MaySum(partner)) continue;
          candidate.option(ChosenForm::kSum).why_not = fmt::format(
              "it is multiplied with {}, which is a matrix", graph_.node(partner.trace->value()).name);
          changed = true;
        }
      }
    }
  }

  static bool MaySum(const Candidate& candidate) {
    return candidate.forced == nullptr || candidate.forced->form == ChosenForm::kSum;
  }

  Candidate& CandidateOf(const Trace& trace) {
    return candidates_[static_cast<size_t>(&trace - traces_.all().data())];
  }

  // The trace and the gradient that are multiplied with each other; a candidate alone if nothing is.
  std::vector<Candidate*> GroupOf(Candidate& candidate) {
    std::vector<Candidate*> group = {&candidate};
    for (const TraceRead& read : candidate.trace->reads) {
      const Node& reader = graph_.node(read.reader);
      if (!IsOp(reader, Ops().dot)) continue;
      const Trace* partner = Partner(*candidate.trace, reader);
      if (partner == nullptr) continue;
      Candidate* other = &CandidateOf(*partner);
      if (std::find(group.begin(), group.end(), other) == group.end()) group.push_back(other);
    }
    return group;
  }

  ChosenForm FormAsMatrix(const Candidate& candidate) const {
    if (candidate.Can(ChosenForm::kInverted)) return ChosenForm::kInverted;
    return recomputed_for_[candidate.trace->value()] ? ChosenForm::kRecomputed : ChosenForm::kKept;
  }

  void Choose(Candidate& candidate) {
    candidate.form = FormAsMatrix(candidate);
    if (candidate.forced != nullptr) {
      candidate.form = candidate.forced->form;
    } else if (candidate.Can(ChosenForm::kSum) && SumCostsLess(candidate)) {
      candidate.form = ChosenForm::kSum;
    }
  }

  bool SumCostsLess(Candidate& candidate) {
    double as_matrix = 0;
    double as_sum = 0;
    for (Candidate* member : GroupOf(candidate)) {
      if (member->forced != nullptr) return member->forced->form == ChosenForm::kSum;
      as_matrix += member->option(FormAsMatrix(*member)).cost.operations;
      as_sum += member->option(ChosenForm::kSum).cost.operations;
    }
    return as_sum < as_matrix;
  }

  const ForcedForm* ForcedOf(const Trace& trace) const {
    const auto found =
        std::find_if(planned_.trace_forms.begin(), planned_.trace_forms.end(), [&](const ForcedForm& forced) {
          return !trace.state.adjoint && graph_.Find(forced.trace) == trace.value();
        });
    return found == planned_.trace_forms.end() ? nullptr : &*found;
  }

  void CheckForced() const {
    std::vector<std::string> names;
    for (const Candidate& candidate : candidates_) {
      if (!candidate.trace->state.adjoint) names.push_back(graph_.node(candidate.trace->value()).name);
    }
    for (const ForcedForm& forced : planned_.trace_forms) {
      const bool known = std::any_of(candidates_.begin(), candidates_.end(),
                                     [&](const Candidate& c) { return c.forced == &forced; });
      if (known) continue;
      throw Error(ErrorKind::kInvalid,
                  fmt::format("--trace-form {}={}: no trace of this name{}; traces: {}", forced.trace,
                              NameOf(forced.form), DidYouMean(forced.trace, names),
                              names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
    }
  }

  void RefuseForced() const {
    for (const Candidate& candidate : candidates_) {
      if (candidate.forced == nullptr || candidate.Can(candidate.forced->form)) continue;
      std::vector<std::string_view> possible;
      for (int form = 0; form < kFormCount; ++form) {
        if (candidate.Can(static_cast<ChosenForm>(form)))
          possible.push_back(NameOf(static_cast<ChosenForm>(form)));
      }
      throw Error(ErrorKind::kInvalid,
                  fmt::format("--trace-form {}={}: {}; it can be {}", candidate.forced->trace,
                              NameOf(candidate.forced->form),
                              candidate.option(candidate.forced->form).why_not, fmt::join(possible, " or ")));
    }
  }

  // The cost of a matrix holds that of its gradient, which is one too where the trace is.
  void Write(const Candidate& candidate) {
    const Trace& trace = *candidate.trace;
    for (State& state : graph_.states) {
      if (state.value == trace.value()) state.form = candidate.form;
    }
    if (trace.state.adjoint) return;
    TraceChoice choice = {.trace = graph_.node(trace.value()).name,
                          .shape = graph_.node(trace.value()).shape,
                          .form = candidate.form,
                          .forced = candidate.forced != nullptr,
                          .options = candidate.options};
    if (const Trace* gradient = traces_.GradientOf(trace)) {
      const Candidate& of_gradient = CandidateOf(*gradient);
      choice.gradient_made = of_gradient.form != ChosenForm::kSum;
      for (int form = 0; form < kFormCount; ++form) {
        const bool sum = form == static_cast<int>(ChosenForm::kSum) && of_gradient.Can(ChosenForm::kSum);
        FormOption& option = choice.options[static_cast<size_t>(form)];
        option.cost = option.cost + of_gradient.option(sum ? ChosenForm::kSum : ChosenForm::kKept).cost;
      }
    }
    graph_.trace_choices.push_back(std::move(choice));
  }

  const PlannedFor& planned_;
  Graph& graph_;
  const Traces traces_;
  const NodeMap<bool> is_backward_;
  std::vector<Candidate> candidates_;  // as Traces::all()
  NodeMap<Value> recomputed_for_;
};

}  // namespace

void ChooseForms(const PlannedFor& planned, Graph& graph) { FormChooser(planned, graph).Run(); }

}  // namespace plgraph
