#ifndef WAVEFUZZ_FUZZ_AUDIT_OBJECTS_H_
#define WAVEFUZZ_FUZZ_AUDIT_OBJECTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/audit/tables.h"

namespace wavefuzz::audit {

/// What is wrong between a row of a table and the code object it names.
struct ObjectFault {
  enum class Kind {
    kMissingFile,
    kUnreadable,   ///< no code object of gfx942 or gfx950
    kOtherArch,    ///< built for another arch than the row's
    kOtherSymbol,  ///< holds no kernel of the row's name
    kKeyTaken,     ///< the key, arch and symbol, is that of an earlier row: never in the map
  };
  Kind kind;
  const KernelRow* row;
  std::string detail;
};

std::vector<ObjectFault> object_faults(const std::string& folder, const Tables& tables);

/// Files in the folders of the tables that no row names: DIR/ARCH/OP/FILE, without the tables.
std::vector<std::string> unnamed_files(const std::string& folder, const Tables& tables);

/// Whether the kernel of a row has a scalar load of the four bytes at `offset` from some pointer:
/// without one it cannot look at that kernel argument. False where the object is not what the row
/// says.
bool loads_offset(const std::string& folder, const KernelRow& row, uint32_t offset);

}  // namespace wavefuzz::audit

#endif  // WAVEFUZZ_FUZZ_AUDIT_OBJECTS_H_
