#ifndef PLGRAPH_SERIALIZATION_LANGUAGE_FIELD_VALUES_H_
#define PLGRAPH_SERIALIZATION_LANGUAGE_FIELD_VALUES_H_

#include <google/protobuf/message.h>

#include <string>
#include <string_view>
#include <vector>

#include "serialization/language/text_tokens.h"

namespace plgraph {

/// A value as it is written: one word, perhaps with a minus before it. (Protobuf joins strings that follow each
/// other, so that a forgotten comma makes of `["3" "4"]` the size 34; here it is a fault.)
struct ScalarText {
  bool negative = false;
  TextToken word;
};

/// Reads the value at the tokens' current place and goes behind it. A word of kind kEnd or kSymbol: there is
/// none.
ScalarText ReadScalarText(TextTokens& tokens);

/// Sets a field that is not a message, or adds to it if it is repeated. Returns "" or what is wrong:
/// `expected an integer, found "1.5"`. Every real number of the language must be finite, and neither overflow nor vanish
/// in float, in which the run will be.
std::string SetScalar(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field,
                      const ScalarText& value);

/// What the values of a field are: "an integer", "one of HEBB, OJA".
std::string ExpectedValue(const google::protobuf::FieldDescriptor& field);

/// The names of a message's fields, in the order of their definition.
std::vector<std::string> FieldNames(const google::protobuf::Descriptor& message);

/// The name of a message type for people: "Adam"; "Node" for NodeDef.
std::string TypeName(const google::protobuf::Descriptor& message);

/// `Adam has no field "lr"; its fields are learning_rate, ... (did you mean ...)`, and for a node the same
/// about ops.
std::string UnknownField(const google::protobuf::Descriptor& message, const std::string& name);

/// The names by which a path addresses the messages of a repeated field: their first field (name, value, input), or,
/// where that is not text, their numbers.
std::vector<std::string> ElementNames(const google::protobuf::Message& message,
                                      const google::protobuf::FieldDescriptor& field);

/// For a field that is set already, itself or another member of its oneof: that one. Null if it may be set.
const google::protobuf::FieldDescriptor* SetBefore(const google::protobuf::Message& message,
                                                   const google::protobuf::FieldDescriptor& field);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_LANGUAGE_FIELD_VALUES_H_
