#ifndef WAVEFUZZ_FUZZ_AUDIT_SELECT_H_
#define WAVEFUZZ_FUZZ_AUDIT_SELECT_H_

#include <vector>

#include "fuzz/audit/request.h"
#include "fuzz/audit/tables.h"

namespace wavefuzz::audit {

/// What AITER's host code does with a request.
struct Selection {
  /// The rows of the table that satisfy the lookup which decides. More than one: the order in which
  /// a std::unordered_map is walked decides. None: the request aborts.
  std::vector<const KernelRow*> rows;
  const char* abort = "";  ///< what the host says where there is no row: the gist of its message
  int64_t heads = 0;  ///< query heads on each KV head, as the kernel is told: some requests fold
  bool lse_unwritten = false;  ///< the caller gets an LSE that no kernel writes
};

/// The rule of AITER at e4048607a5, stated again from csrc/py_itfs_cu/asm_pa.cu and asm_mla.cu and,
/// for mla_decode_fwd, aiter/mla.py. Named kernels (the argument kernelName) are no part of it.
Selection select(const Tables& tables, const Request& request);

}  // namespace wavefuzz::audit

#endif  // WAVEFUZZ_FUZZ_AUDIT_SELECT_H_
