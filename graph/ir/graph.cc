#include "graph/ir/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/strong_components.hpp>
#include <deque>
#include <queue>
#include <unordered_map>

#include "core/error.h"
#include "core/random.h"

namespace plgraph {
namespace {

// Only from a node to its users, once for each operand that it is: what a node reads stands in the node.
using Adjacency = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS>;
using Vertex = Adjacency::vertex_descriptor;

Vertex VertexOf(Value value) { return static_cast<Vertex>(value.id); }
Value ValueOf(Vertex vertex) { return Value{static_cast<std::int32_t>(vertex)}; }

}  // namespace

struct Graph::Impl {
  Impl() = default;
  Impl(const Impl& other)
      : adjacency(other.nodes.size()),
        nodes(other.nodes),
        aliases(other.aliases),
        next_suffix(other.next_suffix) {
    by_name.reserve(other.by_name.size());
    for (size_t v = 0; v < nodes.size(); ++v) {
      by_name.emplace(nodes[v].name, ValueOf(v));
      ConnectOperands(ValueOf(v));
    }
    for (const auto& [alias, value] : aliases) AddAlias(alias, value);
  }

  Adjacency adjacency;
  std::deque<Node> nodes;  // by vertex; a reference to one outlives the adding of others
  std::unordered_map<std::string_view, Value> by_name;  // the names stand in the nodes and in alias_names
  std::vector<std::pair<std::string, Value>> aliases;  // those of by_name that are not the name of their node
  std::deque<std::string> alias_names;
  std::unordered_map<std::string, int> next_suffix;

  // Whether every node stands behind its operands, as a pass leaves them: then the order is that of the nodes.
  bool IsInOrder() const {
    std::int32_t id = 0;
    for (const Node& node : nodes) {
      for (const Value operand : node.operands) {
        if (operand.id >= id) return false;
      }
      ++id;
    }
    return true;
  }

  void AddAlias(const std::string& alias, Value value) {
    by_name.emplace(alias_names.emplace_back(alias), value);
  }

  void Connect(Value operand, Value user) {
    if (operand) boost::add_edge(VertexOf(operand), VertexOf(user), adjacency);
  }

