#include "serialization/language/graph_from_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/compile.h"
#include "graph/ir/check.h"
#include "graph/ir/op_registry.h"
#include "serialization/language/text_reader.h"

namespace plgraph {
namespace {

Graph GraphOf(std::string_view text, std::string* warnings = nullptr) {
  Diagnostics diagnostics("m");
  const ModelText model = ReadModel(text, diagnostics);
  Graph graph = GraphFromModel(model.model, model.locations, diagnostics);
  CheckGraph(graph, diagnostics);
  if (warnings != nullptr) *warnings = diagnostics.ToString();
  diagnostics.ThrowIfErrors();
  return graph;
}

const Node& NodeOf(const Graph& graph, std::string_view name) { return graph.node(graph.Find(name)); }

TEST(GraphFromModel, HasEveryElementOfTheModel) {
  const Graph graph = GraphOf(R"(name: "all"
dim { name: "n" size: 4 }
input { name: "cue" shape: ["n", "2"] }
input { name: "label" per: EPISODE }
input { name: "weight" }
parameter { name: "w" shape: "2" normal {} }
parameter { name: "h0" shape: "n" trainable: false constant {} }
node { name: "h_next" add { a: "drive" b: "h" } }   # before what it reads
node { name: "drive" matmul { a: "cue" b: "w" } }
state { name: "h" shape: "n" next: "h_next" initial_parameter: "h0" }
state { name: "k" next: "weight" initial_constant: 3 lifetime: KEPT }
node { name: "e" sum { x: "h_next" } }
loss { value: "e" at: EVERY_STEP scale: 0.5 }
loss { value: "e" weighted_by: "weight" }
metric { name: "value" value: "e" }
metric { name: "own" mean_squared_error { prediction: "h" target: "h0" } at: EVERY_STEP }
)");
  EXPECT_EQ(graph.name, "all");
  EXPECT_EQ(NodeOf(graph, "cue").shape, (Shape{4, 2}));
  EXPECT_EQ(NodeOf(graph, "cue").variance, (Variance{true, true}));
  EXPECT_EQ(NodeOf(graph, "label").variance, (Variance{true, false}));
  EXPECT_EQ(NodeOf(graph, "w").variance, Variance{});
  EXPECT_TRUE(NodeOf(graph, "w").trainable);
  EXPECT_FALSE(NodeOf(graph, "h0").trainable);
  EXPECT_EQ(NodeOf(graph, "drive").location, (SourceLocation{9, 1}));
  ASSERT_EQ(NodeOf(graph, "drive").operands.size(), 2U);
  EXPECT_EQ(NodeOf(graph, "drive").operands[1], graph.Find("w"));
  EXPECT_EQ(NodeOf(graph, "drive").operand_locations[1], (SourceLocation{9, 43}));

  ASSERT_EQ(graph.states.size(), 2U);
  EXPECT_EQ(graph.states[0].value, graph.Find("h"));
  EXPECT_EQ(graph.states[0].next, graph.Find("h_next"));
  EXPECT_EQ(graph.states[0].initial, graph.Find("h0"));
  EXPECT_FALSE(graph.states[0].kept);
  EXPECT_EQ(graph.states[1].next, graph.Find("weight"));
  EXPECT_EQ(graph.states[1].initial_constant, 3);
  EXPECT_TRUE(graph.states[1].kept);

  ASSERT_EQ(graph.terms.size(), 4U);
  EXPECT_EQ(graph.terms[0].at, TermAt::kEveryStep);
  EXPECT_EQ(graph.terms[0].scale, 0.5);
  EXPECT_TRUE(graph.terms[0].is_loss);
  EXPECT_EQ(graph.terms[1].at, TermAt::kWeighted);
  EXPECT_EQ(graph.terms[1].weight, graph.Find("weight"));
  EXPECT_EQ(graph.terms[2].name, "value");
  EXPECT_EQ(graph.terms[2].value, graph.Find("e"));
  EXPECT_FALSE(graph.terms[2].is_loss);
  EXPECT_EQ(graph.terms[3].value, graph.Find("own"));
  EXPECT_EQ(NodeOf(graph, "own").op, FindOp("MeanSquaredError"));
}

TEST(GraphFromModel, TurnsFieldsIntoAttributes) {
  using Integers = IntegerList;
  const Graph graph = GraphOf(R"(
dim { name: "n" size: 4 }
input { name: "x" shape: ["n", "6"] }
node { name: "clamp" clamp { x: "x" max: 2.5 } }
node { name: "sum" sum { x: "x" } }
node { name: "sum0" sum { x: "x" axis: 0 } }
node { name: "slice" slice { x: "x" axis: 1 begin: "2" size: "n" } }
node { name: "reshape" reshape { x: "x" shape: ["2", "n", "3"] } }
node { name: "reversed" transpose { x: "x" } }
node { name: "same" transpose { x: "x" order: [0, 1] } }
node { name: "cat" concat { inputs: "x" inputs: ["sum0_", "x"] } }
node { name: "sum0_" reshape { x: "sum0" shape: ["1", "6"] } }
node { name: "h" huber { prediction: "x" target: "x" reduction: MEAN } }
)");
  const auto attribute = [&](const char* name, std::string_view field) {
    const Node& node = NodeOf(graph, name);
    const auto& fields = node.op->attributes;
    return node
        .attributes[static_cast<size_t>(std::find(fields.begin(), fields.end(), field) - fields.begin())];
  };
  EXPECT_EQ(attribute("clamp", "min"), AttributeValue(-1.0));
  EXPECT_EQ(attribute("clamp", "max"), AttributeValue(2.5));
  EXPECT_EQ(attribute("sum", "axis"), AttributeValue());
  EXPECT_EQ(attribute("sum0", "axis"), AttributeValue(std::int64_t{0}));
  EXPECT_EQ(attribute("slice", "begin"), AttributeValue(std::int64_t{2}));
  EXPECT_EQ(attribute("slice", "size"), AttributeValue(std::int64_t{4}));
  EXPECT_EQ(attribute("reshape", "shape"), AttributeValue(Integers{2, 4, 3}));
  EXPECT_EQ(attribute("reversed", "order"), AttributeValue(Integers{}));
  EXPECT_EQ(attribute("same", "order"), AttributeValue(Integers{0, 1}));
  EXPECT_EQ(attribute("h", "reduction"), AttributeValue(std::int64_t{MEAN}));
  EXPECT_EQ(attribute("h", "delta"), AttributeValue(1.0));
  EXPECT_EQ(NodeOf(graph, "cat").operands,
            (std::vector<Value>{graph.Find("x"), graph.Find("sum0_"), graph.Find("x")}));
  EXPECT_EQ(NodeOf(graph, "cat").shape, (Shape{9, 6}));
}

TEST(GraphFromModel, AbsentOptionalOperandsAreNoValue) {
  const Graph graph = GraphOf(R"(input { name: "x" shape: "3" } parameter { name: "b" shape: "3" normal {} }
                                 node { name: "norm" layer_norm { x: "x" bias: "b" } })");
  EXPECT_EQ(NodeOf(graph, "norm").operands, (std::vector<Value>{graph.Find("x"), {}, graph.Find("b")}));
}

TEST(GraphFromModel, WarnsOfAParameterWithoutInitializer) {
  std::string warnings;
  GraphOf(
      "parameter { name: \"w\" shape: \"3\" } node { name: \"e\" sum { x: \"w\" } } loss { value: \"e\" }",
      &warnings);
  EXPECT_EQ(warnings,
            "m:1:1: warning: parameter \"w\" has no initializer and starts at zero; "
            "say `constant {}` if that is meant\n");
}

// Every op of the language has a definition whose operands and attributes are the fields of its message.
TEST(Language, AgreesWithTheDefinitionsOfTheOps) {
  for (const auto* message : {NodeDef::descriptor(), MetricDef::descriptor()}) {
    const auto* ops = message->FindOneofByName("op");
    for (int i = 0; i < ops->field_count(); ++i) {
      const auto* type = ops->field(i)->message_type();
      if (type == nullptr) continue;
      const OpDef* def = FindOp(type->name());
      ASSERT_NE(def, nullptr) << type->name();
      EXPECT_FALSE(def->internal) << type->name();
      std::vector<std::string> fields;
      for (int k = 0; k < type->field_count(); ++k) fields.push_back(type->field(k)->name());
      std::vector<std::string> defined;
      for (const OperandDef& operand : def->operands) {
        defined.emplace_back(operand.name);
        const auto* field = type->FindFieldByName(std::string(operand.name));
        ASSERT_NE(field, nullptr) << type->name() << " has no field " << operand.name;
        EXPECT_EQ(field->is_repeated(), operand.repeated) << type->name() << "." << operand.name;
        EXPECT_EQ(field->cpp_type(), google::protobuf::FieldDescriptor::CPPTYPE_STRING);
      }
      for (const std::string_view attribute : def->attributes) defined.emplace_back(attribute);
      EXPECT_THAT(defined, testing::UnorderedElementsAreArray(fields)) << type->name();
    }
  }
}

// The ops that a model can name are all in the language.
TEST(Language, HasEveryOpThatIsNotInternal) {
  std::vector<std::string> named;
  for (int i = 0; i < NodeDef::descriptor()->field_count(); ++i) {
    if (NodeDef::descriptor()->field(i)->message_type() != nullptr) {
      named.push_back(NodeDef::descriptor()->field(i)->message_type()->name());
    }
  }
  for (const OpDef* def : AllOps()) {
    EXPECT_TRUE(def->internal || std::find(named.begin(), named.end(), def->name) != named.end())
        << def->name;
  }
}

}  // namespace
}  // namespace plgraph
