// The parts of a launch that are not hot: findings, stops, memory lookup, the host's FP state.
#include <fmt/format.h>
#include <xmmintrin.h>

#include <algorithm>
#include <bit>
#include <iterator>

#include "gpu/sim/endless.h"
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

std::string_view name(RunResult::Status status) {
  switch (status) {
    case RunResult::Status::kCompleted:
      return "completed";
    case RunResult::Status::kFaulted:
      return "faulted";
    case RunResult::Status::kTooLarge:
      return "too large";
    case RunResult::Status::kUnsupported:
      return "unsupported";
  }
  return "";
}

namespace {

MemoryPlace place_of(const std::vector<Span>& spans, const Machine::Where& where) {
  MemoryPlace place;
  place.bytes = where.bytes;
  place.address = where.address;
  if (where.space != nullptr) {
    place.buffer = where.space;
    place.offset = int64_t(where.address);
    place.size = where.limit;
    return place;
  }
  uint64_t best = ~uint64_t{0};
  for (const Span& s : spans) {
    const uint64_t distance = where.address < s.address ? s.address - where.address
                              : where.address - s.address >= s.size
                                  ? where.address - s.address - s.size + 1
                                  : 0;
    if (distance >= best) continue;
    best = distance;
    place.buffer = std::string(s.name);
    place.offset = int64_t(where.address - s.address);
    place.size = s.size;
  }
  return place;
}

}  // namespace

