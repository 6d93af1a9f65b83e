// The state of a wave while it runs, and of the launch around it.
//
// The op files are compiled once per host ISA. Functions here that they call are therefore either
// always inlined or defined in machine.cc, which is compiled once, for the baseline: a shared
// inline function compiled for AVX-512 must not be what the linker keeps for everybody.
#ifndef WAVEFUZZ_GPU_SIM_WAVE_H_
#define WAVEFUZZ_GPU_SIM_WAVE_H_

#include <atomic>
#include <bitset>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gpu/sim/launch.h"
#include "gpu/sim/loads.h"
#include "gpu/sim/micro_op.h"
#include "gpu/sim/mode.h"
#include "gpu/sim/race.h"

#define SIM_INLINE [[gnu::always_inline]] inline

namespace wavefuzz::sim {

// Origins of poison: an op index, or this.
inline constexpr uint32_t kNeverWritten = ~0u;

// Address space outside the islands' part. Apertures are 4 GiB, known by their high dword.
inline constexpr uint64_t kCodeBase = 0x7f00'0000'0000;
inline constexpr uint64_t kKernargBase = 0x7e00'0000'0000;
inline constexpr uint64_t kPacketBase = 0x7e80'0000'0000;  // the AQL packet of the dispatch
inline constexpr uint32_t kSharedAperture = 0x10000;       // high dword of src_shared_base
inline constexpr uint32_t kPrivateAperture = 0x20000;      // high dword of src_private_base

enum class WaveState : uint8_t { kReady, kAtBarrier, kEnded, kStopped };

struct Machine;
class LoopWatch;

// Poison of a VGPR: per byte of the register, the lanes where some bit of it is undefined.
struct VgprPoison {
  uint64_t byte[4];
  uint64_t partial;  // lanes where some bits of such bytes are defined: Wave::v_defined has them
  SIM_INLINE void add(unsigned b, uint64_t lanes) {
    byte[b] |= lanes;
    partial &= ~lanes;
  }
  // The bytes of `lanes` are undefined as a whole, or defined.
  SIM_INLINE void set(unsigned b, uint64_t lanes, uint64_t undefined) {
    byte[b] = (byte[b] & ~lanes) | (undefined & lanes);
    partial &= ~lanes;
  }
  SIM_INLINE uint64_t any() const { return byte[0] | byte[1] | byte[2] | byte[3]; }
};

struct alignas(64) Wave {
  uint32_t v[512][kLanes];                   // VGPRs, then AGPRs
  uint32_t exec_lanes[kLanes];               // EXEC as a dword per lane: 0 or ~0
  uint32_t source_lanes[kMaxSlots][kLanes];  // sources that are not a plain register
  uint32_t result_lanes[kMaxResults][kLanes];
  VgprPoison v_poison[512];
  uint32_t v_origin[512];
  // What VgprPoison::partial speaks of, bit by bit. Null until there is some.
  std::unique_ptr<uint32_t[][kLanes]> v_defined;
  uint32_t s[kScalars];         // see kVcc .. kScc
  uint32_t s_poison[kScalars];  // bit by bit: lane masks are half defined at times
  uint32_t s_origin[kScalars];
  Mode mode;
  uint64_t exec;
  bool exec_full;
  bool gpr_index;  // s_set_gpr_idx_on is in force
  WaveState state;
  uint32_t id;  // in the group
  const Op* next;
  Machine* machine;
  std::byte* scratch = nullptr;         // private memory of all lanes, lane-major
  uint64_t* scratch_defined = nullptr;  // a bit per byte
  uint32_t* scratch_origins = nullptr;  // as Span::origins
  Loads loads;

