// Machine code to assembly text, with LLVM's AMDGPU target.
#ifndef WAVEFUZZ_GPU_SIM_DISASSEMBLER_H_
#define WAVEFUZZ_GPU_SIM_DISASSEMBLER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "gpu/sim/arch.h"

namespace wavefuzz::sim {

class Disassembler {
 public:
  explicit Disassembler(Arch arch);
  ~Disassembler();

  struct Instruction {
    unsigned bytes = 0;  // 0: not an instruction
    std::string text;    // canonical assembly, branch targets as the raw immediate
  };
  Instruction decode(std::span<const std::byte> code, uint64_t address);

 private:
  struct Llvm;
  std::unique_ptr<Llvm> llvm_;
};

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_DISASSEMBLER_H_
