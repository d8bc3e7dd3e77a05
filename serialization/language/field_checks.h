#ifndef PLGRAPH_SERIALIZATION_LANGUAGE_FIELD_CHECKS_H_
#define PLGRAPH_SERIALIZATION_LANGUAGE_FIELD_CHECKS_H_

#include <google/protobuf/message.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "core/diagnostics.h"
#include "serialization/language/model_locations.h"

namespace plgraph {

/// The largest count that a model may ask for, of episodes, steps or whatever else: 2^53, up to which a double is exact.
/// Sums of such counts cannot overflow; their products are computed as CheckedSize.
constexpr std::int64_t kMostCount = std::int64_t{1} << 53;

/// The numbers from `low` to `high`; infinities are never among them.
struct Range {
  double low;
  double high;
  bool without_low = false;
  bool without_high = false;
};

/// Checks the numbers in the fields of one message, and reports those that are out of their range:
/// `train.batch is 0; expected at least 1`. That a number is finite was checked when it was read.
class FieldChecks {
 public:
  /// `path` is how messages call the message: "train.adam". All must outlive this.
  FieldChecks(const google::protobuf::Message& message, const ModelLocations::Place& where, std::string path,
              Diagnostics& diagnostics)
      : message_(message), where_(where), path_(std::move(path)), diagnostics_(diagnostics) {}

  /// An integer field, which must not be above kMostCount either. Returns whether it is sound.
  bool AtLeast(std::string_view field, std::int64_t least) const;
  /// A real field.
  bool Within(std::string_view field, const Range& range) const;
  bool Positive(std::string_view field) const;
  bool NotNegative(std::string_view field) const;
  /// From 0 on and under 1.
  bool Fraction(std::string_view field) const;

 private:
  void Report(std::string_view field, const std::string& value, const std::string& expected) const;
  double Real(std::string_view field) const;

  const google::protobuf::Message& message_;
  const ModelLocations::Place& where_;
  std::string path_;
  Diagnostics& diagnostics_;
};

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_LANGUAGE_FIELD_CHECKS_H_
