#ifndef PLGRAPH_TOOLS_TRAINING_JSON_TEXT_H_
#define PLGRAPH_TOOLS_TRAINING_JSON_TEXT_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace plgraph {

/// JSON whose objects keep the order of their keys.
using Json = nlohmann::ordered_json;

/// What a text holds.
struct ParsedJson {
  Json value = nullptr;
  std::string fault =
      "";  ///< why there is no value, as the end of a sentence that begins with a path; "": there is
};

/// Reads a text that need not be JSON, such as a file that a user may have changed. Nesting deeper than 100 levels is
/// a fault: the library that reads it calls itself for every level. Of equal keys in an object the last one counts.
ParsedJson ParseJson(std::string_view text);

/// One line, or with an indent several. It is valid JSON for every value: bytes that are not UTF-8 become U+FFFD, and
/// numbers that are not finite null.
std::string JsonText(const Json& json, int indent = -1);

/// The whole number at a key of an object; no value if there is none, or none of 64 bits.
std::optional<std::int64_t> IntegerAt(const Json& object, const std::string& key);

/// The text at a key of an object; "" if there is none.
std::string TextAt(const Json& object, const std::string& key);

}  // namespace plgraph

#endif  // PLGRAPH_TOOLS_TRAINING_JSON_TEXT_H_
