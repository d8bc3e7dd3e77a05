#include "serialization/language/text_reader.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>

#include "serialization/language/field_values.h"

namespace plgraph {
namespace {

using google::protobuf::TextFormat;
using google::protobuf::util::MessageDifferencer;
using testing::HasSubstr;

std::string FaultsOf(std::string_view text) {
  Diagnostics diagnostics("m");
  ReadModel(text, diagnostics);
  return diagnostics.ToString();
}

ModelText Sound(std::string_view text) {
  Diagnostics diagnostics("m");
  ModelText result = ReadModel(text, diagnostics);
  EXPECT_EQ(diagnostics.ToString(), "");
  return result;
}

TEST(ReadModel, ReadsWhatProtobufReads) {
  const std::string text = R"(
# A comment; separators, both kinds of brackets, lists, escapes, numbers of all kinds.
name: "quo\"ted \303\266 \x41", dim < name: 'n' size: 0x10 >; dim: { name: "m" size: 3 };
input { name: "a" shape: ["n", "3"] per: EPISODE } input { name: "b" shape: "n" shape: "m" shape: [] }
node: [ { name: "s" clamp { x: "a" min: -1.5e3 max: 3e38 } }, { name: "t" transpose { x: "s" order: [1, -0] } } ]
train { batch: 2 seed: 18446744073709551615 sgd { nesterov: true momentum: .5 learning_rate: 1. } }
)";
  Model expected;
  ASSERT_TRUE(TextFormat::ParseFromString(text, &expected));
  EXPECT_TRUE(MessageDifferencer::Equals(Sound(text).model, expected));
}

TEST(ReadModel, ReadsWhatProtobufWrites) {
  const Model model = Sound(R"(input { name: "\t\n\"" shape: ["a"] }
                               train { adam { learning_rate: 1e-30 } seed: 3 }
                               node { name: "x" clamp { min: -1e-45 } })")
                          .model;
  std::string text;
  TextFormat::PrintToString(model, &text);
  EXPECT_TRUE(MessageDifferencer::Equals(Sound(text).model, model));
}

TEST(ReadModel, KnowsThePlaceOfEveryField) {
  const ModelText text = Sound(
      "dim { name: \"n\" size: 3 }\n"
      "input {\n"
      "\tname:   \"ä\"  shape: [\"n\",\n"
      "  \"4\"] shape: \"5\"\n"
      "}\n"
      "input { }\n");
  const ModelLocations::Place input = text.locations.Of("input");
  EXPECT_EQ(input.name(), (SourceLocation{2, 1}));
  EXPECT_EQ(input.value(), (SourceLocation{2, 7}));
  EXPECT_EQ(input.Of("name").name(), (SourceLocation{3, 2}));
  EXPECT_EQ(input.Of("name").value(), (SourceLocation{3, 10}));
  EXPECT_EQ(input.Of("shape", 0).name(), (SourceLocation{3, 23}));
  EXPECT_EQ(input.Of("shape", 1).value(), (SourceLocation{4, 3}));
  EXPECT_EQ(input.Of("shape", 2).name(), (SourceLocation{4, 8}));
  EXPECT_EQ(input.Of("shape", 2).value(), (SourceLocation{4, 15}));
  EXPECT_EQ(text.locations.Of("input", 1).name(), (SourceLocation{6, 1}));
  // What is not written has the place of what encloses it.
  EXPECT_EQ(text.locations.Of("input", 1).Of("shape", 3).value(), (SourceLocation{6, 7}));
  EXPECT_FALSE(text.locations.Of("input", 1).Of("shape").written());
  EXPECT_EQ(text.locations.Of("train").Of("batch").name(), SourceLocation{});
}

