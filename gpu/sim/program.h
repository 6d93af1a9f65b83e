// A kernel decoded once into micro-ops. Immutable: any number of threads may run it at once.
#ifndef WAVEFUZZ_GPU_SIM_PROGRAM_H_
#define WAVEFUZZ_GPU_SIM_PROGRAM_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/sim/code_object.h"

namespace wavefuzz::sim {

// Which build of the instruction semantics runs. All give the same bits.
enum class HostIsa : uint8_t { kBaseline, kAvx2, kAvx512 };
std::string_view name(HostIsa isa);
// The best one that this machine runs, and all that it runs.
HostIsa best_host_isa();
std::vector<HostIsa> supported_host_isas();

struct Machine;
struct Code;
struct Feedback;

class Program {
 public:
  // Decodes the kernel and the device functions it may call. An instruction that the simulator
  // lacks is kept and ends a run only when it is executed. Throws Error when the symbol is missing.
  Program(const CodeObject& object, std::string_view symbol, HostIsa isa = best_host_isa());

  const KernelInfo& kernel() const;
  Arch arch() const;
  // Number of instructions decoded, counting an end mark behind every function.
  size_t size() const;
  // The address of instruction `index`, 0 <= index < size(), relative to the kernel's entry.
  int64_t pc(size_t index) const;
  // Its canonical assembly text.
  const std::string& text(size_t index) const;
  // Where a branch with a fixed target leads; nothing for other instructions.
  std::optional<size_t> branch_target(size_t index) const;
  // Mnemonics present that have no semantics, each with the text of its first use.
  std::vector<std::string> unsupported() const;

  // Which instructions ran, as the branches taken imply. A call's return counts as entered.
  std::vector<bool> executed(const Feedback& feedback) const;

  const Code& code() const { return *code_; }

 private:
  std::shared_ptr<const Code> code_;
};

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_PROGRAM_H_
