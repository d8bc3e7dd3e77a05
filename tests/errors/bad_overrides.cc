// What `--set` refuses.
#include "tests/errors/bad_input.h"

namespace plgraph {
namespace {

BadInput Set(const std::string& name, const std::string& assignment, const std::string& message) {
  return {.name = "Set" + name,
          .command = {"compile", "small.pbtxt", "--set", assignment},
          .messages = {message}};
}

}  // namespace

std::vector<BadInput> BadOverrides() {
  return {
      Set("WithoutEquals", "train.batch", "--set train.batch: expected path=value"),
      Set("WithoutPath", "=3", "expected path=value"),
      Set("Empty", "", "expected path=value"),
      Set("UnknownField", "train.btach=3", "Train has no field \"btach\""),
      Set("UnknownGroup", "trian.batch=3", "Model has no field and no dim \"trian\""),
      Set("UnknownName", "parameter.v.trainable=true", "there is no parameter \"v\"; there are w, alpha"),
      Set("UnknownPlace", "parameter.9.trainable=true", "there is no parameter \"9\""),
      Set("Group", "train=3", "\"train\" is a group of fields"),
      Set("FieldOfANumber", "train.batch.x=3", "\"batch\" holds an integer and has no fields"),
      Set("TwoDots", "train..batch=3", "Train has no field \"\""),
      Set("Fraction", "train.batch=3.5", "expected an integer, found \"3.5\""),
      Set("TwoNumbers", "train.batch=3 4", "expected an integer, found \"3 4\""),
      Set("NoValue", "train.batch=", "expected an integer, found \"\""),
      Set("Octal", "train.batch=010", "starts with a zero"),
      Set("IntegerTooLarge", "train.batch=99999999999999999999", "out of range"),
      Set("NegativeSeed", "train.seed=-1", "expected an integer from 0 on"),
      Set("Word", "train.adam.learning_rate=fast", "expected a number, found \"fast\""),
      Set("Infinite", "train.adam.learning_rate=1e999", "out of range"),
      Set("Nan", "train.adam.learning_rate=nan", "expected a finite number, found \"nan\""),
      Set("InfByName", "train.adam.learning_rate=inf",
          "--set train.adam.learning_rate=inf: expected a finite number, found \"inf\""),
      Set("BeyondFloat", "train.adam.learning_rate=1e39",
          "\"1e39\" is out of range: a float is 0 or from about 1e-45 to 3.4e38"),
      Set("ZeroInFloat", "train.adam.epsilon=-1e-50", "\"-1e-50\" is out of range: a float is 0 or from"),
      Set("NegativeRate", "train.adam.learning_rate=-1",
          "learning_rate is -1; expected a finite number over 0"),
      Set("Beta", "train.adam.beta1=1", "beta1 is 1; expected a finite number from 0 under 1"),
      Set("NegativeNorm", "train.clip_norm=-1", "clip_norm is -1; expected a finite number from 0 on"),
      Set("Degrade", "train.data.patterns.degrade=2", "degrade is 2; expected a finite number from 0 to 1"),
      Set("NoPatterns", "train.data.patterns.patterns=0", "patterns is 0; expected at least 1"),
      Set("Truth", "parameter.w.trainable=yes", "expected true or false"),
      Set("Enumerator", "loss.0.at=LAST", "expected one of LAST_STEP, EVERY_STEP, found \"LAST\""),
      Set("NotUtf8", "name=\xff", "not UTF-8"),
      Set("OpenString", "name=\"open", "expected a string in quotes"),
      Set("ZeroBatch", "train.batch=0", "train.batch is 0; expected at least 1"),
      Set("ZeroDim", "n=0", "dim \"n\" has size 0; expected at least 1"),
      Set("NegativeDim", "n=-1", "dim \"n\" has size -1; expected at least 1"),
      Set("OverflowingDim", "n=4000000000", "is too large"),
  };
}

}  // namespace plgraph
