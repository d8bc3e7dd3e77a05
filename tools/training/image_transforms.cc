#include "tools/training/image_transforms.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"

namespace plgraph {

void TurnImage(std::span<const float> in, const ImageSize& size, int quarters, std::span<float> out) {
  const std::int64_t h = size.height;
  const std::int64_t w = size.width;
  for (std::int64_t c = 0; c < size.channels; ++c) {
    const float* from = in.data() + c * h * w;
    float* to = out.data() + c * h * w;
    for (std::int64_t y = 0; y < h; ++y) {
      for (std::int64_t x = 0; x < w; ++x) {
        const std::int64_t places[] = {y * w + x, (w - 1 - x) * h + y, (h - 1 - y) * w + (w - 1 - x),
                                       x * h + (h - 1 - y)};
        to[places[quarters % 4]] = from[y * w + x];
      }
    }
  }
}

void PadImage(std::span<const float> in, const ImageSize& size, const ImageSize& padded,
              std::span<float> out) {
  std::fill(out.begin(), out.end(), 0.0F);
  const std::int64_t top = (padded.height - size.height) / 2;
  const std::int64_t left = (padded.width - size.width) / 2;
  for (std::int64_t c = 0; c < size.channels; ++c) {
    for (std::int64_t y = 0; y < size.height; ++y) {
      std::copy_n(in.begin() + (c * size.height + y) * size.width, size.width,
                  out.begin() + (c * padded.height + top + y) * padded.width + left);
    }
  }
}

ImageTransforms::ImageTransforms(const Images& images, const ImageSize& size)
    : images_(images), in_(size), out_(size) {
  for (int i = 0; i < images.transform_size(); ++i) {
    const Images::Transform& transform = images.transform(i);
    if (transform.has_pad()) {
      const ImageSize padded{out_.channels, transform.pad().height(), transform.pad().width()};
      constexpr std::int64_t kLargest = 8192;
      if (padded.height > kLargest || padded.width > kLargest) {
        throw Error(ErrorKind::kInvalid,
                    fmt::format("images.transform.{}: pads to {} x {}; expected at most {} lines and columns",
                                i, padded.height, padded.width, kLargest));
      }
      if (padded.height < out_.height || padded.width < out_.width) {
        throw Error(ErrorKind::kInvalid,
                    fmt::format("images.transform.{}: pads to {} x {}, but the image has {} x {} already", i,
                                padded.height, padded.width, out_.height, out_.width));
      }
      out_ = padded;
    }
    if (transform.has_quarter_turns()) {
      if (out_.height != out_.width) {
        throw Error(
            ErrorKind::kInvalid,
            fmt::format("images.transform.{}: turns images of {} x {}; expected squares, so pad them before",
                        i, out_.height, out_.width));
      }
      turns_ = true;
    }
  }
}

void ImageTransforms::Apply(int quarters, std::vector<float>& buffer) {
  ImageSize now = in_;
  for (const Images::Transform& transform : images_.transform()) {
    if (transform.has_normalize()) {
      const auto mean = static_cast<float>(transform.normalize().mean());
      const auto stddev = static_cast<float>(transform.normalize().stddev());
      for (float& x : buffer) x = (x - mean) / stddev;
    } else if (transform.has_pad()) {
      const ImageSize padded{now.channels, transform.pad().height(), transform.pad().width()};
      scratch_.resize(static_cast<size_t>(padded.elements()));
      PadImage(buffer, now, padded, scratch_);
      buffer.swap(scratch_);
      now = padded;
    } else if (transform.has_quarter_turns()) {
      scratch_.resize(buffer.size());
      TurnImage(buffer, now, quarters, scratch_);
      buffer.swap(scratch_);
    }
  }
}

ImageDamage::ImageDamage(const Images& images, const ImageSize& size, std::uint64_t seed,
                         std::string_view use)
    : images_(images), size_(size), seed_(seed), pixels_(static_cast<size_t>(size.pixels())) {
  for (int i = 0; i < images.damage_size(); ++i) {
    streams_.push_back(StreamId(fmt::format("images/{}/damage/{}", use, i)));
  }
}

bool ImageDamage::is_random() const {
  return std::ranges::any_of(images_.damage(), [](const Images::Damage& damage) {
    const bool fixed_half = damage.has_zero_half() && damage.zero_half().side() != Images::ZeroHalf::RANDOM;
    return !fixed_half && !damage.has_limit();
  });
}

void ImageDamage::Apply(std::uint64_t episode, std::int64_t place, std::span<float> image,
                        std::span<float> mask) {
  std::fill(mask.begin(), mask.end(), 1.0F);
  const auto index = static_cast<std::uint32_t>(place * draws());
  for (int i = 0; i < images_.damage_size(); ++i) {
    const Images::Damage& damage = images_.damage(i);
    const RandomStream random(seed_, streams_[static_cast<size_t>(i)], episode);
    if (damage.has_gaussian()) AddNoise(random, index, damage.gaussian(), image);
    if (damage.has_zeros()) ZeroPart(random, index, damage.zeros().part(), image, mask);
    if (damage.has_salt_and_pepper()) SaltAndPepper(random, index, damage.salt_and_pepper().part(), image);
    if (damage.has_zero_half()) {
      const Images::ZeroHalf::Side side = damage.zero_half().side();
      constexpr std::uint32_t kSides = 4;
      ZeroHalf(side == Images::ZeroHalf::RANDOM ? static_cast<int>(random.Below(index, kSides)) : side, image,
               mask);
    }
    if (damage.has_limit()) {
      const auto low = static_cast<float>(damage.limit().low());
      const auto high = static_cast<float>(damage.limit().high());
      for (float& x : image) x = std::clamp(x, low, high);
    }
  }
}

void ImageDamage::Zero(std::int64_t pixel, std::span<float> image, std::span<float> mask) const {
  for (std::int64_t c = 0; c < size_.channels; ++c) {
    const auto at = static_cast<size_t>(c * size_.pixels() + pixel);
    image[at] = 0;
    mask[at] = 0;
  }
}

void ImageDamage::AddNoise(const RandomStream& random, std::uint32_t index, const Images::Gaussian& noise,
                           std::span<float> image) const {
  double stddev = noise.stddev();
  if (noise.has_max_stddev()) {
    const auto last = static_cast<std::uint32_t>(index + draws() - 1);
    stddev += random.Uniform(last) * (noise.max_stddev() - stddev);
  }
  for (float& x : image) x += static_cast<float>(stddev * random.Normal(index++));
}

std::span<const std::int32_t> ImageDamage::DrawPixels(const RandomStream& random, std::uint32_t index,
                                                      double part) {
  const auto count = static_cast<size_t>(std::llround(part * static_cast<double>(pixels_.size())));
  std::iota(pixels_.begin(), pixels_.end(), 0);
  Shuffle(random, index, std::span(pixels_), count);
  return std::span(pixels_).first(count);
}

void ImageDamage::ZeroPart(const RandomStream& random, std::uint32_t index, double part,
                           std::span<float> image, std::span<float> mask) {
  for (const std::int32_t pixel : DrawPixels(random, index, part)) Zero(pixel, image, mask);
}

void ImageDamage::SaltAndPepper(const RandomStream& random, std::uint32_t index, double part,
                                std::span<float> image) {
  // Behind the numbers that draw the pixels.
  std::uint32_t color = index + static_cast<std::uint32_t>(size_.pixels());
  for (const std::int32_t pixel : DrawPixels(random, index, part)) {
    const float value = static_cast<float>(random.Below(color++, 2));
    for (std::int64_t c = 0; c < size_.channels; ++c) {
      image[static_cast<size_t>(c * size_.pixels() + pixel)] = value;
    }
  }
}

void ImageDamage::ZeroHalf(int side, std::span<float> image, std::span<float> mask) const {
  const bool rows = side == Images::ZeroHalf::TOP || side == Images::ZeroHalf::BOTTOM;
  const bool low = side == Images::ZeroHalf::TOP || side == Images::ZeroHalf::LEFT;
  const std::int64_t count = rows ? size_.height : size_.width;
  for (std::int64_t y = 0; y < size_.height; ++y) {
    for (std::int64_t x = 0; x < size_.width; ++x) {
      const std::int64_t at = rows ? y : x;
      if (low ? at < count / 2 : at >= count - count / 2) Zero(y * size_.width + x, image, mask);
    }
  }
}

}  // namespace plgraph
