#include "serialization/language/check_images.h"

#include <fmt/format.h>

#include "core/error.h"
#include "serialization/language/field_checks.h"

namespace plgraph {
namespace {

using Place = ModelLocations::Place;

void NeedsPath(const std::string& value, const Place& where, const std::string& path, std::string_view field,
               Diagnostics& diagnostics) {
  if (!value.empty() || where.damaged()) return;
  diagnostics.AddError(where.name(), fmt::format("{} has no {}; expected a path", path, field));
}

void CheckFiles(const Images& images, const Place& where, const std::string& path, Diagnostics& diagnostics) {
  if (images.has_idx()) {
    NeedsPath(images.idx().images(), where.Of("idx"), path + ".idx", "images", diagnostics);
  } else if (images.has_png()) {
    const Place place = where.Of("png");
    NeedsPath(images.png().folder(), place, path + ".png", "folder", diagnostics);
    if (images.png().channels() != 1 && images.png().channels() != 3) {
      diagnostics.AddError(place.Of("channels").value(), fmt::format("{}.png.channels is {}; expected 1 or 3",
                                                                     path, images.png().channels()));
    }
  } else if (images.has_csv()) {
    const Place place = where.Of("csv");
    NeedsPath(images.csv().path(), place, path + ".csv", "path", diagnostics);
    const FieldChecks checks(images.csv(), place, path + ".csv", diagnostics);
    for (const std::string_view field : {"height", "width", "channels"}) checks.AtLeast(field, 1);
  } else if (images.has_npz()) {
    const Place place = where.Of("npz");
    NeedsPath(images.npz().path(), place, path + ".npz", "path", diagnostics);
    if (images.npz().has_white()) {
      FieldChecks(images.npz(), place, path + ".npz", diagnostics).Positive("white");
    }
  } else if (!where.damaged()) {
    diagnostics.AddError(where.name(), path + " has no files; expected idx, png, csv or npz");
  }
}

void CheckTransforms(const Images& images, const Place& where, const std::string& path,
                     Diagnostics& diagnostics) {
  int turns = 0;
  for (int i = 0; i < images.transform_size(); ++i) {
    const Images::Transform& transform = images.transform(i);
    const Place place = where.Of("transform", i);
    const std::string name = fmt::format("{}.transform.{}", path, i);
    if (transform.kind_case() == Images::Transform::KIND_NOT_SET && !place.damaged()) {
      diagnostics.AddError(place.name(), name + " is empty; expected normalize, pad or quarter_turns");
    }
    if (transform.has_normalize()) {
      const Place inner = place.Of("normalize");
      const FieldChecks checks(transform.normalize(), inner, name + ".normalize", diagnostics);
      checks.Positive("stddev");
    }
    if (transform.has_pad()) {
      const Place inner = place.Of("pad");
      const FieldChecks checks(transform.pad(), inner, name + ".pad", diagnostics);
      checks.AtLeast("height", 1);
      checks.AtLeast("width", 1);
    }
    if (transform.has_quarter_turns() && ++turns == 2) {
      diagnostics.AddError(place.name(), name + ": images are turned twice; expected one quarter_turns");
    }
  }
}

void CheckDamage(const Images& images, const Place& where, const std::string& path,
                 Diagnostics& diagnostics) {
  for (int i = 0; i < images.damage_size(); ++i) {
    const Images::Damage& damage = images.damage(i);
    const Place place = where.Of("damage", i);
    const std::string name = fmt::format("{}.damage.{}", path, i);
    if (damage.kind_case() == Images::Damage::KIND_NOT_SET && !place.damaged()) {
      diagnostics.AddError(place.name(),
                           name + " is empty; expected gaussian, zeros, salt_and_pepper, zero_half or limit");
    }
    if (damage.has_gaussian()) {
      const Place inner = place.Of("gaussian");
      const Images::Gaussian& noise = damage.gaussian();
      const FieldChecks checks(noise, inner, name + ".gaussian", diagnostics);
      checks.NotNegative("stddev");
      if (noise.has_max_stddev() && noise.max_stddev() < noise.stddev()) {
        diagnostics.AddError(
            inner.name(),
            fmt::format("{}.gaussian: max_stddev is {} and stddev {}; expected max_stddev not to be less",
                        name, noise.max_stddev(), noise.stddev()));
      }
    }
    if (damage.has_zeros()) {
      const Place inner = place.Of("zeros");
      FieldChecks(damage.zeros(), inner, name + ".zeros", diagnostics).Within("part", {0, 1});
    }
    if (damage.has_salt_and_pepper()) {
      const Place inner = place.Of("salt_and_pepper");
      FieldChecks(damage.salt_and_pepper(), inner, name + ".salt_and_pepper", diagnostics)
          .Within("part", {0, 1});
    }
    if (!damage.has_limit()) continue;
    const Place inner = place.Of("limit");
    if (damage.limit().low() > damage.limit().high()) {
      diagnostics.AddError(inner.name(),
                           fmt::format("{}.limit: low is {} and high {}; expected low to be less", name,
                                       damage.limit().low(), damage.limit().high()));
    }
  }
}

bool CheckEpisode(const Images::Episode& episode, const Place& where, const std::string& path,
                  Diagnostics& diagnostics) {
  const FieldChecks checks(episode, where, path + ".episode", diagnostics);
  bool sound = true;
  for (const std::string_view field : {"samples", "presentations", "show_steps", "query_steps"}) {
    sound = checks.AtLeast(field, 1) && sound;
  }
  sound = checks.AtLeast("gap_steps", 0) && sound;
  checks.NotNegative("show_weight");
  return sound;
}

}  // namespace

CheckedSize ImageSteps(const Images& images) {
  if (!images.has_episode()) return 1;
  const Images::Episode& episode = images.episode();
  const CheckedSize shows = CheckedSize(episode.samples()) * CheckedSize(episode.presentations());
  const CheckedSize shown = shows * (CheckedSize(episode.show_steps()) + CheckedSize(episode.gap_steps()));
  return episode.query() == Images::Episode::NONE ? shown : shown + CheckedSize(episode.query_steps());
}

const std::string& ImageInput(const Images& images, std::string_view field) {
  const auto* descriptor = Images::descriptor()->FindFieldByName(std::string(field));
  return images.GetReflection()->GetStringReference(images, descriptor, nullptr);
}

bool NamesImageInput(const Images& images, std::string_view field) {
  return images.GetReflection()->HasField(images, Images::descriptor()->FindFieldByName(std::string(field)));
}

bool CheckImages(const Images& images, const Place& where, const std::string& path,
                 Diagnostics& diagnostics) {
  const FieldChecks checks(images, where, path, diagnostics);
  checks.AtLeast("first", 0);
  checks.AtLeast("count", 0);
  checks.Fraction("held_out");
  CheckFiles(images, where, path, diagnostics);
  CheckTransforms(images, where, path, diagnostics);
  CheckDamage(images, where, path, diagnostics);
  if (!images.has_episode()) return true;
  const Place place = where.Of("episode");
  return CheckEpisode(images.episode(), place, path, diagnostics);
}

}  // namespace plgraph
