#ifndef WAVEFUZZ_GPU_PROBLEM_H_
#define WAVEFUZZ_GPU_PROBLEM_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gpu/kernel_id.h"

namespace wavefuzz {

/// Where a buffer holds the address of another one, as 8 bytes.
struct Pointer {
  uint64_t offset = 0;
  std::string buffer;
};

/// Bytes at an offset of a buffer.
struct Extent {
  uint64_t offset = 0;
  std::vector<uint8_t> bytes;
};

enum class Access { kRead, kWrite, kReadWrite };

/// One buffer of a launch. What no extent covers is poison: reading it is a fault, and it may be
/// far larger than any memory (a page table with page ids near 2^31), so contents are sparse.
struct Buffer {
  std::string name;
  uint64_t bytes = 0;
  uint64_t view_offset =
      0;  ///< where the pointer that the kernel is given points, from the buffer's start
  Access access = Access::kRead;
  std::vector<Extent> contents = {};
  std::vector<Pointer> pointers = {};
  /// This input has independent work write the same bytes; which of it stays is unspecified.
  bool unordered_writes = false;
  bool scratch = false;  ///< what launches leave to each other; no output
};

/// One field of the kernarg block: a little-endian value, or the address of a buffer.
struct KernargField {
  uint32_t offset = 0;
  uint32_t size = 0;
  uint64_t value = 0;
  std::string buffer;  ///< when not empty, the field is this buffer's address plus its view_offset
                       ///< plus the value
};

/// An instruction of a kernel.
struct CodePlace {
  KernelId kernel;
  int64_t pc = 0;  ///< bytes from the kernel's first instruction
};

/// One kernel launch.
struct Launch {
  std::string name;  ///< for messages; may be empty when there is only one
  KernelId kernel;
  std::vector<KernargField> kernarg;
  std::array<uint32_t, 3> groups = {1, 1, 1};      ///< workgroups in the grid
  std::array<uint32_t, 3> group_size = {1, 1, 1};  ///< work-items in a workgroup
  uint32_t dynamic_lds_bytes = 0;
  /// The host passes a block of its own size, which is cut or filled with zeros to the kernel's.
  bool kernarg_of_host = false;
};

/// The order of events that hardware gives a kernel and the ISA does not promise.
struct Schedule {
  uint32_t turn = 0;  ///< instructions that a wave runs before the next one's turn; 0: as usual
};

/// Everything that an outcome is a function of: buffers, and the launches that run on them one
/// after the other.
struct Problem {
  std::vector<Buffer> buffers;
  std::vector<Launch> launches;
  Schedule schedule = {};
  bool explain = false;          ///< say where non-finite values come from; slow
  bool follow_inexact = false;   ///< say what results that are not exact reach, and nothing else
  bool all_findings = false;  ///< go on after the first few
  /// What registers hold that nothing wrote, undefined as it is.
  std::optional<uint32_t> unwritten_registers = {};
  bool early_loads = false;         ///< a load that nobody waits for has come in when it is used
  bool coverage = false;            ///< note which edges of the control flow are taken
  uint64_t instruction_budget = 0;  ///< wave instructions of a launch; 0: the target's own limit

  const Buffer& buffer(const std::string& name) const;
};

}  // namespace wavefuzz

#endif  // WAVEFUZZ_GPU_PROBLEM_H_
