#include "serialization/language/initializer.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "core/error.h"
#include "core/paths.h"
#include "core/random.h"
#include "serialization/formats/npy.h"

namespace plgraph {
namespace {

// The random numbers of one parameter, by the number of the element.
class ElementRandom {
 public:
  ElementRandom(const ParameterDef& parameter, std::uint64_t seed)
      : seed_(seed), stream_(StreamId("parameter/" + parameter.name())) {}

  // A stream has 2^32 numbers a block: larger parameters go on in the next.
  double Normal(size_t i) const { return At(i).Normal(static_cast<std::uint32_t>(i)); }
  double Uniform(size_t i) const { return At(i).Uniform(static_cast<std::uint32_t>(i)); }

 private:
  RandomStream At(size_t i) const { return RandomStream(seed_, stream_, std::uint64_t{i} >> 32); }

  std::uint64_t seed_;
  std::uint32_t stream_;
};

template <typename Element>
Tensor Filled(const Shape& shape, const Element& element) {
  std::vector<double> values(static_cast<size_t>(shape.NumElements()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = element(i);
  return Tensor(shape, std::move(values));
}

void NeedMatrix(const ParameterDef& parameter, const Shape& shape) {
  if (shape.rank() >= 2) return;
  throw Error(ErrorKind::kInvalid,
              fmt::format("parameter \"{}\" has shape {}; its initializer is for matrices", parameter.name(),
                          shape.ToString()));
}

struct Fans {
  double in;
  double out;
};

bool IsConvolutionWeight(const Shape& shape) { return shape.rank() == 4; }

// The last axis is the fan-out; all before it are the fan-in. A weight of a convolution, [O, C / groups, KH, KW], has
// PyTorch's fans: it does not know the groups either.
Fans FansOf(const ParameterDef& parameter, const Shape& shape) {
  NeedMatrix(parameter, shape);
  if (IsConvolutionWeight(shape)) {
    const auto places = static_cast<double>(shape.dim(2) * shape.dim(3));
    return {static_cast<double>(shape.dim(1)) * places, static_cast<double>(shape.dim(0)) * places};
  }
  const auto out = static_cast<double>(shape.dim(shape.rank() - 1));
  return {static_cast<double>(shape.NumElements()) / out, out};
}

// Of the matrix that a shape is taken for: its last axis is that of the columns, except that a weight of a convolution
// has a line for each of its first channels.
size_t ColumnsOf(const Shape& shape) {
  const int lines = IsConvolutionWeight(shape) ? 1 : shape.rank() - 1;  // axes
  std::int64_t columns = 1;
  for (int axis = lines; axis < shape.rank(); ++axis) columns *= shape.dim(axis);
  return static_cast<size_t>(columns);
}

Tensor WithVariance(Distribution distribution, double variance, const Shape& shape,
                    const ElementRandom& random) {
  if (distribution == NORMAL) {
    const double deviation = std::sqrt(variance);
    return Filled(shape, [&](size_t i) { return deviation * random.Normal(i); });
  }
  const double limit = std::sqrt(3 * variance);  // uniform over [-l, l) has variance l^2 / 3
  return Filled(shape, [&](size_t i) { return limit * (2 * random.Uniform(i) - 1); });
}

// In eight sums, which run side by side and always in the same order.
double Dot(const double* a, const double* b, size_t count) {
  std::array<double, 8> sums{};
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (size_t k = 0; k < 8; ++k) sums[k] += a[i + k] * b[i + k];
  }
  for (; i < count; ++i) sums[0] += a[i] * b[i];
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

// Gram-Schmidt on `count` vectors that lie one behind the other. Each is projected twice, after which it is
// orthogonal to rounding ("twice is enough", Giraud et al. 2005).
void Orthonormalize(std::vector<double>& vectors, size_t count, size_t length) {
  for (size_t j = 0; j < count; ++j) {
    double* v = vectors.data() + j * length;
    for (int pass = 0; pass < 2; ++pass) {
      for (size_t k = 0; k < j; ++k) {
        const double* u = vectors.data() + k * length;
        const double along = Dot(u, v, length);
        for (size_t i = 0; i < length; ++i) v[i] -= along * u[i];
      }
    }
    const double norm = std::sqrt(Dot(v, v, length));
    for (size_t i = 0; i < length; ++i) v[i] /= norm;
  }
}

// The shorter side's vectors become orthonormal: the columns of a tall matrix, the rows of a wide one.
Tensor OrthogonalMatrix(const ParameterDef& parameter, const Shape& shape, const ElementRandom& random) {
  NeedMatrix(parameter, shape);
  const size_t columns = ColumnsOf(shape);
  const auto rows = static_cast<size_t>(shape.NumElements()) / columns;
  const bool wide = rows <= columns;
  const size_t count = wide ? rows : columns;
  const size_t length = wide ? columns : rows;
  const auto position = [&](size_t i) { return wide ? i : i % columns * rows + i / columns; };
  std::vector<double> vectors(rows * columns);
  for (size_t i = 0; i < vectors.size(); ++i) vectors[position(i)] = random.Normal(i);
  Orthonormalize(vectors, count, length);
  const double gain = parameter.orthogonal().gain();
  return Filled(shape, [&](size_t i) { return gain * vectors[position(i)]; });
}

Tensor IdentityMatrix(const ParameterDef& parameter, const Shape& shape, const ElementRandom& random) {
  NeedMatrix(parameter, shape);
  const size_t columns = ColumnsOf(shape);
  const Identity& identity = parameter.identity();
  return Filled(shape, [&](size_t i) {
    const double noise = identity.stddev() == 0 ? 0 : identity.stddev() * random.Normal(i);
    return noise + (i / columns == i % columns ? identity.gain() : 0);
  });
}

Tensor FromNpy(const ParameterDef& parameter, const Shape& shape, const std::string& folder,
               FileSystem& files) {
  const std::string path = JoinPath(folder, parameter.from_file().path());
  Tensor tensor = ReadNpy(files, path);
  if (tensor.shape() != shape) {
    throw Error(ErrorKind::kInvalid,
                fmt::format("{}: has shape {}, but parameter \"{}\" has {}", path, tensor.shape().ToString(),
                            parameter.name(), shape.ToString()));
  }
  return tensor.dtype() == DType::kDouble ? std::move(tensor) : Tensor(shape, tensor.As<double>());
}

}  // namespace

Tensor InitialValue(const ParameterDef& parameter, const Shape& shape, std::uint64_t seed,
                    const std::string& folder, FileSystem& files) {
  const ElementRandom random(parameter, seed);
  switch (parameter.initializer_case()) {
    case ParameterDef::kConstant:
      return Filled(shape, [&](size_t) { return parameter.constant().value(); });
    case ParameterDef::kNormal:
      return Filled(
          shape, [&, n = parameter.normal()](size_t i) { return n.mean() + n.stddev() * random.Normal(i); });
    case ParameterDef::kUniform:
      return Filled(shape, [&, u = parameter.uniform()](size_t i) {
        return u.low() + (u.high() - u.low()) * random.Uniform(i);
      });
    case ParameterDef::kGlorot: {
      const Glorot& glorot = parameter.glorot();
      const Fans fans = FansOf(parameter, shape);
      return WithVariance(glorot.distribution(), glorot.gain() * glorot.gain() * 2 / (fans.in + fans.out),
                          shape, random);
    }
    case ParameterDef::kHe: {
      const He& he = parameter.he();
      return WithVariance(he.distribution(), he.gain() * he.gain() * 2 / FansOf(parameter, shape).in, shape,
                          random);
    }
    case ParameterDef::kOrthogonal:
      return OrthogonalMatrix(parameter, shape, random);
    case ParameterDef::kIdentity:
      return IdentityMatrix(parameter, shape, random);
    case ParameterDef::kFromFile:
      return FromNpy(parameter, shape, folder, files);
    case ParameterDef::INITIALIZER_NOT_SET:
      break;
  }
  return Filled(shape, [](size_t) { return 0.0; });
}

std::int64_t InitialValueBytes(const ParameterDef& parameter, const Shape& shape) {
  std::int64_t each = SizeOf(DType::kDouble);
  if (parameter.has_orthogonal()) each += SizeOf(DType::kDouble);  // the vectors, and then the matrix
  if (parameter.has_from_file()) each += SizeOf(DType::kFloat);    // of a file of floats
  return shape.NumElements() * each;
}

}  // namespace plgraph
