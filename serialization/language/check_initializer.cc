#include "serialization/language/check_initializer.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include "serialization/language/field_checks.h"

namespace plgraph {

namespace {

bool IsForMatrices(const ParameterDef& parameter) {
  switch (parameter.initializer_case()) {
    case ParameterDef::kConstant:
    case ParameterDef::kNormal:
    case ParameterDef::kUniform:
    case ParameterDef::kFromFile:
      return false;
    default:
      return true;
  }
}

void CheckNumbers(const ParameterDef& parameter, const std::string& title, const ModelLocations::Place& place,
                  const FieldChecks& checks, Diagnostics& diagnostics) {
  if (parameter.has_normal() || parameter.has_identity()) checks.NotNegative("stddev");
  if (parameter.has_uniform() && parameter.uniform().low() > parameter.uniform().high()) {
    diagnostics.AddError(place.name(),
                         fmt::format("{}: uniform from {} to {}; expected low at most high", title,
                                     parameter.uniform().low(), parameter.uniform().high()));
  }
  if (parameter.has_from_file() && parameter.from_file().path().empty())
    diagnostics.AddError(place.name(), title + ": from_file without a path");
}

}  // namespace

void CheckInitializer(const ParameterDef& parameter, const Shape& shape, const ModelLocations::Place& where,
                      Diagnostics& diagnostics) {
  const auto* oneof = ParameterDef::descriptor()->FindOneofByName("initializer");
  const auto* chosen = parameter.GetReflection()->GetOneofFieldDescriptor(parameter, oneof);
  const std::string title = fmt::format("parameter \"{}\"", parameter.name());
  if (chosen == nullptr) {
    if (where.damaged()) return;
    diagnostics.AddWarning(where.name(), title + " has no initializer and starts at zero",
                           "say `constant {}` if that is meant");
    return;
  }
  const ModelLocations::Place place = where.Of(chosen->name());
  const google::protobuf::Message& message = parameter.GetReflection()->GetMessage(parameter, chosen);
  const FieldChecks checks(message, place, fmt::format("parameter.{}.{}", parameter.name(), chosen->name()),
                           diagnostics);
  CheckNumbers(parameter, title, place, checks, diagnostics);
  if (IsForMatrices(parameter) && shape.rank() < 2) {
    diagnostics.AddError(
        place.name(),
        fmt::format("{} has shape {}, but {} is for matrices", title, shape.ToString(), chosen->name()),
        "take constant, normal or uniform");
  }
}

}  // namespace plgraph
