#include "tools/training/image_episodes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/random.h"
#include "serialization/language/check_images.h"

namespace plgraph {
namespace {

[[noreturn]] void Fail(const std::string& fault) { throw Error(ErrorKind::kInvalid, "images: " + fault); }

bool NeedsClasses(const Images::Episode& episode) {
  return episode.distinct_classes() || episode.query() == Images::Episode::SAME_CLASS ||
         episode.labels() == Images::Episode::OF_EPISODE;
}

}  // namespace

std::vector<std::int32_t> UsedImages(const Images& config, std::int64_t all, std::uint64_t seed,
                                     DataUse use) {
  const std::int64_t rest = all - config.first();
  const std::int64_t count = config.count() > 0 ? config.count() : rest;
  if (count < 1 || count > rest) {
    Fail(fmt::format("images {} to {} were asked for, but the files hold {}; change first or count",
                     config.first(), config.first() + std::max<std::int64_t>(count, 1), all));
  }
  std::vector<std::int32_t> used(static_cast<size_t>(count));
  std::iota(used.begin(), used.end(), static_cast<std::int32_t>(config.first()));
  if (config.held_out() == 0) return used;
  const std::int64_t held_out = std::llround(config.held_out() * static_cast<double>(count));
  if (held_out < 1 || held_out >= count) {
    Fail(fmt::format(
        "held_out is {}, which holds out {} of {} images; expected some for training and some for "
        "evaluation",
        config.held_out(), held_out, count));
  }
  Shuffle(RandomStream(seed, StreamId("images/held_out")), 0, std::span(used), used.size());
  const auto border = used.end() - held_out;
  if (use == DataUse::kTraining) {
    used.erase(border, used.end());
  } else {
    used.erase(used.begin(), border);
  }
  std::sort(used.begin(), used.end());
  return used;
}

ImageEpisodes::ImageEpisodes(const Images& config, const LabelledImages& images, bool turns,
                             std::uint64_t seed, DataUse use)
    : config_(config),
      images_(images),
      turns_(turns),
      seed_(seed),
      use_(use),
      steps_(ImageSteps(config).value()) {
  const std::string prefix = use == DataUse::kTraining ? "images/training/" : "images/evaluation/";
  order_stream_ = StreamId(prefix + "order");
  sample_stream_ = StreamId(prefix + "samples");
  present_stream_ = StreamId(prefix + "presentations");
  turn_stream_ = StreamId(prefix + "turns");
  used_ = UsedImages(config, images.count, seed, use);
  if (!images.labels.empty())
    label_count_ = 1 + *std::max_element(images.labels.begin(), images.labels.end());
  if (!config.has_episode()) return;
  const Images::Episode& episode = config.episode();
  shows_ = episode.samples() * episode.presentations();
  if (NeedsClasses(episode)) FindClasses();
  CheckEpisode();
  if (episode.labels() == Images::Episode::OF_EPISODE) label_count_ = episode.samples();
}

void ImageEpisodes::FindClasses() {
  if (images_.labels.empty()) {
    Fail(
        "episodes with distinct_classes, a query of the SAME_CLASS or labels OF_EPISODE need classes, but "
        "the images "
        "have no labels");
  }
  class_at_.assign(static_cast<size_t>(label_count_), -1);
  for (const std::int32_t image : used_) {
    std::int32_t& at = class_at_[static_cast<size_t>(ClassOf(image))];
    if (at < 0) {
      at = static_cast<std::int32_t>(classes_.size());
      classes_.emplace_back();
    }
    classes_[static_cast<size_t>(at)].push_back(image);
  }
}

void ImageEpisodes::CheckEpisode() const {
  const Images::Episode& episode = config_.episode();
  const bool same_class = episode.query() == Images::Episode::SAME_CLASS;
  const std::int64_t needed = episode.samples() + (same_class ? 1 : 0);
  if (needed > count()) {
    Fail(fmt::format("an episode needs {} different images, but there are {}", needed, count()));
  }
  if (episode.distinct_classes() && episode.samples() > std::ssize(classes_)) {
    Fail(fmt::format("an episode shows {} images of distinct classes, but the images have {} classes",
                     episode.samples(), classes_.size()));
  }
  if (!same_class) return;
  for (const std::vector<std::int32_t>& members : classes_) {
    if (members.size() > 1) continue;
    Fail(fmt::format("class {} has one image only; a query of the SAME_CLASS needs another one",
                     ClassOf(members.front())));
  }
}

std::int64_t ImageEpisodes::bytes() const {
  size_t numbers = used_.size() + order_.capacity() + class_at_.size();
  for (const std::vector<std::int32_t>& members : classes_) numbers += members.size();
  return static_cast<std::int64_t>(numbers * sizeof(std::int32_t));
}

EpisodeMoment ImageEpisodes::MomentAt(std::int64_t step) const {
  const Images::Episode& episode = config_.episode();
  const std::int64_t period = episode.show_steps() + episode.gap_steps();
  if (!config_.has_episode() || step >= shows_ * period) return {EpisodeMoment::Kind::kQuery, 0};
  if (step % period >= episode.show_steps()) return {EpisodeMoment::Kind::kGap, 0};
  return {EpisodeMoment::Kind::kShow, step / period};
}

std::int64_t ImageEpisodes::ImageInPass(std::uint64_t episode) {
  const std::uint64_t pass = episode / used_.size();
  const size_t place = episode % used_.size();
  if (!config_.shuffle() || use_ == DataUse::kEvaluation) return used_[place];
  if (order_.empty() || pass != pass_) {
    pass_ = pass;
    order_ = used_;
    Shuffle(RandomStream(seed_, order_stream_, pass), 0, std::span(order_), order_.size());
  }
  return order_[place];
}

EpisodeImages ImageEpisodes::Draw(std::uint64_t number) {
  EpisodeImage query{.image = ImageInPass(number), .quarters = 0, .label = -1};
  const RandomStream random(seed_, sample_stream_, number);
  const size_t count = config_.has_episode() ? static_cast<size_t>(config_.episode().samples()) : 1;
  // Which of the samples is asked for.
  const size_t asked = random.Below(0, static_cast<std::uint32_t>(count));
  std::vector<EpisodeImage> samples = DrawSamples(random, query.image, asked);
  const RandomStream turn(seed_, turn_stream_, number);
  for (size_t i = 0; turns_ && i < count; ++i) {
    constexpr std::uint32_t kQuarters = 4;
    samples[i].quarters = static_cast<int>(turn.Below(static_cast<std::uint32_t>(i), kQuarters));
  }
  Label(samples);
  query.quarters = samples[asked].quarters;
  query.label = samples[asked].label;

  EpisodeImages result;
  if (has_query()) result.query = query;
  const RandomStream present(seed_, present_stream_, number);
  for (std::int64_t first = 0; first < shows_; first += std::ssize(samples)) {
    std::vector<std::int32_t> order(count);
    std::iota(order.begin(), order.end(), 0);
    Shuffle(present, static_cast<std::uint32_t>(first), std::span(order), count);
    for (const std::int32_t i : order) result.shows.push_back(samples[static_cast<size_t>(i)]);
  }
  return result;
}

std::vector<EpisodeImage> ImageEpisodes::DrawSamples(const RandomStream& random, std::int64_t image,
                                                     size_t asked) const {
  if (!config_.has_episode()) return {{.image = image}};
  const Images::Episode& episode = config_.episode();
  std::uint32_t index = 1;  // number 0 says which is asked for
  const auto draw = [&](const auto& list) -> const auto& {
    return list[random.Below(index++, static_cast<std::uint32_t>(list.size()))];
  };
  std::vector<EpisodeImage> samples(static_cast<size_t>(episode.samples()));
  EpisodeImage& sample = samples[asked];
  sample.image = image;
  while (episode.query() == Images::Episode::SAME_CLASS && sample.image == image) {
    sample.image = draw(classes_[static_cast<size_t>(class_at_[static_cast<size_t>(ClassOf(image))])]);
  }
  // Each of the others again until it is like none before.
  std::set<std::int64_t> taken;
  if (episode.distinct_classes()) {
    taken.insert(ClassOf(image));
  } else {
    taken = {image, sample.image};
  }
  for (size_t i = 0; i < samples.size(); ++i) {
    while (i != asked) {
      samples[i].image = episode.distinct_classes() ? draw(draw(classes_)) : draw(used_);
      if (taken.insert(episode.distinct_classes() ? ClassOf(samples[i].image) : samples[i].image).second)
        break;
    }
  }
  return samples;
}

void ImageEpisodes::Label(std::vector<EpisodeImage>& samples) const {
  for (EpisodeImage& sample : samples) sample.label = ClassOf(sample.image);
  if (!config_.has_episode() || config_.episode().labels() != Images::Episode::OF_EPISODE) return;
  // A class keeps the number of its first sample.
  std::map<std::pair<std::int32_t, int>, std::int32_t> numbers;
  std::int32_t number = 0;
  for (EpisodeImage& sample : samples) {
    sample.label = numbers.try_emplace({sample.label, sample.quarters}, number++).first->second;
  }
}

}  // namespace plgraph
