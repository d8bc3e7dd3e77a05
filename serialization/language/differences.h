#ifndef PLGRAPH_SERIALIZATION_LANGUAGE_DIFFERENCES_H_
#define PLGRAPH_SERIALIZATION_LANGUAGE_DIFFERENCES_H_

#include <google/protobuf/message.h>

#include <string>
#include <vector>

namespace plgraph {

/// One field in which two models differ.
struct Difference {
  std::string path;    ///< as `--set` takes it; where another member of a oneof is set: the name of the oneof
  std::string before;  ///< as a model file says it; "not set"
  std::string after;
};

/// `train.batch: 4 -> 8`
std::string ToText(const Difference& difference);

/// Every field in which two messages of one type differ, in the order of the language. A number that is not set is its
/// default. Messages of which there are several are compared by name; where only their order differs, that is one
/// difference.
std::vector<Difference> DifferencesOf(const google::protobuf::Message& before,
                                      const google::protobuf::Message& after);

}  // namespace plgraph

#endif  // PLGRAPH_SERIALIZATION_LANGUAGE_DIFFERENCES_H_
