#include "tools/training/json_text.h"

#include <fmt/format.h>

#include <exception>
#include <limits>

namespace plgraph {
namespace {

constexpr int kDeepest = 100;

struct TooDeep : std::exception {};

bool CheckDepth(int depth, Json::parse_event_t, Json&) {
  if (depth > kDeepest) throw TooDeep();
  return true;
}

}  // namespace

ParsedJson ParseJson(std::string_view text) {
  try {
    return {.value = Json::parse(text, CheckDepth)};
  } catch (const TooDeep&) {
    return {.fault = fmt::format("has brackets nested deeper than {} levels", kDeepest)};
  } catch (const Json::parse_error& error) {
    return {.fault = fmt::format("is not valid JSON at byte {}", error.byte)};
  } catch (const Json::exception&) {
    return {.fault = "is not valid JSON: it has a number that is too large"};
  }
}

std::string JsonText(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::optional<std::int64_t> IntegerAt(const Json& object, const std::string& key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_integer()) return std::nullopt;
  if (found->is_number_unsigned() && found->get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max())
    return std::nullopt;
  return found->get<std::int64_t>();
}

std::string TextAt(const Json& object, const std::string& key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace plgraph
