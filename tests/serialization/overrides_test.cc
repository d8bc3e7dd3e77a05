#include "serialization/language/overrides.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plgraph {
namespace {

using testing::HasSubstr;

ModelText Example() {
  Diagnostics diagnostics("m");
  ModelText text = ReadModel(R"(
name: "example"
dim { name: "n" size: 3 }
dim { name: "n.m" size: 4 }
input { name: "x" shape: ["n", "3"] }
parameter { name: "w" shape: "n" normal { stddev: 1 } }
parameter { name: "w.b" shape: "n" normal { stddev: 1 } }
node { name: "t" transpose { x: "x" order: [1, 0] } }
loss { value: "e" }
loss { value: "f" }
train { adam { learning_rate: 0.1 } batch: 2 data { npy { array { input: "x" path: "a" } } } }
)",
                             diagnostics);
  diagnostics.ThrowIfErrors();
  return text;
}

Model With(const std::string& assignment) {
  ModelText text = Example();
  ApplyOverride(text, assignment);
  return text.model;
}

std::string FaultOf(const std::string& assignment) {
  try {
    With(assignment);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalid);
    return error.what();
  }
  return "no error";
}

TEST(Overrides, ReachEveryField) {
  EXPECT_EQ(With("n=200").dim(0).size(), 200);
  EXPECT_EQ(With("n.m=200").dim(1).size(), 200);
  EXPECT_EQ(With("dim.n.size=7").dim(0).size(), 7);
  EXPECT_EQ(With("name=a b=c").name(), "a b=c");
  EXPECT_EQ(With("name=\"quo\\\"ted\"").name(), "quo\"ted");
  EXPECT_EQ(With("train.batch=32").train().batch(), 32);
  EXPECT_EQ(With(" train.batch = 32 ").train().batch(), 32);
  EXPECT_EQ(With("train.adam.learning_rate=1e-3").train().adam().learning_rate(), 1e-3);
  EXPECT_EQ(With("train.seed=18446744073709551615").train().seed(), 18446744073709551615U);
  EXPECT_EQ(With("parameter.w.normal.stddev=0.02").parameter(0).normal().stddev(), 0.02);
  EXPECT_EQ(With("parameter.w.b.normal.mean=-0.5").parameter(1).normal().mean(), -0.5);
  EXPECT_EQ(With("parameter.1.trainable=false").parameter(1).trainable(), false);
  EXPECT_EQ(With("loss.1.at=EVERY_STEP").loss(1).at(), EVERY_STEP);
  EXPECT_EQ(With("loss.e.scale=2").loss(0).scale(), 2);
  EXPECT_EQ(With("train.data.npy.array.x.path=some/file name.npy").train().data().npy().array(0).path(),
            "some/file name.npy");
}

TEST(Overrides, NumberMessagesWithoutAName) {
  ModelText text = Example();
  for (int i = 0; i < 2; ++i) {
    text.model.mutable_train()->mutable_data()->mutable_images()->add_damage()->mutable_gaussian();
  }
  ApplyOverride(text, "train.data.images.damage.1.gaussian.stddev=0.7");
  EXPECT_EQ(text.model.train().data().images().damage(1).gaussian().stddev(), 0.7);
  EXPECT_FALSE(text.model.train().data().images().damage(0).gaussian().has_stddev());
  try {
    ApplyOverride(text, "train.data.images.damage.2.gaussian.stddev=0.7");
    ADD_FAILURE() << "there is no third damage";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("there is no damage \"2\""));
    EXPECT_THAT(error.what(), HasSubstr("there are 0, 1"));
  }
}

TEST(Overrides, ReplaceLists) {
  EXPECT_THAT(With("input.x.shape=[n.m, 7]").input(0).shape(), testing::ElementsAre("n.m", "7"));
  EXPECT_THAT(With("input.x.shape=n").input(0).shape(), testing::ElementsAre("n"));
  EXPECT_THAT(With("input.x.shape=[]").input(0).shape(), testing::ElementsAre());
  EXPECT_THAT(With("input.x.shape=[\"a\", 'b']").input(0).shape(), testing::ElementsAre("a", "b"));
  EXPECT_THAT(With("node.t.transpose.order=0,1").node(0).transpose().order(), testing::ElementsAre(0, 1));
}

