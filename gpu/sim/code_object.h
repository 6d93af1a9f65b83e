// An AMD GPU code object (.co, .hsaco): the ELF file, its kernels and their metadata.
#ifndef WAVEFUZZ_GPU_SIM_CODE_OBJECT_H_
#define WAVEFUZZ_GPU_SIM_CODE_OBJECT_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/sim/arch.h"

namespace wavefuzz::sim {

class SourceLines;

// One argument of a kernel, as the code object's metadata note lists it. Offsets and sizes in
// bytes.
struct KernelArg {
  std::string name;  // empty when the compiler left none
  uint32_t offset = 0;
  uint32_t size = 0;
  std::string value_kind;  // "by_value", "global_buffer", "hidden_block_count_x", ...

  // Hidden arguments are filled in by the runtime, not by the caller.
  bool hidden() const { return value_kind.starts_with("hidden_"); }
};

// The fields of the 64-byte kernel descriptor that decide a wave's initial state
// (LLVM "User Guide for AMDGPU Backend", Kernel Descriptor for GFX90A/GFX942).
struct KernelDescriptor {
  uint64_t entry = 0;  // address of the first instruction, in the code object's address space
  uint32_t group_segment_bytes = 0;
  uint32_t private_segment_bytes = 0;
  uint32_t kernarg_bytes = 0;  // 0: not said; before LLVM 12 the field was reserved
  uint32_t vgprs = 0;          // VGPRs and AGPRs a wave owns, together; 0: as many as there are
  uint32_t accum_offset = 0;   // the first of them that is an AGPR
  uint32_t sgprs = 112;        // SGPRs a wave owns, VCC, FLAT_SCRATCH and XNACK_MASK among them
  // MODE fields: see mode.h.
  uint8_t round_f32 = 0;
  uint8_t round_f16_f64 = 0;
  uint8_t denorm_f32 = 0;
  uint8_t denorm_f16_f64 = 0;
  bool dx10_clamp = false;
  bool ieee = false;
  bool fp16_overflow = false;
  // Which SGPRs and VGPRs are set at entry.
  bool private_segment_buffer = false;
  bool dispatch_ptr = false;
  bool queue_ptr = false;
  bool kernarg_ptr = false;
  bool dispatch_id = false;
  bool flat_scratch_init = false;
  bool private_segment_size = false;
  uint8_t user_sgprs = 0;
  bool group_id[3] = {};
  bool group_info = false;
  uint8_t work_item_id_dims = 1;  // 1, 2 or 3 ids packed in v0
  uint8_t preload_dwords = 0;     // kernarg dwords preloaded into SGPRs
  uint16_t preload_offset = 0;    // the first of them
};

// The sizes are the descriptor's, which the hardware and the runtime's loader go by; where the
// metadata note says otherwise, `notes` say so.
struct KernelInfo {
  std::string symbol;
  uint32_t kernarg_bytes = 0;
  uint32_t group_segment_bytes = 0;    // static LDS
  uint32_t private_segment_bytes = 0;  // scratch per work-item
  uint32_t max_workgroup_size = 1024;  // work-items
  std::array<uint32_t, 3> required_group_size{};  // work-items in x, y, z; 0 where any will do
  std::vector<KernelArg> args;         // explicit and hidden; empty when the note lists none
  KernelDescriptor descriptor;
  // What the object says of the kernel that cannot all be true, a line each.
  std::vector<std::string> notes;
  uint64_t code_address = 0;  // of the kernel's code symbol, in the code object's address space
  uint64_t code_bytes = 0;

  // Bytes of the explicit arguments: what a caller of run() has to give.
  uint32_t explicit_bytes() const;
  // Of the registers of each kind that a wave owns, how many it can name: v0.., a0...
  uint32_t owned_vgprs() const { return std::min(descriptor.vgprs, descriptor.accum_offset); }
  uint32_t owned_agprs() const { return descriptor.vgprs - owned_vgprs(); }
  // Bytes of kernarg that a wave may load: runtimes pad the segment to whole cache lines, and
  // compilers count on it where they widen or merge loads of the last arguments.
  uint32_t kernarg_readable() const { return (kernarg_bytes + 63) / 64 * 64; }
};

// A stretch of code with a name: a kernel or a device function.
struct CodeRange {
  std::string symbol;
  uint64_t address = 0;
  uint64_t bytes = 0;
};

// A loaded segment's content, zero-filled to its size in memory.
struct Segment {
  uint64_t address = 0;
  std::vector<std::byte> bytes;
  bool writable = false;  // also after relocation (PT_GNU_RELRO)
  bool executable = false;
};

// Immutable and cheap to copy.
class CodeObject {
 public:
  // Reads an ELF file. `name` stands for it in messages. Throws Error when the file is truncated,
  // not an AMD GPU ELF, built for an arch other than gfx942/gfx950, or of a code object version
  // before 3.
  static CodeObject parse(std::vector<std::byte> bytes, std::string name);
  // Throws Error when the file cannot be read, and as parse() does.
  static CodeObject load(const std::string& path);

  // A kernel given as machine code, whose descriptor and metadata the caller fills in. Code and
  // entry are put at address 0.
  static CodeObject from_code(Arch arch, KernelInfo kernel, std::vector<std::byte> code);

  const std::string& name() const;
  Arch arch() const;
  // In the order of the metadata note.
  const std::vector<KernelInfo>& kernels() const;
  // Throws Error that lists the symbols there are.
  const KernelInfo& kernel(std::string_view symbol) const;

  // Every function symbol, kernels included, by address.
  const std::vector<CodeRange>& functions() const;
  const std::vector<Segment>& segments() const;
  // The bytes at an address of the code object's own address space; empty when no segment holds
  // them all.
  std::span<const std::byte> bytes_at(uint64_t address, uint64_t size) const;
  // Of the debug information; null where there is none.
  const std::shared_ptr<const SourceLines>& source_lines() const;
  // The same for copies of one object, another for every load.
  std::shared_ptr<const void> identity() const;

 private:
  struct Content;
  explicit CodeObject(std::shared_ptr<const Content> content);
  std::shared_ptr<const Content> content_;
};

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_CODE_OBJECT_H_
