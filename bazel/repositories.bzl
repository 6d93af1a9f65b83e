"""Repositories that let Debian 12's Bazel 4.2.3 build offline.

Debian's Bazel refers to three external repositories that it does not ship. They are
replaced by small stubs in this tree, so that no build or test needs the network.
Libraries come from Debian packages (see //bazel/debian), not from repositories.
"""

def wavefuzz_repositories():
    """Declares the stub repositories. Call it from WORKSPACE."""

    # @bazel_tools//tools/cpp loads @rules_cc//cc:defs.bzl. Debian's own copy of rules_cc (0.0.4)
    # is too new for Bazel 4.2.3, so the stub passes the names through to the native rules.
    native.local_repository(
        name = "rules_cc",
        path = "bazel/stubs/rules_cc",
    )

    # Resolving any toolchain reads @bazel_tools//tools/jdk, which loads @rules_java//java:defs.bzl.
    native.local_repository(
        name = "rules_java",
        path = "bazel/stubs/rules_java",
    )

    # Every test rule refers to the coverage tools, even when no coverage is asked for.
    native.local_repository(
        name = "remote_coverage_tools",
        path = "bazel/stubs/remote_coverage_tools",
    )