  SIM_INLINE uint64_t s64(unsigned index) const { return s[index] | uint64_t(s[index + 1]) << 32; }
  SIM_INLINE uint64_t s64_poison(unsigned index) const {
    return s_poison[index] | uint64_t(s_poison[index + 1]) << 32;
  }
  // The undefined bits of a VGPR in a lane.
  SIM_INLINE uint32_t lane_poison(unsigned reg, unsigned lane) const {
    const VgprPoison& p = v_poison[reg];
    uint32_t bits = 0;
    for (unsigned b = 0; b < 4; ++b) bits |= (p.byte[b] >> lane & 1) != 0 ? 0xffu << 8 * b : 0;
    return (p.partial >> lane & 1) != 0 ? bits & ~v_defined[reg][lane] : bits;
  }
  // Of the lanes in `write`. Slow: only where there is some.
  void set_lane_poison(unsigned reg, const uint32_t* lanes, uint64_t write);
  SIM_INLINE void set_s64(unsigned index, uint64_t value, uint64_t poison) {
    s[index] = uint32_t(value);
    s[index + 1] = uint32_t(value >> 32);
    s_poison[index] = uint32_t(poison);
    s_poison[index + 1] = uint32_t(poison >> 32);
  }
  // To be called after every write to s[kExec..kExec+1].
  SIM_INLINE void exec_changed() {
    exec = s64(kExec);
    exec_full = exec == ~0ull;
    for (unsigned half = 0; half < 2; ++half) {
      const uint32_t bits = s[kExec + half];
      for (unsigned i = 0; i < 32; ++i) exec_lanes[32 * half + i] = 0u - (bits >> i & 1);
    }
  }
};

// A stretch of memory a launch can reach: an island, the kernarg segment, the code object's data.
struct Span {
  uint64_t address;
  uint64_t size;
  std::byte* data;
  uint64_t* initialised;  // null: all of it is
  uint32_t* origins;      // of a dword's undefined bytes; null: not kept
  uint64_t* written;      // null: not tracked
  uint8_t* dirty;
  GlobalShadow* shadow;  // null: races are not looked for
  Island* island;        // null for kernarg and code
  Access access;
  std::string_view name;
};

// Of a launch whose groups run on several threads.
struct SharedLaunch {
  std::atomic<bool> stop = false;
  std::mutex dirty;                             // Island::dirty_list_
  std::mutex result;                            // the launch's, that parts are merged into
  std::atomic_flag atomics = ATOMIC_FLAG_INIT;  // held for one lane's read-modify-write
};

// A launch, or one thread's part of it.
struct Machine {
  const Code* code = nullptr;
  const LaunchConfig* config = nullptr;
  RunResult* result = nullptr;
  std::vector<Span> spans;  // by address
  const Span* last_span = nullptr;
  uint64_t budget = 0;        // wave instructions left
  uint64_t group_budget = 0;  // the same of the group that runs
  // Below which the launch is over: after an access out of bounds, which ends it on hardware, it
  // goes on for what else there is to find, and not for as long as a loop on wrong data takes.
  uint64_t least_budget = 0;
  static constexpr uint64_t kAfterFault = 5'000'000;

  // LDS of the group that runs, with a spare dword at the end for whole-word bit access.
  std::vector<std::byte> lds;
  std::vector<uint64_t> lds_defined;  // a bit per byte
  std::vector<uint32_t> lds_origins;  // where undefined bytes of a dword that was stored came from
  bool origins_stored = false;        // in the LDS or in scratch
  uint32_t lds_bytes = 0;
  bool watch_lds = false;  // look for races
  LdsShadow lds_shadow;
  uint32_t first_group = 0;   // GlobalAccess::group of the launch's first
  uint32_t group_number = 0;  // of the one that runs
  bool synchronised = false;  // it has executed an atomic operation on global memory
  uint32_t stretch = 0;       // barriers that it has passed
  // Reads that the run before could not decide about: of the group that runs, and of those the ones
  // between the present barriers, by address.
  std::vector<UnsettledRead> group_reads, reads_now;
  // What is known of the races that loads take part in, one for each load: what else touches the
  // bytes.
  struct Race {
    uint32_t load;  // op
    uint64_t lanes, address;
    unsigned bytes;
    const char* space;
    uint32_t other_op, other_wave, other_group;
    const char* other_does;
  };
  std::vector<Race> races;
  std::vector<std::pair<uint64_t, uint32_t>> unsettled_of;  // read and write op, how many are kept
  // Where waves first waited at different barriers; null: they have not.
  const Op* apart[2] = {};
  uint64_t apart_waves = 0;   // which took part
  uint64_t scratch_size = 0;  // per lane
  std::array<uint32_t, 3> group{};

  std::vector<std::unique_ptr<Wave>> waves;
  std::vector<std::vector<std::byte>> scratch_bytes;
  std::vector<std::vector<uint64_t>> scratch_bits;
  std::vector<std::vector<uint32_t>> scratch_origins;
  std::vector<std::byte> kernarg;
  std::vector<uint64_t> kernarg_defined;
  alignas(8) std::byte packet[64 + 64];  // the second half stays zero, for whole-word reads
  std::vector<uint64_t> seen_findings;   // (kind, op) already reported
  std::vector<uint8_t> inexact_seen;     // per op

  Feedback* feedback = nullptr;
  // Of each wave, for explain: VGPRs that hold an intermediate value of a division.
  std::vector<std::bitset<512>> dividing;

