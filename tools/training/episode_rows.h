#ifndef PLGRAPH_TOOLS_TRAINING_EPISODE_ROWS_H_
#define PLGRAPH_TOOLS_TRAINING_EPISODE_ROWS_H_

#include <algorithm>
#include <cstdint>
#include <span>

#include "core/error.h"
#include "core/tensor.h"
#include "tools/training/data_source.h"

namespace plgraph {

/// Writes what an input reads during a window, from an array [episodes, T, shape], or [episodes, shape] for an input with
/// one value an episode. `episode_at(number)` is the place in the array of the episode of that number.
template <typename T, typename EpisodeAt>
void CopyEpisodes(const Tensor& array, const InputPort& port, const EpisodeWindow& window,
                  const EpisodeAt& episode_at, std::span<T> out) {
  const std::int64_t size = port.shape.NumElements();
  const std::int64_t rows = port.per_step ? window.steps : 1;
  const std::int64_t rows_in_array = port.per_step ? array.shape().dim(1) : 1;
  const std::int64_t first_row = port.per_step ? window.first_step : 0;
  PLGRAPH_CHECK(std::ssize(out) == rows * window.batch * size, "the input has another size than the window");
  const auto copy = [&](const auto& values) {
    for (std::int64_t sample = 0; sample < window.batch; ++sample) {
      const std::int64_t episode = episode_at(window.first_episode + static_cast<std::uint64_t>(sample));
      for (std::int64_t row = 0; row < rows; ++row) {
        const auto* from = values.data() + (episode * rows_in_array + first_row + row) * size;
        std::transform(from, from + size, out.data() + (row * window.batch + sample) * size,
                       [](auto value) { return static_cast<T>(value); });
      }
    }
  };
  if (array.dtype() == DType::kFloat) {
    copy(array.values<float>());
  } else {
    copy(array.values<double>());
  }
}

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_EPISODE_ROWS_H_
