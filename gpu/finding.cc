#include "gpu/finding.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <iterator>

namespace wavefuzz {
namespace {

using enum FindingKind;

constexpr FindingKindRow kKinds[] = {
    {kOutOfBoundsRead, "out_of_bounds_read", "out-of-bounds read",
     "An instruction reads outside every buffer of the launch."},
    {kOutOfBoundsWrite, "out_of_bounds_write", "out-of-bounds write",
     "An instruction writes outside every buffer of the launch."},
    {kWriteToReadOnly, "write_to_read_only_memory", "write to read-only memory",
     "An instruction writes to an input."},
    {kReadFromWriteOnly, "read_from_write_only_memory", "read from write-only memory",
     "An instruction reads what is an output alone."},
    {kMisaligned, "misaligned_access", "misaligned access",
     "An atomic or scalar load is not aligned."},
    {kUninitialised, "uninitialised_data_used", "uninitialised data used",
     "A value that nobody wrote decides an address, a branch or an output."},
    {kMissingWait, "missing_s_waitcnt", "missing s_waitcnt",
     "A register is used while a load into it is under way."},
    {kDataRace, "data_race", "data race",
     "Two waves or groups access the same bytes, one of them to write, unordered."},
    {kBarrierDivergence, "barrier_divergence", "barrier divergence",
     "Waves of a group meet at different barriers, and not as often."},
    {kFetchOutsideCode, "fetch_outside_the_code", "fetch outside the code",
     "A jump leads out of the kernel."},
    {kTrap, "trap", "trap", "The kernel executes a trap."},
    {kWatchdog, "watchdog", "watchdog", "A loop of the kernel never ends."},
    {kUnallocated, "register_outside_the_allocation", "register outside the allocation",
     "An instruction names a register that the kernel's descriptor does not give it."},
    {kStrayWrite, "stray_write", "stray write",
     "Bytes are written that are no part of the output."},
    {kMissingWrite, "missing_write", "missing write", "An output is not written."},
    {kWrongValue, "wrong_value", "wrong value",
     "An output is off by more than rounding can explain, or is not the right byte."},
    {kNanValue, "nan_value", "NaN", "An output is NaN and should be a number."},
    {kInfiniteValue, "infinite_value", "infinite value",
     "An output is infinite and should be a number."},
    {kWrongMask, "wrong_mask", "wrong mask",
     "An output that should be infinite, as masked ones are, is not, or the other way."},
    {kWrongIndex, "wrong_index", "wrong index", "An index is none of the right ones."},
    {kSuspectValue, "suspect_value", "suspect value",
     "An output is within its bound, and further off than rounding errors are likely to add up "
     "to."},
    {kRelation, "relation", "broken relation", "Outputs of related inputs do not agree."},
    {kBrokenRelation, "broken_relation", "broken relation",
     "Outputs of related inputs do not agree."},
    // What earlier versions found, or called by another name.
    {kEndAtBarrier, "end_with_a_barrier_pending", "end with a barrier pending",
     "A wave ends while others wait for it at a barrier."},
    {kNonFinite, "non_finite", "non-finite value",
     "An output is NaN or infinite and should be a number."},
    {kInternalError, "internal_error", "internal error",
     "No fault of the kernel's: a self-check of wavefuzz failed on the case."},
};

constexpr bool in_order() {
  for (size_t i = 0; i < std::size(kKinds); ++i)
    if (kKinds[i].kind != static_cast<FindingKind>(i)) return false;
  return std::size(kKinds) == static_cast<size_t>(kInternalError) + 1;
}
static_assert(in_order());

const FindingKindRow& row(FindingKind kind) { return kKinds[static_cast<size_t>(kind)]; }

std::string group_text(const std::array<uint32_t, 3>& group) {
  return fmt::format("group {},{},{}", group[0], group[1], group[2]);
}

/// "pc 0x1a48 by `global_load_dword v1, v[2:3], off` (kernel.hip:12:7)"
std::string instruction_text(const Instruction& at) {
  std::string out = fmt::format("pc {:#x} by `{}`", at.pc, at.text);
  if (!at.source.empty()) out += fmt::format(" ({})", text(at.source.front()));
  return out;
}

/// "4 bytes at 0x10300003000, buffer indices (8 bytes) +0x4"
std::string memory_text(const MemoryPlace& m) {
  if (m.on_chip())
    return fmt::format("{} bytes at {} offset {:#x}, which has {:#x} bytes", m.bytes, m.buffer,
                       m.address, m.size);
  std::string out = fmt::format("{} bytes at {:#x}", m.bytes, m.address);
  if (m.buffer.empty()) return out;
  const auto offset = static_cast<uint64_t>(m.offset);
  return out + fmt::format(", {} {} ({} bytes) {}{:#x}", m.inside() ? "buffer" : "nearest buffer",
                           m.buffer, m.size, m.offset < 0 ? "-" : "+",
                           m.offset < 0 ? 0 - offset : offset);
}

std::string other_text(const OtherAccess& other, const Finding& f) {
  std::string who = other.wave ? fmt::format("wave {}", *other.wave) : "another wave";
  if (other.group != f.group) who += " of " + group_text(other.group);
  return fmt::format("{} {} it at {}, in no order", who, other.does, instruction_text(other.at));
}

/// "in load_row, inlined at kernel.hip:40:3 in kernel"
std::string calls_text(const std::vector<SourceLine>& source) {
  std::string out;
  for (size_t i = 0; i < source.size(); ++i) {
    if (i != 0) out += fmt::format("{}inlined at {}", out.empty() ? "" : ", ", text(source[i]));
    if (!source[i].function.empty() && source.size() > 1)
      out += fmt::format("{}in {}", out.empty() ? "" : " ", source[i].function);
  }
  return out;
}

}  // namespace

std::span<const FindingKindRow> finding_kinds() { return kKinds; }
std::string_view name(FindingKind kind) { return row(kind).name; }
std::string_view words(FindingKind kind) { return row(kind).words; }
std::string_view meaning(FindingKind kind) { return row(kind).meaning; }

std::optional<FindingKind> find_kind(std::string_view name) {
  const auto* const it = std::ranges::find(kKinds, name, &FindingKindRow::name);
  if (it == std::end(kKinds)) return std::nullopt;
  return it->kind;
}

std::string text(const SourceLine& line) {
  std::string out = fmt::format("{}:{}", line.file, line.line);
  if (line.column != 0) out += fmt::format(":{}", line.column);
  return out;
}

std::string text(const InexactUse& use) {
  const auto place = [](const Instruction& i) {
    return i.source.empty() ? std::string() : " (" + text(i.source.front()) + ")";
  };
  return fmt::format("{} depends on the result of pc {:#x} `{}`{}, which is {}, at pc {:#x} `{}`{}",
                     use.what, use.from.pc, use.from.text, place(use.from), use.fidelity, use.at.pc,
                     use.at.text, place(use.at));
}

std::string message_of(const Finding& f) {
  std::string out;
  if (!f.source.empty()) out += text(f.source.front()) + ": ";
  if (!f.launch.empty()) out += fmt::format("launch {}: ", f.launch);
  out += words(f.kind);
  const char* separator = ": ";
  const auto say = [&](const std::string& what) {
    if (what.empty()) return;
    out += separator + what;
    separator = "; ";
  };
  say(f.detail);
  if (f.memory) say(memory_text(*f.memory));
  if (f.loaded_by) say("loaded at " + instruction_text(*f.loaded_by));
  if (f.other) say(other_text(*f.other, f));
  out +=
      fmt::format("; pc {:#x} `{}`, {} wave {}", f.pc, f.instruction, group_text(f.group), f.wave);
  if (f.lanes != 0) {
    out += fmt::format(" lane {} ({} lane{})", f.first_lane(), f.lane_count(),
                       f.lane_count() == 1 ? "" : "s");
  }
  if (const std::string calls = calls_text(f.source); !calls.empty()) out += "; " + calls;
  return out;
}

std::string signature(const Finding& f) {
  std::string out(name(f.kind));
  if (!f.where.empty()) out += ":" + f.where;
  if (f.kind == kDataRace && f.other) out += fmt::format(":{:#x}/{:#x}", f.pc, f.other->at.pc);
  return out;
}

bool agrees(const std::string& pattern, const std::string& signature) {
  const bool any_race = pattern.find(':') == std::string::npos && is_of(signature, kDataRace);
  return pattern == signature ||
         fnmatch(pattern.c_str(), (any_race ? kind_of(signature) : signature).c_str(), 0) == 0;
}

std::string kind_of(const std::string& signature) {
  return signature.substr(0, signature.find(':'));
}

bool is_of(const std::string& signature, FindingKind kind) {
  return kind_of(signature) == name(kind);
}

bool names_a_kind(const std::string& pattern) {
  return std::ranges::any_of(kKinds, [&](const FindingKindRow& row) {
    const std::string kind(row.name);
    // A pattern without a colon may go on past the kind: "wrong*".
    return fnmatch(kind_of(pattern).c_str(), kind.c_str(), 0) == 0;
  });
}

}  // namespace wavefuzz
