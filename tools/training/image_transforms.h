#ifndef PLGRAPH_TOOLS_TRAINING_IMAGE_TRANSFORMS_H_
#define PLGRAPH_TOOLS_TRAINING_IMAGE_TRANSFORMS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "core/random.h"
#include "serialization/language/model.pb.h"

namespace plgraph {

struct ImageSize {
  std::int64_t channels = 1;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t pixels() const { return height * width; }
  std::int64_t elements() const { return channels * height * width; }
  friend bool operator==(const ImageSize&, const ImageSize&) = default;
};

/// Turns an image of `size` counter-clockwise by quarters: channel by channel [height, width] becomes [width, height] for
/// an odd number of them.
void TurnImage(std::span<const float> in, const ImageSize& size, int quarters, std::span<float> out);

/// Copies an image into the middle of a larger one of zeros.
void PadImage(std::span<const float> in, const ImageSize& size, const ImageSize& padded,
              std::span<float> out);

/// The transforms that a model declares for every image.
class ImageTransforms {
 public:
  /// Throws Error(kInvalid) when a transform does not fit images of this size. The proto must outlive this.
  ImageTransforms(const Images& images, const ImageSize& size);

  const ImageSize& in() const { return in_; }
  const ImageSize& out() const { return out_; }
  /// Whether images are turned, by a number of quarters that is drawn for each.
  bool turns() const { return turns_; }
  /// Transforms the image in `buffer`, which holds in().elements() numbers before and out().elements() afterwards.
  void Apply(int quarters, std::vector<float>& buffer);

 private:
  const Images& images_;
  ImageSize in_;
  ImageSize out_;
  bool turns_ = false;
  std::vector<float> scratch_;
};

/// The damage that a model declares. What is drawn depends on the stream's block (the episode) and on the place of the
/// image in it.
class ImageDamage {
 public:
  /// The proto must outlive this.
  ImageDamage(const Images& images, const ImageSize& size, std::uint64_t seed, std::string_view use);

  /// Whether what it does to an image is drawn.
  bool is_random() const;
  /// Random numbers that one image takes of a stream at most.
  std::int64_t draws() const { return 2 * size_.elements() + 1; }
  /// Damages an image; `mask` becomes 1 where it is still given and 0 where it was made zero.
  void Apply(std::uint64_t episode, std::int64_t place, std::span<float> image, std::span<float> mask);

 private:
  void Zero(std::int64_t pixel, std::span<float> image, std::span<float> mask) const;
  void AddNoise(const RandomStream& random, std::uint32_t index, const Images::Gaussian& noise,
                std::span<float> image) const;
  void ZeroPart(const RandomStream& random, std::uint32_t index, double part, std::span<float> image,
                std::span<float> mask);
  void SaltAndPepper(const RandomStream& random, std::uint32_t index, double part, std::span<float> image);
  void ZeroHalf(int side, std::span<float> image, std::span<float> mask) const;
  std::span<const std::int32_t> DrawPixels(const RandomStream& random, std::uint32_t index, double part);

  const Images& images_;
  ImageSize size_;
  std::uint64_t seed_;
  std::vector<std::uint32_t> streams_;  // by damage
  std::vector<std::int32_t> pixels_;
};

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_IMAGE_TRANSFORMS_H_
