#include "graph/run/fused_loop.h"

#include <algorithm>

#include "core/error.h"
#include "graph/ir/tuning.h"
#include "graph/plan/loop_order.h"
#include "graph/plan/placement.h"

namespace plgraph {
namespace {

std::int64_t ElementsOfRow(const Shape& shape) { return shape.NumElements() / shape.dim(0); }

// Prefetches a vector. Another core may just have written it, and lines that are asked for one by one come late.
template <typename T>
void Prefetch(const T* data, std::int64_t size) {
  size = std::min(size, tuning::kPrefetchedElements);
  for (std::int64_t i = 0; i < size; i += tuning::kCacheLineElements) __builtin_prefetch(data + i);
}

// The shape with another number of rows.
Shape WithRows(const Shape& shape, std::int64_t rows) {
  std::vector<std::int64_t> dims = shape.dims();
  dims[0] = rows;
  return Shape(std::move(dims));
}

}  // namespace

template <typename T>
FusedLoop<T>::FusedLoop(const Graph& graph, const FusedLoopPlan& plan,
                        std::span<const Instruction<T>> members, std::span<T* const> row_sums)
    : tiling_(plan.tiling),
      calls_(plan.calls),
      steps_at_(members.size()),
      joined_(static_cast<size_t>(tiling_.parts)),
      starts_(members.size() * static_cast<size_t>(tiling_.parts)),
      operands_(starts_.size()),
      args_(starts_.size()) {
  for (size_t m = 0; m < members.size(); ++m) {
    members_.push_back(MakeMember(graph, members[m], tiling_));
    members_.back().row_sums = row_sums[m];
  }
  MakeArguments();
}

// With what is the same in every round.
template <typename T>
void FusedLoop<T>::MakeArguments() {
  for (std::int64_t part = 0; part < tiling_.parts; ++part) {
    for (size_t m = 0; m < members_.size(); ++m) {
      const Instruction<T>& instruction = *members_[m].instruction;
      Operands& own = operands_[CallOf(m, part)];
      std::copy(instruction.operand_instances.begin(), instruction.operand_instances.end(), own.begin());
      KernelArgs<T>& args = args_[CallOf(m, part)];
      args = instruction.args;
      args.operands = std::span(own.data(), instruction.operand_instances.size());
      args.instances = 1;
      args.threads = serial_.get();
    }
  }
}

template <typename T>
typename FusedLoop<T>::Member FusedLoop<T>::MakeMember(const Graph& graph, const Instruction<T>& instruction,
                                                       const LoopTiling& tiling) {
  const std::int64_t rest = tiling.rows - (tiling.tiles - 1) * tiling.tile_rows;
  const Node& node = *instruction.node;
  const RowUse use = RowUseOf(graph, node);
  PLGRAPH_CHECK(node.operands.size() <= kMaxOperands, "an op of a fused loop has too many operands");
  Member member;
  member.instruction = &instruction;
  member.sums = use.result == RowUse::kSum;
  member.result_shapes = {node.shape, node.shape};
  if (!member.sums) {
    member.result_row = ElementsOfRow(node.shape);
    member.result_shapes = {WithRows(node.shape, tiling.tile_rows), WithRows(node.shape, rest)};
  }
  for (size_t i = 0; i < node.operands.size(); ++i) {
    const Shape shape = node.operands[i] ? graph.node(node.operands[i]).shape : Shape{};
    member.operand_shapes.push_back({shape, shape});
    if (!use.operands[i]) continue;
    member.operand_rows[i] = ElementsOfRow(shape);
    member.operand_shapes[i] = {WithRows(shape, tiling.tile_rows), WithRows(shape, rest)};
  }
  return member;
}

template <typename T>
void FusedLoop<T>::Run(T* base, std::int64_t first_sample, ThreadPool& threads) {
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
void FusedLoop<T>::RunPart(std::int64_t part) {
  Prepare(part);
  const std::int64_t first = FirstTile(part);
  const std::int64_t end = FirstTile(part + 1);
  for (std::int64_t tile = first; tile < end; ++tile) {
    for (std::int64_t sample = 0; sample < samples_; ++sample) {
      for (const KernelCall& call : calls_) RunCall(call, {part, tile, sample, tile == first});
    }
  }
}

template <typename T>
void FusedLoop<T>::Prepare(std::int64_t part) {
  for (size_t m = 0; m < members_.size(); ++m) {
    if (IsActive(m)) Find(m, part);
  }
}

template <typename T>
void FusedLoop<T>::Find(size_t m, std::int64_t part) {
  const Instruction<T>& instruction = *members_[m].instruction;
  const std::int64_t step = steps_at_[m];
  Start& start = starts_[CallOf(m, part)];
  for (size_t i = 0; i < instruction.operands.size(); ++i) {
    if (instruction.operand_instances[i].shape == nullptr) continue;
    start.operands[i] = base_ + instruction.operands[i].At(step, first_sample_);
    if (members_[m].operand_rows[i] <= 1) Prefetch(start.operands[i], instruction.operands[i].instance_size);
  }
  start.result = base_ + instruction.result.At(step, first_sample_);
  args_[CallOf(m, part)].step = step;
}

template <typename T>
void FusedLoop<T>::RunCall(const KernelCall& call, const Position& at) {
  size_t active = 0;
  for (size_t m = call.first; m < call.first + call.count; ++m) {
    if (!IsActive(m)) continue;
    PointAt(m, at);
    ++active;
  }
  const std::span<const KernelArgs<T>> args =
      std::span(args_).subspan(CallOf(call.first, at.part), call.count);
  const bool done =
      call.fusion != nullptr && active == call.count && call.fusion->kernel.template Run<T>(args);
  if (!done) {
    for (size_t m = call.first; m < call.first + call.count; ++m) {
      if (!IsActive(m)) continue;
      members_[m].instruction->node->op->kernel.template Run<T>(args[m - call.first]);
    }
  }
  for (size_t m = call.first; m < call.first + call.count; ++m) {
    if (IsActive(m)) AddTile(m, at);
  }
}

// Lets the arguments of a member point at a tile of a sample.
template <typename T>
void FusedLoop<T>::PointAt(size_t m, const Position& at) {
  const Member& member = members_[m];
  const Instruction<T>& instruction = *member.instruction;
  const TileKind kind = at.tile + 1 == tiling_.tiles ? kRest : kWhole;
  const std::int64_t row = at.tile * tiling_.tile_rows;
  const Start& start = starts_[CallOf(m, at.part)];
  Operands& operands = operands_[CallOf(m, at.part)];
  for (size_t i = 0; i < instruction.operands.size(); ++i) {
    if (start.operands[i] == nullptr) continue;
    operands[i].data =
        start.operands[i] + at.sample * operands[i].instance_stride + row * member.operand_rows[i];
    operands[i].shape = &member.operand_shapes[i][kind];
  }
  KernelArgs<T>& args = args_[CallOf(m, at.part)];
  args.shape = &member.result_shapes[kind];
  if (member.row_sums == nullptr) {
    args.result = start.result + at.sample * args.result_stride + row * member.result_row;
  } else {
    args.result = SumOf(member, at.part, at.first_tile ? at.sample : samples_);
  }
}

// To the sum over the tiles of a part, which the first tile starts.
template <typename T>
void FusedLoop<T>::AddTile(size_t m, const Position& at) {
  if (members_[m].row_sums == nullptr || at.first_tile) return;
  T* const sum = SumOf(members_[m], at.part, at.sample);
  const KernelArgs<T>& args = args_[CallOf(m, at.part)];
  const std::int64_t size = args.size();
  for (std::int64_t i = 0; i < size; ++i) sum[i] += args.result[i];
}

template <typename T>
T* FusedLoop<T>::SumOf(const Member& member, std::int64_t part, std::int64_t sample) const {
  return member.row_sums +
         (part * (samples_ + 1) + sample) * WholeCacheLines(member.instruction->args.size());
}

// The sums of parts are joined in pairs, pairs of pairs, and so on, whoever ran them: first what a thread has just
// run, while it is in its cache, and the rest at the end.
template <typename T>
void FusedLoop<T>::JoinRun(std::int64_t first, std::int64_t part) {
  joined_[static_cast<size_t>(part)] = 1;
  for (std::int64_t width = 1; (part + 1) % (2 * width) == 0; width *= 2) {
    const std::int64_t left = part + 1 - 2 * width;
    if (left < first) return;
    Join(left, left + width);
  }
}

template <typename T>
void FusedLoop<T>::JoinRest() {
  for (std::int64_t width = 1; width < tiling_.parts; width *= 2) {
    for (std::int64_t left = 0; left + width < tiling_.parts; left += 2 * width) {
      if (joined_[static_cast<size_t>(left)] == width) Join(left, left + width);
    }
  }
  for (size_t m = 0; m < members_.size(); ++m) {
    if (!IsActive(m) || members_[m].row_sums == nullptr) continue;
    const KernelArgs<T>& args = members_[m].instruction->args;
    for (std::int64_t sample = 0; sample < samples_; ++sample) {
      std::copy_n(SumOf(members_[m], 0, sample), args.size(),
                  starts_[CallOf(m, 0)].result + sample * args.result_stride);
    }
  }
}

// Adds the sums of another part to those of a part.
template <typename T>
void FusedLoop<T>::Join(std::int64_t part, std::int64_t other) {
  for (size_t m = 0; m < members_.size(); ++m) {
    if (!IsActive(m) || members_[m].row_sums == nullptr) continue;
    const std::int64_t size = members_[m].instruction->args.size();
    for (std::int64_t sample = 0; sample < samples_; ++sample) {
      T* const sum = SumOf(members_[m], part, sample);
      const T* const added = SumOf(members_[m], other, sample);
      for (std::int64_t i = 0; i < size; ++i) sum[i] += added[i];
    }
  }
  joined_[static_cast<size_t>(part)] += joined_[static_cast<size_t>(other)];
}

template class FusedLoop<float>;
template class FusedLoop<double>;

}  // namespace plgraph