TEST(ReadModel, WhatIsNoTextGetsASentence) {
  EXPECT_EQ(FaultsOf(""), "m: the file is empty: it describes no model\n");
  EXPECT_EQ(FaultsOf("# only a comment\n"), "m: the file is empty: it describes no model\n");
  EXPECT_THAT(FaultsOf("name: \"a\"\nname\xFF: 3"), HasSubstr("m:2:5: this byte is not UTF-8"));
  EXPECT_THAT(FaultsOf("\xC3"), HasSubstr("m:1:1: this byte is not UTF-8"));
  EXPECT_THAT(FaultsOf("\xC0\x80"), HasSubstr("not UTF-8"));          // overlong
  EXPECT_THAT(FaultsOf("\xED\xA0\x80"), HasSubstr("not UTF-8"));      // half of a surrogate pair
  EXPECT_THAT(FaultsOf("\xF4\x90\x80\x80"), HasSubstr("not UTF-8"));  // above U+10FFFF
  EXPECT_THAT(FaultsOf(std::string_view("name: \"a\"\n \0", 12)), HasSubstr("m:2:2: a zero byte"));
  EXPECT_THAT(FaultsOf("name: \"\\000\""), HasSubstr("m:1:7: \"name\": a string cannot hold a zero byte"));
  EXPECT_THAT(FaultsOf("name: \"\\377\""), HasSubstr("not UTF-8"));
  EXPECT_EQ(FaultsOf("\xEF\xBB\xBFname: \"with a byte order mark\"\r\n"), "");
}

TEST(ReadModel, RefusesWhatProtobufLetsThrough) {
  EXPECT_THAT(FaultsOf("train { batch: 010 }"), HasSubstr("m:1:16: \"batch\": \"010\" starts with a zero"));
  EXPECT_THAT(FaultsOf("train { clip_norm: 1e999 }"), HasSubstr("out of range"));
  EXPECT_THAT(FaultsOf("train { clip_norm: nan }"), HasSubstr("expected a finite number, found \"nan\""));
  EXPECT_THAT(FaultsOf("train { clip_norm: 0x10 }"), HasSubstr("expected a number, found \"0x10\""));
  EXPECT_THAT(FaultsOf("parameter { trainable: 1 }"), HasSubstr("expected true or false, found \"1\""));
  EXPECT_THAT(FaultsOf("input { per: 1 }"), HasSubstr("expected one of STEP, EPISODE, found \"1\""));
  EXPECT_THAT(FaultsOf("input { shape: [\"3\" \"4\"] }"), HasSubstr("expected \",\" or \"]\""));
}

// Calls `visit` for every field of the language that is a real number.
void VisitReals(const google::protobuf::Descriptor& message,
                std::set<const google::protobuf::Descriptor*>& visited,
                const std::function<void(const google::protobuf::FieldDescriptor&)>& visit) {
  if (!visited.insert(&message).second) return;
  for (int i = 0; i < message.field_count(); ++i) {
    const google::protobuf::FieldDescriptor& field = *message.field(i);
    EXPECT_NE(field.cpp_type(), google::protobuf::FieldDescriptor::CPPTYPE_FLOAT) << field.full_name();
    if (field.cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_DOUBLE) visit(field);
    if (field.message_type() != nullptr) VisitReals(*field.message_type(), visited, visit);
  }
}

TEST(ReadModel, NoRealNumberOverflowsOrVanishesInFloat) {
  int fields = 0;
  std::set<const google::protobuf::Descriptor*> visited;
  VisitReals(*Model::descriptor(), visited, [&](const google::protobuf::FieldDescriptor& field) {
    ++fields;
    const auto* prototype =
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(field.containing_type());
    const std::unique_ptr<google::protobuf::Message> message(prototype->New());
    const auto fault = [&](std::string_view value) {
      Diagnostics diagnostics("m");
      TextTokens tokens(value, 0, diagnostics);
      return SetScalar(*message, field, ReadScalarText(tokens));
    };
    for (const char* value : {"inf", "-inf", "infinity", "nan"}) {
      EXPECT_THAT(fault(value), HasSubstr("expected a finite number, found")) << field.full_name();
    }
    for (const char* value : {"1e39", "-3.41e38", "1e300", "1e-46", "1e999"}) {
      EXPECT_THAT(fault(value), HasSubstr("is out of range: a float is 0 or from about 1e-45 to 3.4e38"));
    }
    for (const char* value : {"3.4028235e38", "-3.4e38", "1e-45", "0", "-1"}) EXPECT_EQ(fault(value), "");
  });
  EXPECT_GT(fields, 50);
}

