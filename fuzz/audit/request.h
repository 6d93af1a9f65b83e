#ifndef WAVEFUZZ_FUZZ_AUDIT_REQUEST_H_
#define WAVEFUZZ_FUZZ_AUDIT_REQUEST_H_

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace wavefuzz::audit {

/// The functions of AITER that a request enters by.
enum class Entry {
  kPaFwd,            ///< pa_fwd_asm
  kPaPs,             ///< pa_ps_fwd_asm, which pa_persistent_fwd calls
  kMlaDecode,        ///< mla_decode_fwd
  kMlaDecodeStage1,  ///< mla_decode_stage1_asm_fwd, without the Python rules of mla_decode_fwd
  kMlaPrefill,       ///< mla_prefill_fwd
  kMlaPrefillPs,     ///< mla_prefill_ps_fwd
};

const std::vector<Entry>& entries(const std::string& op);  ///< of "pa" or "mla"
const char* entry_name(Entry entry);

/// What a request can differ in. An entry has some of them; the others stay at their first value.
enum class Dim {
  kArch,
  kTypes,
  kGqa,
  kQlen,
  kPage,
  kHighPrecision,
  kQoIndptr,
  kQuantType,
  kMask,
  kPersistent,
  kLse,
  kCausal,
  kCp,
  kSplits,
};
constexpr size_t kDims = 14;

/// The values that are enumerated of a dimension, as a reader knows them. At most 64.
struct DimValues {
  Dim dim;
  const char* name;                ///< as the argument of the AITER function
  std::vector<int64_t> numbers;    ///< of a number, or
  std::vector<std::string> texts;  ///< of a choice
  size_t size() const { return numbers.empty() ? texts.size() : numbers.size(); }
  std::string text(size_t index) const;
};
const DimValues& values_of(Dim dim);
/// The dimensions that an entry looks at.
const std::vector<Dim>& dims_of(Entry entry);

/// One call, of the shapes, types and flags that the choice of a kernel depends on.
struct Request {
  Entry entry = Entry::kPaFwd;
  std::array<uint8_t, kDims> at = {};  ///< an index into values_of(dim), for each dimension

  size_t index(Dim dim) const { return at[static_cast<size_t>(dim)]; }
  void set(Dim dim, size_t index) { at[static_cast<size_t>(dim)] = static_cast<uint8_t>(index); }
  int64_t number(Dim dim) const { return values_of(dim).numbers[index(dim)]; }
  bool on(Dim dim) const { return number(dim) != 0; }
  std::string value(Dim dim) const { return values_of(dim).text(index(dim)); }

  const std::string& arch() const { return values_of(Dim::kArch).texts[index(Dim::kArch)]; }
  std::string_view q_type() const;   ///< bf16, fp16, fp8
  std::string_view kv_type() const;  ///< bf16, fp16, int8, uint8, fp8
  int64_t gqa() const { return number(Dim::kGqa); }
  int64_t qlen() const { return number(Dim::kQlen); }
  int64_t page() const { return number(Dim::kPage); }

  /// "pa_fwd_asm(gfx942, bf16 x fp8, gqa 10, max_qlen 1, ...)": every dimension of the entry.
  std::string text() const;
  bool operator==(const Request&) const = default;
};

/// Every request of an entry on an arch, in order.
void for_each_request(Entry entry, const std::string& arch,
                      const std::function<void(const Request&)>& visit);

}  // namespace wavefuzz::audit

#endif  // WAVEFUZZ_FUZZ_AUDIT_REQUEST_H_
