#ifndef PLGRAPH_TESTS_OPS_SAMPLES_H_
#define PLGRAPH_TESTS_OPS_SAMPLES_H_

#include "tests/ops/op_row.h"

namespace plgraph {

/// `size` numbers of a domain, the same for the same seed. They are spread over the domain, each alone in its part of
/// it, and keep away from the kinks by more than a finite difference steps.
Numbers Samples(const SampleRange& domain, std::int64_t size, std::uint64_t seed);

/// The numbers of an operand of an example in one instance.
Numbers OperandSamples(const OpRow& row, const Example& example, size_t operand, std::int64_t instance);

/// Which operands have one value for all instances: none of them, each in turn, all of them.
std::vector<std::vector<bool>> Sharings(const Example& example);

/// The operands of an example, for messages: "Add([3], [1]) shared 01".
std::string Describe(const OpRow& row, const Example& example, const std::vector<bool>& shared = {});

}  // namespace plgraph

#endif  // PLGRAPH_TESTS_OPS_SAMPLES_H_
