#ifndef PLGRAPH_SERIALIZATION_LANGUAGE_CHECK_IMAGES_H_
#define PLGRAPH_SERIALIZATION_LANGUAGE_CHECK_IMAGES_H_

#include <string>
#include <string_view>

#include "core/checked_size.h"
#include "core/diagnostics.h"
#include "serialization/language/model.pb.h"
#include "serialization/language/model_locations.h"

namespace plgraph {

/// Steps of an episode. Throws Error(kInvalid) when they cannot be counted.
CheckedSize ImageSteps(const Images& images);

/// The fields that name an input.
inline constexpr std::string_view kImageInputs[] = {"image",       "target", "label",
                                                    "shown_label", "weight", "mask"};
/// The input that one of these fields names.
const std::string& ImageInput(const Images& images, std::string_view field);
/// Whether the text names an input by this field, rather than leaving its default.
bool NamesImageInput(const Images& images, std::string_view field);

/// Checks what can be known of an `images` source without opening its files. `path` is how messages call it. Returns
/// whether the steps of an episode can be counted.
bool CheckImages(const Images& images, const ModelLocations::Place& where, const std::string& path,
                 Diagnostics& diagnostics);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_LANGUAGE_CHECK_IMAGES_H_
