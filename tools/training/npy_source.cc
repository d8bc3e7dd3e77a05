// Episodes from .npy files, one array for each input.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/diagnostics.h"
#include "core/error.h"
#include "core/paths.h"
#include "core/random.h"
#include "core/tensor.h"
#include "serialization/formats/npy_reader.h"
#include "tools/training/data_source.h"
#include "tools/training/episode_rows.h"

namespace plgraph {
namespace {

struct Array {
  std::string path;
  Shape shape;    // [episodes, T, shape] or [episodes, shape]
  Tensor tensor;  // as soon as all shapes are checked
};

// A file whose header was read.
struct OpenArray {
  std::unique_ptr<ReadableFile> file;
  NpyReader reader;
};

OpenArray OpenFile(FileSystem& files, const std::string& path) {
  std::unique_ptr<ReadableFile> file = files.OpenRead(path);
  NpyReader reader(*file, path);
  return {std::move(file), std::move(reader)};
}

class NpySource : public DataSource {
 public:
  NpySource(const Npy& npy, const DataContext& context, FileSystem& files);

  std::int64_t steps() const override { return steps_; }
  std::optional<std::int64_t> episodes() const override { return count_; }
  std::int64_t bytes() const override;
  DataFacts facts() const override { return facts_; }
  void Fill(size_t port, const EpisodeWindow& window, std::span<float> out) override {
    FillAny(port, window, out);
  }
  void Fill(size_t port, const EpisodeWindow& window, std::span<double> out) override {
    FillAny(port, window, out);
  }

 private:
  void CheckArray(size_t port, const Array& array);
  void ChooseEpisodes(const Npy& npy);
  void CheckIndices(size_t port) const;
  std::int64_t CountSeen(const Npy& training, const std::string& folder, FileSystem& files) const;
  std::int64_t EpisodeInFile(std::uint64_t episode);
  template <typename T>
  void FillAny(size_t port, const EpisodeWindow& window, std::span<T> out);

