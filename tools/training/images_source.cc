// Episodes of images from files: what each input reads at each step.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include "core/diagnostics.h"
#include "core/error.h"
#include "serialization/language/check_images.h"
#include "tools/data/labelled_images.h"
#include "tools/training/data_source.h"
#include "tools/training/image_episodes.h"
#include "tools/training/image_transforms.h"

namespace plgraph {
namespace {

using Kind = EpisodeMoment::Kind;

// What an input reads, in the order of kImageInputs.
enum class Role { kImage, kTarget, kLabel, kShownLabel, kWeight, kMask };

// Which of kImageInputs read pixels.
constexpr std::string_view kPixelInputs[] = {"image", "target", "mask"};

[[noreturn]] void Fail(const std::string& fault) { throw Error(ErrorKind::kInvalid, "images: " + fault); }

class ImagesSource : public DataSource {
 public:
  ImagesSource(const Images& config, const DataContext& context, FileSystem& files);

  std::int64_t steps() const override { return episodes_.steps(); }
  // Of single images evaluation makes one pass; what else there is, is drawn without end.
  std::optional<std::int64_t> episodes() const override {
    const bool one_image = episodes_.IsOneImage() && !damage_.is_random();
    if (config_.has_episode() && !one_image) return std::nullopt;
    return episodes_.count();
  }
  DataFacts facts() const override { return facts_; }
  std::int64_t bytes() const override { return images_.bytes() + episodes_.bytes(); }
  void Fill(size_t port, const EpisodeWindow& window, std::span<float> out) override {
    FillAny(port, window, out);
  }
  void Fill(size_t port, const EpisodeWindow& window, std::span<double> out) override {
    FillAny(port, window, out);
  }

 private:
  void FindRoles();
  void CheckPort(Role role, const InputPort& port) const;
  void CheckSizes(const LabelledImages& images, const DataContext& context) const;
  void CheckLabel(const InputPort& port) const;
  void CheckIndices(const InputPort& port) const;
  void CheckDraws() const;
  std::int64_t CountSeen(const DataContext& context, FileSystem& files) const;
  template <typename T>
  void FillAny(size_t port, const EpisodeWindow& window, std::span<T> out);
  void WriteRow(size_t port, std::uint64_t number, const EpisodeImages& episode, const EpisodeMoment& moment);
  void WriteImage(Role role, std::uint64_t number, const EpisodeImage& image, const EpisodeMoment& moment);
  void WriteLabel(const InputPort& port, const EpisodeImage& image);
  float WeightAt(const EpisodeMoment& moment) const;

