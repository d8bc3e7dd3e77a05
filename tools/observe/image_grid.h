#ifndef PLGRAPH_TOOLS_OBSERVE_IMAGE_GRID_H_
#define PLGRAPH_TOOLS_OBSERVE_IMAGE_GRID_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serialization/formats/png_writer.h"
#include "tools/training/loaded_model.h"
#include "tools/training/model_run.h"

namespace plgraph {

/// A value of which every sample is one cell of a grid.
struct GridColumn {
  std::string value;
  std::optional<std::int64_t> step = std::nullopt;  ///< no value: the last one
};

/// A picture of what a model makes of some samples: a row for each sample, a column for each value.
struct GridSpec {
  std::vector<GridColumn> columns = {};
  double low = 0;  ///< what is black
  double high = 1;
};

/// Reads `value,value@step,...`. `option` is for messages. Throws Error(kInvalid).
std::vector<GridColumn> ParseGridColumns(const std::string& text, std::string_view option);

/// What ParseGridColumns reads.
std::string TextOf(const std::vector<GridColumn>& columns);

/// The values of the columns, each once.
std::vector<std::string> ValuesOf(const std::vector<GridColumn>& columns);

/// Throws Error(kInvalid) for a column that is not a value of the model, or none that can be seen: an image is
/// [H, W], [1, H, W], [3, H, W], or a vector of H * H.
void CheckGrid(const LoadedModel& loaded, const std::vector<GridColumn>& columns, std::string_view option);

/// Throws Error(kInvalid) when there is nothing between `low` and `high`.
void CheckGridRange(double low, double high);

/// Draws a grid: between `low` and `high` from black to white, beyond them as these, what is not a number magenta.
/// Small images are magnified by a whole factor. Throws Error(kInvalid) for a step that the results do not have.
RgbImage DrawGrid(const GridSpec& spec, const std::vector<RunResult>& results, std::string_view option);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_OBSERVE_IMAGE_GRID_H_
