#ifndef PLGRAPH_TOOLS_TRAINING_IMAGE_EPISODES_H_
#define PLGRAPH_TOOLS_TRAINING_IMAGE_EPISODES_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/random.h"
#include "serialization/language/model.pb.h"
#include "tools/data/labelled_images.h"
#include "tools/training/data_source.h"

namespace plgraph {

/// An image as an episode has it.
struct EpisodeImage {
  std::int64_t image = 0;   ///< its place in the files
  int quarters = 0;         ///< by which it is turned
  std::int32_t label = -1;  ///< -1: none
};

/// What an episode shows, in the order of its presentations, and what it asks for.
struct EpisodeImages {
  std::vector<EpisodeImage> shows;
  std::optional<EpisodeImage> query;
};

/// What happens at a step of an episode: a show (of which number), a gap or the query.
struct EpisodeMoment {
  enum class Kind { kShow, kGap, kQuery };
  Kind kind = Kind::kQuery;
  std::int64_t show = 0;
  friend bool operator==(const EpisodeMoment&, const EpisodeMoment&) = default;
};

/// The places in the files, in order, of the images that are used, of `count` that there are. Throws Error(kInvalid) when
/// there are too few of them.
std::vector<std::int32_t> UsedImages(const Images& config, std::int64_t count, std::uint64_t seed,
                                     DataUse use);

/// Draws the episodes of a set of images: each is a pure function of the seed, its use and its number.
class ImageEpisodes {
 public:
  /// Chooses the images that are used. `turns`: whether images are turned. Throws Error(kInvalid) when the set has not
  /// what an episode needs. The proto must outlive this.
  ImageEpisodes(const Images& config, const LabelledImages& images, bool turns, std::uint64_t seed,
                DataUse use);

  /// Steps of an episode.
  std::int64_t steps() const { return steps_; }
  /// Shows of an episode.
  std::int64_t shows() const { return shows_; }
  bool has_query() const {
    return !config_.has_episode() || config_.episode().query() != Images::Episode::NONE;
  }
  /// Whether all steps show the same image.
  bool is_still() const { return MomentAt(0) == MomentAt(steps_ - 1); }
  std::int64_t query_steps() const { return config_.has_episode() ? config_.episode().query_steps() : 1; }
  /// The places in the files of the images that episodes are drawn from.
  const std::vector<std::int32_t>& used() const { return used_; }
  /// Whether an episode is made of one image and nothing else is drawn for it: then there are as many episodes as images.
  bool IsOneImage() const {
    return !turns_ && (!config_.has_episode() || (config_.episode().samples() == 1 &&
                                                  config_.episode().query() != Images::Episode::SAME_CLASS));
  }
  /// How many images there are to draw from.
  std::int64_t count() const { return static_cast<std::int64_t>(used_.size()); }
  /// How many numbers a label takes: all are less.
  std::int64_t label_count() const { return label_count_; }
  std::int64_t bytes() const;

  EpisodeMoment MomentAt(std::int64_t step) const;
  /// What is asked for: the query, or the one image that is shown.
  EpisodeMoment MomentOfEpisode() const { return has_query() ? EpisodeMoment{} : MomentAt(0); }
  EpisodeImages Draw(std::uint64_t episode);

 private:
  void FindClasses();
  void CheckEpisode() const;
  std::int64_t ImageInPass(std::uint64_t episode);
  std::vector<EpisodeImage> DrawSamples(const RandomStream& random, std::int64_t image, size_t asked) const;
  void Label(std::vector<EpisodeImage>& samples) const;
  std::int32_t ClassOf(std::int64_t image) const {
    return images_.labels.empty() ? -1 : images_.labels[static_cast<size_t>(image)];
  }

  const Images& config_;
  const LabelledImages& images_;
  bool turns_;
  std::uint64_t seed_;
  DataUse use_;
  std::uint32_t order_stream_;    // of the images in a pass
  std::uint32_t sample_stream_;   // which images an episode has
  std::uint32_t present_stream_;  // in which order it shows them
  std::uint32_t turn_stream_;
  std::int64_t shows_ = 0;
  std::int64_t steps_ = 1;
  std::int64_t label_count_ = 0;
  std::vector<std::int32_t> used_;                  // places in the files
  std::vector<std::vector<std::int32_t>> classes_;  // used images by class, if classes matter; none is empty
  std::vector<std::int32_t> class_at_;              // where a label lies in classes_
  std::uint64_t pass_ = 0;                          // whose order order_ is
  std::vector<std::int32_t> order_;
};

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_IMAGE_EPISODES_H_
