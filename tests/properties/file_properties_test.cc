// Whatever is saved is loaded again, to the bit.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>

#include "serialization/formats/npy.h"
#include "serialization/state/checkpoint.h"

namespace plgraph {
namespace {

// Numbers of all bit patterns: subnormal, infinite and no numbers among them.
template <typename T, typename Bits>
std::vector<T> AnyNumbers(std::int64_t count) {
  std::vector<T> numbers;
  for (const Bits bits :
       *rc::gen::container<std::vector<Bits>>(static_cast<size_t>(count), rc::gen::arbitrary<Bits>())) {
    numbers.push_back(std::bit_cast<T>(bits));
  }
  return numbers;
}

Tensor AnyTensor() {
  const int rank = *rc::gen::inRange(0, 5);
  const Shape shape(*rc::gen::container<std::vector<std::int64_t>>(static_cast<size_t>(rank),
                                                                   rc::gen::inRange<std::int64_t>(1, 4)));
  if (*rc::gen::arbitrary<bool>()) return {shape, AnyNumbers<float, std::uint32_t>(shape.NumElements())};
  return {shape, AnyNumbers<double, std::uint64_t>(shape.NumElements())};
}

NamedTensors AnyTensors(const std::string& stem) {
  NamedTensors tensors;
  const int count = *rc::gen::inRange(0, 5);
  for (int i = 0; i < count; ++i) {
    // A number in front: no two names are one.
    const std::string name = *rc::gen::container<std::string>(rc::gen::inRange('!', '~'));
    tensors.push_back({stem + std::to_string(i) + name, AnyTensor()});
  }
  return tensors;
}

bool SameBits(const Tensor& a, const Tensor& b) {
  // The encoding has the type, the shape and every bit.
  return EncodeNpy(a) == EncodeNpy(b);
}

void AssertSame(const NamedTensors& loaded, const NamedTensors& saved) {
  RC_ASSERT(loaded.size() == saved.size());
  for (size_t i = 0; i < saved.size(); ++i) {
    RC_ASSERT(loaded[i].name == saved[i].name);
    RC_ASSERT(SameBits(loaded[i].tensor, saved[i].tensor));
  }
}

RC_GTEST_PROP(FileProperties, ACheckpointIsWhatWasSaved, ()) {
  Checkpoint saved{.model = *rc::gen::container<std::string>(rc::gen::inRange(' ', '~')),
                   .optimizer = *rc::gen::element<std::string>("", "adam", "sgd"),
                   .episode = *rc::gen::inRange<std::int64_t>(0, INT64_MAX),
                   .update = *rc::gen::inRange<std::int64_t>(0, INT64_MAX),
                   .seed = *rc::gen::arbitrary<std::uint64_t>(),
                   .data_position = *rc::gen::arbitrary<std::uint64_t>(),
                   .parameters = AnyTensors("p"),
                   .moments = AnyTensors("m"),
                   .states = AnyTensors("s")};
  if (*rc::gen::arbitrary<bool>()) saved.best_metric = *rc::gen::arbitrary<double>();
  const std::vector<std::byte> bytes = EncodeCheckpoint(saved);
  const Checkpoint loaded = DecodeCheckpoint(bytes, "checkpoint");
  RC_ASSERT(loaded.model == saved.model);
  RC_ASSERT(loaded.optimizer == saved.optimizer);
  RC_ASSERT(loaded.episode == saved.episode);
  RC_ASSERT(loaded.update == saved.update);
  RC_ASSERT(loaded.seed == saved.seed);
  RC_ASSERT(loaded.data_position == saved.data_position);
  RC_ASSERT(loaded.best_metric == saved.best_metric);
  AssertSame(loaded.parameters, saved.parameters);
  AssertSame(loaded.moments, saved.moments);
  AssertSame(loaded.states, saved.states);
  RC_ASSERT(EncodeCheckpoint(loaded) == bytes);
}

RC_GTEST_PROP(FileProperties, AnArchiveIsWhatWasSaved, ()) {
  const NamedTensors saved = AnyTensors("a");
  const bool deflate = *rc::gen::arbitrary<bool>();
  AssertSame(DecodeNpz(EncodeNpz(saved, deflate), "arrays.npz"), saved);
}

RC_GTEST_PROP(FileProperties, AnArrayIsWhatWasSaved, ()) {
  const Tensor saved = AnyTensor();
  RC_ASSERT(SameBits(DecodeNpy(EncodeNpy(saved), "array.npy"), saved));
}

}  // namespace
}  // namespace plgraph
