#include "graph/ir/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/container/deque.hpp>
#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/graph/strong_components.hpp>
#include <functional>
#include <queue>
#include <unordered_map>

#include "core/error.h"
#include "core/random.h"
#include "graph/ir/hash_index.h"

namespace plgraph {
namespace {

size_t IndexOf(Value value) { return static_cast<size_t>(value.id); }
std::uint64_t HashOf(std::string_view name) { return std::hash<std::string_view>()(name); }
Value ValueOf(size_t index) { return Value{static_cast<std::int32_t>(index)}; }

// A reference to a node outlives the adding of others. A block of memory holds many nodes; one of std::deque holds two.
using Nodes =
    boost::container::deque<Node, void,
                            boost::container::deque_options<boost::container::block_size<256U>>::type>;

// Who reads each value, once for each operand that it is: one list per value, all in one array, the last entry first.
class UserLists {
 public:
  void AddNode() { first_.push_back(kEnd); }
  void Add(Value value, Value user) {
    entries_.push_back({user, first_[IndexOf(value)]});
    first_[IndexOf(value)] = static_cast<std::int32_t>(entries_.size()) - 1;
  }
  void Remove(Value value, Value user) {
    std::int32_t* at = &first_[IndexOf(value)];
    while (EntryAt(*at).user != user) at = &EntryAt(*at).next;
    *at = EntryAt(*at).next;
  }
  template <typename Visit>
  void ForEach(Value value, const Visit& visit) const {
    for (std::int32_t at = first_[IndexOf(value)]; at != kEnd;) {
      const Entry& entry = entries_[static_cast<size_t>(at)];
      visit(entry.user);
      at = entry.next;
    }
  }

 private:
  struct Entry {
    Value user;
    std::int32_t next;
  };
  static constexpr std::int32_t kEnd = -1;

  Entry& EntryAt(std::int32_t at) { return entries_[static_cast<size_t>(at)]; }

  std::vector<std::int32_t> first_;  // by value
  std::vector<Entry> entries_;
};

}  // namespace

std::string_view NameOf(Phase phase) {
  constexpr std::string_view kNames[] = {"once",         "ahead",         "step",        "after",
                                         "step adjoint", "ahead adjoint", "once adjoint"};
  return kNames[static_cast<int>(phase)];
}

struct Graph::Impl {
  Nodes nodes;  // by value
  UserLists users;
  bool in_order = true;  // no operand was ever set that does not stand before its user
  HashIndex by_name;
  std::vector<std::pair<std::string, Value>> aliases;
  std::unordered_map<std::string, size_t> alias_at;  // in aliases
  std::unordered_map<std::string, int> next_suffix;

  Value Find(std::string_view wanted) const {
    const Value found =
        by_name.Find(HashOf(wanted), [&](Value v) { return nodes[IndexOf(v)].name == wanted; });
    if (found || aliases.empty()) return found;
    const auto alias = alias_at.find(std::string(wanted));
    return alias == alias_at.end() ? Value{} : aliases[alias->second].second;
  }

