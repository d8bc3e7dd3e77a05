#include "core/diagnostics.h"

#include <gtest/gtest.h>

namespace plgraph {
namespace {

TEST(Diagnostics, NamesFilePlaceMessageAndHint) {
  Diagnostics diagnostics("model.pbtxt");
  diagnostics.AddError({.line = 3, .column = 7}, "a fault", "a hint");
  diagnostics.AddWarning({.line = 2, .column = 1}, "a warning");
  diagnostics.AddError({}, "the whole model");
  EXPECT_EQ(diagnostics.ToString(),
            "model.pbtxt: the whole model\n"
            "model.pbtxt:2:1: warning: a warning\n"
            "model.pbtxt:3:7: a fault; a hint\n");
}

TEST(Diagnostics, CountsWhatItDoesNotShow) {
  Diagnostics diagnostics("m");
  for (size_t i = 0; i < Diagnostics::kMostShown + 2; ++i) diagnostics.AddError({1, 1}, "x");
  EXPECT_TRUE(diagnostics.ToString().ends_with("m:1:1: x\nm: and 2 more\n"));
}

TEST(Diagnostics, NamesEachUseOfTheTextThatAFaultIsIn) {
  Diagnostics diagnostics("model.pbtxt");
  const std::int32_t layer = diagnostics.sources().Add("layer.pbtxt", {.line = 40, .column = 1});
  const std::int32_t gate = diagnostics.sources().Add("gate.pbtxt", {12, 3, layer});
  diagnostics.AddError({5, 2, gate}, "a fault", "a hint");
  diagnostics.AddError({.source = layer}, "no place in the text");
  EXPECT_EQ(diagnostics.ToString(),
            "layer.pbtxt: no place in the text; used at model.pbtxt:40:1\n"
            "gate.pbtxt:5:2: a fault; a hint; used at layer.pbtxt:12:3; used at model.pbtxt:40:1\n");
}

TEST(Diagnostics, SortsATextToThePlaceOfItsUse) {
  Diagnostics diagnostics("model.pbtxt");
  const std::int32_t late = diagnostics.sources().Add("layer.pbtxt", {.line = 40, .column = 1});
  const std::int32_t early = diagnostics.sources().Add("layer.pbtxt", {.line = 20, .column = 1});
  const std::int32_t inner = diagnostics.sources().Add("gate.pbtxt", {2, 1, early});
  diagnostics.AddError({1, 1, late}, "6");
  diagnostics.AddError({3, 1, early}, "4");
  diagnostics.AddError({9, 9, inner}, "3");
  diagnostics.AddError({2, 1, early}, "2");
  diagnostics.AddError({.line = 30, .column = 1}, "5");
  diagnostics.AddError({.line = 20, .column = 1}, "1");
  std::string order;
  for (const Diagnostic& fault : diagnostics.Sorted()) order += fault.message;
  EXPECT_EQ(order, "123456");
}

TEST(SourceTable, NameOtherPlacesShortlyInTheModelItself) {
  SourceTable sources("model.pbtxt");
  const std::int32_t layer = sources.Add("layer.pbtxt", {.line = 40, .column = 1});
  EXPECT_EQ(sources.ShortPlace({.line = 3, .column = 7}), "3:7");
  EXPECT_EQ(sources.ShortPlace({3, 7, layer}), "layer.pbtxt:3:7");
}

}  // namespace
}  // namespace plgraph
