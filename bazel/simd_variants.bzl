"""simd_variants: one source compiled for each instruction set that is chosen from at run time."""

load("//bazel:copts.bzl", "WAVEFUZZ_COPTS")

_AVX512 = [
    "-mavx512f",
    "-mavx512cd",
    "-mavx512dq",
    "-mavx512bw",
    # False alarms in GCC 12's own avx512fintrin.h (gcc.gnu.org/PR105593).
    "-Wno-maybe-uninitialized",
    "-Wno-uninitialized",
]

def simd_variants(name, fma = True, deps = []):
    """Libraries NAME_sse2, NAME_avx2 and NAME_avx512 of NAME_sse2.cc, NAME_avx2.cc and NAME_avx512.cc.

    Each of the three sources instantiates NAME_kernels-inl.h; NAME_kernels.h declares what they define.

    Args:
      name: the prefix.
      fma: whether AVX2 code may use fused multiply-add, which the compiler then contracts a * b + c to.
      deps: further libraries.
    """
    for isa, flags in {
        "sse2": [],
        "avx2": ["-mavx2"] + (["-mfma"] if fma else []),
        "avx512": _AVX512,
    }.items():
        native.cc_library(
            name = "%s_%s" % (name, isa),
            srcs = [
                "%s_%s.cc" % (name, isa),
                name + "_kernels.h",
                name + "_kernels-inl.h",
            ],
            copts = WAVEFUZZ_COPTS + flags,
            visibility = ["//visibility:private"],
            deps = ["//bazel/debian:xsimd"] + deps,
        )
