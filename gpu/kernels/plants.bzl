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

MERGE_ATTN_STATES_PLANTS = [
    "both_empty_nan",
    "plus_inf_not_mapped",
    "nan_not_dropped",
    "base2_as_e",
    "suffix_strides_from_prefix",
    "zero_weight_multiplied",
    "lse_base_unconverted",
]

MLA_DECODE_PLANTS = [
    "leading_block_nan",
    "empty_scope_plus_inf",
    "sink_in_every_partial",
    "sink_twice",
    "wrong_encoding",
    "last_page_whole",
    "topk_length_ignored",
    "page_stride_32bit",
    "scales_in_token",
    "scale_of_first_group",
    "empty_split_finite_lse",
    "lse_base2",
    "v_scale_dropped",
    "sink_in_lse",
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
PAGED_MQA_LOGITS_PLANTS = [
    "tail_mask_missing",
    "scales_interleaved",
    "next_n_tail_lost",
    "next_n_tail_row",
    "relu_after_weight",
    "last_segment_lost",
    "remainder_misassigned",
]

TOP_K_PER_ROW_PLANTS = [
    "row_end_negative",
    "bin_truncated",
    "ties_share_slot",
    "ties_capped",
    "absolute_index",
]

INDEXER_K_GATHER_PLANTS = [
    "page_stride_32bit",
    "table_stride_width",
    "bad_page_read",
    "shuffle_ignored",
    "empty_sequence_kept",
]

QUANTISE_FP8_PLANTS = [
    "overflow_to_nan",
    "floor_after_division",
    "ue8m0_floor_log2",
    "ue8m0_next_power",
    "group_of_lane",
    "minus_zero_kept",
    "scale_not_doubled",
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
