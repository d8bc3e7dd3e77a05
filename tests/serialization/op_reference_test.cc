#include "serialization/language/op_reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "serialization/language/model.pb.h"

namespace plgraph {
namespace {

using testing::HasSubstr;

TEST(OpList, HasEveryOpOnceWithASentence) {
  const std::string list = OpList();
  const auto* ops = NodeDef::descriptor()->FindOneofByName("op");
  EXPECT_EQ(std::count(list.begin(), list.end(), '\n'), ops->field_count());
  EXPECT_THAT(list, HasSubstr("matmul                The product of a vector and a matrix"));
  EXPECT_THAT(list, HasSubstr("sign                  -1, 0 or 1.\n"));
  EXPECT_THAT(list, HasSubstr("(Miconi, Clune and Stanley 2018, eq. 1).\n"));
}

TEST(OpReference, HasAllThereIsToKnow) {
  const std::string text = OpReference("PlasticMatMul");
  EXPECT_EQ(text, OpReference("plastic_matmul"));
  EXPECT_THAT(text, HasSubstr("PlasticMatMul, written `plastic_matmul { ... }` in a node"));
  EXPECT_THAT(text, HasSubstr("y_j = sum_i x_i (w_ij + alpha_ij H_ij)"));
  EXPECT_THAT(text, HasSubstr("plasticity   [N, M] or [M] or a scalar"));
  EXPECT_THAT(text, HasSubstr("alpha: how plastic a connection is"));
  EXPECT_THAT(text, HasSubstr("Result    [M]"));
  EXPECT_THAT(text, HasSubstr("Gradient  flows through it"));
  EXPECT_THAT(OpReference("HebbianTrace"), HasSubstr("one of HEBB, OJA, MODULATED, RETROACTIVE"));
  EXPECT_THAT(OpReference("HebbianTrace"), HasSubstr("; default HEBB"));
  EXPECT_THAT(OpReference("sign"), HasSubstr("none flows through it"));
  EXPECT_THAT(OpReference("dropout"), HasSubstr("Outside training it is its first operand."));
  EXPECT_THAT(OpReference("binary_cross_entropy"), HasSubstr("PROBABILITIES: p = prediction"));
  EXPECT_THAT(OpReference("slice"), HasSubstr("A number or the name of a dim."));
}

TEST(OpReference, EveryOpHasOne) {
  const auto* ops = NodeDef::descriptor()->FindOneofByName("op");
  for (int i = 0; i < ops->field_count(); ++i) {
    EXPECT_THAT(OpReference(ops->field(i)->name()), HasSubstr("Gradient"));
  }
}

TEST(OpReference, AnUnknownNameGetsAHint) {
  try {
    OpReference("tahn");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalid);
    EXPECT_STREQ(error.what(), "there is no op \"tahn\" (did you mean \"tanh\"?); `plgraph ops` lists all");
  }
}

}  // namespace
}  // namespace plgraph
