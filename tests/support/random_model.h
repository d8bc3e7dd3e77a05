#ifndef PLGRAPH_TESTS_SUPPORT_RANDOM_MODEL_H_
#define PLGRAPH_TESTS_SUPPORT_RANDOM_MODEL_H_

#include "core/random.h"
#include "tests/support/graph_maker.h"

namespace plgraph {

/// Which ops a random model is made of.
enum class RandomOps {
  kPlastic,  ///< vectors and traces, all smooth, so that differences converge: 4 to 17 of them
  kAll,      ///< images, sequences, reductions and such with a kink as well: up to 200, most of them bounded
};

/// A random recurrent plastic network, the same for the same seed: states of all kinds, traces under all rules with
/// factors of all forms, losses at the last step, at every step and weighted.
class RandomModel {
 public:
  explicit RandomModel(std::uint64_t seed, RandomOps ops = RandomOps::kPlastic);

  Graph Take() { return std::move(maker_.graph); }

 private:
  std::uint32_t Below(std::uint32_t bound) { return random_.Below(index_++, bound); }
  bool Coin() { return Below(2) == 1; }
  std::string Fresh(const std::string& stem) { return stem + std::to_string(count_++); }
  Value Vector() { return vectors_[Below(static_cast<std::uint32_t>(vectors_.size()))]; }
  Value Scalar() { return scalars_[Below(static_cast<std::uint32_t>(scalars_.size()))]; }
  Value Trace() { return traces_[Below(static_cast<std::uint32_t>(traces_.size()))]; }
  Value Parameter(const Shape& shape) { return maker_.Parameter(Fresh("p"), shape); }
  /// A factor of a trace: a scalar, one per column, or one per element; a parameter or computed for each sample.
  Value Factor();

  /// A value [channels, height, width].
  struct Image {
    Value value;
    std::int64_t channels;
    std::int64_t height;
    std::int64_t width;
    std::int64_t size() const { return channels * height * width; }
  };
  Image Picture() { return images_[Below(static_cast<std::uint32_t>(images_.size()))]; }
  Value Apply(std::string_view op, std::vector<Value> operands, std::vector<AttributeValue> attributes = {}) {
    return maker_.Op(Fresh(std::string(op)), op, std::move(operands), std::move(attributes));
  }

  void AddSources();
  void AddNode();
  // In random_model_ops.cc, what kAll adds.
  void AddAnyNode();
  void AddPointwise();
  void AddPiece();
  void AddReduction();
  void AddImageSource();
  void AddImage();
  void AddWindow(const Image& x);
  void ReadImage();
  void CloseState(Value state);
  void CloseTrace(Value trace);
  void CloseByRows(Value trace);
  void AddLoss(TermAt at);

  GraphMaker maker_;
  RandomStream random_;
  std::uint32_t index_ = 0;
  int count_ = 0;
  std::int64_t n_ = 0;
  Value weight_;
  std::vector<Value> vectors_;
  std::vector<Value> scalars_;
  std::vector<Value> states_;
  std::vector<Value> traces_;
  std::vector<Image> images_;
};

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_SUPPORT_RANDOM_MODEL_H_