  Images config_;
  std::vector<InputPort> ports_;
  std::vector<Role> roles_;  // by port
  LabelledImages images_;
  ImageTransforms transforms_;
  ImageDamage damage_;
  ImageEpisodes episodes_;
  DataFacts facts_;
  std::vector<float> row_;
  std::vector<float> mask_;
};

ImageSize SizeOf(const LabelledImages& images) { return {images.channels, images.height, images.width}; }

ImagesSource::ImagesSource(const Images& config, const DataContext& context, FileSystem& files)
    : config_(config),
      ports_(context.ports),
      images_(ReadImages(files, config_, context.folder,
                         [&](const LabelledImages& sizes, std::int64_t bytes) {
                           CheckSizes(sizes, context);
                           const std::string path = ImagesPath(config_, context.folder);
                           if (context.memory != nullptr) RequireMemory(*context.memory, bytes, path);
                         })),
      transforms_(config_, SizeOf(images_)),
      damage_(config_, transforms_.out(), context.seed,
              context.use == DataUse::kTraining ? "training" : "evaluation"),
      episodes_(config_, images_, transforms_.turns(), context.seed, context.use) {
  FindRoles();
  CheckDraws();
  facts_ = {.name = "images " + ImagesPath(config_, ""),
            .records = episodes_.count(),
            .record_name = "images",
            .seen = std::nullopt,
            .note = images_.note};
  if (context.training != nullptr) facts_.seen = CountSeen(context, files);
}

// How many of the images training takes too.
std::int64_t ImagesSource::CountSeen(const DataContext& context, FileSystem& files) const {
  const Images& theirs = context.training->images();
  const bool same_files =
      context.training->has_images() && theirs.files_case() == config_.files_case() &&
      IsSameFile(files, ImagesPath(theirs, context.folder), ImagesPath(config_, context.folder));
  if (!same_files) return 0;
  const std::vector<std::int32_t> seen = UsedImages(theirs, images_.count, context.seed, DataUse::kTraining);
  std::vector<std::int32_t> shared;
  std::ranges::set_intersection(seen, episodes_.used(), std::back_inserter(shared));
  return std::ssize(shared);
}

void ImagesSource::FindRoles() {
  std::string feeds;
  for (const std::string_view field : kImageInputs) {
    feeds += fmt::format("{}\"{}\"", feeds.empty() ? "" : ", ", ImageInput(config_, field));
  }
  for (const InputPort& port : ports_) {
    const auto* field = std::find_if(std::begin(kImageInputs), std::end(kImageInputs),
                                     [&](std::string_view f) { return ImageInput(config_, f) == port.name; });
    if (field == std::end(kImageInputs)) {
      Fail(fmt::format("nothing feeds input \"{}\"; `images` feeds {}", port.name, feeds));
    }
    roles_.push_back(static_cast<Role>(field - std::begin(kImageInputs)));
    CheckPort(roles_.back(), port);
  }
  std::vector<std::string> names;
  for (const InputPort& port : ports_) names.push_back(port.name);
  for (const std::string_view field : kImageInputs) {
    const std::string& name = ImageInput(config_, field);
    const bool needed = field == "image" || NamesImageInput(config_, field);
    if (!needed || std::find(names.begin(), names.end(), name) != names.end()) continue;
    Fail(fmt::format("{}: the model has no input \"{}\"{}", field, name, DidYouMean(name, names)));
  }
}

void ImagesSource::CheckPort(Role role, const InputPort& port) const {
  const bool changes = !port.per_step && !episodes_.is_still();
  const bool of_query = role == Role::kTarget || role == Role::kLabel;
  if (changes && !of_query) {
    Fail(fmt::format("input \"{}\" has `per: EPISODE`, but changes from step to step; remove `per`",
                     port.name));
  }
  if (changes && !episodes_.has_query()) {
    Fail(fmt::format("input \"{}\" has `per: EPISODE`, which asks for the query, but an episode has none",
                     port.name));
  }
  if (role == Role::kLabel || role == Role::kShownLabel) return CheckLabel(port);
  if (role != Role::kWeight) return;
  if (port.shape.rank() != 0) {
    Fail(
        fmt::format("input \"{}\" has shape {}, but a weight is a scalar", port.name, port.shape.ToString()));
  }
  if (!episodes_.has_query() && config_.episode().show_weight() == 0) {
    Fail(fmt::format("input \"{}\" would be 0 at every step: an episode has no query, and show_weight is 0",
                     port.name));
  }
}

// Before the pixels are read, for they may be more than the memory holds.
void ImagesSource::CheckSizes(const LabelledImages& images, const DataContext& context) const {
  const ImageSize size = ImageTransforms(config_, SizeOf(images)).out();
  const Shape whole{size.channels, size.height, size.width};
  for (const InputPort& port : context.ports) {
    const bool is_image = std::ranges::any_of(
        kPixelInputs, [&](std::string_view field) { return ImageInput(config_, field) == port.name; });
    const bool fits = port.shape == whole || port.shape == Shape{size.elements()} ||
                      (size.channels == 1 && port.shape == Shape{size.height, size.width});
    if (!is_image || fits) continue;
    Fail(fmt::format(
        "input \"{}\" has shape {}, but the images, as they are fed, have {}; expected this, {}or [{}]",
        port.name, port.shape.ToString(), whole.ToString(),
        size.channels == 1 ? Shape{size.height, size.width}.ToString() + " " : "", size.elements()));
  }
}

void ImagesSource::CheckLabel(const InputPort& port) const {
  if (images_.labels.empty()) {
    Fail(fmt::format("input \"{}\" reads labels, but the files have none", port.name));
  }
  const bool only_vector = ImageInput(config_, "shown_label") == port.name;
  if (port.shape.rank() > 1 || (only_vector && port.shape.rank() == 0)) {
    Fail(fmt::format("input \"{}\" has shape {}, but a label is {}a vector with one element for each class",
                     port.name, port.shape.ToString(), only_vector ? "" : "a scalar or "));
  }
  if (port.limit) CheckIndices(port);
  if (port.shape.rank() == 1 && port.shape.dim(0) < episodes_.label_count()) {
    Fail(fmt::format("input \"{}\" has {} elements, but the labels go up to {}; expected at least {}",
                     port.name, port.shape.dim(0), episodes_.label_count() - 1, episodes_.label_count()));
  }
}

// What a node takes for the number of a class must be one of its classes.
void ImagesSource::CheckIndices(const InputPort& port) const {
  const std::int64_t count = port.limit->count;
  if (config_.episode().labels() == Images::Episode::OF_EPISODE && episodes_.label_count() > count) {
    Fail(fmt::format("input \"{}\" has labels up to {}, but {} has {} classes; expected labels from 0 to {}",
                     port.name, episodes_.label_count() - 1, port.limit->node, count, count - 1));
  }
  if (config_.episode().labels() == Images::Episode::OF_EPISODE) return;
  for (const std::int32_t image : episodes_.used()) {
    const std::int32_t label = images_.labels[static_cast<size_t>(image)];
    if (label < count) continue;
    Fail(fmt::format(
        "input \"{}\": image {} of {} has label {}, but {} has {} classes; expected labels from 0 to {}",
        port.name, image, ImagesPath(config_, ""), label, port.limit->node, count, count - 1));
  }
}

// The counters of the random numbers have 32 bits.
void ImagesSource::CheckDraws() const {
  const std::int64_t most = std::numeric_limits<std::uint32_t>::max();
  if (damage_.draws() <= most / (episodes_.shows() + 1)) return;
  Fail("an episode has more random numbers than 2^32");
}

// Leaves the image, clean or damaged, or its mask in row_.
void ImagesSource::WriteImage(Role role, std::uint64_t number, const EpisodeImage& image,
                              const EpisodeMoment& moment) {
  const bool query = moment.kind == Kind::kQuery;
  row_.resize(static_cast<size_t>(images_.size()));
  images_.Copy(image.image, row_);
  transforms_.Apply(image.quarters, row_);
  if (role == Role::kTarget) return;
  mask_.assign(row_.size(), 1.0F);
  if (query || config_.damaged() == Images::ALL) {
    damage_.Apply(number, query ? episodes_.shows() : moment.show, row_, mask_);
  }
  if (role == Role::kMask) row_ = mask_;
}

void ImagesSource::WriteLabel(const InputPort& port, const EpisodeImage& image) {
  if (port.shape.rank() == 0) {
    row_[0] = static_cast<float>(image.label);
  } else {
    row_[static_cast<size_t>(image.label)] = 1;
  }
}

float ImagesSource::WeightAt(const EpisodeMoment& moment) const {
  if (moment.kind == Kind::kQuery) return 1.0F / static_cast<float>(episodes_.query_steps());
  const Images::Episode& episode = config_.episode();
  return static_cast<float>(episode.show_weight() /
                            static_cast<double>(episodes_.shows() * episode.show_steps()));
}

// Leaves in row_ what an input reads.
void ImagesSource::WriteRow(size_t port, std::uint64_t number, const EpisodeImages& episode,
                            const EpisodeMoment& moment) {
  const InputPort& input = ports_[port];
  row_.assign(static_cast<size_t>(input.shape.NumElements()), 0.0F);
  if (moment.kind == Kind::kGap) return;
  const EpisodeImage& image =
      moment.kind == Kind::kQuery ? *episode.query : episode.shows[static_cast<size_t>(moment.show)];
  const Role role = roles_[port];
  if (role == Role::kWeight) {
    row_[0] = WeightAt(moment);
  } else if (role == Role::kLabel || (role == Role::kShownLabel && moment.kind == Kind::kShow)) {
    WriteLabel(input, image);
  } else if (role != Role::kShownLabel) {
    WriteImage(role, number, image, moment);
  }
}

template <typename T>
void ImagesSource::FillAny(size_t port, const EpisodeWindow& window, std::span<T> out) {
  const InputPort& input = ports_[port];
  const std::int64_t size = input.shape.NumElements();
  const std::int64_t rows = input.per_step ? window.steps : 1;
  PLGRAPH_CHECK(std::ssize(out) == rows * window.batch * size, "the input has another size than the window");
  for (std::int64_t sample = 0; sample < window.batch; ++sample) {
    const std::uint64_t number = window.first_episode + static_cast<std::uint64_t>(sample);
    const EpisodeImages episode = episodes_.Draw(number);
    std::optional<EpisodeMoment> before;
    for (std::int64_t row = 0; row < rows; ++row) {
      const EpisodeMoment moment =
          input.per_step ? episodes_.MomentAt(window.first_step + row) : episodes_.MomentOfEpisode();
      // What does not change is not computed again.
      if (moment != before) WriteRow(port, number, episode, moment);
      before = moment;
      std::transform(row_.begin(), row_.end(), out.begin() + (row * window.batch + sample) * size,
                     [](float value) { return static_cast<T>(value); });
    }
  }
}

}  // namespace

std::unique_ptr<DataSource> MakeImagesSource(const Images& images, const DataContext& context,
                                             FileSystem& files) {
  return std::make_unique<ImagesSource>(images, context, files);
}

}  // namespace plgraph
