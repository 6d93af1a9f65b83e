"""Compiles the Triton kernels that the manifests beside this file describe, for gfx942 and gfx950.

    python3 compile.py --vllm=DIR --aiter=DIR --out=DIR [--only=TEXT]

DIRs are checkouts of vLLM and AITER. Needs Triton 3.6 with its AMD backend, and no GPU. A file is
named after the constants that the kernel is specialised on; objects.json says the LDS of each.
"""
import argparse
import ast
import concurrent.futures
import importlib
import json
import pathlib
import sys
import tempfile
import types

ARCHES = ("gfx942", "gfx950")
FP8 = {"gfx942": "*fp8e4b8", "gfx950": "*fp8e4nv"}  # e4m3fnuz, e4m3fn
CDNA = {"gfx942": 3, "gfx950": 4}
HEAD_DIM = 128

# What the JIT learns of an argument: a multiple of 16; a tensor of less than 2 GiB. The cache and
# the logits are taken to be larger, as they are in service.
D16 = ["tt.divisibility", 16]
SMALL = ["tt.pointer_range", 32]


def load_vllm(root):
    """The kernels alone: their module wants all of vLLM."""
    path = pathlib.Path(root) / "vllm/v1/attention/ops/rocm_aiter_mla_sparse.py"
    names = ("_indexer_k_quant_and_cache_kernel", "_fp8_paged_mqa_logits_decode_kernel")
    text = path.read_text()
    code = "import triton\nimport triton.language as tl\n"
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name in names:
            code += "\n@triton.jit\n" + ast.get_source_segment(text, node) + "\n"
    folder = tempfile.mkdtemp()
    (pathlib.Path(folder) / "vllm_kernels.py").write_text(code)
    sys.path.insert(0, folder)
    return importlib.import_module("vllm_kernels")


def load_aiter(root, arch, module):
    """A kernel module of AITER without the package around it, which wants a GPU."""
    triton = "aiter.ops.triton"
    for name in ("aiter", "aiter.ops", triton, triton + ".gluon", triton + "._triton_kernels",
                 triton + "._triton_kernels.attention"):
        package = types.ModuleType(name)
        package.__path__ = [str(pathlib.Path(root) / name.replace(".", "/"))]
        sys.modules[name] = package
    version = types.ModuleType(triton + ".gluon.pa_decode_gluon")
    version.get_cdna_version = lambda: CDNA[arch]
    sys.modules[version.__name__] = version
    return importlib.import_module(triton + module)


def writer(arch, cast, layout, scale_fmt, k_dtype):
    """vLLM's K writer. It casts to the type of the cache pointer: "uint8" is the historical bug."""
    normal = layout == "normal"  # pages of one token; all others are SHUFFLE
    stride = [] if normal else [D16]
    args = [("k_ptr", {"bf16": "*bf16", "f16": "*fp16"}[k_dtype], [D16, SMALL]),
            ("kv_cache_ptr", FP8[arch] if cast == "fp8" else "*u8", [D16]),
            ("kv_cache_scale_ptr", "*fp32", [D16]), ("slot_mapping_ptr", "*i64", [D16, SMALL]),
            ("kv_cache_scale_stride", "i32", stride), ("kv_cache_value_stride", "i32", stride),
            ("block_size", 1, []) if normal else ("block_size", "i32", [D16]),
            ("num_tokens", "i32", []), ("head_dim", HEAD_DIM, []), ("LAYOUT", [layout.upper()], []),
            ("BLOCK_TILE_SIZE", 16, []), ("HEAD_TILE_SIZE", 16, []),
            ("IS_FNUZ", arch == "gfx942", []), ("USE_UE8M0", scale_fmt == "ue8m0", [])]
    return (f"indexer_k_quant_and_cache.{cast}.{layout}.{scale_fmt}.{k_dtype}.{arch}", arch, "vllm",
            "_indexer_k_quant_and_cache_kernel", args, {})


