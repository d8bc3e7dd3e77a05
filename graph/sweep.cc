#include "graph/sweep.h"

#include <algorithm>
#include <bit>
#include <set>

#include "graph/loop_order.h"

namespace plgraph {
namespace {

// A tile of all matrices of a sweep should stay in the second cache of a core, but kernels want some lines.
constexpr std::int64_t kTileBytes = std::int64_t{96} << 10;
constexpr std::int64_t kTileLines = 4;
// All second caches of the cores.
constexpr std::int64_t kCacheBytes = std::int64_t{768} << 10;
// Elements that are worth a thread of their own, and how many threads at most.
constexpr std::int64_t kPartElements = 8192;
constexpr std::int64_t kMaxParts = 16;
constexpr std::int64_t kLine = 16;  // elements: parts do not share cache lines

std::int64_t Quotient(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }  // rounded up

std::int64_t SumStride(std::int64_t size) { return (size + kLine - 1) / kLine * kLine; }

std::int64_t ElementsOfLine(const Shape& shape) { return shape.NumElements() / shape.dim(0); }

// The matrices over whose lines the members of a sweep go, each once.
std::set<std::int32_t> MatricesOf(const Graph& graph, std::span<const Turn> members) {
  std::set<std::int32_t> matrices;
  const auto look_at = [&](Value value) {
    if (graph.node(value).shape.rank() != 2) return;
    for (const State& state : graph.states) {  // which has the memory of its next
      if (state.next == value) value = state.value;
    }
    matrices.insert(value.id);
  };
  for (const Turn& turn : members) {
    const Node& node = graph.node(turn.node);
    const LineUse use = LinesOf(graph, node);
    if (use.result == LineUse::kEach) look_at(turn.node);
    for (size_t i = 0; i < node.operands.size(); ++i) {
      if (use.operands[i]) look_at(node.operands[i]);
    }
  }
  return matrices;
}

// The shape with another number of lines.
Shape WithLines(const Shape& shape, std::int64_t lines) {
  std::vector<std::int64_t> dims = shape.dims();
  dims[0] = lines;
  return Shape(std::move(dims));
}

}  // namespace

SweepTiling TileSweep(const Graph& graph, std::span<const Turn> members, std::int64_t samples, DType dtype) {
  SweepTiling tiling;
  std::int64_t columns = 0;
  const std::set<std::int32_t> matrices = MatricesOf(graph, members);
  for (const std::int32_t id : matrices) {
    tiling.lines = graph.node(Value{id}).shape.dim(0);
    columns = graph.node(Value{id}).shape.dim(1);
  }
  const std::int64_t line_bytes = columns * SizeOf(dtype) * std::ssize(matrices);
  const std::int64_t elements = tiling.lines * columns * samples;
  const std::int64_t most_parts = std::clamp<std::int64_t>(elements / kPartElements, 1, kMaxParts);
  // A power of two is shared evenly by most numbers of threads.
  const auto parts = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(most_parts)));
  const std::int64_t part_lines = Quotient(tiling.lines, parts);
  const std::int64_t tiles =
      Quotient(part_lines, std::max(kTileLines, kTileBytes / line_bytes));  // of a part
  tiling.tile_lines = Quotient(part_lines, tiles);
  tiling.tiles = Quotient(tiling.lines, tiling.tile_lines);
  tiling.parts = std::min(parts, tiling.tiles);
  return tiling;
}

std::int64_t SamplesAtOnce(const Graph& graph, std::span<const Turn> loop, const CompileOptions& options) {
  std::int64_t sample_bytes = 0;
  for (const std::span<const Turn> members : SweepsOf(loop)) {
    for (const std::int32_t id : MatricesOf(graph, members)) {
      const Node& node = graph.node(Value{id});
      if (node.variance.sample) sample_bytes += node.shape.NumElements() * SizeOf(options.dtype);
    }
  }
  if (sample_bytes == 0 || sample_bytes > kCacheBytes) return options.batch;
  const std::int64_t most = kCacheBytes / sample_bytes;
  return Quotient(options.batch, Quotient(options.batch, most));
}

std::int64_t LineSumElements(const Graph& graph, Value node, const SweepTiling& tiling,
                             std::int64_t samples) {
  if (tiling.tiles == 1 || LinesOf(graph, graph.node(node)).result != LineUse::kSum) return 0;
  return tiling.parts * (samples + 1) * SumStride(graph.node(node).shape.NumElements());
}