bool Machine::report(Wave& wave, const Op* op, FindingKind kind, const Where& where,
                     const std::string& detail) {
  if (watch != nullptr) return true;  // beyond the budget: whether it ends is all there is to say
  // One finding per instruction and kind: a loop would otherwise drown the others.
  const uint64_t key = uint64_t(op->index) << 8 | uint64_t(kind);
  if (std::find(seen_findings.begin(), seen_findings.end(), key) != seen_findings.end())
    return true;
  seen_findings.push_back(key);

  // Source lines and the message are run()'s: not every finding is kept.
  Finding f;
  f.kind = kind;
  f.pc = code->pc(op->index);
  f.instruction = code->texts[op->index];
  f.group = group;
  f.wave = wave.id;
  f.lanes = where.lanes;
  f.detail = detail;
  if (where.has_address) f.memory = place_of(spans, where);
  if (where.load != kNeverWritten) f.loaded_by = instruction(where.load);
  if (where.other != nullptr) f.other = *where.other;
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
  where.load = load;
  report(wave, op, FindingKind::kMissingWait, where, "a register is used before its load has come in");
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

void Machine::report_race(Wave& wave, const Op* op, const Race& race, const std::string& detail) {
  OtherAccess other = {.at = instruction(race.other_op), .does = race.other_does, .group = group};
  if (race.other_wave != kSeveralWaves) other.wave = race.other_wave;
  if (race.other_group != 0 && race.other_group != group_number) {
    const uint32_t linear = race.other_group - first_group;
    const auto& n = config->groups;
    other.group = {linear % n[0], linear / n[0] % n[1], linear / n[0] / n[1]};
  }
  Where where;
  where.lanes = race.lanes;
  where.has_address = true;
  where.address = race.address;
  where.bytes = race.bytes;
  where.space = race.space;
  where.limit = lds_bytes;
  where.other = &other;
  report(wave, op, FindingKind::kDataRace, where, detail);
}

void Wave::set_lane_poison(unsigned reg, const uint32_t* lanes, uint64_t write) {
  uint64_t bytes[4] = {}, partial = 0;
  for (uint64_t left = write; left != 0; left &= left - 1) {
    const auto i = unsigned(std::countr_zero(left));
    for (unsigned b = 0; b < 4; ++b) {
      const uint32_t bits = lanes[i] >> 8 * b & 0xff;
      bytes[b] |= uint64_t(bits != 0) << i;
      partial |= uint64_t(bits != 0 && bits != 0xff) << i;
    }
  }
  VgprPoison& p = v_poison[reg];
  for (unsigned b = 0; b < 4; ++b) p.set(b, write, bytes[b]);
  if (partial == 0) return;
  if (v_defined == nullptr) v_defined = std::make_unique<uint32_t[][kLanes]>(std::size(v_poison));
  p.partial |= partial;
  for (uint64_t left = partial; left != 0; left &= left - 1) {
    const auto i = unsigned(std::countr_zero(left));
    v_defined[reg][i] = ~lanes[i];
  }
}

void Machine::note_race(const Race& race) {
  if (std::ranges::find(races, race.load, &Race::load) == races.end()) races.push_back(race);
}

void Machine::settle(Wave& wave, uint32_t origin) {
  for (unsigned r = 0; r < std::size(wave.v_origin); ++r)
    if (wave.v_origin[r] == origin) wave.v_poison[r] = {};
  for (unsigned r = 0; r < kScalars; ++r)
    if (wave.s_origin[r] == origin) wave.s_poison[r] = 0;
}

void Machine::keep_unsettled(const Wave& wave, const Op* op, UnsettledRead read, uint32_t read_op) {
  if (config->unsettled_reads != nullptr) return;
  // Of a loop over many, some are enough to see what becomes of the values.
  constexpr uint32_t kMostOfAPair = 1024;
  const uint64_t pair = uint64_t{read_op} << 32 | op->index;
  auto kept = std::ranges::find(unsettled_of, pair, &std::pair<uint64_t, uint32_t>::first);
  if (kept == unsettled_of.end()) kept = unsettled_of.insert(kept, {pair, 0});
  if (kept->second++ >= kMostOfAPair) return;
  read.write_op = op->index;
  read.write_group = group_number - first_group;
  read.write_wave = wave.id;
  result->unsettled_reads.push_back(read);
}

const UnsettledRead* Machine::unsettled(const Wave& wave, bool lds, uint64_t begin,
                                        uint64_t end) const {
  constexpr uint64_t kWidest = 16;  // bytes of an access
  auto it = std::ranges::lower_bound(reads_now, begin < kWidest ? 0 : begin - kWidest, {},
                                     &UnsettledRead::begin);
  for (; it != reads_now.end() && it->begin < end; ++it) {
    const bool own = it->write_wave == wave.id && it->write_group == group_number - first_group;
    if (it->lds == lds && it->end > begin && !own) return &*it;
  }
  return nullptr;
}

void Machine::note(const Op* op, const std::string& text) {
  const std::string line =
      fmt::format("{}; pc {:#x} `{}`", text, code->pc(op->index), code->texts[op->index]);
  if (std::ranges::find(result->notes, line) == result->notes.end() &&
      result->notes.size() < config->max_findings)
    result->notes.push_back(line);
}

std::string Machine::waves_in(WaveState state) const {
  std::string list;
  for (size_t i = 0; i < wave_count; ++i)
    if (waves[i]->state == state) list += fmt::format("{}{}", list.empty() ? "" : ",", i);
  return list;
}

void Machine::check_barrier() {
  if (wave_count == 1) return;
  uint64_t waiting = 0, ended = 0;
  const Op* at[2] = {};  // the barriers of the first that waits and of one that waits elsewhere
  Wave* first = nullptr;
  for (size_t i = 0; i < wave_count; ++i) {
    Wave& wave = *waves[i];
    if (wave.state == WaveState::kEnded) ended |= uint64_t{1} << i;
    if (wave.state != WaveState::kAtBarrier) continue;
    waiting |= uint64_t{1} << i;
    if (first == nullptr) first = &wave;
    const Op* barrier = wave.next - 1;
    if (at[0] == nullptr) at[0] = barrier;
    if (barrier != at[0] && at[1] == nullptr) at[1] = barrier;
  }
  if (at[1] != nullptr && apart[0] == nullptr) {
    std::copy(std::begin(at), std::end(at), apart);
    apart_waves = waiting;
  }
  if (ended == 0 || waiting == 0) [[likely]]
    return;
  const std::string who = waves_in(WaveState::kEnded);
  const char* have = who.find(',') == std::string::npos ? "has" : "have";
  if ((apart_waves & ended) != 0)
    report(*first, at[0], FindingKind::kBarrierDivergence, {},
           fmt::format("wave {} {} ended, and not met as many barriers: before, waves met at two "
                       "different ones, pc {:#x} and pc {:#x}",
                       who, have, code->pc(apart[0]->index), code->pc(apart[1]->index)));
  else
    note(at[0], "waves wait at a barrier when others have ended, which count as arrived");
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
  if (watch != nullptr) {
    watch->poisoned(what);
    return true;
  }
  const size_t before = result->findings.size();
  origin = waited(wave, op, origin, lanes);
  repeat = false;                                       // too late for that
  if (result->findings.size() != before) return !stop;  // said already
  if (taken_for_defined(origin) && (origin & kInexact) != 0) {
    note_inexact_use(op, what, origin);
    return !stop;
  }
  if (taken_for_defined(origin)) {
    const uint32_t load = origin & ~kRaced;
    const auto race = std::ranges::find(races, load, &Race::load);
    if (race == races.end()) return !stop;
    report_race(wave, &code->ops[load], *race,
                fmt::format("{} depends on what it reads, at pc {:#x} `{}`", what,
                            code->pc(op->index), code->texts[op->index]));
    return !stop;
  }
  Where where;
  where.lanes = lanes;
  where.load = origin;
  return report(wave, op, FindingKind::kUninitialised, where,
                fmt::format("{} depends on {}", what,
                            origin == kNeverWritten ? "a register never written"
                                                    : "undefined data"));
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
  if (watch != nullptr) {  // every access has to come by here
    if (bytes > LoopWatch::kWidest) return nullptr;
    watch->touch(s, offset, bytes);
    return &s;
  }
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

const Op* exec_unallocated(Wave& wave, const Op* op) {
  Machine& m = *wave.machine;
  const Unallocated& u = m.code->unallocated.at(op->index);
  if (!m.report(wave, op, FindingKind::kUnallocated, {}, u.what)) return nullptr;
  return u.exec(wave, op);
}

const Op* exec_inexact(Wave& wave, const Op* op) {
  Machine& m = *wave.machine;
  m.note_inexact(op);
  if (!m.config->follow_inexact) [[likely]]
    return op->inner(wave, op);
  const uint64_t lanes = wave.exec;
  const Op* next = op->inner(wave, op);
  if (op->row->lanes != nullptr && next == op + 1)
    m.follow_inexact(wave, op, op->dst, op->dwords, lanes);
  return next;
}

void Machine::follow_inexact(Wave& wave, const Op* op, unsigned first, unsigned count,
                             uint64_t lanes) {
  for (unsigned r = first; r < first + count; ++r) {
    for (unsigned b = 0; b < 4; ++b) wave.v_poison[r].add(b, lanes);
    wave.v_origin[r] = kInexact | op->index;
  }
}

void Machine::note_inexact_use(const Op* op, const char* what, uint32_t origin) {
  const uint32_t from = origin & ~kInexact;
  const int64_t from_pc = code->pc(from), at_pc = code->pc(op->index);
  for (const InexactUse& use : result->inexact_uses)
    if (use.from.pc == from_pc && use.at.pc == at_pc) return;
  result->inexact_uses.push_back({instruction(from),
                                  std::string(sim::name(code->ops[from].row->fidelity)), what,
                                  instruction(op->index)});
}

}  // namespace wavefuzz::sim
