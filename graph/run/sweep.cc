#include "graph/run/sweep.h"

#include <algorithm>
#include <bit>
#include <set>

#include "core/checked_size.h"
#include "graph/plan/loop_order.h"

namespace plgraph {
namespace {

// A tile of all matrices of a sweep should stay in the second cache of a core, but kernels want some lines.
constexpr std::int64_t kTileBytes = std::int64_t{256} << 10;
constexpr std::int64_t kTileLines = 4;
// The second cache of a core, and of all cores.
constexpr std::int64_t kCoreCacheBytes = std::int64_t{512} << 10;
constexpr std::int64_t kCacheBytes = std::int64_t{768} << 10;
// Two thirds of the third cache of a common server. No machine is asked for its own: how samples are grouped decides
// the order of the sums over them, and the same run should give the same numbers everywhere.
constexpr std::int64_t kSharedCacheBytes = std::int64_t{21} << 20;
// Elements of all steps that are worth a lane, how many lanes are enough, and how many there may be.
constexpr std::int64_t kLaneElements = std::int64_t{1} << 18;
constexpr std::int64_t kEnoughLanes = 8;
constexpr std::int64_t kMaxLanes = 16;
// Elements of all samples that are worth a thread of their own, elements of one sample that are worth the calls of
// the kernels, and how many threads at most.
constexpr std::int64_t kPartElements = 4096;
constexpr std::int64_t kCallElements = 2048;
constexpr std::int64_t kMaxParts = 16;
constexpr std::int64_t kLine = 16;          // elements: parts do not share cache lines
constexpr std::int64_t kPrefetched = 1024;  // elements

std::int64_t Quotient(std::int64_t a, std::int64_t b) { return a / b + (a % b == 0 ? 0 : 1); }  // rounded up

// The samples of a group, of as few groups as can be, none of which has more than `most`.
std::int64_t EvenGroup(std::int64_t samples, std::int64_t most) {
  return Quotient(samples, Quotient(samples, most));
}

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
      const bool rarely = static_cast<int>(i) == node.op->snapshot;
      if (use.operands[i] && !rarely) look_at(node.operands[i]);
    }
  }
  return matrices;
}

// Sends for a vector. Another core may just have written it, and lines that are asked for one by one come late.
template <typename T>
void Prefetch(const T* data, std::int64_t size) {
  size = std::min(size, kPrefetched);
  for (std::int64_t i = 0; i < size; i += kLine) __builtin_prefetch(data + i);
}

// Whether every node of a loop has a row for each sample, so that no two lanes would write the same number.
bool HasOnlySamples(const Graph& graph, std::span<const Turn> loop) {
  return std::all_of(loop.begin(), loop.end(), [&](const Turn& turn) {
    const Node& node = graph.node(turn.node);
    return node.variance.sample ||
           (node.op->row_rule == RowRule::kSum &&
            std::any_of(node.operands.begin(), node.operands.end(),
                        [&](Value operand) { return operand && graph.node(operand).variance.sample; }));
  });
}

// The shape with another number of lines.
Shape WithLines(const Shape& shape, std::int64_t lines) {
  std::vector<std::int64_t> dims = shape.dims();
  dims[0] = lines;
  return Shape(std::move(dims));
}

}  // namespace

SweepTiling TileSweep(const Graph& graph, std::span<const Turn> members, const LoopSplit& split,
                      DType dtype) {
  SweepTiling tiling;
  std::int64_t columns = 0;
  const std::set<std::int32_t> matrices = MatricesOf(graph, members);
  for (const std::int32_t id : matrices) {
    tiling.lines = graph.node(Value{id}).shape.dim(0);
    columns = graph.node(Value{id}).shape.dim(1);
  }
  const std::int64_t line_bytes = columns * SizeOf(dtype) * std::ssize(matrices);
  const std::int64_t elements = tiling.lines * columns;
  const std::int64_t most_parts = std::clamp<std::int64_t>(
      std::min((CheckedSize(elements) * split.samples).value() / kPartElements, elements / kCallElements), 1,
      split.lanes > 1 ? 1 : kMaxParts);
  // A power of two is shared evenly by most numbers of threads.
  const auto parts = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(most_parts)));
  const std::int64_t part_lines = Quotient(tiling.lines, parts);
  // What a single kernel does for a single sample comes from memory once in any case.
  const Fusion* fusion = FindFusion(graph, members);
  const bool once = split.samples == 1 && fusion != nullptr && fusion->members.size() == members.size();
  const std::int64_t tiles =  // of a part
      once ? 1 : Quotient(part_lines, std::max(kTileLines, kTileBytes / line_bytes));
  tiling.tile_lines = Quotient(part_lines, tiles);
  tiling.tiles = Quotient(tiling.lines, tiling.tile_lines);
  tiling.parts = std::min(parts, tiling.tiles);
  return tiling;
}