  void ConnectOperands(Value user) {
    for (const Value operand : nodes[VertexOf(user)].operands) Connect(operand, user);
  }
};

Node MadeFor(const Node& source, std::string name) {
  return {.name = std::move(name),
          .origin = source.origin,
          .location = source.location,
          .backward = source.backward,
          .at_last_step = source.at_last_step};
}

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
      trace_notes(other.trace_notes),
      impl_(std::make_unique<Impl>(*other.impl_)) {}
Graph& Graph::operator=(const Graph& other) {
  if (this != &other) *this = Graph(other);
  return *this;
}

Value Graph::Add(Node node) {
  const Value value = ValueOf(boost::add_vertex(impl_->adjacency));
  Node& added = impl_->nodes.emplace_back(std::move(node));
  if (impl_->by_name.contains(added.name)) {
    const std::string stem = added.name;
    do {
      added.name = fmt::format("{}.{}", stem, ++impl_->next_suffix[stem]);
    } while (impl_->by_name.contains(added.name));
  }
  impl_->by_name.emplace(added.name, value);
  if (added.origin.empty()) added.origin = added.name;
  if (added.op != nullptr && added.op->random && added.random_stream == 0) {
    added.random_stream = StreamId(added.name);
  }
  impl_->ConnectOperands(value);
  return value;
}

void Graph::SetOperand(Value node_value, size_t index, Value operand) {
  Node& changed = node(node_value);
  if (const Value old = changed.operands[index]) {
    const auto [begin, end] = boost::out_edges(VertexOf(old), impl_->adjacency);
    boost::remove_edge(std::find_if(begin, end,
                                    [&](auto edge) {
                                      return boost::target(edge, impl_->adjacency) == VertexOf(node_value);
                                    }),
                       impl_->adjacency);
  }
  changed.operands[index] = operand;
  impl_->Connect(operand, node_value);
}

void Graph::Rename(Value value, const std::string& wanted) {
  if (impl_->by_name.contains(wanted)) return;
  Node& renamed = node(value);
  impl_->by_name.erase(renamed.name);
  renamed.name = wanted;
  impl_->by_name.emplace(renamed.name, value);
}

void Graph::Alias(const std::string& alias, Value value) {
  const auto entry = impl_->by_name.find(alias);
  if (entry == impl_->by_name.end()) {
    impl_->aliases.emplace_back(alias, value);
    return impl_->AddAlias(alias, value);
  }
  for (auto& [known, found] : impl_->aliases) {
    if (known == alias) found = entry->second = value;
  }
}

void Graph::Reserve(int nodes) { impl_->by_name.reserve(static_cast<size_t>(nodes)); }

int Graph::size() const { return static_cast<int>(boost::num_vertices(impl_->adjacency)); }
const Node& Graph::node(Value value) const { return impl_->nodes[VertexOf(value)]; }
Node& Graph::node(Value value) { return impl_->nodes[VertexOf(value)]; }

Value Graph::Find(std::string_view wanted) const {
  const auto it = impl_->by_name.find(wanted);
  return it == impl_->by_name.end() ? Value{} : it->second;
}

std::vector<std::pair<std::string, Value>> Graph::Names() const {
  std::vector<std::pair<std::string, Value>> names(impl_->by_name.begin(), impl_->by_name.end());
  std::sort(names.begin(), names.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return names;
}

const std::vector<std::pair<std::string, Value>>& Graph::Aliases() const { return impl_->aliases; }

std::vector<Value> Graph::Users(Value value) const {
  std::vector<Value> users;
  const auto [begin, end] = boost::out_edges(VertexOf(value), impl_->adjacency);
  for (auto it = begin; it != end; ++it) users.push_back(ValueOf(boost::target(*it, impl_->adjacency)));
  std::sort(users.begin(), users.end(), [](Value a, Value b) { return a.id < b.id; });
  return users;
}

std::vector<Value> Graph::TopologicalOrder() const {
  const Adjacency& g = impl_->adjacency;
  std::vector<Value> order;
  order.reserve(impl_->nodes.size());
  if (impl_->IsInOrder()) {
    for (Vertex v = 0; v < boost::num_vertices(g); ++v) order.push_back(ValueOf(v));
    return order;
  }
  std::vector<size_t> missing(boost::num_vertices(g));
  std::priority_queue<Vertex, std::vector<Vertex>, std::greater<>> ready;
  for (Vertex v = 0; v < missing.size(); ++v) {
    const std::vector<Value>& operands = impl_->nodes[v].operands;
    missing[v] =
        static_cast<size_t>(std::count_if(operands.begin(), operands.end(), [](Value o) { return bool(o); }));
    if (missing[v] == 0) ready.push(v);
  }
  while (!ready.empty()) {
    const Vertex v = ready.top();
    ready.pop();
    order.push_back(ValueOf(v));
    const auto [begin, end] = boost::out_edges(v, g);
    for (auto it = begin; it != end; ++it) {
      if (--missing[boost::target(*it, g)] == 0) ready.push(boost::target(*it, g));
    }
  }
  PLGRAPH_CHECK(order.size() == missing.size(), "the graph has a cycle");
  return order;
}

namespace {

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
  const Adjacency& g = impl_->adjacency;
  std::vector<size_t> component(boost::num_vertices(g));
  if (component.empty()) return {};
  const size_t count = boost::strong_components(
      g, boost::make_iterator_property_map(component.begin(), boost::get(boost::vertex_index, g)));
  std::vector<int> members(count);
  for (const size_t c : component) ++members[c];
  std::vector<std::vector<Value>> cycles;
  std::vector<bool> seen(count);
  for (Vertex v = 0; v < component.size(); ++v) {
    if (seen[component[v]]) continue;
    seen[component[v]] = true;
    const bool self_loop = boost::edge(v, v, g).second;
    if (members[component[v]] > 1 || self_loop) cycles.push_back(CycleInside(g, component, v));
  }
  return cycles;
}

}  // namespace plgraph