template <typename T>
Sweep<T>::Sweep(const Graph& graph, std::span<Instruction<T>> members, const SweepTiling& tiling,
                std::span<T* const> line_sums)
    : tiling_(tiling), members_(members.size()), calls_(members.size() * static_cast<size_t>(tiling.parts)) {
  const std::int64_t rest = tiling.lines - (tiling.tiles - 1) * tiling.tile_lines;
  for (size_t m = 0; m < members.size(); ++m) {
    Member& member = members_[m];
    const Node& node = *members[m].node;
    const LineUse use = LinesOf(graph, node);
    PLGRAPH_CHECK(node.operands.size() <= kMaxOperands, "an op of a sweep has too many operands");
    member.instruction = &members[m];
    member.sums = use.result == LineUse::kSum;
    member.line_sums = line_sums[m];
    member.result_shapes = {node.shape, node.shape};
    if (!member.sums) {
      member.result_line = ElementsOfLine(node.shape);
      member.result_shapes = {WithLines(node.shape, tiling.tile_lines), WithLines(node.shape, rest)};
    }
    for (size_t i = 0; i < node.operands.size(); ++i) {
      const Shape shape = node.operands[i] ? graph.node(node.operands[i]).shape : Shape{};
      member.operand_shapes.push_back({shape, shape});
      if (!use.operands[i]) continue;
      member.operand_lines[i] = ElementsOfLine(shape);
      member.operand_shapes[i] = {WithLines(shape, tiling.tile_lines), WithLines(shape, rest)};
    }
  }
}

template <typename T>
void Sweep<T>::Run(ThreadPool& threads) {
  threads.For(tiling_.parts, 1, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t part = begin; part < end; ++part) RunPart(part);
  });
  for (const Member& member : members_) {
    if (member.active && member.line_sums != nullptr) AddParts(member);
  }
}

template <typename T>
void Sweep<T>::RunPart(std::int64_t part) {
  Call* const calls = calls_.data() + part * std::ssize(members_);
  for (size_t m = 0; m < members_.size(); ++m) {
    if (members_[m].active) Prepare(members_[m], calls[m]);
  }
  const std::int64_t first = FirstTile(part);
  const std::int64_t end = FirstTile(part + 1);
  for (std::int64_t tile = first; tile < end; ++tile) {
    for (std::int64_t sample = 0; sample < samples_; ++sample) {
      for (size_t m = 0; m < members_.size(); ++m) {
        if (members_[m].active) RunTile(members_[m], calls[m], part, tile, sample, tile == first);
      }
    }
  }
}

template <typename T>
void Sweep<T>::Prepare(const Member& member, Call& call) const {
  const std::vector<OperandRows<T>>& operands = member.instruction->operand_rows;
  std::copy(operands.begin(), operands.end(), call.operands.begin());
  call.args = member.instruction->args;
  call.args.operands = std::span(call.operands.data(), operands.size());
  call.args.rows = 1;
  call.args.threads = serial_.get();
}

template <typename T>
void Sweep<T>::RunTile(const Member& member, Call& call, std::int64_t part, std::int64_t tile,
                       std::int64_t sample, bool first) {
  const Instruction<T>& instruction = *member.instruction;
  const TileKind kind = tile + 1 == tiling_.tiles ? kRest : kWhole;
  const std::int64_t line = tile * tiling_.tile_lines;
  for (size_t i = 0; i < call.args.operands.size(); ++i) {
    OperandRows<T>& operand = call.operands[i];
    if (!operand) continue;
    operand.data =
        instruction.operand_rows[i].data + sample * operand.row_stride + line * member.operand_lines[i];
    operand.shape = &member.operand_shapes[i][kind];
  }
  KernelArgs<T>& args = call.args;
  args.shape = &member.result_shapes[kind];
  if (member.line_sums == nullptr) {
    args.result = instruction.args.result + sample * args.result_stride + line * member.result_line;
    return instruction.node->op->kernel.template Run<T>(args);
  }
  T* const sum = SumOf(member, part, sample);
  args.result = first ? sum : SumOf(member, part, samples_);
  instruction.node->op->kernel.template Run<T>(args);
  if (first) return;
  const std::int64_t size = args.size();
  for (std::int64_t i = 0; i < size; ++i) sum[i] += args.result[i];
}

template <typename T>
T* Sweep<T>::SumOf(const Member& member, std::int64_t part, std::int64_t sample) const {
  return member.line_sums + (part * (samples_ + 1) + sample) * SumStride(member.instruction->args.size());
}

template <typename T>
void Sweep<T>::AddParts(const Member& member) const {
  const KernelArgs<T>& args = member.instruction->args;
  for (std::int64_t sample = 0; sample < samples_; ++sample) {
    T* result = args.ResultRow(sample);
    std::copy_n(SumOf(member, 0, sample), args.size(), result);
    for (std::int64_t part = 1; part < tiling_.parts; ++part) {
      const T* sum = SumOf(member, part, sample);
      for (std::int64_t i = 0; i < args.size(); ++i) result[i] += sum[i];
    }
  }
}

template class Sweep<float>;
template class Sweep<double>;

}  // namespace plgraph
