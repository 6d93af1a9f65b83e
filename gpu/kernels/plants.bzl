"""The kernels in the tree, each a .hip file, and their planted bugs: the names of its `enum class Plant`."""

load("//bazel:hip_code_object.bzl", "LINE_TABLES", "hip_code_object")

KERNELS = {
    "aiter_mla_reduce": [],
    "indexer_k_gather": [
        "page_stride_32bit",
        "table_stride_width",
        "bad_page_read",
        "shuffle_ignored",
        "empty_sequence_kept",
        "long_sequence_page",
    ],
    "indexer_k_quant_and_cache": [
        "uint8_cast",
        "fn_bytes_in_fnuz",
        "sign_kept_on_zero",
        "negative_slot_written",
        "page_stride_32bit",
        "scales_shuffled",
        "amax_over_one_wave",
        "divisor_240",
    ],
    "merge_attn_states": [
        "both_empty_nan",
        "plus_inf_not_mapped",
        "nan_not_dropped",
        "base2_as_e",
        "suffix_strides_from_prefix",
        "zero_weight_multiplied",
        "lse_base_unconverted",
        "late_token_suffix",
    ],
    "mla_decode": [
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
        "long_context_tile",
    ],
    "mla_decode_mfma": [
        "tail_unmasked",
        "v_tail_not_zeroed",
        "heads_unmasked",
        "rope_dropped",
    ],
    "paged_attention_decode": [
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
        "long_context_key",
        "rows_of_30",
    ],
    "paged_attention_decode_mfma": [
        "v_tail_not_zeroed",
        "rows_of_16",
    ],
    "paged_mqa_logits": [
        "tail_mask_missing",
        "scales_interleaved",
        "next_n_tail_lost",
        "next_n_tail_row",
        "relu_after_weight",
        "last_segment_lost",
        "remainder_misassigned",
        "long_request_segment",
    ],
    "quantise_fp8": [
        "overflow_to_nan",
        "floor_after_division",
        "ue8m0_floor_log2",
        "ue8m0_next_power",
        "group_of_lane",
        "minus_zero_kept",
        "scale_not_doubled",
        "wide_group_amax",
    ],
    "rms_norm_fp8": [
        "epsilon_outside_root",
        "mean_of_padded",
    ],
    "top_k_per_row": [
        "row_end_negative",
        "bin_truncated",
        "ties_share_slot",
        "ties_capped",
        "absolute_index",
        "long_row_tail",
    ],
}

def kernel_code_objects(name, kernels, hdrs):
    """Builds every kernel as KERNEL.ARCH.co, and once more for each planted bug as KERNEL.PLANT.ARCH.co.

    Args:
      name: a filegroup of all of them.
      kernels: the names of the planted bugs by the name of the kernel, whose source understands -DPLANT.
      hdrs: headers of the kernels.
    """
    labels = []
    for kernel, plants in kernels.items():
        hip_code_object(
            name = kernel,
            src = kernel + ".hip",
            hdrs = hdrs,
            copts = LINE_TABLES,
        )
        labels.append(":" + kernel)
        for plant in plants:
            hip_code_object(
                name = "%s.%s" % (kernel, plant),
                src = kernel + ".hip",
                hdrs = hdrs,
                copts = LINE_TABLES,
                defines = ["PLANT=" + plant],
            )
            labels.append(":%s.%s" % (kernel, plant))
    native.filegroup(
        name = name,
        srcs = labels,
    )
