#include "graph/passes/traces/past_updates.h"

#include "graph/ir/reach.h"
#include "graph/passes/passes.h"

namespace plgraph {
namespace {

Value Scaled(NodeBuilder& builder, const TraceFactors& factors, Value x) {
  return factors ? builder.Mul(ProductOf(builder, factors), x) : x;
}

}  // namespace

Value PastUpdates::ProductOf(NodeBuilder& builder, const Trace& trace, const TraceForm& form, Value x,
                             bool by_rows) {
  Value product = Scaled(builder, form.decay, Product(builder, trace, x, by_rows));
  for (const OuterTerm& term : form.terms) {
    const Value post = Scaled(builder, term.scale, term.post);
    const Value key = by_rows ? post : term.pre;
    const Value value = by_rows ? term.pre : post;
    product = builder.Add(product, builder.Mul(builder.Dot(key, x), value));
  }
  return product;
}

// x^T H, or H x.
Value PastUpdates::Product(NodeBuilder& builder, const Trace& trace, Value x, bool by_rows) {
  const std::tuple key{trace.value().id, x.id, by_rows};
  if (const auto found = products_.find(key); found != products_.end()) return found->second;
  Value product;
  if (!StartsAtZero(planned_, trace.state)) {
    const Value start = StartOf(trace);
    product = by_rows ? builder.MatMul(start, x) : builder.MatMul(x, start);
    if (const Value decay = DecayOf(trace)) {
      const History decays = HistoryOf(trace, decay, "decay");
      product = builder.Mul(builder.Apply("PastProduct", {decays.value}, {false, true, false, decays.lag}),
                            product);
    }
  }
  for (size_t t = 0; t < trace.form->terms.size(); ++t) {
    const OuterTerm& term = trace.form->terms[t];
    const Value scale = ScalesAfter(term) ? plgraph::ProductOf(builder, term.scale) : Value{};
    const Value query = scale && by_rows ? builder.Mul(scale, x) : x;
    const Value sum = Attend(builder, trace, t, query, by_rows, false);
    const Value of_term = scale && !by_rows ? builder.Mul(scale, sum) : sum;
    product = product ? builder.Add(product, of_term) : of_term;
  }
  return products_[key] = product;
}

Value PastUpdates::DerivativeByDecay(NodeBuilder& builder, const Trace& trace, const Trace& gradient) {
  Value derivative;
  for (const OuterTerm& update : gradient.form->terms) {
    const Value d = Scaled(builder, update.scale, update.post);
    Value product;
    for (size_t t = 0; t < trace.form->terms.size(); ++t) {
      Value of_term = Attend(builder, trace, t, update.pre, false, true);
      if (const OuterTerm& term = trace.form->terms[t]; ScalesAfter(term))
        of_term = builder.Mul(plgraph::ProductOf(builder, term.scale), of_term);
      product = product ? builder.Add(product, of_term) : of_term;
    }
    const Value of_update = builder.Dot(product, d);
    derivative = derivative ? builder.Add(derivative, of_update) : of_update;
  }
  return derivative;
}

// (a H + A) . (b G + B) = a b H . G + a H . B + A . (b G + B), where A and B are sums of outer products.
Value PastUpdates::DotOf(NodeBuilder& builder, const Trace& trace, const TraceForm& form,
                         const Trace& gradient, const TraceForm& form_of_gradient) {
  Value dot = Scaled(builder, form_of_gradient.decay, DotOfStates(trace, gradient));
  for (const OuterTerm& term : form_of_gradient.terms) {
    const Value product = Product(builder, trace, term.pre, false);
    dot = builder.Add(dot, builder.Dot(product, Scaled(builder, term.scale, term.post)));
  }
  dot = Scaled(builder, form.decay, dot);
  for (const OuterTerm& term : form.terms) {
    const Value product = ProductOf(builder, gradient, form_of_gradient, term.pre, false);
    dot = builder.Add(dot, builder.Dot(product, Scaled(builder, term.scale, term.post)));
  }
  return dot;
}

// H . G at each step. G is a sum over the updates that come after in time, decayed as H is, so that each pair of an update
// of H and one of G counts with all decays between them but that of this step. A state that runs back has, for each update
// of H, the products with all updates of G so far.
Value PastUpdates::DotOfStates(const Trace& trace, const Trace& gradient) {
  Value& dot = dots_[trace.value().id];
  if (dot) return dot;
  NodeBuilder builder(graph_, graph_.node(gradient.value()));
  const Value decay = DecayOf(trace);
  const auto run_back = [&](const std::string& name, const Shape& shape, Value update) {
    const Value state = AddState(gradient, name, shape);
    const Value next = builder.Add(decay ? builder.Mul(decay, state) : state, update);
    graph_.states.push_back({.value = state, .next = next, .adjoint = true});
    return state;
  };
  const Value dots = run_back("dots", {planned_.steps}, DotsOfUpdates(builder, trace, gradient));
  const History decays = decay ? HistoryOf(trace, decay, "decay") : History{};
  dot = builder.Apply("PastSum", {dots, decays.value}, {decays.lag});
  if (StartsAtZero(planned_, trace.state)) return dot;
  Value of_start = run_back("dot_of_start", {}, DotOfStart(builder, trace, gradient));
  if (decay)
    of_start =
        builder.Mul(builder.Apply("PastProduct", {decays.value}, {false, true, false, decays.lag}), of_start);
  return dot = builder.Add(dot, of_start);
}

// Of each update of H so far with the update of G of this step.
Value PastUpdates::DotsOfUpdates(NodeBuilder& builder, const Trace& trace, const Trace& gradient) {
  Value dots;
  const auto past_dots = [&](Value query, const History& keys) {
    return builder.Apply("PastDots", {query, keys.value}, {false, true, planned_.steps, keys.lag});
  };
  for (const OuterTerm& update : gradient.form->terms) {
    const Value d = Scaled(builder, update.scale, update.post);
    for (size_t t = 0; t < trace.form->terms.size(); ++t) {
      const OuterTerm& term = trace.form->terms[t];
      const std::string number = t == 0 ? "" : std::to_string(t);
      const Value query = ScalesAfter(term) ? builder.Mul(plgraph::ProductOf(builder, term.scale), d) : d;
      const Value of_pair =
          builder.Mul(past_dots(update.pre, HistoryOf(trace, term.pre, "pre" + number)),
                      past_dots(query, HistoryOf(trace, ScaledPost(trace, t), "post" + number)));
      dots = dots ? builder.Add(dots, of_pair) : of_pair;
    }
  }
  return dots;
}

// Of the start with the update of G of this step.
Value PastUpdates::DotOfStart(NodeBuilder& builder, const Trace& trace, const Trace& gradient) {
  Value dot;
  for (const OuterTerm& term : gradient.form->terms) {
    const Value d = Scaled(builder, term.scale, term.post);
    const Value of_term = builder.Dot(builder.MatMul(term.pre, StartOf(trace)), d);
    dot = dot ? builder.Add(dot, of_term) : of_term;
  }
  return dot;
}

// The product of a vector with what one term of the updates so far has made.
Value PastUpdates::Attend(NodeBuilder& builder, const Trace& trace, size_t term, Value query, bool by_rows,
                          bool derivative) {
  const std::string number = term == 0 ? "" : std::to_string(term);
  const History a = HistoryOf(trace, trace.form->terms[term].pre, "pre" + number);
  const History b = HistoryOf(trace, ScaledPost(trace, term), "post" + number);
  const Value decay = DecayOf(trace);
  const History decays = decay ? HistoryOf(trace, decay, "decay") : History{};
  const History& keys = by_rows ? b : a;
  const History& values = by_rows ? a : b;
  return builder.Apply("LinearAttention", {query, keys.value, values.value, decays.value},
                       {planned_.steps, trace.state.adjoint, keys.lag, values.lag, decays.lag, derivative});
}

void PastUpdates::KeepStart(const Trace& trace) {
  NodeBuilder builder(graph_, graph_.node(trace.value()));
  const Value start = StartOf(trace);
  const Value decay = DecayOf(trace);
  Value end = start;
  Value share;  // that is left of the update of a step at the end
  if (decay) {
    const Value all =
        builder.Mul(builder.Apply("PastProduct", {decay}, {false, true, false, std::int64_t{1}}), decay);
    end = builder.Mul(builder.Apply("LastStep", {all}), start);
    share = builder.Apply("PastProduct", {decay}, {false, true, true, std::int64_t{1}});
  }
  for (size_t t = 0; t < trace.form->terms.size(); ++t) {
    const OuterTerm& term = trace.form->terms[t];
    Value post = ScaledPost(trace, t);
    if (ScalesAfter(term)) post = builder.Mul(plgraph::ProductOf(builder, term.scale), post);
    if (share) post = builder.Mul(share, post);
    end = builder.Apply("AddOuters", {end, term.pre, post});
  }
  State state = trace.state;
  state.value = start;
  state.next = end;
  graph_.states.push_back(state);
}

Value PastUpdates::StartOf(const Trace& trace) {
  Value& start = starts_[trace.value().id];
  if (start) return start;
  start = AddState(trace, "start", graph_.node(trace.value()).shape);
  graph_.node(start).variance.step = false;
  return start;
}

// A gradient decays as its trace does.
Value PastUpdates::DecayOf(const Trace& trace) {
  if (!trace.form->decay) return {};
  Value& decay = decays_[trace.value().id];
  if (decay) return decay;
  NodeBuilder builder(graph_, graph_.node(trace.value()));
  return decay = plgraph::ProductOf(builder, trace.form->decay);
}

// With a scale that is not the same at all steps.
Value PastUpdates::ScaledPost(const Trace& trace, size_t t) {
  const OuterTerm& term = trace.form->terms[t];
  if (!term.scale || term.scale.constant()) return term.post;
  Value& scaled = scaled_[{trace.value().id, t}];
  if (scaled) return scaled;
  NodeBuilder builder(graph_, graph_.node(trace.value()));
  return scaled = builder.Mul(plgraph::ProductOf(builder, term.scale), term.post);
}

// What follows from the trace is read as a state of the next step: within a step it comes too late.
PastUpdates::History PastUpdates::HistoryOf(const Trace& trace, Value value, const std::string& role) {
  for (const State& state : graph_.states) {
    if (state.next == value && state.adjoint == trace.state.adjoint) return {state.value, 0};
  }
  if (!DependsOn(graph_, {trace.value()})[value]) return {value, 1};
  const Value added = AddState(trace, role, graph_.node(value).shape);
  graph_.states.push_back({.value = added, .next = value, .adjoint = trace.state.adjoint});
  return {added, 0};
}

// The value of a state that is made for a trace, and runs as it does.
Value PastUpdates::AddState(const Trace& trace, const std::string& name, const Shape& shape) {
  const Node& of = graph_.node(trace.value());
  Node state = MadeFor(of, of.name + "/" + name);
  state.kind = NodeKind::kState;
  state.shape = shape;
  state.variance = kFull;
  return graph_.Add(std::move(state));
}

}  // namespace plgraph
