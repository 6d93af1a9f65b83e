#ifndef WAVEFUZZ_GPU_FINDING_H_
#define WAVEFUZZ_GPU_FINDING_H_

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/kernel_id.h"

namespace wavefuzz {

/// What is wrong with a kernel, a row of the table in finding.cc each.
enum class FindingKind : uint8_t {
  // What a target sees while the kernel runs.
  kOutOfBoundsRead,
  kOutOfBoundsWrite,
  kWriteToReadOnly,
  kReadFromWriteOnly,
  kMisaligned,
  kUninitialised,
  kMissingWait,
  kDataRace,
  kBarrierDivergence,
  kFetchOutsideCode,
  kTrap,
  kWatchdog,
  kUnallocated,
  // What the judge sees of the outputs.
  kStrayWrite,
  kMissingWrite,
  kWrongValue,
  kNanValue,
  kInfiniteValue,
  kWrongMask,
  kWrongIndex,
  kSuspectValue,
  kRelation,
  kBrokenRelation,
  kEndAtBarrier,
  kNonFinite,
  // No fault of the kernel's.
  kInternalError,
};

struct FindingKindRow {
  FindingKind kind;
  std::string_view name;     ///< stable: in signatures, corpus files, ledgers and databases
  std::string_view words;    ///< for a reader, at the head of a message
  std::string_view meaning;  ///< a sentence
};

/// All of them, in the order of the enumeration.
std::span<const FindingKindRow> finding_kinds();

std::string_view name(FindingKind kind);     ///< "out_of_bounds_read"
std::string_view words(FindingKind kind);    ///< "out-of-bounds read"
std::string_view meaning(FindingKind kind);  ///< "An instruction reads outside ..."

/// The kind of that name; nothing where there is none.
std::optional<FindingKind> find_kind(std::string_view name);

/// A place in the source of a kernel, as its debug information has it. Lines and columns count from
/// 1; a column of 0 is not known.
struct SourceLine {
  std::string file;
  uint32_t line = 0;
  uint32_t column = 0;
  std::string function = {};  ///< empty where it is not known

  bool operator==(const SourceLine&) const = default;
};

/// "kernel.hip:12:7", as editors understand it.
std::string text(const SourceLine& line);

/// An instruction of a kernel.
struct Instruction {
  int64_t pc = 0;  ///< bytes from the kernel's entry
  std::string text = {};
  /// Where it is written, then the calls that it was inlined through, the outermost last. Empty
  /// where the code object does not tell.
  std::vector<SourceLine> source = {};
};

/// Bytes that an instruction touched, of the first lane concerned.
struct MemoryPlace {
  std::string buffer = {};  ///< that holds them, or the nearest one; "LDS", "scratch"; may be empty
  int64_t offset = 0;       ///< from its start; outside it where the access is
  uint64_t size = 0;        ///< of the buffer
  uint32_t bytes = 0;       ///< width of the access
  uint64_t address = 0;     ///< of LDS and scratch: the offset

  bool on_chip() const { return buffer == "LDS" || buffer == "scratch"; }
  bool inside() const { return offset >= 0 && static_cast<uint64_t>(offset) < size; }
};

/// The other side of a data race.
struct OtherAccess {
  Instruction at;
  std::string does = {};              ///< "reads", "writes" or "changes"
  std::array<uint32_t, 3> group = {};
  std::optional<uint32_t> wave = {};  ///< nothing: several waves
};

/// One fault of a kernel: of the simulator, the judge, the database and every report.
struct Finding {
  FindingKind kind = FindingKind::kInternalError;
  /// The part of the output or the buffer that it concerns, e.g. kv_cache.scale; may be empty.
  std::string where = {};
  /// One line for a reader, with everything below.
  std::string message = {};

  // The instruction that did it, where the target knows; `instruction` is empty where it does not,
  // and then so is the rest.
  std::string instruction = {};
  int64_t pc = 0;  ///< bytes from the kernel's entry
  std::vector<SourceLine> source = {};  ///< as in Instruction
  KernelId kernel = {};
  std::string launch = {};  ///< its name, where a case has several
  std::array<uint32_t, 3> group = {};
  uint32_t wave = 0;   ///< in the group
  uint64_t lanes = 0;  ///< a bit for each lane concerned; 0: a scalar instruction
  std::string detail = {};  ///< what the message says and no other field: "wave 1 has ended"
  std::optional<MemoryPlace> memory = {};
  std::optional<Instruction> loaded_by = {};  ///< the load of undefined or unawaited data
  std::optional<OtherAccess> other = {};      ///< of a race

  int first_lane() const { return lanes == 0 ? -1 : std::countr_zero(lanes); }
  int lane_count() const { return std::popcount(lanes); }
};

/// A result whose bits no document fixes, and what depends on it: whether it matters.
struct InexactUse {
  Instruction from = {};      ///< that gave it
  std::string fidelity = {};  ///< of that: "within 1 ulp", "hypothesis"
  std::string what = {};      ///< "a branch", "an address", "a value stored to global memory", ...
  Instruction at = {};        ///< that used it so
};
/// "a branch depends on `v_exp_f32 v2, v1` at pc 0x40 (within 1 ulp), at pc 0x60 `s_cbranch...`".
std::string text(const InexactUse& use);

/// The message of a finding with an instruction, made from its other fields: "kernel.hip:12:7:
/// uninitialised data used: ...; pc 0x1a48 `global_store_dword ...`, group 0,0,0 wave 0 lane 3 (2
/// lanes)".
std::string message_of(const Finding& finding);

/// What makes two failures the same to the shrinker, and stands in corpus files: "kind:where"; of a
/// race, "data_race:0x3c/0x20", the two instructions' pcs.
std::string signature(const Finding& finding);
/// Whether a signature is as one says that was recorded, or as a pattern does (fnmatch).
/// "data_race" alone, as earlier versions recorded it, says any race.
bool agrees(const std::string& recorded_or_pattern, const std::string& signature);
/// The name of the kind in a signature.
std::string kind_of(const std::string& signature);
/// Whether a signature is of that kind.
bool is_of(const std::string& signature, FindingKind kind);
/// Whether a signature, or a pattern of such (fnmatch), is of a kind that exists.
bool names_a_kind(const std::string& signature_or_pattern);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_GPU_FINDING_H_
