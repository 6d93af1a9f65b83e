"""Compiler flags, said once."""

# GNU's vectoriser only has its full strength at -O3. Contraction is off: whether a*b+c is one
# rounding or two is part of what an instruction or an operator means, so each says so itself.
WAVEFUZZ_COPTS = [
    "-O3",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-ffp-contract=off",
    "-fopenmp",
]

# LLVM's C++ headers include its C ones, which Debian keeps apart.
LLVM_COPTS = [
    "-isystem",
    "/usr/include/llvm-22",
    "-isystem",
    "/usr/include/llvm-c-22",
]

LIBXML2_COPTS = [
    "-isystem",
    "/usr/include/libxml2",
]
