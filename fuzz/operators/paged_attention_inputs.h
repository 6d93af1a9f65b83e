#ifndef WAVEFUZZ_FUZZ_OPERATORS_PAGED_ATTENTION_INPUTS_H_
#define WAVEFUZZ_FUZZ_OPERATORS_PAGED_ATTENTION_INPUTS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "fuzz/judge/judge.h"
#include "fuzz/operators/attention_contract.h"
#include "fuzz/operators/paged_attention.h"
#include "reference/attention.h"

namespace wavefuzz::paged_attention {

/// What the reference computes with, decoded from the buffers that the kernel was given.
struct Inputs {
  /// A kv head of a sequence; rows are query tokens x query heads of the kv head.
  struct Group {
    int64_t kv_head = 0, first_token = 0, tokens = 0;
    uint32_t keys = 0;
    std::vector<float> q, k, v;
    std::vector<float> q_error;           // where the kernel quantises q, as problem.q_error
    std::vector<double> q_scale;          // and of each row
    std::vector<float> k_scale, v_scale;  // of each key
    std::vector<uint32_t> first, last;    // of each row
    std::vector<float> sink;              // of each row
    std::vector<uint32_t> split_starts;   // of a plan; empty: those of all groups
  };

  Shape shape;
  reference::AttentionNumerics numerics;
  QueryCast query_cast;
  float softmax_scale = 1;
  std::vector<uint32_t> split_starts;
  std::vector<Group> groups;

  Inputs(const Case& c, const Manifest& manifest, const std::vector<Buffer>& buffers);

  reference::AttentionProblem problem(const Group& g) const;
  /// token * heads + head
  uint64_t output_row(const Group& g, size_t row) const;

 private:
  struct Readers;
  Group group(const Readers& read, int64_t b, int64_t h) const;
  void quantise_queries(Group& g) const;
  double largest(bool int8) const;  ///< value of the format that Q or P is cast to
};

TensorView o_view(const Shape& shape);
TensorView lse_view(const Shape& shape);

struct Expected {
  ExpectedTensor o, lse;
};

Expected expected(const std::shared_ptr<const Inputs>& inputs);

std::vector<OperatorPage::Entry> relation_entries();

}  // namespace wavefuzz::paged_attention

#endif  // WAVEFUZZ_FUZZ_OPERATORS_PAGED_ATTENTION_INPUTS_H_
