// Damaged models: whatever stands in the text, there are messages or a model, and never a crash; and a text
// in which nothing is found wrong means to protobuf's own parser exactly the same.
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/random.h"
#include "graph/compile.h"
#include "graph/ir/check.h"
#include "serialization/language/check_train.h"
#include "serialization/language/graph_from_model.h"
#include "serialization/language/text_reader.h"

namespace plgraph {
namespace {

class Silent : public google::protobuf::io::ErrorCollector {
  void AddError(int, int, const std::string&) override {}
};

bool ProtobufAgrees(const std::string& text, const Model& model) {
  Silent silent;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&silent);
  parser.SetRecursionLimit(64);
  Model expected;
  return parser.ParseFromString(text, &expected) &&
         google::protobuf::util::MessageDifferencer::Equals(model, expected);
}

// Returns whether no fault was found.
bool Read(const std::string& text) {
  Diagnostics diagnostics("m");
  const ModelText model = ReadModel(text, diagnostics);
  const bool sound = !diagnostics.has_errors();
  EXPECT_TRUE(!sound || ProtobufAgrees(text, model.model)) << text;
  Graph graph = GraphFromModel(model.model, model.locations, diagnostics);
  CheckGraph(graph, diagnostics);
  CheckTrain(model.model, model.locations, graph, diagnostics);
  return !diagnostics.has_errors();
}

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed, StreamId("reader_fuzz")) {}

  std::string Mutated(std::string text) {
    for (std::uint32_t changes = 1 + Below(3); changes > 0; --changes) Change(text);
    return text;
  }

 private:
  std::uint32_t Below(size_t bound) { return random_.Below(next_++, static_cast<std::uint32_t>(bound)); }

  // A piece of up to 12 characters of the text itself, or a word that is likely to disturb.
  std::string Piece(const std::string& text) {
    static const std::vector<std::string> kWords = {"{",
                                                    "}",
                                                    "[",
                                                    "]",
                                                    "<",
                                                    ">",
                                                    ":",
                                                    ",",
                                                    "\"",
                                                    "'",
                                                    "#",
                                                    "-",
                                                    "0",
                                                    "010",
                                                    "1e999",
                                                    "-1",
                                                    "1e-400",
                                                    "0x",
                                                    "inf",
                                                    "nan",
                                                    "\n",
                                                    "\t",
                                                    "\\",
                                                    "\\377",
                                                    "\xC3\xB6",
                                                    "\xFF",
                                                    std::string(1, '\0'),
                                                    "9223372036854775808",
                                                    "node {",
                                                    "x: \"w\"",
                                                    "axis: 7",
                                                    "shape: \"n\"",
                                                    "true",
                                                    "1.",
                                                    ".5",
                                                    "2f",
                                                    ";",
                                                    "\"\" \"\"",
                                                    "next: \"y\""};
    if (Below(2) == 0) return kWords[Below(kWords.size())];
    const size_t begin = Below(text.size());
    return text.substr(begin, 1 + Below(12));
  }

  void Change(std::string& text) {
    if (text.empty()) return;
    const size_t at = Below(text.size());
    const size_t length = Below(3) == 0 ? 0 : 1 + Below(8);
    text.replace(at, std::min(length, text.size() - at), Below(3) == 0 ? "" : Piece(text));
  }

  RandomStream random_;
  std::uint32_t next_ = 0;
};

std::vector<std::string> Models() {
  std::vector<std::string> texts;
  for (const char* folder : {"/models", "/tests/errors"}) {
    for (const auto& entry : std::filesystem::directory_iterator(std::string(PLGRAPH_SOURCE_DIR) + folder)) {
      if (entry.path().extension() != ".pbtxt" || entry.file_size() > 10000) continue;
      std::stringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      texts.push_back(text.str());
    }
  }
  std::sort(texts.begin(), texts.end());
  return texts;
}

TEST(ReaderFuzz, DamagedModels) {
  int sound = 0;
  int count = 0;
  for (const std::string& text : Models()) {
    for (std::uint64_t seed = 0; seed < 100; ++seed, ++count) {
      SCOPED_TRACE(seed);
      sound += Read(Mutator(seed).Mutated(text)) ? 1 : 0;
    }
  }
  EXPECT_GT(sound, count / 100);  // some changes are harmless: a comment, a number
}

}  // namespace
}  // namespace plgraph