LoopSplit SplitLoop(const Graph& graph, std::span<const Turn> loop, const CompileOptions& options) {
  const std::int64_t batch = options.batch;
  // What joins the samples of a step needs all of them at that step.
  const bool joins = std::any_of(loop.begin(), loop.end(), [&](const Turn& turn) {
    const Node& node = graph.node(turn.node);
    return SumsEachStep(node) && !node.variance.sample;
  });
  if (joins) return {1, batch};
  CheckedSize sample_count;
  CheckedSize shared_count;
  for (const std::span<const Turn> members : SweepsOf(loop)) {
    for (const std::int32_t id : MatricesOf(graph, members)) {
      const Node& node = graph.node(Value{id});
      (node.variance.sample ? sample_count : shared_count) += node.shape.NumElements();
    }
  }
  const std::int64_t sample_elements = sample_count.value();
  const std::int64_t sample_bytes = (sample_count * SizeOf(options.dtype)).value();
  const std::int64_t shared_bytes = (shared_count * SizeOf(options.dtype)).value();
  if (sample_bytes == 0 || sample_bytes > kSharedCacheBytes - shared_bytes) return {1, batch};
  if (sample_bytes > kCacheBytes) {
    return {1, EvenGroup(batch, (kSharedCacheBytes - shared_bytes) / sample_bytes)};
  }
  if (sample_bytes > kCoreCacheBytes - shared_bytes || !HasOnlySamples(graph, loop)) {
    return {1, EvenGroup(batch, kCacheBytes / sample_bytes)};
  }
  const std::int64_t most = (kCoreCacheBytes - shared_bytes) / sample_bytes;
  // In double: the product may be beyond every memory, which is said later.
  const double elements =
      static_cast<double>(batch) * static_cast<double>(sample_elements) * static_cast<double>(options.steps);
  const auto worth = static_cast<std::int64_t>(
      std::min(static_cast<double>(kEnoughLanes), elements / static_cast<double>(kLaneElements)));
  const std::int64_t lanes =
      std::clamp<std::int64_t>(std::max(worth, Quotient(batch, most)), 1, std::min(batch, kMaxLanes));
  return {lanes, EvenGroup(Quotient(batch, lanes), most)};
}

std::int64_t LineSumElements(const Graph& graph, Value node, const SweepTiling& tiling,
                             std::int64_t samples) {
  if (tiling.tiles == 1 || LinesOf(graph, graph.node(node)).result != LineUse::kSum) return 0;
  return tiling.parts * (samples + 1) * SumStride(graph.node(node).shape.NumElements());
}

template <typename T>
Sweep<T>::Sweep(const Graph& graph, std::span<const Turn> turns, std::span<const Instruction<T>> members,
                const SweepTiling& tiling, std::span<T* const> line_sums)
    : tiling_(tiling),
      steps_at_(members.size()),
      joined_(static_cast<size_t>(tiling.parts)),
      starts_(members.size() * static_cast<size_t>(tiling.parts)),
      operands_(starts_.size()),
      args_(starts_.size()) {
  for (size_t m = 0; m < members.size(); ++m) {
    members_.push_back(MakeMember(graph, members[m], tiling));
    members_.back().line_sums = line_sums[m];
  }
  for (size_t m = 0; m < turns.size(); m += steps_.back().count) {
    const Fusion* fusion = FindFusion(graph, turns.subspan(m));
    steps_.push_back({m, fusion == nullptr ? 1 : fusion->members.size(), fusion});
  }
  MakeArguments();
}

