// .npy files that are damaged, hold what is never read, or do not fit: as an input of `run`, and as data of `train`.
#include <limits>

#include "serialization/formats/npy.h"
#include "tests/errors/bad_input.h"

namespace plgraph {
namespace {

std::string Header(const std::string& type, const std::string& shape, const std::string& fortran = "False") {
  return "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
}

std::string File(const std::string& header, const std::string& data, char version = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += version;
  bytes += '\0';
  bytes += static_cast<char>(header.size());
  bytes += '\0';
  if (version > 1) bytes += std::string(2, '\0');
  return bytes + header + data;
}

BadInput Array(const std::string& name, int exit_code, const std::string& message, const std::string& bytes) {
  return {
      .name = "Array" + name,
      .command = Words("run small.pbtxt --checkpoint good.ckpt --input cue=bad.npy --output y_next=y.npy"),
      .exit_code = exit_code,
      .messages = {message},
      .prepare = [bytes](const TempFolder& folder) { folder.Write("bad.npy", bytes); }};
}

std::string Floats(size_t count) { return std::string(4 * count, '\0'); }

std::string Saved(const Shape& shape) {
  return TextOf(EncodeNpy(Tensor(shape, std::vector<float>(static_cast<size_t>(shape.NumElements())))));
}

std::vector<BadInput> Inputs() {
  const std::string three = "(1, 2, 12)";
  return {
      Array("Empty", 1, "bad.npy: not a .npy file", ""),
      Array("OfAnotherKind", 1, "bad.npy: not a .npy file", "PK\3\4"),
      Array("CutInItsHeader", 1, "cut in its header", Saved({1, 2, 12}).substr(0, 40)),
      Array("Cut", 1, "of shape [1, 2, 12] takes 96 bytes behind the header, found 95",
            Saved({1, 2, 12}).substr(0, 128 + 95)),
      Array("WithMoreBehind", 1, "takes 96 bytes behind the header, found 97", Saved({1, 2, 12}) + "x"),
      Array("OfALaterVersion", 1, "version 4 of the format; expected 1, 2 or 3",
            File(Header("<f4", three), Floats(24), 4)),
      Array("OfPickledObjects", 1, "it holds Python objects, which are never read",
            File(Header("|O", three), "\x80\x04\x95 a pickle")),
      Array("OfRecords", 1, "records are not read", File("{'descr': [('a', '<f4')], }", Floats(24))),
      Array("OfComplexNumbers", 1, "elements are \"<c8\"; expected <f4",
            File(Header("<c8", three), Floats(48))),
      Array("BigEndian", 1, "it is big-endian: save it again", File(Header(">f4", three), Floats(24))),
      Array("FortranOrderCut", 1, "takes 96 bytes behind the header, found 92",
            File(Header("<f4", three, "True"), Floats(23))),
      Array("LiesAboutItsShape", 1, "takes 4000000000000 bytes behind the header",
            File(Header("<f4", "(1000000000000,)"), Floats(24))),
      Array("OfAnImpossibleShape", 1, "is impossible",
            File(Header("<f4", "(4000000000, 4000000000)"), Floats(24))),
      Array("OfANegativeShape", 1, "expected an extent from 0 on", File(Header("<f4", "(-1,)"), Floats(24))),
      Array("OfIntegersTooLarge", 1, "which a double does not hold exactly",
            File(Header("<i8", "(1,)"), "\xff\xff\xff\xff\xff\xff\xff\x7f")),
      Array("WithAKeyTwice", 1, "each once", File("{'descr': '<f4', 'descr': '<f4'}", Floats(24))),
      Array("WithAnUnknownKey", 1, "the key \"x\" is unknown", File("{'x': '<f4'}", Floats(24))),
      Array("OfAnotherShape", 2, "[1, 2, 13]", Saved({1, 2, 13})),
      Array("OfTooFewAxes", 2, "[12]", Saved({12})),
      Array("WithoutEpisodes", 2, "--input cue: the array has 0 episodes", Saved({0, 2, 12})),
  };
}

// A model that is trained on x.npy and label.npy.
constexpr std::string_view kModel = R"(
input { name: "x" shape: "2" }
input { name: "label" shape: "2" per: EPISODE }
parameter { name: "w" shape: ["2", "2"] normal { } }
node { name: "y" matmul { a: "x" b: "w" } }
node { name: "e" squared_error { prediction: "y" target: "label" } }
loss { value: "e" at: LAST_STEP }
train { episodes: 4 adam { }
  data { npy { array { input: "x" path: "x.npy" } array { input: "label" path: "label.npy" } } } }
)";

BadInput Data(const std::string& name, int exit_code, const std::string& message, const std::string& x,
              const std::string& label) {
  return {.name = "Data" + name,
          .command = Words("train npy.pbtxt --run-dir run"),
          .exit_code = exit_code,
          .messages = {message},
          .prepare = [x, label](const TempFolder& folder) {
            folder.Write("npy.pbtxt", std::string(kModel));
            folder.Write("x.npy", x);
            if (!label.empty()) folder.Write("label.npy", label);
          }};
}

std::vector<BadInput> TrainingData() {
  return {
      Data("Missing", 1, "label.npy", Saved({6, 4, 2}), ""),
      Data("OfOtherCounts", 2, "label.npy: has 5 episodes, but the arrays before it have 6", Saved({6, 4, 2}),
           Saved({5, 2})),
      Data("OfAnotherShape", 2, "x.npy: has shape [6, 4, 3], but input \"x\" of shape [2] needs",
           Saved({6, 4, 3}), Saved({6, 2})),
      Data("WithoutEpisodes", 2, "x.npy", Saved({0, 4, 2}), Saved({0, 2})),
      Data("WithoutSteps", 2, "x.npy", Saved({6, 0, 2}), Saved({6, 2})),
      Data("Cut", 1, "behind the header, found", Saved({6, 4, 2}).substr(0, 200), Saved({6, 2})),
      Data("OfObjects", 1, "it holds Python objects, which are never read",
           File(Header("|O", "(6, 4, 2)"), "pickle"), Saved({6, 2})),
  };
}

}  // namespace

std::vector<BadInput> BadArrays() {
  std::vector<BadInput> rows = Inputs();
  const std::vector<BadInput> data = TrainingData();
  rows.insert(rows.end(), data.begin(), data.end());
  const auto command = [](const std::string& inputs) {
    return Words("run small.pbtxt --checkpoint good.ckpt " + inputs + " --output y_next=y.npy");
  };
  const auto prepare = [](const TempFolder& folder) { folder.Write("x.npy", Saved({1, 2, 12})); };
  rows.push_back({.name = "ArrayMissing",
                  .command = command("--input cue=no.npy"),
                  .messages = {"no.npy: no such file"}});
  rows.push_back({.name = "ArrayOfNoInput",
                  .command = command("--input cew=x.npy"),
                  .messages = {"--input cew: the model has no input of this name (did you mean \"cue\"?)"},
                  .prepare = prepare});
  rows.push_back({.name = "ArrayGivenTwice",
                  .command = command("--input cue=x.npy --input cue=x.npy"),
                  .messages = {"--input cue: given twice"},
                  .prepare = prepare});
  return rows;
}

}  // namespace plgraph
