// Plans that are damaged, of another version, or asked for what they do not hold.
#include <filesystem>

#include "serialization/state/frame.h"
#include "serialization/state/plan.pb.h"
#include "tests/errors/bad_input.h"

namespace plgraph {
namespace {

constexpr FrameKind kPlanKind = {.magic = "PLGPLAN\n", .version = 4, .name = "plan"};

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
      Plan("OfALaterVersion", "a plan of version 5; this program reads version 4: a later plgraph wrote it",
           [](const auto& plan) { return WithNumber(plan, 8, 5); }),
      Plan("OfAnEarlierVersion", "a plan of version 2; this program reads version 4: make it again",
           [](const auto& plan) { return WithNumber(plan, 8, 2); }),
      Plan("OfNoMessage", "the header cannot be read",
           [](const auto&) { return TextOf(MakeFrame(kPlanKind, "\xff\xff\xff no message")); }),
      Plan("OfNoSteps", "runs of 0 steps; expected at least 1", Lying([](auto& file) { file.set_steps(0); })),
      Plan("OfAnotherModel", "its graph is not that of its model: it lacks \"v\", or has it of another kind",
           Lying([](auto& file) { file.mutable_model()->add_parameter()->set_name("v"); })),
      Plan("WithAnAliasOfNothing", "what is also named \"z\" is node -1 of",
           Lying([](auto& file) { file.add_alias()->set_name("z"); })),
      Plan("WithAnAliasThatIsTaken", "two nodes are named \"cue\"",
           Lying([](auto& file) { file.add_alias()->set_name("cue"); })),
      Plan("WithAnOutputOfNothing", "its output \"z\" is not a node",
           Lying([](auto& file) { file.add_output("z"); })),
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
      {.name = "PlanWhosePassesAreDumped",
       .command = Words("compile good.plan --dump-ir passes"),
       .messages =
           {"--dump-ir passes: good.plan is a plan, which has been through the passes; give the text of the "
            "model"}},
      {.name = "PlanWithoutAPass",
       .command = Words("compile good.plan --disable-pass invert"),
       .messages = {"--disable-pass invert: good.plan is a plan, which has been through the passes"}},
      {.name = "PlanOfOtherSteps",
       .command = Words("gradcheck good.plan --set train.data.patterns.gap_steps=3"),
       .messages = {"good.plan: the plan was compiled for training on whole episodes of 13 steps, but --set "
                    "train.data.patterns.gap_steps=3 asks for training on whole episodes of 15 steps"}},
      {.name = "PlanOfVersion2",
       .command = Words("eval old.plan --checkpoint good.ckpt"),
       .exit_code = 1,
       .messages = {"old.plan: a plan of version 2; this program reads version 4: make it again"},
       .prepare =
           [](const TempFolder& folder) {
             std::filesystem::copy(PLGRAPH_SOURCE_DIR "/tests/checkpoint/version_2.plan",
                                   folder.Path("old.plan"));
           }},
  };
}

}  // namespace plgraph
