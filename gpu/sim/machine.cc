// The parts of a launch that are not hot: findings, stops, memory lookup, the host's FP state.
#include <fmt/format.h>
#include <xmmintrin.h>

#include <algorithm>
#include <bit>

#include "gpu/sim/table.h"
#include "gpu/sim/wave.h"

namespace wavefuzz::sim {

std::string_view name(Fidelity fidelity) {
  switch (fidelity) {
    case Fidelity::kExact:
      return "exact";
    case Fidelity::kOneUlp:
      return "within 1 ulp";
    case Fidelity::kHypothesis:
      return "hypothesis";
  }
  return "";
}

std::string_view name(FindingKind kind) {
  switch (kind) {
    case FindingKind::kOutOfBoundsRead:
      return "out-of-bounds read";
    case FindingKind::kOutOfBoundsWrite:
      return "out-of-bounds write";
    case FindingKind::kWriteToReadOnly:
      return "write to read-only memory";
    case FindingKind::kReadFromWriteOnly:
      return "read from write-only memory";
    case FindingKind::kMisaligned:
      return "misaligned access";
    case FindingKind::kUninitialised:
      return "uninitialised data used";
    case FindingKind::kMissingWait:
      return "missing s_waitcnt";
    case FindingKind::kDataRace:
      return "data race";
    case FindingKind::kEndAtBarrier:
      return "end with a barrier pending";
    case FindingKind::kBarrierDivergence:
      return "barrier divergence";
    case FindingKind::kFetchOutsideCode:
      return "fetch outside the code";
    case FindingKind::kTrap:
      return "trap";
    case FindingKind::kWatchdog:
      return "watchdog";
  }
  return "";
}

std::string_view name(RunResult::Status status) {
  switch (status) {
    case RunResult::Status::kCompleted:
      return "completed";
    case RunResult::Status::kFaulted:
      return "faulted";
    case RunResult::Status::kUnsupported:
      return "unsupported";
  }
  return "";
}

bool Machine::report(Wave& wave, const Op* op, FindingKind kind, const Where& where,
                     const std::string& detail) {
  // One finding per instruction and kind: a loop would otherwise drown the others.
  const uint64_t key = uint64_t(op->index) << 8 | uint64_t(kind);
  if (std::find(seen_findings.begin(), seen_findings.end(), key) != seen_findings.end())
    return true;
  seen_findings.push_back(key);

  Finding f;
  f.kind = kind;
  f.pc = code->pc(op->index);
  f.instruction = code->texts[op->index];
  f.group = group;
  f.wave = wave.id;
  f.lanes = unsigned(std::popcount(where.lanes));
  if (where.lanes != 0) f.lane = std::countr_zero(where.lanes);

  std::string what(sim::name(kind));
  if (!detail.empty()) what += ": " + detail;
  if (where.has_address) {
    f.address = where.address;
    if (where.space != nullptr) {
      f.island = where.space;
      f.offset = int64_t(where.address);
      what += fmt::format(": {} bytes at {} offset {:#x}, which has {:#x} bytes", where.bytes,
                          where.space, where.address, where.limit);
    } else {
      const Span* nearest = nullptr;
      uint64_t best = ~uint64_t{0};
      for (const Span& s : spans) {
        const uint64_t distance = where.address < s.address ? s.address - where.address
                                  : where.address - s.address >= s.size
                                      ? where.address - s.address - s.size + 1
                                      : 0;
        if (distance < best) {
          best = distance;
          nearest = &s;
        }
      }
      what += fmt::format(": {} bytes at {:#x}", where.bytes, where.address);
      if (nearest != nullptr) {
        f.island = std::string(nearest->name);
        f.offset = int64_t(where.address - nearest->address);
        what += fmt::format(", nearest island {} ({} bytes) {}{:#x}", nearest->name, nearest->size,
                            f.offset < 0 ? "-" : "+",
                            f.offset < 0 ? 0 - uint64_t(f.offset) : uint64_t(f.offset));
      }
    }
  }
  f.message = fmt::format("{}; pc {:#x} `{}`, group {},{},{} wave {}", what, f.pc, f.instruction,
                          group[0], group[1], group[2], wave.id);
  if (f.lane >= 0)
    f.message += fmt::format(" lane {} ({} lane{})", f.lane, f.lanes, f.lanes == 1 ? "" : "s");
  result->findings.push_back(std::move(f));
  result->status = RunResult::Status::kFaulted;
  if (result->findings.size() >= config->max_findings) stop = true;
  const bool faults =
      kind == FindingKind::kOutOfBoundsRead || kind == FindingKind::kOutOfBoundsWrite;
  if (faults && least_budget == 0 && budget > kAfterFault) least_budget = budget - kAfterFault;
  return !stop;
}

uint32_t Machine::used_in_flight(Wave& wave, const Op* op, uint32_t origin, uint64_t lanes) {
  const uint32_t load = origin & ~kInFlight;
  PendingLoad* found = nullptr;
  wave.loads.each([&](PendingLoad& p) {
    if (found != nullptr || p.done || p.op->index != load) return;
    if (p.target == LoadTarget::kSgprs || (p.lanes & lanes) != 0) found = &p;
  });
  if (found == nullptr) return load;
  Where where;
  where.lanes = found->target == LoadTarget::kSgprs ? 0 : found->lanes & lanes;
  report(
      wave, op, FindingKind::kMissingWait, where,
      fmt::format("nothing waits for what pc {:#x} `{}` loads", code->pc(load), code->texts[load]));
  if (config->late_loads == LateLoads::kNewContent) {
    code->come_in_now(wave, *found);
    repeat = true;
  }
  return load;
}

void Machine::report_overwritten(Wave& wave, const PendingLoad& load, uint64_t lanes) {
  Where where;
  where.lanes = lanes;
  report(wave, load.op, FindingKind::kMissingWait, where,
         "its destination was written before it came in");
}

void Machine::report_race(Wave& wave, const Op* op, uint64_t lanes, uint64_t address,
                          unsigned bytes, const char* space, uint32_t other_op, unsigned other_wave,
                          uint32_t other_group, const char* other_does) {
  Where where;
  where.lanes = lanes;
  where.has_address = true;
  where.address = address;
  where.bytes = bytes;
  where.space = space;
  where.limit = lds_bytes;
  std::string who =
      other_wave == kSeveralWaves ? "another wave" : fmt::format("wave {}", other_wave);
  if (other_group != 0 && other_group != group_number) {
    const uint32_t linear = other_group - first_group;
    const auto& n = config->groups;
    who += fmt::format(" of group {},{},{}", linear % n[0], linear / n[0] % n[1],
                       linear / n[0] / n[1]);
  }
  report(wave, op, FindingKind::kDataRace, where,
         fmt::format("{} {} it at pc {:#x} `{}`, in no order", who, other_does, code->pc(other_op),
                     code->texts[other_op]));
}

std::string Machine::waves_in(WaveState state) const {
  std::string list;
  for (size_t i = 0; i < wave_count; ++i)
    if (waves[i]->state == state) list += fmt::format("{}{}", list.empty() ? "" : ",", i);
  return list;
}

void Machine::check_barrier(Wave& wave, const Op* op, WaveState forbidden) {
  if (wave_count == 1) return;
  bool found = false;
  for (size_t i = 0; i < wave_count; ++i) found |= waves[i]->state == forbidden;
  if (!found) [[likely]]
    return;
  if (forbidden == WaveState::kEnded)
    report(wave, op, FindingKind::kBarrierDivergence, {},
           fmt::format("wave {} has ended", waves_in(forbidden)));
  else
    report(wave, op, FindingKind::kEndAtBarrier, {},
           fmt::format("wave {} waits", waves_in(forbidden)));
}

uint32_t Machine::random() {
  // Xorshift: cheap, and any period will do.
  schedule_state ^= schedule_state << 13;
  schedule_state ^= schedule_state >> 7;
  schedule_state ^= schedule_state << 17;
  return uint32_t(schedule_state >> 32);
}

bool Machine::report_poison(Wave& wave, const Op* op, const char* what, uint64_t lanes,
                            uint32_t origin) {
  const size_t before = result->findings.size();
  origin = waited(wave, op, origin, lanes);
  repeat = false;                                       // too late for that
  if (result->findings.size() != before) return !stop;  // said already
  Where where;
  where.lanes = lanes;
  std::string detail = fmt::format("it reaches {}", what);
  if (origin == kNeverWritten)
    detail += "; a register never written";
  else
    detail += fmt::format("; loaded at pc {:#x} by `{}`", code->pc(origin), code->texts[origin]);
  return report(wave, op, FindingKind::kUninitialised, where, detail);
}

void Machine::unsupported(Wave& wave, const Op* op) {
  wave.state = WaveState::kStopped;
  stop = true;
  if (result->status == RunResult::Status::kUnsupported) return;
  result->status = RunResult::Status::kUnsupported;
  const std::string& encoding = code->encodings[op->index];
  result->unsupported_what =
      fmt::format("`{}`{} at pc {:#x}", code->texts[op->index],
                  encoding.empty() ? "" : " [" + encoding + "]", code->pc(op->index));
}

void Machine::note_inexact(const Op* op) {
  if (inexact_seen.empty()) inexact_seen.resize(code->ops.size());
  if (inexact_seen[op->index]) return;
  inexact_seen[op->index] = 1;
  result->weakest = std::max(result->weakest, op->row->fidelity);
  std::string text = fmt::format("{} ({})", op->row->mnemonic, sim::name(op->row->fidelity));
  auto& list = result->inexact_instructions;
  if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(std::move(text));
}

const Span* Machine::find_span(uint64_t address, uint64_t bytes) {
  // Few and sorted: the first span that ends behind the address is the only candidate.
  const auto it = std::upper_bound(spans.begin(), spans.end(), address,
                                   [](uint64_t a, const Span& s) { return a < s.address; });
  if (it == spans.begin()) return nullptr;
  const Span& s = *(it - 1);
  const uint64_t offset = address - s.address;
  if (offset >= s.size || bytes > s.size - offset) return nullptr;
  last_span = &s;
  return &s;
}

void Machine::mark_dirty(const Span& span, uint64_t first_chunk, uint64_t last_chunk) {
  std::unique_lock<std::mutex> lock;
  if (shared != nullptr) lock = std::unique_lock(shared->dirty);
  for (uint64_t chunk = first_chunk; chunk <= last_chunk; ++chunk) {
    if (span.dirty[chunk]) continue;
    span.dirty[chunk] = 1;
    span.island->dirty_list_.push_back(uint32_t(chunk));
  }
}

void set_host_rounding(Round round) {
  static constexpr unsigned kMode[] = {_MM_ROUND_NEAREST, _MM_ROUND_UP, _MM_ROUND_DOWN,
                                       _MM_ROUND_TOWARD_ZERO};
  _MM_SET_ROUNDING_MODE(kMode[unsigned(round)]);
}

const Op* exec_unsupported(Wave& wave, const Op* op) {
  wave.machine->unsupported(wave, op);
  return nullptr;
}

const Op* exec_outside(Wave& wave, const Op* op) {
  Machine& m = *wave.machine;
  const Op* from = &m.code->ops[unsigned(std::max(op->imm2, 0))];
  m.report(wave, from, FindingKind::kFetchOutsideCode, {},
           fmt::format("next pc {:#x}", m.code->pc(op->index)));
  wave.state = WaveState::kStopped;
  return nullptr;
}

const Op* find_jump(Wave& wave, const Op* op, uint64_t address) {
  Machine& m = *wave.machine;
  const auto it = m.code->op_at.find(address - kCodeBase);
  if (it != m.code->op_at.end()) return &m.code->ops[it->second];
  m.report(wave, op, FindingKind::kFetchOutsideCode, {},
           fmt::format("jump to address {:#x}", address));
  wave.state = WaveState::kStopped;
  return nullptr;
}

const Op* exec_inexact(Wave& wave, const Op* op) {
  wave.machine->note_inexact(op);
  return op->inner(wave, op);
}

}  // namespace wavefuzz::sim
