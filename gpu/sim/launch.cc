#include "gpu/sim/launch.h"

#include <Random123/threefry.h>
#include <fmt/format.h>
#include <xmmintrin.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <numeric>
#include <set>
#include <utility>

#include "gpu/sim/describe.h"
#include "gpu/sim/endless.h"
#include "gpu/sim/wave.h"

namespace wavefuzz::sim {
namespace {

// Work-items of a group: 1024 (HSA). 16 waves.
constexpr uint32_t kMaxGroupSize = 1024;
// Stack for kernels that call functions; their metadata does not bound it.
constexpr uint32_t kCallStackBytes = 16384;
// Longest turn of a wave under a schedule seed.
constexpr uint32_t kLongestRandomTurn = 64;
// How long a group is watched that has spent its budget, a quarter of that otherwise; and turns of
// its waves where they had no end.
constexpr uint64_t kLeastWatched = 50'000, kMostWatched = 1'000'000;
constexpr uint64_t kWatchedTurn = 16;

size_t waves_of(const LaunchConfig& config) {
  const uint32_t size = config.group_size[0] * config.group_size[1] * config.group_size[2];
  return (size + kLanes - 1) / kLanes;
}

uint64_t groups_of(const LaunchConfig& config) {
  return uint64_t{config.groups[0]} * config.groups[1] * config.groups[2];
}

uint64_t mix(uint64_t seed, uint64_t stream) {
  const r123::Threefry2x64::ctr_type counter{{stream, 0}};
  const r123::Threefry2x64::key_type key{{seed, 0}};
  return r123::Threefry2x64()(counter, key)[0];
}

void set_defined(std::vector<uint64_t>& bits, uint64_t begin, uint64_t end, bool defined) {
  for (uint64_t i = begin; i < end; ++i) {
    const uint64_t bit = uint64_t{1} << (i % 64);
    bits[i / 64] = defined ? bits[i / 64] | bit : bits[i / 64] & ~bit;
  }
}

void check(const Code& code, const LaunchConfig& config) {
  const KernelInfo& kernel = code.kernel;
  uint64_t size = 1;
  for (unsigned i = 0; i < 3; ++i) {
    if (config.groups[i] == 0)
      throw Error(fmt::format("launch of {}: groups[{}] is 0", kernel.symbol, i));
    if (config.group_size[i] == 0)
      throw Error(fmt::format("launch of {}: group_size[{}] is 0", kernel.symbol, i));
    size *= config.group_size[i];
    if (size > kMaxGroupSize) size = uint64_t{kMaxGroupSize} + 1;
  }
  const uint32_t limit = std::min(kernel.max_workgroup_size, kMaxGroupSize);
  if (size > limit)
    throw Error(fmt::format("launch of {}: group_size {}x{}x{} exceeds its limit of {} work-items",
                            kernel.symbol, config.group_size[0], config.group_size[1],
                            config.group_size[2], limit));
  const uint64_t lds = uint64_t{kernel.group_segment_bytes} + config.dynamic_lds_bytes;
  if (lds > lds_limit(code.arch))
    throw Error(fmt::format("launch of {}: {} static + {} dynamic LDS bytes exceed the {} of {}",
                            kernel.symbol, kernel.group_segment_bytes, config.dynamic_lds_bytes,
                            lds_limit(code.arch), name(code.arch)));
  if (config.kernarg.size() > kernel.kernarg_bytes)
    throw Error(fmt::format("launch of {}: kernarg has {} bytes, the kernel's segment {}",
                            kernel.symbol, config.kernarg.size(), kernel.kernarg_bytes));
  if (config.kernarg.size() < kernel.explicit_bytes())
    throw Error(fmt::format("launch of {}: kernarg has {} bytes, the explicit arguments need {}",
                            kernel.symbol, config.kernarg.size(), kernel.explicit_bytes()));
  if (config.max_findings == 0)
    throw Error(fmt::format("launch of {}: max_findings is 0", kernel.symbol));
}

// Explicit arguments as given; hidden ones from the launch's shape (LLVM AMDGPU usage, hidden
// arguments of code object V4 and V5). What has no value here, the gaps between arguments and the
// padding behind them stay uninitialised.
void fill_kernarg(Machine& m) {
  const KernelInfo& kernel = m.code->kernel;
  const LaunchConfig& config = *m.config;
  m.kernarg.assign(kernel.kernarg_readable() + 64, std::byte{0});
  m.kernarg_defined.assign(kernel.kernarg_readable() / 64 + 2, 0);
  std::copy(config.kernarg.begin(), config.kernarg.end(), m.kernarg.begin());
  if (kernel.args.empty()) {
    set_defined(m.kernarg_defined, 0, config.kernarg.size(), true);
    return;
  }
  for (const KernelArg& arg : kernel.args) {
    if (!arg.hidden()) {
      set_defined(m.kernarg_defined, arg.offset,
                  std::min<uint64_t>(arg.offset + arg.size, config.kernarg.size()), true);
      continue;
    }
    uint64_t value = 0;
    bool known = true;
    const std::string_view kind = std::string_view(arg.value_kind).substr(7);
    const unsigned axis = kind.ends_with("_y") ? 1 : kind.ends_with("_z") ? 2 : 0;
    if (kind.starts_with("block_count"))
      value = config.groups[axis];
    else if (kind.starts_with("group_size"))
      value = config.group_size[axis];
    else if (kind.starts_with("remainder") || kind.starts_with("global_offset"))
      value = 0;  // the grid is whole groups, from the origin
    else if (kind == "grid_dims")
      value = config.groups[2] * config.group_size[2] > 1   ? 3
              : config.groups[1] * config.group_size[1] > 1 ? 2
                                                            : 1;
    else if (kind == "dynamic_lds_size")
      value = config.dynamic_lds_bytes;
    else if (kind == "private_base")
      value = kPrivateAperture;
    else if (kind == "shared_base")
      value = kSharedAperture;
    else
      known = kind == "none" || kind == "multigrid_sync_arg" || kind == "completion_action" ||
              kind == "default_queue";
    if (!known || arg.offset + arg.size > kernel.kernarg_bytes || arg.size > 8) continue;
    std::memcpy(m.kernarg.data() + arg.offset, &value, arg.size);
    set_defined(m.kernarg_defined, arg.offset, arg.offset + arg.size, true);
  }
}

// hsa_kernel_dispatch_packet_t. Compilers read the sizes from it where a kernel's private arrays
// were moved to LDS.
void fill_packet(Machine& m) {
  const LaunchConfig& config = *m.config;
  std::fill(std::begin(m.packet), std::end(m.packet), std::byte{0});
  const auto put = [&](size_t at, auto value) {
    std::memcpy(m.packet + at, &value, sizeof(value));
  };
  put(0, uint16_t(2));  // header: a kernel dispatch
  put(2, uint16_t(3));  // dimensions
  for (size_t i = 0; i < 3; ++i) {
    put(4 + 2 * i, uint16_t(config.group_size[i]));
    put(12 + 4 * i, uint32_t(config.groups[i] * config.group_size[i]));
  }
  put(24, m.code->kernel.private_segment_bytes);
  put(28, uint32_t(m.code->kernel.group_segment_bytes + config.dynamic_lds_bytes));
  put(40, kKernargBase);
}

}  // namespace

bool Machine::watches(const LaunchConfig& config, const Island& island) {
  const bool several = groups_of(config) > 1 || waves_of(config) > 1;
  return config.races && several && island.watch_races_ && island.access_ != Access::kRead;
}

uint32_t Machine::prepare(const Code& code, Memory& memory, const LaunchConfig& config) {
  for (const Segment& segment : code.globals)
    if (segment.writable) memory.object_data(code.object, segment.address, segment.bytes);
  for (const auto& island : memory.islands())
    if (watches(config, *island)) memory.reserve_shadow(*island);
  return memory.take_group_numbers(groups_of(config));
}

void Machine::start(const Code& code_, Memory& memory, const LaunchConfig& config_,
                    RunResult& result_) {
  code = &code_;
  config = &config_;
  result = &result_;
  budget = config_.instruction_budget;
  least_budget = 0;
  stop = false;
  spent = false;
  watch = nullptr;
  repeat = false;
  repeated = 0;
  races.clear();
  unsettled_of.clear();
  seen_findings.clear();
  inexact_seen.clear();
  fill_kernarg(*this);
  fill_packet(*this);

  spans.clear();
  for (const auto& island : memory.islands())
    spans.push_back({.address = island->address_,
                     .size = island->size_,
                     .data = island->data_,
                     .initialised = island->initialised_,
                     .origins = nullptr,
                     .written = island->written_,
                     .dirty = island->dirty_,
                     .shadow = watches(config_, *island) ? island->shadow_ : nullptr,
                     .island = island.get(),
                     .access = island->access_,
                     .name = island->name_});
  const auto read_only = [&](uint64_t address, uint64_t size, const std::byte* data,
                             uint64_t* initialised, std::string_view name) {
    spans.push_back({.address = address,
                     .size = size,
                     .data = const_cast<std::byte*>(data),
                     .initialised = initialised,
                     .origins = nullptr,
                     .written = nullptr,
                     .dirty = nullptr,
                     .shadow = nullptr,
                     .island = nullptr,
                     .access = Access::kRead,
                     .name = name});
  };
  if (code->kernel.kernarg_bytes != 0)
    read_only(kKernargBase, code->kernel.kernarg_readable(), kernarg.data(),
              kernarg_defined.data(), "kernarg");
  if (code->kernel.descriptor.dispatch_ptr)
    read_only(kPacketBase, 64, packet, nullptr, "dispatch packet");
  for (const Segment& segment : code->globals) {
    if (segment.bytes.empty()) continue;
    read_only(kCodeBase + segment.address, segment.bytes.size(), segment.bytes.data(), nullptr,
              "code object");
    if (!segment.writable) continue;
    spans.back().data = memory.object_data(code->object, segment.address, segment.bytes);
    spans.back().access = Access::kReadWrite;
  }
  std::sort(spans.begin(), spans.end(),
            [](const Span& a, const Span& b) { return a.address < b.address; });
  last_span = nullptr;

  // The spare bytes let whole words of bits be read at the end.
  lds_bytes = code->kernel.group_segment_bytes + config->dynamic_lds_bytes;
  lds.resize(std::max<size_t>(lds.size(), lds_bytes + 64));
  lds_defined.resize(std::max<size_t>(lds_defined.size(), lds_bytes / 64 + 2));
  lds_origins.resize(std::max<size_t>(lds_origins.size(), lds_bytes / 4 + 1), kOwnOrigin);
  scratch_size = code->kernel.private_segment_bytes + (code->calls ? kCallStackBytes : 0);

  const size_t count = waves_of(config_);
  while (waves.size() < count) waves.emplace_back(new Wave);
  if (scratch_size != 0) {
    scratch_bytes.resize(std::max(scratch_bytes.size(), count));
    scratch_bits.resize(scratch_bytes.size());
    scratch_origins.resize(scratch_bytes.size());
    for (size_t i = 0; i < count; ++i) {
      scratch_bytes[i].resize(scratch_size * kLanes + 64);
      scratch_bits[i].resize(scratch_size * kLanes / 64 + 2);
      scratch_origins[i].resize(scratch_size * kLanes / 4 + 1, kOwnOrigin);
    }
  }
  wave_count = count;
  watch_lds = config->races && count > 1 && lds_bytes != 0;
  if (watch_lds) {
    lds_shadow.granule_shift = code->lds_granule_shift;
    lds_shadow.resize(lds_bytes);
  }
  random_schedule = config->schedule_seed != 0;
}

void Machine::start_group(uint32_t linear) {
  const auto& n = config->groups;
  group = {linear % n[0], linear / n[0] % n[1], linear / n[0] / n[1]};
  group_number = first_group + linear;
  group_budget = config->group_budget;
  synchronised = false;
  stretch = 0;
  apart[0] = apart[1] = nullptr;
  apart_waves = 0;
  lds_shadow.next_epoch();
  if (config->unsettled_reads != nullptr) {
    group_reads.clear();
    for (const UnsettledRead& read : *config->unsettled_reads)
      if (read.group == linear) group_reads.push_back(read);
    std::ranges::sort(group_reads, {}, &UnsettledRead::begin);
  } else {
    group_reads.clear();
  }
  find_reads_now();
  if (origins_stored) {
    std::ranges::fill(lds_origins, kOwnOrigin);
    for (std::vector<uint32_t>& origins : scratch_origins) std::ranges::fill(origins, kOwnOrigin);
    origins_stored = false;
  }
  if (config->explain) dividing.assign(wave_count, {});
  // Every group has its own stream, so that it runs alike on any thread.
  if (random_schedule) schedule_state = mix(config->schedule_seed, linear) | 1;
  std::fill_n(lds.begin(), lds_bytes, std::byte{0});
  std::fill_n(lds_defined.begin(), lds_bytes / 64 + 1, 0);
  for (size_t i = 0; i < wave_count; ++i) start_wave(uint32_t(i));
}

void Machine::start_wave(uint32_t id) {
  const KernelDescriptor& d = code->kernel.descriptor;
  Wave& w = *waves[id];
  w.machine = this;
  w.id = id;
  w.state = WaveState::kReady;
  w.next = code->entry;
  w.gpr_index = false;
  w.loads.clear();

  const auto poison_registers = [&](unsigned first, unsigned count) {
    std::fill_n(&w.v[first][0], count * kLanes, config->unwritten_registers);
    constexpr uint64_t kAllLanes = ~uint64_t{0};
    std::fill_n(&w.v_poison[first], count,
                VgprPoison{{kAllLanes, kAllLanes, kAllLanes, kAllLanes}, 0});
    std::fill_n(&w.v_origin[first], count, kNeverWritten);
  };
  poison_registers(0, code->vgprs);
  if (code->agprs != 0) poison_registers(kAgpr0, code->agprs);
  std::fill_n(w.s, kScalars, config->unwritten_registers);
  std::fill_n(w.s_poison, kScalars, ~0u);
  std::fill_n(w.s_origin, kScalars, kNeverWritten);
  w.s[kScc] = 0;
  w.s_poison[kScc] = 1;

  w.mode = Mode::from_bits(d.round_f32 | d.round_f16_f64 << 2 | d.denorm_f32 << 4 |
                           d.denorm_f16_f64 << 6 | d.dx10_clamp << 8 | d.ieee << 9 |
                           uint32_t(d.fp16_overflow) << 23);

  // Work-items of this wave, x fastest.
  const auto& size = config->group_size;
  const uint32_t first = id * kLanes, total = size[0] * size[1] * size[2];
  const uint32_t live = std::min(total - first, kLanes);
  const uint64_t exec = live == kLanes ? ~uint64_t{0} : (uint64_t{1} << live) - 1;
  w.set_s64(kExec, exec, 0);
  w.exec_changed();
  for (unsigned i = 0; i < kLanes; ++i) {
    const uint32_t item = first + i;
    uint32_t ids = item % size[0];
    if (d.work_item_id_dims > 1) ids |= item / size[0] % size[1] << 10;
    if (d.work_item_id_dims > 2) ids |= item / (size[0] * size[1]) << 20;
    w.v[0][i] = ids;
  }
  w.v_poison[0] = {};

  // User SGPRs, then system SGPRs, in the order the descriptor enables them.
  unsigned s = 0;
  const auto set = [&](uint32_t value) {
    w.s_poison[s] = 0;
    w.s[s++] = value;
  };
  const auto set_pointer = [&](bool enabled, uint64_t value, bool known) {
    if (!enabled) return;
    if (!known) {
      s += 2;  // there is no queue to point to: stays poison
      return;
    }
    set(uint32_t(value));
    set(uint32_t(value >> 32));
  };
  if (d.private_segment_buffer) s += 4;
  set_pointer(d.dispatch_ptr, kPacketBase, true);
  set_pointer(d.queue_ptr, 0, false);
  set_pointer(d.kernarg_ptr, kKernargBase, true);
  set_pointer(d.dispatch_id, 0, true);
  set_pointer(d.flat_scratch_init, 0, true);
  if (d.private_segment_size) set(code->kernel.private_segment_bytes);
  for (unsigned i = 0; i < d.preload_dwords && s < d.user_sgprs; ++i) {
    const unsigned at = (d.preload_offset + i) * 4;
    uint32_t value, undefined = 0;
    std::memcpy(&value, kernarg.data() + at, 4);
    for (unsigned b = 0; b < 4; ++b)
      if (!(kernarg_defined[(at + b) / 64] >> ((at + b) % 64) & 1)) undefined |= 0xffu << 8 * b;
    w.s[s] = value;
    w.s_poison[s++] = undefined;
  }
  s = d.user_sgprs;
  for (unsigned i = 0; i < 3; ++i)
    if (d.group_id[i]) set(group[i]);
  if (d.group_info) set(0);

  if (scratch_size != 0) {
    w.scratch = scratch_bytes[id].data();
    w.scratch_defined = scratch_bits[id].data();
    w.scratch_origins = scratch_origins[id].data();
    std::fill(scratch_bytes[id].begin(), scratch_bytes[id].end(), std::byte{0});
    std::fill(scratch_bits[id].begin(), scratch_bits[id].end(), 0);
    w.set_s64(kFlatScratch, uint64_t{kPrivateAperture} << 32, 0);
  } else {
    w.scratch = nullptr;
    w.scratch_defined = nullptr;
    w.scratch_origins = nullptr;
  }
}

void Machine::run_wave(Wave& w, uint64_t turn) {
  set_host_rounding(w.mode.round_f32);
  const Op* op = w.next;
  const uint64_t allowed = std::min({budget, group_budget, turn});
  uint64_t left = allowed;
  while (left != 0) {
    --left;
    op = config->explain ? explain(w, op) : op->exec(w, op);
    if (op == nullptr) break;
    if (stop) [[unlikely]]
      break;
  }
  budget -= allowed - left;
  group_budget -= allowed - left;
  if (op != nullptr) w.next = op;
  if (budget < least_budget) stop = true;
  if (std::min(budget, group_budget) == 0 && w.state == WaveState::kReady) spent = true;
}

// The next waves to run, one turn each: all in order of their number, or a random one.
void Machine::run_turns() {
  if (!random_schedule) {
    const uint64_t turn = config->turn == 0 ? ~uint64_t{0} : config->turn;
    for (size_t i = 0; i < wave_count && !stop && !spent; ++i)
      if (waves[i]->state == WaveState::kReady) run_wave(*waves[i], turn);
    return;
  }
  size_t ready = 0;
  for (size_t i = 0; i < wave_count; ++i) ready += waves[i]->state == WaveState::kReady;
  if (ready == 0) return;
  size_t pick = random() % ready;
  for (size_t i = 0; i < wave_count; ++i)
    if (waves[i]->state == WaveState::kReady && pick-- == 0) {
      run_wave(*waves[i], 1 + random() % kLongestRandomTurn);
      return;
    }
}

void Machine::next_stretch() {
  lds_shadow.next_epoch();
  ++stretch;
  find_reads_now();
}

void Machine::find_reads_now() {
  reads_now.clear();
  for (const UnsettledRead& read : group_reads)
    if (read.stretch == stretch || read.stretch == kAnyStretch) reads_now.push_back(read);
}

bool Machine::next_round() {
  bool ready = false;
  const Wave* waiting = nullptr;
  for (size_t i = 0; i < wave_count; ++i) {
    ready |= waves[i]->state == WaveState::kReady;
    if (waves[i]->state == WaveState::kAtBarrier) waiting = waves[i].get();
  }
  if (ready) return true;
  if (waiting == nullptr) return false;
  check_barrier();
  if (stop) return false;
  next_stretch();
  for (size_t i = 0; i < wave_count; ++i)
    if (waves[i]->state == WaveState::kAtBarrier) waves[i]->state = WaveState::kReady;
  return true;
}

void Machine::run_group(uint32_t linear) {
  start_group(linear);
  do {
    run_turns();
    if (spent && !stop) judge_spent();
    if (stop) return;
  } while (next_round());
}

uint64_t Machine::run_watched(LoopWatch& loop, Wave& w, uint64_t turn) {
  set_host_rounding(w.mode.round_f32);
  const Op* op = w.next;
  uint64_t done = 0;
  while (done < turn && op != nullptr && !stop && !loop.failed()) {
    loop.before(w, op);
    op = op->exec(w, op);
    ++done;
    if (op != nullptr) w.next = op;
  }
  return done;
}

// Waves take turns in order whatever the schedule was: what does not end then cannot be sure to.
void Machine::judge_spent() {
  const bool of_group = budget != 0;
  const uint64_t most = of_group ? config->group_budget : config->instruction_budget;
  uint64_t left = std::clamp(most / 4, kLeastWatched, kMostWatched);
  const uint64_t turn = config->turn == 0 ? kWatchedTurn : config->turn;
  const bool random = std::exchange(random_schedule, false);
  LoopWatch loop(*this, alone);
  watch = &loop;
  last_span = nullptr;
  LoopWatch::State state = LoopWatch::State::kUnknown;
  do {
    for (size_t i = 0; i < wave_count && !stop && !loop.failed(); ++i)
      if (waves[i]->state == WaveState::kReady)
        left -= std::min(left, run_watched(loop, *waves[i], turn));
    if (stop) break;
    state = loop.end_round();
  } while (state == LoopWatch::State::kUnknown && left != 0 && next_round());
  watch = nullptr;
  random_schedule = random;
  if (stop) return;  // an instruction without semantics
  stop = true;

  std::string limit = fmt::format("{} instructions executed{}", most, of_group ? " by one group" : "");
  for (size_t i = 0; i < wave_count && state != LoopWatch::State::kUnknown; ++i) {
    Wave& w = *waves[i];
    if (w.state != WaveState::kReady) continue;
    const LoopWatch::Loop l = loop.loop(w);
    if (l.branch == nullptr) continue;
    const std::string range =
        fmt::format("pc {:#x} to {:#x}", code->pc(l.first->index), code->pc(l.last->index));
    if (state == LoopWatch::State::kEndless) {
      const std::string waiting = waves_in(WaveState::kAtBarrier);
      report(w, l.branch, FindingKind::kWatchdog, {},
             fmt::format("the loop at {} never ends: all that decides whether it goes on comes back "
                         "as it was{}",
                         range,
                         waiting.empty()
                             ? ""
                             : fmt::format("; at a barrier that it never reached: wave {}", waiting)));
      return;
    }
    limit += fmt::format("; the loop at {} waits for memory that another group may still write, or "
                         "for time to pass, and here groups run one after the other, without time",
                         range);
    break;
  }
  result->too_large = limit;
  if (result->status == RunResult::Status::kCompleted)
    result->status = RunResult::Status::kTooLarge;
}

namespace {

// The group that runs `at`th: in order, or by a permutation that the seed picks.
class GroupOrder {
 public:
  GroupOrder(uint64_t seed, uint64_t count) : count_(count) {
    if (seed == 0 || count < 2) return;
    offset_ = mix(seed, ~uint64_t{0}) % count;
    step_ = mix(seed, ~uint64_t{1}) % count;
    while (std::gcd(step_, count) != 1) step_ = (step_ + 1) % count;
  }
  uint32_t operator[](uint64_t at) const {
    return uint32_t((static_cast<unsigned __int128>(at) * step_ + offset_) % count_);
  }

