// What a code object's debug information (DWARF) tells of its source. None may be there, and it may
// be damaged: then nothing is told.
#ifndef WAVEFUZZ_GPU_SIM_SOURCE_LINES_H_
#define WAVEFUZZ_GPU_SIM_SOURCE_LINES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gpu/finding.h"

namespace wavefuzz::sim {

// It is read when it is first asked for. Any number of threads may ask at once.
class SourceLines {
 public:
  // Of an ELF file, from which the debug sections are copied. Null where there are none.
  static std::shared_ptr<const SourceLines> of(std::span<const std::byte> file);
  ~SourceLines();

  // Of the instruction at an address of the code object: where it is written, then the calls that
  // it was inlined through, the outermost last. Empty where that is not known.
  std::vector<SourceLine> at(uint64_t address) const;

  // The names of the parameters of the function at an address, in order. Empty where they are not
  // known: line tables alone do not have them.
  std::vector<std::string> parameters(uint64_t address) const;

 private:
  struct Reader;
  explicit SourceLines(std::unique_ptr<Reader> reader);
  std::unique_ptr<Reader> reader_;
};

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_SOURCE_LINES_H_
