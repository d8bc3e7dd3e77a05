#ifndef PLGRAPH_TESTS_FUZZ_COMPILED_MODEL_H_
#define PLGRAPH_TESTS_FUZZ_COMPILED_MODEL_H_

#include "tests/fuzz/fuzz_input.h"
#include "tools/training/loaded_model.h"

namespace plgraph {

/// Reads, checks and compiles the model of these bytes, as `plgraph compile` does; runs nothing.
inline void CompileModel(std::vector<std::byte> text, const std::vector<std::string>& overrides) {
  MemoryFiles files({{"model.pbtxt", std::move(text)}});
  const LoadedModel loaded = LoadModel(files, "model.pbtxt", overrides);
  constexpr std::int64_t kSteps = 3;
  MakeExecutable(loaded, OptionsFor(loaded, kSteps, loaded.model.loss_size() > 0));
}

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_FUZZ_COMPILED_MODEL_H_