def vllm_logits(arch, heads, next_n, ctx_dims, splits):
    args = [("q_ptr", FP8[arch], [D16, SMALL]), ("kv_val_ptr", FP8[arch], [D16]),
            ("kv_scale_ptr", "*fp32", [D16]), ("weights_ptr", "*fp32", [D16, SMALL]),
            ("ctx_lens_ptr", "*i32", [D16, SMALL]), ("block_tables_ptr", "*i32", [D16, SMALL]),
            ("logits_ptr", "*fp32", [D16])]
    args += [(name, "i32", [D16]) for name in
             ("stride_q_b", "stride_q_n", "stride_q_h", "stride_w_row", "stride_kvblk_fp8",
              "stride_kvblk_f32", "scale_region_off")]
    args += [(name, "i32", []) for name in
             ("stride_bt_b", "stride_logits_row", "max_blocks", "max_model_len")]
    args += [("NUM_HEADS", heads, []), ("HEAD_SIZE", HEAD_DIM, []), ("BLOCK_SIZE", 64, []),
             ("BLOCK_KV", 64, []), ("N_SPLITS", splits, []), ("NEXT_N", next_n, []),
             ("CTX_PER_ROW", ctx_dims == "2d" or next_n == 1, [])]
    return (f"vllm_paged_mqa_logits.h{heads}.n{next_n}.{ctx_dims}.s{splits}.{arch}", arch, "vllm",
            "_fp8_paged_mqa_logits_decode_kernel", args, dict(num_warps=4, num_stages=2))


def query_args(arch):
    return [("batch_size", "i32", []), ("next_n", "i32", []), ("heads_num", "i32", [D16]),
            ("Q_buffer", FP8[arch], [D16, SMALL]), ("stride_q_batch", "i32", [D16]),
            ("stride_q_next_n", "i32", [D16]), ("stride_q_heads", "i32", [D16])]


def aiter_triton(arch, heads, page_size, splits):
    page = [] if page_size == 1 else [D16]
    args = query_args(arch)
    args += [("KV_buffer", FP8[arch], [D16]), ("stride_k_block", "i32", page),
             ("stride_k_token", "i32", [D16]), ("scale_buffer", "*fp32", [D16]),
             ("stride_scale_block", "i32", page), ("stride_scale_token", 1, []),
             ("context_len_ptr", "*i32", [D16, SMALL]), ("kv_indices", "*i32", [D16, SMALL]),
             ("weights", "*fp32", [D16, SMALL]), ("stride_w_batch", "i32", [D16]),
             ("OutLogits_buffer", "*fp32", [D16]), ("stride_out_batch", "i64", []),
             ("max_model_len", "i32", []), ("max_blk_len", "i32", []), ("ChunkQ", heads, []),
             ("ChunkK", 256, []), ("HiddenDim", HEAD_DIM, []), ("KVBlockSize", page_size, []),
             ("SplitKV", splits, [])]
    return (f"paged_mqa_logits.triton.h{heads}.b{page_size}.s{splits}.{arch}", arch,
            "._triton_kernels.attention.pa_mqa_logits", "_deepgemm_fp8_paged_mqa_logits", args,
            dict(waves_per_eu=2))


def aiter_gluon(arch, form, heads, page_size):
    """Signature, attributes and options as AITER's own host code has them."""
    padded = [] if page_size == 1 else [D16]
    args = query_args(arch)
    args += [("KV_buffer", FP8[arch], padded), ("stride_k_seq", "i32", padded),
             ("scale_buffer", "*fp32", padded), ("stride_scale_seq", "i32", padded),
             ("context_len_ptr", "*i32", [SMALL]), ("kv_indices", "*i32", [SMALL]),
             ("weights", "*fp32", [D16, SMALL]), ("stride_w_batch", "i32", [D16]),
             ("OutLogits_buffer", "*fp32", []), ("stride_out_batch", "i64", []),
             ("max_model_len", "i32", []), ("max_block_len", "i32", []), ("num_block", "i32", []),
             ("safe_chunks_per_cta_ptr", "*i32", []) if form == "varctx" else
             ("SplitKV", "i32", []), ("ChunkQ", heads, []), ("ChunkK", 256, []),
             ("HiddenDim", HEAD_DIM, []), ("KVBlockSize", page_size, []),
             ("CDNA_VERSION", CDNA[arch], []), ("ARCH", [arch], [])]
    suffix = {"gluon": "", "preshuffle": "_preshuffle", "varctx": "_preshuffle_varctx"}[form]
    return (f"paged_mqa_logits.{form}.h{heads}.b{page_size}.{arch}", arch, ".gluon.pa_mqa_logits",
            "_gluon_deepgemm_fp8_paged_mqa_logits" + suffix, args,
            dict(num_warps=4, waves_per_eu=2, num_stages=2, num_ctas=1))