TEST(ReadModel, NumbersAreCheckedAgainstTheirType) {
  EXPECT_EQ(FaultsOf("train { batch: -9223372036854775808 episodes: 9223372036854775807 }"), "");
  EXPECT_THAT(FaultsOf("train { batch: -9223372036854775809 }"), HasSubstr("at least -9223372036854775808"));
  EXPECT_THAT(FaultsOf("train { batch: 9223372036854775808 }"), HasSubstr("at most 9223372036854775807"));
  EXPECT_THAT(FaultsOf("node { sum { axis: 2147483648 } }"), HasSubstr("at most 2147483647"));
  EXPECT_THAT(FaultsOf("train { batch: 1.5 }"), HasSubstr("expected an integer, found \"1.5\""));
  EXPECT_THAT(FaultsOf("train { batch: \"1\" }"), HasSubstr("expected an integer, found \"1\""));
  EXPECT_THAT(FaultsOf("name: 3"), HasSubstr("expected a string in quotes, found \"3\""));
  EXPECT_THAT(FaultsOf("name: x"), HasSubstr("expected a string in quotes, found \"x\""));
  EXPECT_THAT(FaultsOf("train: 3"), HasSubstr("expected \"{\" after \"train\", found \"3\""));
}

TEST(ReadModel, GoesOnAfterEveryKindOfFault) {
  const std::string faults = FaultsOf(
      "name 3\n"
      "dim { name: \"n\" size }\n"
      "foo: [1, {2}]\n"
      "dim { name: \"m\" ] size: x }\n"
      "bar < a: 1 > baz: -1 qux: \"a\"\n"
      "dim { name: 1 }\n");
  for (const char* place : {"m:1:6", "m:2:22", "m:3:1", "m:4:17", "m:5:1", "m:5:14", "m:5:22", "m:6:13"}) {
    EXPECT_THAT(faults, HasSubstr(std::string(place) + ": "));
  }
}

TEST(ReadModel, ATextFullOfFaultsEnds) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "x { ] \" \x01\n";
  const std::string faults = FaultsOf(text);
  EXPECT_THAT(faults, HasSubstr("too many faults"));
  EXPECT_LT(faults.size(), 100000U);
}

TEST(ReadModel, DeepNestingIsNoStackOverflow) {
  for (const char* open : {"a {", "a: [", "a <", "node { tanh { b {"}) {
    std::string text;
    for (int i = 0; i < 200'000; ++i) text += open;
    EXPECT_NE(FaultsOf(text), "");
  }
}

TEST(ReadModel, ManyNodesOnOneLineAreReadInLinearTime) {
  std::string text;
  for (int i = 0; i < 100'000; ++i)
    text += "node { name: \"n" + std::to_string(i) + "\" tanh { x: \"x\" } } ";
  const ModelText result = Sound(text);
  EXPECT_EQ(result.model.node_size(), 100'000);
  EXPECT_EQ(text.substr(static_cast<size_t>(result.locations.Of("node", 99'999).name().column) - 1, 22),
            "node { name: \"n99999\" ");
}

TEST(ReadModelFile, AMissingFileGetsASentence) {
  const auto files = MakePosixFileSystem();
  Diagnostics diagnostics("nowhere.pbtxt");
  try {
    ReadModelFile(*files, "nowhere.pbtxt", diagnostics);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalid);
    EXPECT_STREQ(error.what(), "nowhere.pbtxt: there is no such file");
  }
}

TEST(ReadModel, ReadsATextThatTheModelUses) {
  Diagnostics diagnostics("model.pbtxt");
  const std::int32_t layer = diagnostics.sources().Add("layer.pbtxt", {.line = 40, .column = 1});
  const ModelText text = ReadModel("input { name: \"cue\" name: \"x\" }", diagnostics, layer);
  EXPECT_EQ(text.locations.Of("input").name(), (SourceLocation{1, 1, layer}));
  EXPECT_EQ(
      diagnostics.ToString(),
      "layer.pbtxt:1:21: \"name\" is given twice, first at layer.pbtxt:1:9; used at model.pbtxt:40:1\n");
}

}  // namespace
}  // namespace plgraph
