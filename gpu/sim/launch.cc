#include "gpu/sim/launch.h"

#include <fmt/format.h>
#include <xmmintrin.h>

#include <algorithm>
#include <cstring>

#include "gpu/sim/wave.h"

namespace wavefuzz::sim {
namespace {

// What a poisoned register reads: a quiet NaN with a telling payload, so that it also shows in data
// that nothing checks, and the same in every run.
constexpr uint32_t kPoisonValue = 0x7fdead00;
// Work-items of a group: 1024 (HSA). 16 waves.
constexpr uint32_t kMaxGroupSize = 1024;
// Stack for kernels that call functions; their metadata does not bound it.
constexpr uint32_t kCallStackBytes = 16384;

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
// arguments of code object V4 and V5). What has no value here stays uninitialised.
void fill_kernarg(Machine& m) {
  const KernelInfo& kernel = m.code->kernel;
  const LaunchConfig& config = *m.config;
  m.kernarg.assign(kernel.kernarg_bytes + 64, std::byte{0});
  m.kernarg_defined.assign(kernel.kernarg_bytes / 64 + 2, 0);
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

void Machine::start(const Code& code_, Memory& memory, const LaunchConfig& config_,
                    RunResult& result_) {
  code = &code_;
  config = &config_;
  result = &result_;
  budget = config_.instruction_budget;
  stop = false;
  seen_findings.clear();
  inexact_seen.clear();
  fill_kernarg(*this);
  fill_packet(*this);

  spans.clear();
  for (const auto& island : memory.islands())
    spans.push_back({island->address_, island->size_, island->data_, island->initialised_,
                     island->written_, island->dirty_, island.get(), island->access_,
                     island->name_});
  if (code->kernel.kernarg_bytes != 0)
    spans.push_back({kKernargBase, code->kernel.kernarg_bytes, kernarg.data(),
                     kernarg_defined.data(), nullptr, nullptr, nullptr, Access::kRead, "kernarg"});
  if (code->kernel.descriptor.dispatch_ptr)
    spans.push_back({kPacketBase, 64, packet, nullptr, nullptr, nullptr, nullptr, Access::kRead,
                     "dispatch packet"});
  for (const Segment& segment : code->globals)
    if (!segment.bytes.empty())
      spans.push_back({kCodeBase + segment.address, segment.bytes.size(),
                       const_cast<std::byte*>(segment.bytes.data()), nullptr, nullptr, nullptr,
                       nullptr, Access::kRead, "code object"});
  std::sort(spans.begin(), spans.end(),
            [](const Span& a, const Span& b) { return a.address < b.address; });
  last_span = nullptr;

  // The spare bytes let whole words of bits be read at the end.
  lds_bytes = code->kernel.group_segment_bytes + config->dynamic_lds_bytes;
  lds.resize(std::max<size_t>(lds.size(), lds_bytes + 64));
  lds_defined.resize(std::max<size_t>(lds_defined.size(), lds_bytes / 64 + 2));
  scratch_size = code->kernel.private_segment_bytes + (code->calls ? kCallStackBytes : 0);

  const uint32_t size = config->group_size[0] * config->group_size[1] * config->group_size[2];
  const size_t count = (size + kLanes - 1) / kLanes;
  while (waves.size() < count) waves.emplace_back(new Wave);
  if (scratch_size != 0) {
    scratch_bytes.resize(std::max(scratch_bytes.size(), count));
    scratch_bits.resize(scratch_bytes.size());
    for (size_t i = 0; i < count; ++i) {
      scratch_bytes[i].resize(scratch_size * kLanes + 64);
      scratch_bits[i].resize(scratch_size * kLanes / 64 + 2);
    }
  }
  wave_count = count;
}

void Machine::start_group() {
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

  const auto poison_registers = [&](unsigned first, unsigned count) {
    std::fill_n(&w.v[first][0], count * kLanes, kPoisonValue);
    std::fill_n(reinterpret_cast<uint64_t*>(&w.v_poison[first]), count * 4, ~uint64_t{0});
    std::fill_n(&w.v_origin[first], count, kNeverWritten);
  };
  poison_registers(0, code->vgprs);
  if (code->agprs != 0) poison_registers(kAgpr0, code->agprs);
  std::fill_n(w.s, kScalars, kPoisonValue);
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
  for (uint64_t& byte : w.v_poison[0].byte) byte = 0;

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
    std::fill(scratch_bytes[id].begin(), scratch_bytes[id].end(), std::byte{0});
    std::fill(scratch_bits[id].begin(), scratch_bits[id].end(), 0);
    w.set_s64(kFlatScratch, uint64_t{kPrivateAperture} << 32, 0);
  } else {
    w.scratch = nullptr;
    w.scratch_defined = nullptr;
  }
}

void Machine::run_wave(Wave& w, uint64_t turn) {
  set_host_rounding(w.mode.round_f32);
  const Op* op = w.next;
  const uint64_t allowed = std::min(budget, turn);
  uint64_t left = allowed;
  while (left != 0) {
    --left;
    op = op->exec(w, op);
    if (op == nullptr) break;
    if (stop) [[unlikely]]
      break;
  }
  budget -= allowed - left;
  if (op != nullptr) w.next = op;
  if (budget == 0 && w.state == WaveState::kReady) {
    if (op != nullptr)
      report(w, op, FindingKind::kWatchdog, {},
             fmt::format("{} instructions executed", config->instruction_budget));
    stop = true;
  }
}

void Machine::run_group() {
  start_group();
  const uint64_t turn = config->turn == 0 ? ~uint64_t{0} : config->turn;
  for (;;) {
    bool ready = false, waiting = false, ended = false;
    for (size_t i = 0; i < wave_count && !stop; ++i) {
      Wave& w = *waves[i];
      if (w.state == WaveState::kReady) run_wave(w, turn);
      ready |= w.state == WaveState::kReady;
      waiting |= w.state == WaveState::kAtBarrier;
      ended |= w.state == WaveState::kEnded;
    }
    if (stop) return;
    if (ready) continue;
    if (!waiting) return;
    if (ended) {
      // The hardware lets ended waves count as arrived; code that relies on it is not portable HIP.
      for (size_t i = 0; i < wave_count; ++i) {
        Wave& w = *waves[i];
        if (w.state != WaveState::kAtBarrier) continue;
        std::string done;
        for (size_t k = 0; k < wave_count; ++k)
          if (waves[k]->state == WaveState::kEnded)
            done += fmt::format("{}{}", done.empty() ? "" : ",", k);
        report(w, w.next - 1, FindingKind::kBarrierDivergence, {},
               fmt::format("wave {} waits, wave {} has ended", w.id, done));
        break;
      }
    }
    for (size_t i = 0; i < wave_count; ++i)
      if (waves[i]->state == WaveState::kAtBarrier) waves[i]->state = WaveState::kReady;
  }
}

RunResult run(const Program& program, Memory& memory, const LaunchConfig& config) {
  check(program.code(), config);
  RunResult result;
  // Registers, LDS and scratch are kept from launch to launch.
  thread_local Machine machine;
  machine.start(program.code(), memory, config, result);
  const unsigned host_state = _mm_getcsr();
  // Default exception masks, no flushing: denormals are the instructions' own business.
  _mm_setcsr(_MM_MASK_MASK);
  for (uint32_t z = 0; z < config.groups[2] && !machine.stop; ++z)
    for (uint32_t y = 0; y < config.groups[1] && !machine.stop; ++y)
      for (uint32_t x = 0; x < config.groups[0] && !machine.stop; ++x) {
        machine.group = {x, y, z};
        machine.run_group();
      }
  _mm_setcsr(host_state);
  result.instructions = config.instruction_budget - machine.budget;
  std::sort(result.inexact_instructions.begin(), result.inexact_instructions.end());
  return result;
}

}  // namespace wavefuzz::sim
