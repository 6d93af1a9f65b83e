"""hip_code_object: one .hip file to AMD code objects, with Debian's clang and no ROCm installation."""

_BITCODE_DIR = "/usr/lib/x86_64-linux-gnu/amdgcn/bitcode/"

# The device library of ROCm has no gfx942 or gfx950 row in Debian 12; gfx90a is the nearest ISA whose
# library code both run. clang is told of each file because -nogpulib keeps it from searching itself.
_BITCODE = [
    "ockl",
    "ocml",
    "hip",
    "opencl",
    "oclc_abi_version_500",
    "oclc_daz_opt_off",
    "oclc_unsafe_math_off",
    "oclc_finite_only_off",
    "oclc_correctly_rounded_sqrt_on",
    "oclc_wavefrontsize64_on",
    "oclc_isa_version_90a",
]

ARCHES = ["gfx942", "gfx950"]

# Flags for line tables, so that findings name the source line. No instruction changes, and neither do
# bytes with the folder of the build.
LINE_TABLES = [
    "-gline-tables-only",
    "-ffile-compilation-dir=.",
]

def _hip_code_object_impl(ctx):
    outputs = []
    for arch in ctx.attr.arches:
        out = ctx.actions.declare_file("%s.%s.co" % (ctx.label.name, arch))
        args = ctx.actions.args()
        args.add_all(["-x", "hip", ctx.file.src])
        args.add_all([
            "--offload-arch=" + arch,
            "--offload-device-only",
            "--no-gpu-bundle-output",
            "--rocm-path=/usr",
            "-nogpulib",
            "-D__AMDGCN_WAVEFRONT_SIZE=64",
            "-O3",
            "-std=c++20",
            "-Wall",
            "-Werror",
            # The unique id that HIP gives a source file is a hash of its path: without one, the same source
            # gives the same bytes in every checkout.
            "-fuse-cuid=none",
            "-I.",
        ])
        for bitcode in _BITCODE:
            args.add_all(["-Xclang", "-mlink-builtin-bitcode", "-Xclang", _BITCODE_DIR + bitcode + ".bc"])
        args.add_all(["-D" + define for define in ctx.attr.defines])
        args.add_all(ctx.attr.copts)
        args.add_all(["-o", out])
        ctx.actions.run(
            outputs = [out],
            inputs = depset([ctx.file.src] + ctx.files.hdrs),
            executable = "/usr/bin/clang++-22",
            arguments = [args],
            env = {"PATH": "/usr/bin:/bin"},
            mnemonic = "HipCodeObject",
            progress_message = "Compiling %s for %s" % (ctx.file.src.short_path, arch),
        )
        outputs.append(out)
    return [DefaultInfo(
        files = depset(outputs),
        runfiles = ctx.runfiles(files = outputs),
    )]

hip_code_object = rule(
    implementation = _hip_code_object_impl,
    doc = "Compiles `src` for every arch of `arches`; NAME.ARCH.co are the outputs.",
    attrs = {
        "src": attr.label(allow_single_file = [".hip"], mandatory = True),
        "hdrs": attr.label_list(allow_files = [".h"], doc = "Headers that src includes, by workspace path."),
        "arches": attr.string_list(default = ARCHES),
        "defines": attr.string_list(doc = "Preprocessor definitions, without -D."),
        "copts": attr.string_list(doc = "Further compiler flags."),
    },
)
