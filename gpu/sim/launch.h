// Runs a kernel: the simulator's front door.
#ifndef WAVEFUZZ_GPU_SIM_LAUNCH_H_
#define WAVEFUZZ_GPU_SIM_LAUNCH_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/finding.h"
#include "gpu/sim/feedback.h"
#include "gpu/sim/fidelity.h"
#include "gpu/sim/memory.h"
#include "gpu/sim/program.h"

namespace wavefuzz::sim {

using wavefuzz::Finding;
using wavefuzz::FindingKind;

// What v_exp, v_log, v_rcp, v_rsq, v_sqrt, v_sin and v_cos return within their 1 ulp. A verdict
// that changes with the model rests on bits that no document promises.
enum class Transcendentals : uint8_t {
  kCorrectlyRounded,
  kUlpAbove,
  kUlpBelow,
  kSeeded,  // any of these, by a hash of LaunchConfig::ulp_seed and the operand
};

// What a load's registers hold between its issue and the s_waitcnt that covers it. Using them then
// is a finding, and the instruction works on
enum class LateLoads : uint8_t {
  kOldContent,  // what was there before: the load is as late as the hardware may let it be
  kNewContent,  // what it loads: to look at the rest of a kernel that leans on timing
};

// Bytes that a wave read before another wave or group wrote them in no order with it. Whether the
// race matters depends on whether the value is used, which a second run of the launch, from the
// same memory and with these in LaunchConfig::unsettled_reads, finds out.
struct UnsettledRead {
  uint32_t group = 0;    // of the read: its number in the grid, x fastest
  uint32_t stretch = 0;  // between which barriers of the group; kAnyStretch
  bool lds = false;
  uint64_t begin = 0, end = 0;  // LDS offsets, or addresses
  uint32_t write_op = 0;        // the instruction that wrote, in Code
  uint32_t write_group = 0;
  uint32_t write_wave = 0;
};
inline constexpr uint32_t kAnyStretch = ~0u;

struct LaunchConfig {
  std::array<uint32_t, 3> groups{1, 1, 1};
  std::array<uint32_t, 3> group_size{64, 1, 1};  // work-items
  uint32_t dynamic_lds_bytes = 0;
  // The explicit arguments at their metadata offsets; hidden ones are filled in by run().
  std::vector<std::byte> kernarg;
  // Wave instructions of the whole launch, or of each thread, and of one group. A large launch has
  // many groups; it is one of them that does not end when the launch does not. A group that would
  // run past them is watched a little longer: a loop that cannot end is a finding, anything else is
  // RunResult::too_large.
  uint64_t instruction_budget = 1'000'000'000;
  uint64_t group_budget = ~uint64_t{0};
  // Instructions that a wave runs before it is the next wave's turn; 0: all up to the next barrier.
  // Hardware runs the waves of a group almost in step, and kernels that lack a barrier may lean on
  // it: a result that changes with this number is such a kernel's.
  uint32_t turn = 16;
  unsigned max_findings = 16;  // the run stops at the last one
  Transcendentals transcendentals = Transcendentals::kCorrectlyRounded;
  uint32_t ulp_seed = 0;
  LateLoads late_loads = LateLoads::kOldContent;
  // What registers hold that nothing has written. By default a quiet NaN with a telling payload, so
  // that it also shows in data that nothing checks.
  uint32_t unwritten_registers = 0x7fdead00;
  bool races = true;  // look for data races
  const std::vector<UnsettledRead>* unsettled_reads = nullptr;  // RunResult's of the run before
  // Not 0: groups run in another order, a random wave takes each turn of random length, and loads
  // come in at random moments before the wait. What is right for one seed must be for all.
  uint64_t schedule_seed = 0;
  // Threads that groups are spread over. For kernels without data races the outcome does not depend
  // on it; which findings a faulty one gets may.
  unsigned threads = 1;
  Feedback* feedback = nullptr;  // what the run does is added to it
  bool explain = false;          // find out where non-finite values come from; slow
  // Find out what results that are not exact reach (RunResult::inexact_uses). Undefined data mixes
  // with them: of such a run only these mean something.
  bool follow_inexact = false;

  // Puts bytes, or a value's, into kernarg at a byte offset, growing it with zeros.
  void set_arg_bytes(size_t offset, std::span<const std::byte> bytes) {
    if (kernarg.size() < offset + bytes.size()) kernarg.resize(offset + bytes.size());
    std::memcpy(kernarg.data() + offset, bytes.data(), bytes.size());
  }
  template <typename T>
  void set_arg(size_t offset, const T& value) {
    set_arg_bytes(offset, std::as_bytes(std::span(&value, 1)));
  }
};

// The first NaN, +Inf or -Inf of a run in an operation of floating-point arithmetic.
struct NonFinite {
  enum class Value : uint8_t { kNan, kPlusInfinity, kMinusInfinity };
  Value value;
  bool
      made;  // from operands that were not; otherwise it came in as bits, from memory or a constant
  std::string message;  // one line: instruction, place and operands
  int64_t pc = 0;
  std::string instruction;
};

struct RunResult {
  enum class Status : uint8_t {
    kCompleted,    // every wave ended, no finding
    kFaulted,      // findings say what went wrong
    kTooLarge,     // a limit ended it, without a finding: outputs mean nothing
    kUnsupported,  // an instruction without semantics was executed: outputs mean nothing
  };
  Status status = Status::kCompleted;
  std::string unsupported_what;  // mnemonic, encoding bytes and pc
  std::string too_large;         // the limit that ended it; also beside findings
  std::vector<Finding> findings;
  uint64_t instructions = 0;  // wave instructions executed
  Fidelity weakest = Fidelity::kExact;
  // Every executed mnemonic that is not exact, with its tag, e.g. "v_exp_f32 (within 1 ulp)".
  std::vector<std::string> inexact_instructions;
  // What is no fault, and worth knowing: one line each.
  std::vector<std::string> notes;
  // Races that this run cannot decide about; none when LaunchConfig had some.
  std::vector<UnsettledRead> unsettled_reads;
  // With LaunchConfig::follow_inexact: each pair of instructions once.
  std::vector<InexactUse> inexact_uses;
  // With LaunchConfig::explain: one of each value at most, in the order they appeared.
  std::vector<NonFinite> non_finite;
};
std::string_view name(RunResult::Status status);

// Runs the whole grid, group after group, the waves of a group in turn, in order of their number
// (see LaunchConfig::turn): the same launch gives the same bits and findings every time. Throws
// Error when the configuration does not fit the kernel (sizes, LDS, kernarg).
RunResult run(const Program& program, Memory& memory, const LaunchConfig& config);

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_LAUNCH_H_
