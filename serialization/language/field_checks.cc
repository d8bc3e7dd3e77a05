#include "serialization/language/field_checks.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <cmath>
#include <limits>

namespace plgraph {
namespace {

const google::protobuf::FieldDescriptor* FieldOf(const google::protobuf::Message& message,
                                                 std::string_view name) {
  const auto* field = message.GetDescriptor()->FindFieldByName(std::string(name));
  PLGRAPH_CHECK(field != nullptr,
                fmt::format("{} has no field \"{}\"", message.GetDescriptor()->name(), name));
  return field;
}

constexpr double kLargest = std::numeric_limits<double>::max();

}  // namespace

void FieldChecks::Report(std::string_view field, const std::string& value,
                         const std::string& expected) const {
  diagnostics_.AddError(where_.Of(field).value(),
                        fmt::format("{}.{} is {}; expected {}", path_, field, value, expected));
}

bool FieldChecks::AtLeast(std::string_view field, std::int64_t least) const {
  const std::int64_t value = message_.GetReflection()->GetInt64(message_, FieldOf(message_, field));
  if (value >= least && value <= kMostCount) return true;
  Report(field, fmt::format("{}", value),
         value < least ? fmt::format("at least {}", least) : fmt::format("at most {}", kMostCount));
  return false;
}

double FieldChecks::Real(std::string_view field) const {
  return message_.GetReflection()->GetDouble(message_, FieldOf(message_, field));
}

bool FieldChecks::Within(std::string_view field, const Range& range) const {
  const double value = Real(field);
  const bool above = range.without_low ? value > range.low : value >= range.low;
  const bool below = range.without_high ? value < range.high : value <= range.high;
  if (above && below) return true;
  const std::string low = fmt::format("{} {}", range.without_low ? "over" : "from", range.low);
  const std::string high =
      range.high == kLargest ? "on" : fmt::format("{} {}", range.without_high ? "under" : "to", range.high);
  Report(field, fmt::format("{}", value),
         range.high == kLargest && range.without_low ? "a finite number " + low
                                                     : fmt::format("a finite number {} {}", low, high));
  return false;
}

bool FieldChecks::Positive(std::string_view field) const { return Within(field, {0, kLargest, true}); }
bool FieldChecks::NotNegative(std::string_view field) const { return Within(field, {0, kLargest}); }
bool FieldChecks::Fraction(std::string_view field) const { return Within(field, {0, 1, false, true}); }

}  // namespace plgraph