  std::vector<InputPort> ports_;
  std::vector<Array> arrays_;  // by port
  std::uint64_t seed_;
  bool shuffle_;
  std::int64_t all_ = -1;  // episodes in the files
  std::int64_t first_ = 0;
  std::int64_t count_ = 0;
  std::int64_t steps_ = -1;
  std::uint64_t pass_ = 0;  // whose order order_ is
  std::vector<std::int64_t> order_;
  DataFacts facts_;
};

const Npy::Array* FindArray(const Npy& npy, const std::string& input) {
  for (const Npy::Array& array : npy.array()) {
    if (array.input() == input) return &array;
  }
  return nullptr;
}

void CheckNames(const Npy& npy, const std::vector<InputPort>& ports) {
  std::vector<std::string> names;
  for (const InputPort& port : ports) names.push_back(port.name);
  for (const Npy::Array& array : npy.array()) {
    if (std::find(names.begin(), names.end(), array.input()) != names.end()) continue;
    throw Error(ErrorKind::kInvalid, fmt::format("train.data.npy: the model has no input \"{}\"{}",
                                                 array.input(), DidYouMean(array.input(), names)));
  }
}

NpySource::NpySource(const Npy& npy, const DataContext& context, FileSystem& files)
    : ports_(context.ports),
      seed_(context.seed),
      shuffle_(npy.shuffle() && context.use == DataUse::kTraining) {
  CheckNames(npy, ports_);
  std::vector<OpenArray> open;
  for (size_t i = 0; i < ports_.size(); ++i) {
    const Npy::Array* array = FindArray(npy, ports_[i].name);
    if (array == nullptr) {
      throw Error(
          ErrorKind::kInvalid,
          fmt::format("train.data.npy: no array for input \"{}\"; add `array {{ input: \"{}\" path: ... }}`",
                      ports_[i].name, ports_[i].name));
    }
    const std::string path = JoinPath(context.folder, array->path());
    open.push_back(OpenFile(files, path));
    arrays_.push_back({path, open.back().reader.shape(), {}});
    CheckArray(i, arrays_.back());
  }
  if (steps_ < 0) steps_ = 1;  // no input changes from step to step
  ChooseEpisodes(npy);
  for (size_t i = 0; i < open.size(); ++i) {
    NpyReader& reader = open[i].reader;
    if (context.memory != nullptr) RequireMemory(*context.memory, reader.bytes(), arrays_[i].path);
    arrays_[i].tensor = reader.Read();
    CheckIndices(i);
  }
  facts_.records = count_;
  for (const Npy::Array& array : npy.array()) {
    facts_.name += (facts_.name.empty() ? "npy " : ", ") + array.path();
  }
  if (context.training == nullptr) return;
  facts_.seen = context.training->has_npy() ? CountSeen(context.training->npy(), context.folder, files) : 0;
}

// How many of the episodes training reads too: from the same files for all inputs.
std::int64_t NpySource::CountSeen(const Npy& training, const std::string& folder, FileSystem& files) const {
  for (size_t i = 0; i < ports_.size(); ++i) {
    const Npy::Array* theirs = FindArray(training, ports_[i].name);
    if (theirs == nullptr || !IsSameFile(files, JoinPath(folder, theirs->path()), arrays_[i].path)) return 0;
  }
  const std::int64_t first = training.first_episode();
  const std::int64_t end = training.episodes() > 0 ? first + training.episodes() : all_;
  return std::max<std::int64_t>(0, std::min(end, first_ + count_) - std::max(first, first_));
}

// What a node takes for the number of a class or a row must be one.
void NpySource::CheckIndices(size_t port) const {
  const std::optional<IndexLimit>& limit = ports_[port].limit;
  if (!limit) return;
  const std::int64_t each = ports_[port].per_step ? steps_ : 1;
  const std::vector<double> numbers = arrays_[port].tensor.As<double>();
  for (std::int64_t i = first_ * each; i < (first_ + count_) * each; ++i) {
    const double number = numbers[static_cast<size_t>(i)];
    if (number >= 0 && number < static_cast<double>(limit->count) && number == std::floor(number)) continue;
    throw Error(ErrorKind::kInvalid,
                fmt::format("{}: is {} for episode {}{}, but {} has {}; expected whole numbers from 0 to {}",
                            arrays_[port].path, number, i / each,
                            ports_[port].per_step ? fmt::format(", step {}", i % each) : "", limit->node,
                            limit->count, limit->count - 1));
  }
}

void NpySource::CheckArray(size_t port, const Array& array) {
  const InputPort& input = ports_[port];
  const std::vector<std::int64_t>& found = array.shape.dims();
  const size_t lead = input.per_step ? 2 : 1;
  const bool fits = found.size() == lead + input.shape.dims().size() &&
                    std::equal(input.shape.dims().begin(), input.shape.dims().end(),
                               found.begin() + static_cast<std::ptrdiff_t>(lead));
  if (!fits) {
    throw Error(
        ErrorKind::kInvalid,
        fmt::format("{}: has shape {}, but input \"{}\" of shape {} needs [episodes, {}shape]", array.path,
                    array.shape.ToString(), input.name, input.shape.ToString(), input.per_step ? "T, " : ""));
  }
  const auto agree = [&](std::int64_t& known, std::int64_t now, std::string_view what) {
    if (known < 0) known = now;
    if (known == now) return;
    throw Error(ErrorKind::kInvalid,
                fmt::format("{}: has {} {}, but the arrays before it have {}; all arrays "
                            "need the same number",
                            array.path, now, what, known));
  };
  agree(all_, found[0], "episodes");
  if (input.per_step) agree(steps_, found[1], "steps");
  if (found[0] < 1 || (input.per_step && found[1] < 1)) {
    throw Error(ErrorKind::kInvalid,
                fmt::format("{}: holds no episode: shape {}", array.path, array.shape.ToString()));
  }
}

void NpySource::ChooseEpisodes(const Npy& npy) {
  first_ = npy.first_episode();
  const std::int64_t rest = std::max<std::int64_t>(0, all_ - first_);
  count_ = npy.episodes() > 0 ? npy.episodes() : rest;
  if (first_ < 0 || count_ < 1 || count_ > rest) {
    throw Error(
        ErrorKind::kInvalid,
        fmt::format("train.data.npy: episodes {} to {} were asked for, but the arrays hold {}; change "
                    "first_episode or episodes",
                    first_, first_ + std::max<std::int64_t>(npy.episodes(), 1),
                    std::max<std::int64_t>(all_, 0)));
  }
}

std::int64_t NpySource::bytes() const {
  std::int64_t sum = 0;
  for (const Array& array : arrays_) sum += array.shape.NumElements() * SizeOf(array.tensor.dtype());
  return sum;
}

std::int64_t NpySource::EpisodeInFile(std::uint64_t episode) {
  const std::uint64_t count = static_cast<std::uint64_t>(count_);
  const std::uint64_t pass = episode / count;
  const size_t place = static_cast<size_t>(episode % count);
  if (!shuffle_) return first_ + static_cast<std::int64_t>(place);
  if (order_.empty() || pass != pass_) {
    pass_ = pass;
    order_.resize(static_cast<size_t>(count_));
    std::iota(order_.begin(), order_.end(), first_);
    const RandomStream random(seed_, StreamId("npy/shuffle"), pass);
    Shuffle(random, 0, std::span(order_), order_.size());
  }
  return order_[place];
}

template <typename T>
void NpySource::FillAny(size_t port, const EpisodeWindow& window, std::span<T> out) {
  CopyEpisodes(
      arrays_[port].tensor, ports_[port], window,
      [&](std::uint64_t episode) { return EpisodeInFile(episode); }, out);
}

}  // namespace

std::unique_ptr<DataSource> MakeNpySource(const Npy& npy, const DataContext& context, FileSystem& files) {
  return std::make_unique<NpySource>(npy, context, files);
}

}  // namespace plgraph