 private:
  uint64_t count_, step_ = 1, offset_ = 0;
};

// What one thread's groups gave, into what the launch gives.
void merge(RunResult&& part, RunResult& whole) {
  if (part.status == RunResult::Status::kUnsupported &&
      whole.status != RunResult::Status::kUnsupported) {
    whole.status = part.status;
    whole.unsupported_what = part.unsupported_what;
  }
  if (whole.status == RunResult::Status::kCompleted ||
      (whole.status == RunResult::Status::kTooLarge &&
       part.status == RunResult::Status::kFaulted))
    whole.status = part.status;
  if (whole.too_large.empty()) whole.too_large = std::move(part.too_large);
  std::move(part.findings.begin(), part.findings.end(), std::back_inserter(whole.findings));
  whole.instructions += part.instructions;
  for (NonFinite& n : part.non_finite)
    if (std::ranges::find(whole.non_finite, n.value, &NonFinite::value) == whole.non_finite.end())
      whole.non_finite.push_back(std::move(n));
  whole.weakest = std::max(whole.weakest, part.weakest);
  std::ranges::move(part.inexact_uses, std::back_inserter(whole.inexact_uses));
  std::ranges::copy(part.unsettled_reads, std::back_inserter(whole.unsettled_reads));
  for (std::string& text : part.notes)
    if (std::ranges::find(whole.notes, text) == whole.notes.end())
      whole.notes.push_back(std::move(text));
  for (std::string& text : part.inexact_instructions)
    if (std::find(whole.inexact_instructions.begin(), whole.inexact_instructions.end(), text) ==
        whole.inexact_instructions.end())
      whole.inexact_instructions.push_back(std::move(text));
}

// Findings of several threads in the order of one, each instruction once per kind.
void order_findings(const LaunchConfig& config, RunResult& result) {
  const auto linear = [&](const Finding& f) {
    return (uint64_t{f.group[2]} * config.groups[1] + f.group[1]) * config.groups[0] + f.group[0];
  };
  std::stable_sort(result.findings.begin(), result.findings.end(),
                   [&](const Finding& a, const Finding& b) { return linear(a) < linear(b); });
  std::set<std::pair<int64_t, FindingKind>> seen;
  std::erase_if(result.findings, [&](const Finding& f) {
    return !seen.insert({f.pc, f.kind}).second;
  });
  if (result.findings.size() > config.max_findings) result.findings.resize(config.max_findings);
}

}  // namespace

RunResult run(const Program& program, Memory& memory, const LaunchConfig& config) {
  check(program.code(), config);
  const uint64_t count = groups_of(config);
  const unsigned threads = unsigned(std::clamp<uint64_t>(config.threads, 1, count));
  const GroupOrder order(config.schedule_seed, count);
  const uint32_t first_group = Machine::prepare(program.code(), memory, config);
  SharedLaunch shared;
  std::atomic<uint64_t> next = 0;
  RunResult result;
  const auto run_groups = [&] {
    // Registers, LDS and scratch are kept from launch to launch.
    thread_local Machine machine;
    RunResult part;
    machine.start(program.code(), memory, config, part);
    machine.first_group = first_group;
    machine.shared = threads > 1 ? &shared : nullptr;
    Feedback own;
    machine.feedback = config.feedback == nullptr || threads == 1 ? config.feedback : &own;
    if (machine.feedback != nullptr) machine.feedback->resize(program.code().ops.size());
    const unsigned host_state = _mm_getcsr();
    // Default exception masks, no flushing: denormals are the instructions' own business.
    _mm_setcsr(_MM_MASK_MASK);
    for (uint64_t at; !shared.stop && (at = next++) < count;) {
      machine.alone = at + 1 == count && threads == 1;
      machine.run_group(order[at]);
      if (machine.stop) shared.stop = true;
    }
    _mm_setcsr(host_state);
    part.instructions = config.instruction_budget - machine.budget - machine.repeated;
    const std::lock_guard lock(shared.result);
    if (machine.feedback == &own) config.feedback->merge(own);
    merge(std::move(part), result);
  };
  if (threads == 1) {
    run_groups();
  } else {
#pragma omp parallel num_threads(threads)
    run_groups();
    order_findings(config, result);
  }
  std::sort(result.inexact_instructions.begin(), result.inexact_instructions.end());
  describe(program.code(), result);
  return result;
}

}  // namespace wavefuzz::sim
