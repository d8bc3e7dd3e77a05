#ifndef PLGRAPH_SERIALIZATION_LANGUAGE_OVERRIDES_H_
#define PLGRAPH_SERIALIZATION_LANGUAGE_OVERRIDES_H_

#include <span>
#include <string>

#include "serialization/language/text_reader.h"

namespace plgraph {

/// Changes one field of a model, as `--set path=value` asks for. A path is the names of fields, joined by
/// dots; a message of which there are several is addressed by its name, or by its place from 0 on:
/// `train.batch=32`, `parameter.w.normal.stddev=0.02`, `loss.0.scale=2`. The name of a dim alone is its size:
/// `n=200`. A path into another member of a oneof selects that member: `train.sgd.momentum=0.9` removes
/// `adam`. Values are written as in the file; a string may do without its quotes.
/// Throws Error(kInvalid): a path that leads nowhere (with the fields that there are), or a value that is not
/// of the field's type.
void ApplyOverride(ModelText& text, const std::string& assignment);

/// All of them, in order.
void ApplyOverrides(ModelText& text, std::span<const std::string> assignments);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_LANGUAGE_OVERRIDES_H_