TEST(Overrides, SelectAnotherMemberOfAOneof) {
  const Model sgd = With("train.sgd.momentum=0.9");
  EXPECT_FALSE(sgd.train().has_adam());
  EXPECT_EQ(sgd.train().sgd().momentum(), 0.9);
  EXPECT_EQ(sgd.train().sgd().learning_rate(), 0.01);
  const Model patterns = With("train.data.patterns.patterns=3");
  EXPECT_EQ(patterns.train().data().patterns().patterns(), 3);
  EXPECT_FALSE(patterns.train().data().has_npy());
  EXPECT_TRUE(With("parameter.w.glorot={}").parameter(0).has_glorot());
  // The same member keeps its other fields.
  EXPECT_EQ(With("train.adam.beta1=0.5").train().adam().learning_rate(), 0.1);
}

TEST(Overrides, SayWhatIsWrongWithAPath) {
  EXPECT_EQ(FaultOf("train.btach=3").substr(0, 70),
            "--set train.btach=3: Train has no field \"btach\"; its fields are episod");
  EXPECT_THAT(FaultOf("train.btach=3"), HasSubstr("(did you mean \"batch\"?)"));
  EXPECT_THAT(FaultOf("trian.batch=3"), HasSubstr("Model has no field and no dim \"trian\""));
  EXPECT_THAT(FaultOf("trian.batch=3"), HasSubstr("its dims are n, n.m (did you mean \"train\"?)"));
  EXPECT_THAT(FaultOf("parameter.v.trainable=true"),
              HasSubstr("there is no parameter \"v\"; there are w, w.b"));
  EXPECT_THAT(FaultOf("parameter.2.trainable=true"), HasSubstr("there is no parameter \"2\""));
  EXPECT_THAT(FaultOf("state.y.next=x"), HasSubstr("there is no state \"y\"; there is none"));
  EXPECT_THAT(FaultOf("parameter.w=3"), HasSubstr("go on with one of name, shape, constant"));
  EXPECT_THAT(FaultOf("train=3"), HasSubstr("\"train\" is a group of fields; go on with one of episodes"));
  EXPECT_THAT(FaultOf("train.batch.x=3"), HasSubstr("\"batch\" holds an integer and has no fields"));
  EXPECT_THAT(FaultOf("train..batch=3"), HasSubstr("Train has no field \"\""));
  EXPECT_THAT(FaultOf("train.batch"), HasSubstr("expected path=value"));
  EXPECT_THAT(FaultOf("=3"), HasSubstr("expected path=value"));
  EXPECT_THAT(FaultOf(""), HasSubstr("expected path=value"));
}

TEST(Overrides, SayWhatIsWrongWithAValue) {
  EXPECT_THAT(FaultOf("train.batch=3.5"), HasSubstr("expected an integer, found \"3.5\""));
  EXPECT_THAT(FaultOf("train.batch=3 4"), HasSubstr("expected an integer, found \"3 4\""));
  EXPECT_THAT(FaultOf("train.batch=3x"), HasSubstr("expected an integer, found \"3x\""));
  EXPECT_THAT(FaultOf("train.batch="), HasSubstr("expected an integer, found \"\""));
  EXPECT_THAT(FaultOf("train.batch=010"), HasSubstr("starts with a zero"));
  EXPECT_THAT(FaultOf("train.batch=99999999999999999999"), HasSubstr("out of range"));
  EXPECT_THAT(FaultOf("n=3x"), HasSubstr("expected an integer, found \"3x\""));
  EXPECT_THAT(FaultOf("train.seed=-1"), HasSubstr("expected an integer from 0 on"));
  EXPECT_THAT(FaultOf("train.adam.beta1=fast"), HasSubstr("expected a number, found \"fast\""));
  EXPECT_THAT(FaultOf("train.adam.beta1=1e999"), HasSubstr("out of range"));
  EXPECT_THAT(FaultOf("parameter.w.trainable=yes"), HasSubstr("expected true or false"));
  EXPECT_THAT(FaultOf("loss.0.at=LAST"), HasSubstr("expected one of LAST_STEP, EVERY_STEP, found \"LAST\""));
  EXPECT_THAT(FaultOf("name=\xFF"), HasSubstr("not UTF-8"));
  EXPECT_THAT(FaultOf("name=\"open"), HasSubstr("expected a string in quotes"));
}

TEST(Overrides, ForgetWhereTheOldValueStood) {
  ModelText text = Example();
  EXPECT_TRUE(text.locations.Of("train").Of("batch").written());
  ApplyOverrides(text, std::vector<std::string>{"train.batch=3", "train.sgd.momentum=0"});
  EXPECT_FALSE(text.locations.Of("train").Of("batch").written());
  EXPECT_FALSE(text.locations.Of("train").Of("adam").written());
  EXPECT_TRUE(text.locations.Of("train").Of("data").written());
}

}  // namespace
}  // namespace plgraph