// With what is the same in every round.
template <typename T>
void Sweep<T>::MakeArguments() {
  for (std::int64_t part = 0; part < tiling_.parts; ++part) {
    for (size_t m = 0; m < members_.size(); ++m) {
      const Instruction<T>& instruction = *members_[m].instruction;
      Operands& own = operands_[CallOf(m, part)];
      std::copy(instruction.operand_rows.begin(), instruction.operand_rows.end(), own.begin());
      KernelArgs<T>& args = args_[CallOf(m, part)];
      args = instruction.args;
      args.operands = std::span(own.data(), instruction.operand_rows.size());
      args.rows = 1;
      args.threads = serial_.get();
    }
  }
}

template <typename T>
typename Sweep<T>::Member Sweep<T>::MakeMember(const Graph& graph, const Instruction<T>& instruction,
                                               const SweepTiling& tiling) {
  const std::int64_t rest = tiling.lines - (tiling.tiles - 1) * tiling.tile_lines;
  const Node& node = *instruction.node;
  const LineUse use = LinesOf(graph, node);
  PLGRAPH_CHECK(node.operands.size() <= kMaxOperands, "an op of a sweep has too many operands");
  Member member;
  member.instruction = &instruction;
  member.sums = use.result == LineUse::kSum;
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
  return member;
}

template <typename T>
void Sweep<T>::Run(T* base, std::int64_t first_sample, ThreadPool& threads) {
  base_ = base;
  first_sample_ = first_sample;
  threads.For(tiling_.parts, 1, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t part = begin; part < end; ++part) {
      RunPart(part);
      JoinRun(begin, part);
    }
  });
  JoinRest();
}

template <typename T>
void Sweep<T>::RunPart(std::int64_t part) {
  Prepare(part);
  const std::int64_t first = FirstTile(part);
  const std::int64_t end = FirstTile(part + 1);
  for (std::int64_t tile = first; tile < end; ++tile) {
    for (std::int64_t sample = 0; sample < samples_; ++sample) {
      for (const Step& step : steps_) RunStep(step, {part, tile, sample, tile == first});
    }
  }
}

template <typename T>
void Sweep<T>::Prepare(std::int64_t part) {
  for (size_t m = 0; m < members_.size(); ++m) {
    if (IsActive(m)) Find(m, part);
  }
}

template <typename T>
void Sweep<T>::Find(size_t m, std::int64_t part) {
  const Instruction<T>& instruction = *members_[m].instruction;
  const std::int64_t step = steps_at_[m];
  Start& start = starts_[CallOf(m, part)];
  for (size_t i = 0; i < instruction.operands.size(); ++i) {
    if (instruction.operand_rows[i].shape == nullptr) continue;
    start.operands[i] = base_ + instruction.operands[i].At(step, first_sample_);
    if (members_[m].operand_lines[i] <= 1) Prefetch(start.operands[i], instruction.operands[i].row_size);
  }
  start.result = base_ + instruction.result.At(step, first_sample_);
  args_[CallOf(m, part)].step = step;
}

template <typename T>
void Sweep<T>::RunStep(const Step& step, const Position& at) {
  size_t active = 0;
  for (size_t m = step.first; m < step.first + step.count; ++m) {
    if (!IsActive(m)) continue;
    PointAt(m, at);
    ++active;
  }
  const std::span<const KernelArgs<T>> args =
      std::span(args_).subspan(CallOf(step.first, at.part), step.count);
  const bool done =
      step.fusion != nullptr && active == step.count && step.fusion->kernel.template Run<T>(args);
  if (!done) {
    for (size_t m = step.first; m < step.first + step.count; ++m) {
      if (!IsActive(m)) continue;
      members_[m].instruction->node->op->kernel.template Run<T>(args[m - step.first]);
    }
  }
  for (size_t m = step.first; m < step.first + step.count; ++m) {
    if (IsActive(m)) AddTile(m, at);
  }
}

