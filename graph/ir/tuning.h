#ifndef PLGRAPH_GRAPH_IR_TUNING_H_
#define PLGRAPH_GRAPH_IR_TUNING_H_

#include <cstdint>

namespace plgraph::tuning {

/// The numbers by which the compiler decides where more than one way is right. All are constants: no machine is asked
/// for its caches, since how samples and rows are grouped decides the order of sums, and the same run should give the
/// same numbers everywhere. The measurements are in the log of the commits that brought a number; where a comment
/// names none, the number is an estimate.

/// A cache line of floats. Every value, and every sum of a part or of a sample group, starts on one, so that two
/// threads never write to the same.
inline constexpr std::int64_t kCacheLineElements = 16;

// Traces (graph/passes/traces/).

/// Operations for each element of a trace in its update, a product with a vector, and an inversion, and how often the
/// pass of a step reads or writes it: counted in the kernels.
inline constexpr double kUpdate = 3;
inline constexpr double kProduct = 2;
inline constexpr double kInvert = 4;
inline constexpr double kPass = 2;
/// Matrices are recomputed in a run of at least this many steps: all of fewer are some twenty matrices.
inline constexpr std::int64_t kLeastRecomputedSteps = 20;
/// A trace that is inverted has at least this many steps from snapshot to snapshot, and is recomputed from its start
/// where there would be fewer snapshots than this.
inline constexpr std::int64_t kLeastSnapshotSteps = 128;
inline constexpr std::int64_t kLeastSnapshots = 4;
/// Ops within each other, of which an update may be made; a form of more is not looked for.
inline constexpr int kMostLevels = 8;

// Loops (graph/plan/loop_plan.cc).

/// A tile of all matrices of a fused loop has about this size, to stay in the second cache of a core; but it has at
/// least so many rows, because every tile costs the calls of its kernels.
inline constexpr std::int64_t kTileBytes = std::int64_t{256} << 10;
inline constexpr std::int64_t kTileRows = 4;

/// Samples whose matrices fit the second cache of a core go through all steps on one thread, in sample groups. At
/// N = 100 and a batch of 32, threads that shared the rows in place of the samples took 2.06 ms per episode, sample
/// groups 0.95 ms.
inline constexpr std::int64_t kCoreCacheBytes = std::int64_t{512} << 10;
/// As many samples go through all steps at a time as fit the second cache of all cores.
inline constexpr std::int64_t kCacheBytes = std::int64_t{768} << 10;
/// Where one sample is larger than that: as many as fit two thirds of the third cache of a common server. A batch of 8
/// at N = 1000 took 41 ms per episode so, and 60 ms in one pass over all samples.
inline constexpr std::int64_t kSharedCacheBytes = std::int64_t{21} << 20;

/// Elements of all steps that are worth a sample group of their own, how many sample groups are enough where fewer
/// would fit the caches, and how many there may be: each has memory for its sums.
inline constexpr std::int64_t kGroupElements = std::int64_t{1} << 18;
inline constexpr std::int64_t kEnoughGroups = 8;
inline constexpr std::int64_t kMaxGroups = 16;

/// Elements of all samples that are worth a part, which a thread may take; elements of one sample that are worth the
/// calls of the kernels for one more part; and how many parts there may be: each has memory for its sums.
inline constexpr std::int64_t kPartElements = 4096;
inline constexpr std::int64_t kCallElements = 2048;
inline constexpr std::int64_t kMaxParts = 16;

/// Of a vector that another core may just have written so many elements are prefetched (graph/run/fused_loop.cc).
inline constexpr std::int64_t kPrefetchedElements = 1024;

// Blocks of instances outside the loops (graph/plan/instance_blocks.cc).

/// The largest value of a block has about this size, so that the next node finds it in a cache; but a block has at
/// least so many instances, because kernels, above all products with a matrix that all instances share, want some.
inline constexpr std::int64_t kBlockBytes = std::int64_t{1} << 20;
inline constexpr std::int64_t kBlockInstances = 64;

// Checkpoint intervals (graph/plan/checkpoint_intervals.cc).

/// In the forward pass a slot is written again a checkpoint interval later, and what reads it may be pipelined by
/// one step: fewer steps than this would overwrite what is still read.
inline constexpr std::int64_t kLeastInterval = 3;
/// A run of fewer steps has no outer intervals: its snapshots are few enough to last. At 1000 neurons a clipped trace
/// takes the memory of 65 traces for 1000 steps; 10,000 steps took 200 without outer intervals, and take 75 with them.
inline constexpr std::int64_t kLeastOuterInterval = 1024;

// Sums over many steps (graph/plan/sum_totals.h). These keep digits; the time they take is small.

/// A sum goes on in the number type for so many instances, then its block is added to totals in double.
inline constexpr std::int64_t kSumBlockInstances = 256;
/// A sum of fewer instances has no totals, and costs nothing.
inline constexpr std::int64_t kMostInstancesWithoutTotals = 1024;
/// A sum of so few elements for each sample, such as a loss at every step, has blocks of so many instances: equal
/// numbers lose digits at each step, all in one direction. The mean of 0.1 over 1000 steps was wrong by 1e-5 without
/// totals, and that over a million steps by 2.4e-6 in blocks of 256 instances; in blocks of 16 both are wrong by less
/// than 2e-7.
inline constexpr std::int64_t kSmallSumElements = 16;
inline constexpr std::int64_t kSmallSumBlockInstances = 16;
/// Elements that are worth a thread when a block is added to its totals.
inline constexpr std::int64_t kTotalsGrain = 16384;

}  // namespace plgraph::tuning

#endif  // PLGRAPH_GRAPH_IR_TUNING_H_
