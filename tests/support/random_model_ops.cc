// What RandomOps::kAll adds to the vectors and traces of RandomModel.
#include "tests/support/random_model.h"

namespace plgraph {
namespace {

using Ints = IntegerList;

constexpr std::int64_t kChannels = 2;

}  // namespace

void RandomModel::AddAnyNode() {
  switch (Below(8)) {
    case 0:
    case 1:
      AddNode();
      // A long chain of products and sums grows without end; what is read on is bounded.
      vectors_.back() = Apply("Tanh", {vectors_.back()});
      return;
    case 2:
      return AddNode();
    case 3:
      return AddPointwise();
    case 4:
      return AddPiece();
    case 5:
      return AddReduction();
    case 6:
      return AddImage();
    default:
      return ReadImage();
  }
}

void RandomModel::AddPointwise() {
  static constexpr std::string_view kPlain[] = {"Sigmoid", "Relu", "Selu", "Gelu", "Silu", "Softplus",
                                                "Square",  "Abs",  "Neg",  "Tanh", "Sign"};
  const Value x = Apply("Tanh", {Vector()});
  switch (Below(10)) {
    case 8:
      vectors_.push_back(Apply("StopGradient", {x}));
      return;
    case 9:
      vectors_.push_back(Apply("Dropout", {x}, {0.3}));
      return;
    case 0:
      vectors_.push_back(Apply("LeakyRelu", {x}, {0.1}));
      return;
    case 1:
      vectors_.push_back(Apply("Elu", {x}, {0.7}));
      return;
    case 2:
      vectors_.push_back(Apply("Clamp", {x}, {-0.4, 0.5}));
      return;
    case 3:
      vectors_.push_back(Apply("Log", {Apply("Exp", {x})}));
      return;
    case 4:
      vectors_.push_back(Apply("Sqrt", {Apply("Sigmoid", {x})}));
      return;
    case 5:
      vectors_.push_back(Apply("Div", {x, Apply("Scale", {Apply("Sigmoid", {Vector()})}, {1.0, 0.5})}));
      return;
    default:
      vectors_.push_back(Apply(kPlain[Below(std::size(kPlain))], {x}));
  }
}

void RandomModel::AddPiece() {
  switch (Below(6)) {
    case 0: {
      const std::int64_t size = 1 + Below(static_cast<std::uint32_t>(n_ - 1));
      const Value begin = Apply("Slice", {Vector()}, {std::int64_t{0}, std::int64_t{0}, size});
      const Value end = Apply("Slice", {Vector()}, {std::int64_t{0}, size, n_ - size});
      vectors_.push_back(Apply("Concat", {end, begin}, {std::int64_t{0}}));
      return;
    }
    case 1:
      vectors_.push_back(Apply("Where", {Apply("Relu", {Vector()}), Vector(), Vector()}));
      return;
    case 2:
      vectors_.push_back(Apply("LayerNorm", {Vector(), Coin() ? Parameter({n_}) : Value{}, {}}, {0.1}));
      return;
    case 3:
      vectors_.push_back(Apply("LogSoftmax", {Vector()}, {std::int64_t{0}}));
      return;
    case 4: {
      const Value outer = Apply("Outer", {Vector(), Vector()});
      const Value product = Apply("MatMul", {outer, Apply("Transpose", {Trace()}, {Ints{1, 0}})});
      vectors_.push_back(Apply("Tanh", {Apply("Sum", {product}, {std::int64_t{Below(2)}})}));
      return;
    }
    default:
      vectors_.push_back(Apply("Reshape", {Apply("Reshape", {Vector()}, {Ints{1, n_, 1}})}, {Ints{n_}}));
  }
}

void RandomModel::AddReduction() {
  switch (Below(4)) {
    case 0:
      scalars_.push_back(Apply("Tanh", {Apply("Sum", {Vector()}, {std::monostate{}})}));
      return;
    case 1:
      scalars_.push_back(Apply("Max", {Vector()}, {std::int64_t{0}}));
      return;
    case 2:
      scalars_.push_back(Apply("Mean", {Apply("Tanh", {Trace()})}, {std::monostate{}}));
      return;
    default:
      scalars_.push_back(Apply("Tanh", {Apply("Huber", {Vector(), Vector()}, {0.5, std::int64_t{Coin()}})}));
  }
}

void RandomModel::AddImageSource() {
  images_.push_back({maker_.Input("image", {kChannels, 5, 4}), kChannels, 5, 4});
}

void RandomModel::AddImage() {
  const Image x = Picture();
  switch (Below(6)) {
    case 0: {
      const Value product = Apply("MatMul", {Vector(), Parameter({n_, kChannels * 9})});
      images_.push_back(
          {Apply("Reshape", {Apply("Tanh", {product})}, {Ints{kChannels, 3, 3}}), kChannels, 3, 3});
      return;
    }
    case 1: {
      const Value weight = Parameter({kChannels, kChannels, 3, 3});
      const Value convolved = Apply("Conv2D", {x.value, weight, Coin() ? Parameter({kChannels}) : Value{}},
                                    {Ints{1}, Ints{1}, Ints{}, std::int64_t{1}});
      images_.push_back({Apply("Tanh", {convolved}), kChannels, x.height, x.width});
      return;
    }
    case 2: {
      const Value weight = Parameter({kChannels, kChannels, 3, 3});
      const Value convolved = Apply("ConvTranspose2D", {x.value, weight, {}},
                                    {Ints{1}, Ints{1}, Ints{}, std::int64_t{1}, Ints{}});
      images_.push_back({Apply("Tanh", {convolved}), kChannels, x.height, x.width});
      return;
    }
    case 3:
      images_.push_back({Apply("GroupNorm", {x.value, {}, {}}, {std::int64_t{1 + Below(2)}, 0.1}), kChannels,
                         x.height, x.width});
      return;
    case 4:
      images_.push_back({Apply("Mul", {x.value, Coin() ? x.value : Scalar()}), kChannels, x.height, x.width});
      return;
    default:
      AddWindow(x);
  }
}

void RandomModel::AddWindow(const Image& x) {
  switch (Below(3)) {
    case 0:
    case 1: {
      if (x.height < 2 || x.width < 2) return;
      const Value read = Coin() ? Apply("Relu", {x.value}) : x.value;
      const std::string_view op = Coin() ? "MaxPool2D" : "AvgPool2D";
      images_.push_back({Apply(op, {read}, {Ints{2}, Ints{1 + Below(2)}, Ints{0}}), kChannels, 0, 0});
      break;
    }
    default:
      if (x.size() > 50) return;
      images_.push_back(
          {Apply("Upsample", {x.value}, {std::int64_t{2}}), kChannels, 2 * x.height, 2 * x.width});
      return;
  }
  Image& pooled = images_.back();
  const std::int64_t stride = std::get<Ints>(maker_.graph.node(pooled.value).attributes[1])[0];
  pooled.height = (x.height - 2) / stride + 1;
  pooled.width = (x.width - 2) / stride + 1;
}

void RandomModel::ReadImage() {
  const Image x = Picture();
  if (Coin()) {
    const Value mean = Apply("GlobalAvgPool", {x.value});
    vectors_.push_back(Apply("MatMul", {mean, Parameter({kChannels, n_})}));
    return;
  }
  const Value flat = Apply("Flatten", {x.value});
  vectors_.push_back(Apply("Tanh", {Apply("MatMul", {flat, Parameter({x.size(), n_})})}));
}

}  // namespace plgraph
