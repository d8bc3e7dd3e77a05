// Plans that are damaged, of another version, or asked for what they do not hold.
#include "serialization/frame.h"
#include "serialization/plan.pb.h"
#include "tests/errors/bad_input.h"

namespace plgraph {
namespace {

constexpr FrameKind kPlanKind = {.magic = "PLGPLAN\n", .version = 2, .name = "plan"};

using Change = std::function<std::string(std::string plan)>;

BadInput Plan(const std::string& name, const std::string& message, const Change& change) {
  return {.name = "Plan" + name,
          .command = Words("compile bad.plan"),
          .exit_code = 1,
          .messages = {"bad.plan: ", message},
          .prepare = [change](const TempFolder& folder) {
            folder.Write("bad.plan", change(folder.Read("good.plan")));
          }};
}

// Another content, under a checksum that is right.
Change Lying(const std::function<void(PlanFile& file)>& tell) {
  return [tell](const std::string& plan) {
    PlanFile file;
    ParseHeader(OpenFrame(std::as_bytes(std::span(plan)), kPlanKind, "sound"), file, "sound");
    tell(file);
    return TextOf(MakeFrame(kPlanKind, file.SerializeAsString()));
  };
}

PlanNode& FirstOp(PlanFile& file) {
  int id = 0;
  while (!file.node(id).has_op()) ++id;
  return *file.mutable_node(id);
}

}  // namespace

std::vector<BadInput> BadPlans() {
  return {
      Plan("CutInItsHeader", "the file is cut: expected 28 bytes, found 20",
           [](const auto& plan) { return plan.substr(0, 20); }),
      Plan("CutByOneByte", "the file is cut: expected",
           [](const auto& plan) { return plan.substr(0, plan.size() - 1); }),
      Plan("Flipped", "the file is damaged: the header has checksum",
           [](const auto& plan) { return Flipped(plan, 1000); }),
      Plan("WithMoreBehind", "the file is damaged: expected", [](const auto& plan) { return plan + "x"; }),
      Plan("OfALaterVersion", "a plan of version 3; this program reads version 2: a later plgraph wrote it",
           [](const auto& plan) { return WithNumber(plan, 8, 3); }),
      Plan("OfAnEarlierVersion", "a plan of version 1; this program reads version 2: make it again",
           [](const auto& plan) { return WithNumber(plan, 8, 1); }),
      Plan("OfNoMessage", "the header cannot be read",
           [](const auto&) { return TextOf(MakeFrame(kPlanKind, "\xff\xff\xff no message")); }),
      Plan("OfNoSteps", "and 0 steps; expected at least 1", Lying([](auto& file) { file.set_steps(0); })),
      Plan("WithAnUnknownOp", "the op Teleport is not part of this program",
           Lying([](auto& file) { FirstOp(file).set_op("Teleport"); })),
      Plan("WithAnOperandTooFar", "is node 1000000 of",
           Lying([](auto& file) { FirstOp(file).set_operand(0, 1'000'000); })),
      Plan("WithAnOperandTooMany", "operands; expected",
           Lying([](auto& file) { FirstOp(file).add_operand(0); })),
      Plan("WithAnotherShape", "has shape", Lying([](auto& file) { FirstOp(file).add_shape(1 << 30); })),
      Plan("WithANegativeShape", "has shape [-1", Lying([](auto& file) {
             FirstOp(file).clear_shape();
             FirstOp(file).add_shape(-1);
           })),
      Plan("WithANameTwice", "two nodes are named",
           Lying([](auto& file) { file.mutable_node(1)->set_name(file.node(0).name()); })),
      {.name = "PlanOfAnotherDim",
       .command = Words("compile good.plan --set n=5"),
       .messages = {"of a plan only fields of `train` can be set"}},
  };
}

}  // namespace plgraph
