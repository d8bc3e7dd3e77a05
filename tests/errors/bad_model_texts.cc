// Model texts that are easier made than kept: not text at all, very deep, very long; and models whose numbers are too
// large.
#include <filesystem>

#include "tests/errors/bad_input.h"

namespace plgraph {
namespace {

const std::string kCompile = "compile bad.pbtxt";

BadInput Text(const std::string& name, const std::string& text, const std::vector<std::string>& messages) {
  return {.name = name,
          .command = Words(kCompile),
          .messages = messages,
          .prepare = [text](const TempFolder& folder) { folder.Write("bad.pbtxt", text); }};
}

std::string Repeated(const std::string& part, size_t count) {
  std::string text;
  text.reserve(part.size() * count);
  for (size_t i = 0; i < count; ++i) text += part;
  return text;
}

// A model whose one parameter has this shape.
std::string Shaped(const std::string& extents) {
  return "input { name: \"x\" shape: \"3\" }\nparameter { name: \"w\" shape: [" + extents +
         "] normal { } }\n";
}

std::vector<BadInput> NotAText() {
  return {
      Text("EmptyText", "", {"bad.pbtxt: the file is empty: it describes no model"}),
      Text("OnlyComments", "# nothing\n\n# at all\n", {"bad.pbtxt: the file is empty"}),
      Text("NameThatSteersATerminal", "name: \"a\\n\\x1b[31mb\"\ninput { name: \"x\" shape: \"3\" }\n",
           {"bad.pbtxt:1:7: the name of a model cannot hold control characters"}),
      Text("WordThatSteersATerminal", "name: \"a\"\n\x1b[31m\n", {"bad.pbtxt:2:1: "}),
      Text("NotUtf8", "name: \"a\"\ndim { name: \"\xff\" size: 3 }\n", {"bad.pbtxt:2:", "not UTF-8"}),
      Text("CutUtf8", "name: \"\xc3\"\n", {"bad.pbtxt:1:", "not UTF-8"}),
      Text("OverlongUtf8", "name: \"\xc0\xaf\"\n", {"bad.pbtxt:1:", "not UTF-8"}),
      Text("Surrogate", "name: \"\xed\xa0\x80\"\n", {"bad.pbtxt:1:", "not UTF-8"}),
      Text("NulByte", std::string("name: \"a\"\n\0dim { }", 18), {"bad.pbtxt:2:1: a zero byte"}),
      Text("BinaryGarbage",
           std::string("\x7f"
                       "ELF\2\1\1\0\0\0\0\0",
                       12),
           {"bad.pbtxt:1:8: a zero byte; a model is a text file"}),
      Text("Json", "{\"name\": \"a\"}\n", {"bad.pbtxt:1:1: expected the name of a field, found \"{\""}),
      Text("OpenString", "name: \"never closed\ndim { name: \"n\" size: 3 }\n",
           {"bad.pbtxt:1:20: String literals cannot cross line boundaries"}),
      Text("UnknownEscape", "name: \"a\\qb\"\n", {"bad.pbtxt:1:10: Invalid escape sequence"}),
      Text("OneBraceTooMany", "dim { name: \"n\" size: 3 } }\n", {"bad.pbtxt:1:27: "}),
  };
}

// Two layers in the loop over the steps that are normalised by the batch, which has one sample.
std::vector<BadInput> BatchesOfOne() {
  const std::string model = R"(input { name: "cue" shape: "4" }
input { name: "target" shape: "4" }
parameter { name: "bias" shape: "4" }
parameter { name: "m1" shape: "4" trainable: false }
parameter { name: "v1" shape: "4" trainable: false constant { value: 1 } }
parameter { name: "m2" shape: "4" trainable: false }
parameter { name: "v2" shape: "4" trainable: false constant { value: 1 } }
state { name: "y" shape: "4" next: "y_next" }
node { name: "first" batch_norm { x: "y" mean: "m1" variance: "v1" } }
node { name: "sum" add { a: "first" b: "cue" } }
node { name: "y_next" batch_norm { x: "sum" bias: "bias" mean: "m2" variance: "v2" } }
node { name: "error" squared_error { prediction: "y_next" target: "target" } }
loss { value: "error" }
train { episodes: 4 sgd { learning_rate: 1 } data { patterns { patterns: 2 } } }
)";
  const std::string reason =
      "in training each channel of operand \"x\" has a single number, whose variance is 0, so that nothing "
      "before "
      "the node would learn (train.batch is 1); set train.batch to 2 or more";
  std::vector<BadInput> all;
  for (const std::string command :
       {"compile bad.pbtxt", "train bad.pbtxt --run-dir r", "gradcheck bad.pbtxt", "bench bad.pbtxt"}) {
    all.push_back({.name = "BatchNormOfOneNumber_" + command.substr(0, command.find(' ')),
                   .command = Words(command),
                   .messages = {"bad.pbtxt:9:1: node \"first\" (BatchNorm): " + reason,
                                "bad.pbtxt:11:1: node \"y_next\" (BatchNorm): " + reason},
                   .prepare = [model](const TempFolder& folder) { folder.Write("bad.pbtxt", model); }});
  }
  return all;
}

std::vector<BadInput> DeepOrLong() {
  return {
      Text("Depth10000", Repeated("a { ", 10'000) + Repeated("}", 10'000),
           {"bad.pbtxt:1:1: Model has no field \"a\""}),
      Text("Depth1000000", Repeated("a { ", 1'000'000) + Repeated("}", 1'000'000),
           {"bad.pbtxt:1:1: Model has no field \"a\""}),
      Text("DepthNeverClosed", Repeated("train { ", 100'000),
           {"bad.pbtxt:1:9: Train has no field \"train\"", "is never closed"}),
      Text("DepthInALanguageField", Repeated("node { ", 50'000) + Repeated("}", 50'000),
           {"bad.pbtxt:1:8: unknown op \"node\""}),
      Text("DepthOfLists", "dim { name: " + Repeated("[", 100'000) + "\n",
           {"bad.pbtxt:1:13: expected a string in quotes for \"name\", found \"[\""}),
      Text("LongName", "dim { nam" + Repeated("e", 1'000'000) + ": \"n\" }",
           {"bad.pbtxt:1:7: Dim has no field"}),
      Text("LongNumber", "dim { name: \"n\" size: 1" + Repeated("0", 1'000'000) + " }",
           {"bad.pbtxt:1:23: ", "out of range"}),
  };
}

std::vector<BadInput> Numbers() {
  const auto size = [](const std::string& number) { return "dim { name: \"n\" size: " + number + " }\n"; };
  const auto stddev = [](const std::string& number) {
    return "parameter { name: \"w\" shape: \"3\" normal { stddev: " + number + " } }\n";
  };
  return {
      Text("Infinite", stddev("1e999"), {"bad.pbtxt:1:51: ", "\"1e999\" is out of range"}),
      Text("InfByName", stddev("inf"),
           {"bad.pbtxt:1:51: \"stddev\": expected a finite number, found \"inf\""}),
      Text("NanByName", stddev("nan"), {"bad.pbtxt:1:51: ", "expected a finite number, found \"nan\""}),
      Text("NegativeDeviation", stddev("-1"), {"stddev is -1; expected a finite number from 0 on"}),
      Text("Octal", size("010"), {"bad.pbtxt:1:23: ", "starts with a zero"}),
      Text("Fraction", size("3.5"), {"bad.pbtxt:1:23: ", "expected an integer"}),
      Text("IntegerTooLarge", size("9223372036854775808"), {"bad.pbtxt:1:23: ", "is out of range"}),
      Text("ZeroDim", size("0"), {"dim \"n\" has size 0; expected at least 1"}),
      Text("NegativeDim", size("-4"), {"dim \"n\" has size -4; expected at least 1"}),
      Text("ZeroExtent", Shaped("\"0\""), {"bad.pbtxt:2:31: ", "shape: 0 is too small; expected at least 1"}),
      Text("NegativeExtent", Shaped("\"-3\""),
           {"bad.pbtxt:2:31: ", "shape: -3 is too small; expected at least 1"}),
      Text("TooManyAxes", Shaped("\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\""),
           {"at most 8 axes"}),
      Text("ProductOverflows", Shaped("\"4000000000\", \"4000000000\""),
           {"bad.pbtxt:2:", "shape [4000000000, 4000000000] is too large"}),
      Text("DuplicateField", "name: \"a\"\nname: \"b\"\n",
           {"bad.pbtxt:2:1: \"name\" is given twice, first at 1:1"}),
      Text("DuplicateTrain", "train { }\ntrain { }\n",
           {"bad.pbtxt:2:1: \"train\" is given twice, first at 1:1"}),
  };
}

// Sound models that need more than any machine has.
std::vector<BadInput> TooMuchMemory() {
  const auto row = [](const std::string& name, const std::string& command, int exit_code,
                      const std::string& message) {
    return BadInput{.name = name, .command = Words(command), .exit_code = exit_code, .messages = {message}};
  };
  const std::string train = "train small.pbtxt --run-dir run --set ";
  return {
      row("MatrixBeyondTheMachine", train + "n=1000000", 1, "the run needs 80001064.0 MB of memory but "),
      row("BatchBeyondTheMachine", train + "train.batch=1000000000000", 1, "the run needs 5972000000.0 MB"),
      row("StepsBeyondTheMachine", train + "train.data.patterns.gap_steps=1000000000000", 1,
          "the run needs 1210000000.0 MB of memory but "),
      row("BatchOverflows", train + "train.batch=9223372036854775807", 2,
          "train.batch is 9223372036854775807; expected at most 9007199254740992"),
      row("AccumulateOverflows", train + "train.accumulate=9223372036854775807", 2,
          "train.accumulate is 9223372036854775807; expected at most 9007199254740992"),
      row("UpdateOverflows", train + "train.batch=4294967296 --set train.accumulate=4294967296", 2,
          "an update takes train.batch times train.accumulate = 4294967296 times 4294967296 episodes"),
      row("EpisodesOverflow", train + "train.episodes=9223372036854775807", 2,
          "train.episodes is 9223372036854775807; expected at most 9007199254740992"),
      row("EvaluationOverflows", train + "train.evaluation.episodes=9223372036854775807", 2,
          "train.evaluation.episodes is 9223372036854775807; expected at most 9007199254740992"),
      row("StepsOverflow", train + "train.data.patterns.show_steps=9223372036854775807", 2,
          "expected at most 9007199254740992"),
      row("ProductOfStepsOverflows",
          train + "train.data.patterns.show_steps=4294967296 --set train.data.patterns.patterns=4294967296",
          2, "overflows"),
      row("EvaluationBeyondTheMachine", "eval small.pbtxt --checkpoint good.ckpt --set n=1000000", 1,
          "MB are available; take a smaller batch, fewer steps or smaller layers"),
      row("GradcheckBeyondTheMachine", "gradcheck small.pbtxt --set n=1000000", 1, "MB are available"),
  };
}

std::vector<BadInput> NotAFile() {
  return {
      {.name = "ModelMissing", .command = Words("compile nowhere.pbtxt"), .messages = {"nowhere.pbtxt"}},
      {.name = "ModelIsAFolder",
       .command = Words(kCompile),
       .messages = {"bad.pbtxt: a folder that holds no run of `plgraph train` (no model.pbtxt)"},
       .prepare =
           [](const TempFolder& folder) { std::filesystem::create_directory(folder.Path("bad.pbtxt")); }},
      {.name = "ModelIsALinkToNowhere",
       .command = Words(kCompile),
       .messages = {"bad.pbtxt"},
       .prepare =
           [](const TempFolder& folder) {
             std::filesystem::create_symlink("nowhere", folder.Path("bad.pbtxt"));
           }},
      {.name = "ModelIsALinkToItself",
       .command = Words(kCompile),
       .exit_code = 1,
       .messages = {"bad.pbtxt: cannot look up: Too many levels of symbolic links"},
       .prepare =
           [](const TempFolder& folder) {
             std::filesystem::create_symlink("bad.pbtxt", folder.Path("bad.pbtxt"));
           }},
      {.name = "InitialValuesMissing",
       .command = Words("train bad.pbtxt --run-dir run"),
       .exit_code = 1,
       .messages = {"nowhere.npy"},
       .prepare =
           [](const TempFolder& folder) {
             std::string text = folder.Read("small.pbtxt");
             const std::string constant = "constant { value: 0.1 }";
             folder.Write("bad.pbtxt", text.replace(text.find(constant), constant.size(),
                                                    "from_file { path: \"nowhere.npy\" }"));
           }},
  };
}

}  // namespace

std::vector<BadInput> BadModelTexts() {
  std::vector<BadInput> rows;
  for (const auto& part :
       {NotAText(), DeepOrLong(), Numbers(), TooMuchMemory(), NotAFile(), BatchesOfOne()}) {
    rows.insert(rows.end(), part.begin(), part.end());
  }
  return rows;
}

}  // namespace plgraph
