#ifndef PLGRAPH_CORE_RANDOM_H_
#define PLGRAPH_CORE_RANDOM_H_

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace plgraph {

/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a pure function
/// from a 128-bit counter and a 64-bit key to 128 random bits. No state: any number can be had in any order.
std::array<std::uint32_t, 4> Philox(std::array<std::uint32_t, 4> counter, std::uint64_t key);

/// A stable 32-bit name for a stream of random numbers, from its text (FNV-1a).
std::uint32_t StreamId(std::string_view name);

/// Random numbers addressed by (seed, stream, block, index): the same whatever ran before, on any thread.
/// `block` is what the numbers belong to, e.g. the number of an episode.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::uint32_t stream, std::uint64_t block = 0)
      : seed_(seed), stream_(stream), block_(block) {}

  std::uint32_t Bits(std::uint32_t index) const;
  /// Uniform in [0, 1), 24 bits.
  double Uniform(std::uint32_t index) const;
  /// Standard normal (Box-Muller on the two halves of one Philox block).
  double Normal(std::uint32_t index) const;
  /// Uniform in {0, ..., bound - 1}; bound > 0. Unbiased to 2^-32 (multiply-shift).
  std::uint32_t Below(std::uint32_t index, std::uint32_t bound) const;

 private:
  std::array<std::uint32_t, 4> Block(std::uint32_t index) const;

  std::uint64_t seed_;
  std::uint32_t stream_;
  std::uint64_t block_;
};

/// Makes the first `count` places of a list a draw without replacement from all of it, and so, with a count of
/// all, shuffles it (Fisher and Yates). Draws at most `count` numbers of the stream, from `index` on.
template <typename T>
void Shuffle(const RandomStream& random, std::uint32_t index, std::span<T> list, size_t count) {
  for (size_t i = 0; i < count && i + 1 < list.size(); ++i) {
    const auto rest = static_cast<std::uint32_t>(list.size() - i);
    std::swap(list[i], list[i + random.Below(index + static_cast<std::uint32_t>(i), rest)]);
  }
}

}  // namespace plgraph

#endif  // PLGRAPH_CORE_RANDOM_H_
