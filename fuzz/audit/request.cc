#include "fuzz/audit/request.h"

#include <fmt/format.h>

#include <algorithm>

#include "fuzz/audit/tables.h"

namespace wavefuzz::audit {
namespace {

std::vector<int64_t> ratios() {
  std::vector<int64_t> list;
  for (int64_t gqa = 1; gqa <= 32; ++gqa) list.push_back(gqa);
  list.insert(list.end(), {40, 48, 64, 80, 96, 112, 128});
  return list;
}

constexpr std::string_view kQTypes[] = {"bf16", "fp16", "fp8"};
constexpr std::string_view kKvTypes[] = {"bf16", "fp16", "fp8", "int8", "uint8"};

/// Query and cache types as the caller's tensors have them.
std::vector<std::string> types() {
  std::vector<std::string> list;
  for (const std::string_view q : kQTypes) {
    for (const std::string_view kv : kKvTypes) list.push_back(fmt::format("{} x {}", q, kv));
  }
  return list;
}

/// In the order of Dim. The first value of a flag is what its default is in AITER's Python.
const std::vector<DimValues>& all_values() {
  static const std::vector<DimValues> list = {
      {Dim::kArch, "arch", {}, arches()},
      {Dim::kTypes, "types", {}, types()},
      {Dim::kGqa, "gqa", ratios(), {}},
      {Dim::kQlen, "qlen", {1, 2, 3, 4, 5, 6, 7, 8}, {}},
      {Dim::kPage, "page_size", {1, 16, 64, 256, 1024}, {}},
      {Dim::kHighPrecision, "high_precision", {1, 0, 2}, {}},
      {Dim::kQoIndptr, "qo_indptr", {}, {"none", "given"}},
      {Dim::kQuantType, "quant_type", {2, 0, 1, 6, 7}, {}},
      {Dim::kMask, "mask", {0, 1}, {}},
      {Dim::kPersistent, "persistent", {0, 1}, {}},
      {Dim::kLse, "return_lse", {0, 1}, {}},
      {Dim::kCausal, "causal", {1, 0}, {}},
      {Dim::kCp, "g_kv_indptr", {}, {"none", "given"}},
      {Dim::kSplits, "num_kv_splits", {}, {"None", "1"}},
  };
  return list;
}

void visit_from(const std::vector<Dim>& dims, size_t next, Request& request,
                const std::function<void(const Request&)>& visit) {
  if (next == dims.size()) return visit(request);
  const Dim dim = dims[next];
  if (dim == Dim::kArch) return visit_from(dims, next + 1, request, visit);
  for (size_t i = 0; i < values_of(dim).size(); ++i) {
    request.set(dim, i);
    visit_from(dims, next + 1, request, visit);
  }
  request.set(dim, 0);
}

}  // namespace

const std::vector<Entry>& entries(const std::string& op) {
  static const std::vector<Entry> pa = {Entry::kPaFwd, Entry::kPaPs};
  static const std::vector<Entry> mla = {Entry::kMlaDecode, Entry::kMlaDecodeStage1,
                                         Entry::kMlaPrefill, Entry::kMlaPrefillPs};
  return op == "pa" ? pa : mla;
}

const char* entry_name(Entry entry) {
  switch (entry) {
    case Entry::kPaFwd:
      return "pa_fwd_asm";
    case Entry::kPaPs:
      return "pa_ps_fwd_asm";
    case Entry::kMlaDecode:
      return "mla_decode_fwd";
    case Entry::kMlaDecodeStage1:
      return "mla_decode_stage1_asm_fwd";
    case Entry::kMlaPrefill:
      return "mla_prefill_fwd";
    case Entry::kMlaPrefillPs:
      break;
  }
  return "mla_prefill_ps_fwd";
}

std::string DimValues::text(size_t index) const {
  return numbers.empty() ? texts[index] : fmt::format("{}", numbers[index]);
}

const DimValues& values_of(Dim dim) { return all_values()[static_cast<size_t>(dim)]; }

const std::vector<Dim>& dims_of(Entry entry) {
  static const std::vector<Dim> pa_fwd = {Dim::kArch,    Dim::kTypes, Dim::kGqa,
                                          Dim::kQlen,    Dim::kPage,  Dim::kHighPrecision,
                                          Dim::kQoIndptr};
  static const std::vector<Dim> pa_ps = {Dim::kArch,      Dim::kTypes, Dim::kGqa,
                                         Dim::kQlen,      Dim::kPage,  Dim::kHighPrecision,
                                         Dim::kQuantType, Dim::kMask};
  static const std::vector<Dim> mla_decode = {Dim::kArch, Dim::kTypes,      Dim::kGqa, Dim::kQlen,
                                              Dim::kPage, Dim::kPersistent, Dim::kLse, Dim::kCausal,
                                              Dim::kCp,   Dim::kSplits};
  static const std::vector<Dim> mla_stage1 = {Dim::kArch,   Dim::kTypes,      Dim::kGqa,
                                              Dim::kQlen,   Dim::kPersistent, Dim::kLse,
                                              Dim::kCausal, Dim::kCp};
  static const std::vector<Dim> mla_prefill = {Dim::kArch, Dim::kTypes, Dim::kGqa};
  static const std::vector<Dim> mla_prefill_ps = {Dim::kArch, Dim::kTypes, Dim::kGqa, Dim::kCausal};
  switch (entry) {
    case Entry::kPaFwd:
      return pa_fwd;
    case Entry::kPaPs:
      return pa_ps;
    case Entry::kMlaDecode:
      return mla_decode;
    case Entry::kMlaDecodeStage1:
      return mla_stage1;
    case Entry::kMlaPrefill:
      return mla_prefill;
    case Entry::kMlaPrefillPs:
      break;
  }
  return mla_prefill_ps;
}

std::string_view Request::q_type() const {
  return kQTypes[index(Dim::kTypes) / std::size(kKvTypes)];
}

std::string_view Request::kv_type() const {
  return kKvTypes[index(Dim::kTypes) % std::size(kKvTypes)];
}

std::string Request::text() const {
  std::string text = entry_name(entry);
  const char* separator = "(";
  for (const Dim dim : dims_of(entry)) {
    const bool plain = dim == Dim::kArch || dim == Dim::kTypes;
    text += fmt::format("{}{}{}", separator, plain ? "" : fmt::format("{} ", values_of(dim).name),
                        value(dim));
    separator = ", ";
  }
  return text + ")";
}

void for_each_request(Entry entry, const std::string& arch,
                      const std::function<void(const Request&)>& visit) {
  Request request;
  request.entry = entry;
  const std::vector<std::string>& all = arches();
  request.set(Dim::kArch, std::find(all.begin(), all.end(), arch) - all.begin());
  visit_from(dims_of(entry), 0, request, visit);
}

}  // namespace wavefuzz::audit
