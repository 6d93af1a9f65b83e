// Joins the rows of the op files. Compiled once per host ISA, like them.
#include "gpu/sim/table.h"
#include "gpu/sim/vocabulary.h"

namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA {

const Table& table() {
  static const std::span<const Row> families[] = {
      salu_rows(),     branch_rows(),    wait_rows(),        smem_rows(),
      vop_int_rows(),  vop_float_rows(), vop_convert_rows(), vop_compare_rows(),
      vop_math_rows(), scalef32_rows(),  wide_rows(),        cross_lane_rows(),
      ds_rows(),       global_rows(),    buffer_rows(),      matrix_rows(),
      sparse_rows(),
  };
  static const Table table{families,     &exec_vector,    &exec_vector_extras, &exec_vector_indexed,
                           &come_in_now, &compare_scalar, &compare_vector};
  return table;
}

}  // namespace wavefuzz::sim::WAVEFUZZ_SIM_ISA