  // Defined in machine.cc.
  // Records a finding unless this instruction has had one of the kind. False when the launch must
  // stop.
  struct Where {
    uint64_t lanes = 0;  // 0: the scalar unit
    bool has_address = false;
    uint64_t address = 0;
    unsigned bytes = 0;
    const char* space = nullptr;  // "LDS", "scratch"; null: global
    uint64_t limit = 0;           // of that space
    uint32_t load = kNeverWritten;       // the op whose data it is about
    const OtherAccess* other = nullptr;  // of a race
  };
  bool report(Wave& wave, const Op* op, FindingKind kind, const Where& where,
              const std::string& detail = {});
  Instruction instruction(uint32_t op) const { return {code->pc(op), code->texts[op]}; }
  // An operand's origin as in v_origin, before its poison goes on. When it is a load of `lanes` (0:
  // a scalar one) that has not come in, the use is a finding; the mark is gone from what it
  // returns.
  SIM_INLINE uint32_t waited(Wave& wave, const Op* op, uint32_t origin, uint64_t lanes) {
    return (origin & kInFlight) == 0 || origin == kNeverWritten
               ? origin
               : used_in_flight(wave, op, origin, lanes);
  }
  uint32_t used_in_flight(Wave& wave, const Op* op, uint32_t origin, uint64_t lanes);
  // LateLoads::kNewContent: waited() let a load come in, so the instruction starts anew.
  bool repeat = false;
  uint64_t repeated = 0;  // such starts, which are no further instructions
  SIM_INLINE const Op* again(const Op* op) {
    repeat = false;
    ++repeated;
    return op;
  }
  // A write that has no order with another one. other_group 0: the same.
  void report_race(Wave& wave, const Op* op, const Race& race, const std::string& detail = {});
  // The same of a read: it becomes a finding where the value is used.
  void note_race(const Race& race);
  // Whether data counts as undefined only to see where it goes (of a race, or not exact): once that
  // is said, it is to be taken for defined.
  static bool taken_for_defined(uint32_t origin) {
    return (origin & kInFlight) == 0 && (origin & (kRaced | kInexact)) != 0;
  }
  void settle(Wave& wave, uint32_t origin);
  // With LaunchConfig::follow_inexact: `op` has written these VGPRs.
  void follow_inexact(Wave& wave, const Op* op, unsigned first, unsigned count, uint64_t lanes);
  void note_inexact_use(const Op* op, const char* what, uint32_t origin);
  // The write `op` comes after reads that it has no order with.
  void keep_unsettled(const Wave& wave, const Op* op, UnsettledRead read, uint32_t read_op);
  // The unsettled read that [begin, end) overlaps, of another wave's write; null: none.
  const UnsettledRead* unsettled(const Wave& wave, bool lds, uint64_t begin, uint64_t end) const;
  void note(const Op* op, const std::string& text);
  // Numbers of the waves in a state, joined by commas.
  std::string waves_in(WaveState state) const;
  // All waves of the group wait or have ended, which counts as arrived: a note. That live waves
  // meet at different barriers is how some kernels keep two halves in step; where some then end
  // earlier, they have not met as often, which is a fault.
  void check_barrier();
  // An instruction wrote a register before the load that was to fill it came in.
  void report_overwritten(Wave& wave, const PendingLoad& load, uint64_t lanes);
  // `what` ("an address", "a branch", ...) depends on poison. Origin as in v_origin.
  bool report_poison(Wave& wave, const Op* op, const char* what, uint64_t lanes, uint32_t origin);
  // Stops the wave and the launch: no semantics.
  void unsupported(Wave& wave, const Op* op);
  void note_inexact(const Op* op);
  const Span* find_span(uint64_t address, uint64_t bytes);
  void mark_dirty(const Span& span, uint64_t first_chunk, uint64_t last_chunk);
  bool random_schedule = false;
  uint64_t schedule_state = 0;
  uint32_t random();               // the next number of the schedule's stream
  SharedLaunch* shared = nullptr;  // null: all groups run on this thread
  bool stop = false;               // the launch is over: too many findings, no semantics, no budget
  bool spent = false;              // a budget, and a wave could go on
  bool alone = true;               // no other group of the launch has yet to end
  LoopWatch* watch = nullptr;      // while a group is looked at that has spent it (endless.h)
  size_t wave_count = 0;

  // Defined in launch.cc.
  void start(const Code& code, Memory& memory, const LaunchConfig& config, RunResult& result);
  // Group `linear` of the grid, x fastest.
  void start_group(uint32_t linear);
  void start_wave(uint32_t id);
  void next_stretch();  // behind a barrier
  void find_reads_now();
  void run_group(uint32_t linear);
  void run_turns();
  // Whether races on an island are looked for. Once for a launch: reserves what that takes, and
  // numbers its groups; returns the first number. Copies the writable data of the code object.
  static bool watches(const LaunchConfig& config, const Island& island);
  static uint32_t prepare(const Code& code, Memory& memory, const LaunchConfig& config);
  // In explain.cc: executes an instruction and looks at what it did to non-finite values.
  const Op* explain(Wave& wave, const Op* op);
  // Runs a wave until it waits or ends, or for `turn` instructions.
  void run_wave(Wave& wave, uint64_t turn = ~uint64_t{0});
  // Between two turns of all waves: lets those go on that have all come to a barrier. False when
  // none is left to run.
  bool next_round();
  // The budget is spent: a finding where the group will never end, else RunResult::too_large.
  void judge_spent();
  uint64_t run_watched(LoopWatch& loop, Wave& wave, uint64_t turn);
};

// Sets or restores the host's rounding mode for f32 bodies.
void set_host_rounding(Round round);

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_WAVE_H_
