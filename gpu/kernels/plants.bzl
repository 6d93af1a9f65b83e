"""The planted bugs of each kernel: the names of its `enum class Plant`."""

load("//bazel:hip_code_object.bzl", "hip_code_object")

INDEXER_K_WRITER_PLANTS = [
    "uint8_cast",
    "fn_bytes_in_fnuz",
    "sign_kept_on_zero",
    "negative_slot_written",
    "page_stride_32bit",
    "scales_shuffled",
    "amax_over_one_wave",
    "divisor_240",
]

PAGED_ATTENTION_PLANTS = [
    "v_tail_not_zeroed",
    "score_tail_unmasked",
    "empty_split_finite_lse",
    "reduce_base_e",
    "masked_row_nan",
    "causal_ignored",
    "fn_read_as_fnuz",
    "scales_swapped",
    "page_stride_from_shape",
    "table_row_packed",
    "page_stride_32bit",
    "page_id_16bit",
    "rows_of_16",
    "gqa_power_of_two",
    "last_split_dropped",
    "reduce_by_sequence",
    "sink_per_split",
    "window_off_by_one",
]

PAGED_ATTENTION_MFMA_PLANTS = [
    "v_tail_not_zeroed",
    "rows_of_16",
]

def planted_code_objects(name, src, hdrs, plants):
    """Builds SRC once for each planted bug, as SRC_BASE.PLANT.ARCH.co.

    Args:
      name: a filegroup of all of them.
      src: the kernel source, which understands -DPLANT.
      hdrs: its headers.
      plants: the names of the planted bugs.
    """
    base = src[:-len(".hip")]
    for plant in plants:
        hip_code_object(
            name = "%s.%s" % (base, plant),
            src = src,
            hdrs = hdrs,
            defines = ["PLANT=" + plant],
        )
    native.filegroup(
        name = name,
        srcs = [":%s.%s" % (base, plant) for plant in plants],
    )