def aiter_schedule(arch, batch):
    """What plans the varctx form: AlignedBatchSize is the power of two from batch on."""
    args = [("batch_size", "i32", []), ("context_len_ptr", "*i32", [D16, SMALL]),
            ("safe_chunks_per_cta_ptr", "*i32", [D16, SMALL]), ("parallel_unit_num", "i32", []),
            ("ChunkK", 256, []), ("AlignedBatchSize", batch, []), ("TryCount", 1, [])]
    return (f"paged_mqa_logits.schedule.a{batch}.{arch}", arch,
            "._triton_kernels.attention.pa_mqa_logits",
            "_deepgemm_fp8_paged_mqa_logits_varctx_schedule", args, dict(waves_per_eu=4))


def jobs():
    for arch in ARCHES:
        for cast in ("fp8", "uint8"):
            for layout in ("normal", "shuffle"):
                for scale_fmt in ("f32", "ue8m0"):
                    for k_dtype in ("bf16", "f16"):
                        yield writer(arch, cast, layout, scale_fmt, k_dtype)
        for splits in (4, 12):
            for next_n in range(1, 7):
                for ctx_dims in ("1d", "2d"):
                    yield vllm_logits(arch, 64, next_n, ctx_dims, splits)
        for heads in (32, 64):
            for page_size in (1, 16, 64):
                yield aiter_triton(arch, heads, page_size, 10)
            for page_size in (1, 64):
                yield aiter_gluon(arch, "gluon", heads, page_size)
            for page_size in (16, 32, 64, 128, 256):
                yield aiter_gluon(arch, "preshuffle", heads, page_size)
            for page_size in (16, 64):
                yield aiter_gluon(arch, "varctx", heads, page_size)
        for batch in (1, 2, 4):
            yield aiter_schedule(arch, batch)


def compile_one(job, options):
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.experimental.gluon._runtime import GluonASTSource

    name, arch, module, symbol, args, flags = job
    vllm = module == "vllm"
    kernel = getattr(load_vllm(options.vllm) if vllm else load_aiter(options.aiter, arch, module),
                     symbol)
    assert kernel.arg_names == [a[0] for a in args], f"{symbol} has other arguments"
    # A text is a type, anything else a constant; a constant text is in a list.
    signature = {n: t if isinstance(t, str) else "constexpr" for n, t, _ in args}
    constants = {n: t[0] if isinstance(t, list) else t
                 for n, t, _ in args if not isinstance(t, str)}
    attributes = {(i,): a for i, (_, _, a) in enumerate(args) if a}
    source = GluonASTSource if "gluon" in module else triton.compiler.ASTSource
    compiled = triton.compile(
        source(fn=kernel, signature=signature, constexprs=constants, attrs=attributes),
        target=GPUTarget("hip", arch, 64), options=flags)
    (pathlib.Path(options.out) / f"{name}.hsaco").write_bytes(compiled.asm["hsaco"])
    return name, {"symbol": symbol, "lds_bytes": compiled.metadata.shared,
                  "group_size": 64 * compiled.metadata.num_warps}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for option in ("vllm", "aiter", "out"):
        parser.add_argument("--" + option, required=True)
    parser.add_argument("--only", default="", help="only objects with this in their names")
    options = parser.parse_args()
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    todo = [job for job in jobs() if options.only in job[0]]
    # A process for each: AITER's module is another one for each architecture.
    with concurrent.futures.ProcessPoolExecutor(max_tasks_per_child=1) as pool:
        done = dict(pool.map(compile_one, todo, [options] * len(todo)))
    (out / "objects.json").write_text(json.dumps(done, indent=1) + "\n")
    print(f"{len(done)} objects in {out}")


if __name__ == "__main__":
    main()