// Lets the arguments of a member point at a tile of a sample.
template <typename T>
void Sweep<T>::PointAt(size_t m, const Position& at) {
  const Member& member = members_[m];
  const Instruction<T>& instruction = *member.instruction;
  const TileKind kind = at.tile + 1 == tiling_.tiles ? kRest : kWhole;
  const std::int64_t line = at.tile * tiling_.tile_lines;
  const Start& start = starts_[CallOf(m, at.part)];
  Operands& operands = operands_[CallOf(m, at.part)];
  for (size_t i = 0; i < instruction.operands.size(); ++i) {
    if (start.operands[i] == nullptr) continue;
    operands[i].data =
        start.operands[i] + at.sample * operands[i].row_stride + line * member.operand_lines[i];
    operands[i].shape = &member.operand_shapes[i][kind];
  }
  KernelArgs<T>& args = args_[CallOf(m, at.part)];
  args.shape = &member.result_shapes[kind];
  if (member.line_sums == nullptr) {
    args.result = start.result + at.sample * args.result_stride + line * member.result_line;
  } else {
    args.result = SumOf(member, at.part, at.first_tile ? at.sample : samples_);
  }
}

// To the sum over the tiles of a part, which the first tile starts.
template <typename T>
void Sweep<T>::AddTile(size_t m, const Position& at) {
  if (members_[m].line_sums == nullptr || at.first_tile) return;
  T* const sum = SumOf(members_[m], at.part, at.sample);
  const KernelArgs<T>& args = args_[CallOf(m, at.part)];
  const std::int64_t size = args.size();
  for (std::int64_t i = 0; i < size; ++i) sum[i] += args.result[i];
}

template <typename T>
T* Sweep<T>::SumOf(const Member& member, std::int64_t part, std::int64_t sample) const {
  return member.line_sums + (part * (samples_ + 1) + sample) * SumStride(member.instruction->args.size());
}

// The sums of parts are joined in pairs, pairs of pairs, and so on, whoever ran them: first what a thread has just run,
// while it is in its cache, and the rest at the end.
template <typename T>
void Sweep<T>::JoinRun(std::int64_t first, std::int64_t part) {
  joined_[static_cast<size_t>(part)] = 1;
  for (std::int64_t width = 1; (part + 1) % (2 * width) == 0; width *= 2) {
    const std::int64_t left = part + 1 - 2 * width;
    if (left < first) return;
    Join(left, left + width);
  }
}

template <typename T>
void Sweep<T>::JoinRest() {
  for (std::int64_t width = 1; width < tiling_.parts; width *= 2) {
    for (std::int64_t left = 0; left + width < tiling_.parts; left += 2 * width) {
      if (joined_[static_cast<size_t>(left)] == width) Join(left, left + width);
    }
  }
  for (size_t m = 0; m < members_.size(); ++m) {
    if (!IsActive(m) || members_[m].line_sums == nullptr) continue;
    const KernelArgs<T>& args = members_[m].instruction->args;
    for (std::int64_t sample = 0; sample < samples_; ++sample) {
      std::copy_n(SumOf(members_[m], 0, sample), args.size(),
                  starts_[CallOf(m, 0)].result + sample * args.result_stride);
    }
  }
}

// Adds the sums of another part to those of a part.
template <typename T>
void Sweep<T>::Join(std::int64_t part, std::int64_t other) {
  for (size_t m = 0; m < members_.size(); ++m) {
    if (!IsActive(m) || members_[m].line_sums == nullptr) continue;
    const std::int64_t size = members_[m].instruction->args.size();
    for (std::int64_t sample = 0; sample < samples_; ++sample) {
      T* const sum = SumOf(members_[m], part, sample);
      const T* const added = SumOf(members_[m], other, sample);
      for (std::int64_t i = 0; i < size; ++i) sum[i] += added[i];
    }
  }
  joined_[static_cast<size_t>(part)] += joined_[static_cast<size_t>(other)];
}

template class Sweep<float>;
template class Sweep<double>;

}  // namespace plgraph