  void Connect(Value operand, Value user) {
    if (!operand) return;
    users.Add(operand, user);
    in_order = in_order && operand.id < user.id;
  }
};

Node MadeFor(const Node& source, std::string name) {
  return {.name = std::move(name),
          .origin = source.origin,
          .location = source.location,
          .backward = source.backward,
          .at_last_step = source.at_last_step};
}

bool ReadsHistoryOf(const Node& node, Value operand) {
  return std::any_of(node.op->history.begin(), node.op->history.end(),
                     [&](size_t i) { return node.operands[i] == operand; });
}

bool IsTrace(const Graph& graph, const State& state) { return graph.node(state.value).shape.IsMatrix(); }

Graph::Graph() : impl_(std::make_unique<Impl>()) {}
Graph::~Graph() = default;
Graph::Graph(Graph&&) noexcept = default;
Graph& Graph::operator=(Graph&&) noexcept = default;
Graph::Graph(const Graph& other)
    : name(other.name),
      states(other.states),
      terms(other.terms),
      gradients(other.gradients),
      updates(other.updates),
      last_step(other.last_step),
      first_window(other.first_window),
      first_run(other.first_run),
      trace_choices(other.trace_choices),
      impl_(std::make_unique<Impl>(*other.impl_)) {}
Graph& Graph::operator=(const Graph& other) {
  if (this != &other) *this = Graph(other);
  return *this;
}

Value Graph::Add(Node node) {
  const Value value = ValueOf(impl_->nodes.size());
  Node& added = impl_->nodes.emplace_back(std::move(node));
  impl_->users.AddNode();
  if (impl_->Find(added.name)) {
    const std::string stem = added.name;
    do {
      added.name = fmt::format("{}.{}", stem, ++impl_->next_suffix[stem]);
    } while (impl_->Find(added.name));
  }
  impl_->by_name.Add(HashOf(added.name), value);
  if (added.origin.empty()) added.origin = added.name;
  if (added.op != nullptr && added.op->random && added.random_stream == 0) {
    added.random_stream = StreamId(added.name);
  }
  for (const Value operand : added.operands) impl_->Connect(operand, value);
  return value;
}

void Graph::SetOperand(Value node_value, size_t index, Value operand) {
  Value& changed = node(node_value).operands[index];
  if (changed) impl_->users.Remove(changed, node_value);
  changed = operand;
  impl_->Connect(operand, node_value);
}

void Graph::Rename(Value value, const std::string& wanted) {
  if (impl_->Find(wanted)) return;
  impl_->by_name.Remove(value);
  node(value).name = wanted;
  impl_->by_name.Add(HashOf(wanted), value);
}

void Graph::Alias(const std::string& alias, Value value) {
  const auto known = impl_->alias_at.find(alias);
  if (known != impl_->alias_at.end()) {
    impl_->aliases[known->second].second = value;
  } else if (!impl_->Find(alias)) {
    impl_->alias_at.emplace(alias, impl_->aliases.size());
    impl_->aliases.emplace_back(alias, value);
  }
}

void Graph::Reserve(int nodes) { impl_->by_name.Reserve(static_cast<size_t>(nodes)); }

int Graph::size() const { return static_cast<int>(impl_->nodes.size()); }
const Node& Graph::node(Value value) const { return impl_->nodes[IndexOf(value)]; }
Node& Graph::node(Value value) { return impl_->nodes[IndexOf(value)]; }

Value Graph::Find(std::string_view wanted) const { return impl_->Find(wanted); }

std::vector<std::pair<std::string, Value>> Graph::Names() const {
  std::vector<std::pair<std::string, Value>> names = impl_->aliases;
  for (size_t i = 0; i < impl_->nodes.size(); ++i) names.emplace_back(impl_->nodes[i].name, ValueOf(i));
  std::sort(names.begin(), names.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return names;
}

const std::vector<std::pair<std::string, Value>>& Graph::Aliases() const { return impl_->aliases; }

std::vector<Value> Graph::Users(Value value) const {
  std::vector<Value> users;
  impl_->users.ForEach(value, [&](Value user) { users.push_back(user); });
  std::sort(users.begin(), users.end(), [](Value a, Value b) { return a.id < b.id; });
  return users;
}

std::vector<Value> Graph::TopologicalOrder() const {
  std::vector<Value> order;
  order.reserve(impl_->nodes.size());
  if (impl_->in_order) {  // as a pass leaves it
    for (size_t i = 0; i < impl_->nodes.size(); ++i) order.push_back(ValueOf(i));
    return order;
  }
  std::vector<size_t> missing(impl_->nodes.size());
  std::priority_queue<size_t, std::vector<size_t>, std::greater<>> ready;
  for (size_t i = 0; i < missing.size(); ++i) {
    const std::vector<Value>& operands = impl_->nodes[i].operands;
    missing[i] =
        static_cast<size_t>(std::count_if(operands.begin(), operands.end(), [](Value o) { return bool(o); }));
    if (missing[i] == 0) ready.push(i);
  }
  while (!ready.empty()) {
    const Value next = ValueOf(ready.top());
    ready.pop();
    order.push_back(next);
    impl_->users.ForEach(next, [&](Value user) {
      if (--missing[IndexOf(user)] == 0) ready.push(IndexOf(user));
    });
  }
  PLGRAPH_CHECK(order.size() == missing.size(), "the graph has a cycle");
  return order;
}

namespace {

using Edges = std::vector<std::pair<size_t, size_t>>;  // from a node to one that reads it
using Adjacency = boost::compressed_sparse_row_graph<boost::directedS>;
using Vertex = boost::graph_traits<Adjacency>::vertex_descriptor;

// Walks along edges inside one strong component until a vertex comes again; the walk from there on is a
// cycle.
std::vector<Value> CycleInside(const Adjacency& g, const std::vector<size_t>& component, Vertex start) {
  std::vector<Value> path;
  std::unordered_map<Vertex, size_t> position;
  for (Vertex v = start; !position.contains(v);) {
    position[v] = path.size();
    path.push_back(ValueOf(v));
    const auto [begin, end] = boost::out_edges(v, g);
    const auto next = std::find_if(
        begin, end, [&](auto edge) { return component[boost::target(edge, g)] == component[start]; });
    v = boost::target(*next, g);
    if (position.contains(v)) return {path.begin() + static_cast<std::ptrdiff_t>(position[v]), path.end()};
  }
  return path;
}

}  // namespace

std::vector<std::vector<Value>> Graph::Cycles() const {
  if (impl_->in_order) return {};
  Edges edges;
  for (size_t i = 0; i < impl_->nodes.size(); ++i) {
    for (const Value operand : impl_->nodes[i].operands) {
      if (operand) edges.emplace_back(IndexOf(operand), i);
    }
  }
  const Adjacency g(boost::edges_are_unsorted_multi_pass, edges.begin(), edges.end(), impl_->nodes.size());
  std::vector<size_t> component(impl_->nodes.size());
  const size_t count = boost::strong_components(
      g, boost::make_iterator_property_map(component.begin(), boost::get(boost::vertex_index, g)));
  std::vector<int> members(count);
  for (const size_t c : component) ++members[c];
  std::vector<std::vector<Value>> cycles;
  std::vector<bool> seen(count);
  for (Vertex v = 0; v < component.size(); ++v) {
    if (seen[component[v]]) continue;
    seen[component[v]] = true;
    const std::vector<Value>& operands = impl_->nodes[v].operands;
    const bool self_loop = std::find(operands.begin(), operands.end(), ValueOf(v)) != operands.end();
    if (members[component[v]] > 1 || self_loop) cycles.push_back(CycleInside(g, component, v));
  }
  return cycles;
}

}  // namespace plgraph
