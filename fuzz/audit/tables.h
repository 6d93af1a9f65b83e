#ifndef WAVEFUZZ_FUZZ_AUDIT_TABLES_H_
#define WAVEFUZZ_FUZZ_AUDIT_TABLES_H_

#include <cstdint>
#include <string>
#include <vector>

namespace wavefuzz::audit {

/// One row of a table of kernels: the key that the host looks for, and the kernel it launches.
/// Paged attention (pa) and MLA (mla) have some of the columns each; the others are 0.
struct KernelRow {
  std::string op;      ///< "pa" or "mla": the folder
  std::string arch;    ///< gfx942, gfx950
  int line = 0;        ///< in the table, from 1
  std::string symbol;  ///< knl_name
  std::string object;  ///< co_name
  std::string q_type, kv_type;
  int64_t gqa = 0, ps = 0;
  // pa
  int64_t mtp = 0, msk = 0, hp = 0, page_size = 0, q_tile = 0, quant_type = 0;
  // mla
  int64_t prefill = 0, causal = 0, qlen = 0, lse = 0, cprr = 0;

  std::string name() const;  ///< the object without ".co"
};

/// The tables of one operator, of every arch under a folder that AITER's hsa folder has.
struct Tables {
  std::string op;
  std::vector<std::string> files;  ///< in the order of arches()
  std::vector<KernelRow> rows;     ///< in the order of arches() and lines

  std::vector<const KernelRow*> of_arch(const std::string& arch) const;

  /// Those of `rows` that the host finds first: it walks a std::unordered_map keyed by arch and
  /// symbol, made from the rows in order. With the standard library of this build, and host code
  /// built for `arches` in that order.
  const KernelRow* first_in_map(const std::vector<const KernelRow*>& rows,
                                const std::vector<std::string>& arches) const;
};

/// The arches that the tables are read of.
const std::vector<std::string>& arches();

/// Reads DIR/ARCH/OP/OP_asm.csv. As in AITER's codegen.py a column that one table lacks is 0 in it
/// where the table of another arch has it. Throws Error(kUsage), also where there is no table.
Tables load_tables(const std::string& folder, const std::string& op);

}  // namespace wavefuzz::audit

#endif  // WAVEFUZZ_FUZZ_AUDIT_TABLES_H_
