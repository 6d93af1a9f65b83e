"""kernel_fuzz_test: one Bazel test for a kernel."""

def kernel_fuzz_test(
        name,
        manifest,
        code_objects = [],
        corpus = [],
        corpus_least = 0,
        cases = 2000,
        seed = 1,
        kernel = "right",
        target = "all",
        size = "medium",
        data = [],
        **kwargs):
    """Replays a corpus on the kernels of a manifest, then runs a bounded, seeded campaign on them.

    The test fails when any case does. Each failure, shrunk, is stored in the test's undeclared outputs
    (bazel-testlogs/.../test.outputs/outputs.zip), and the log ends with the command that replays it.

    With shard_count = N each shard runs its share of the cases. With --runs_per_test=N each run has its own seed.
    The campaign ends at 80 % of the test's timeout. WAVEFUZZ_CASES_FACTOR and WAVEFUZZ_SEED in the test's environment
    are what a night has of its own (docs/nightly.md).

    Args:
      name: of the test.
      manifest: label of the kernel manifest (gpu/manifests/README.md).
      code_objects: labels of the code objects that the manifest names.
      corpus: labels of corpus files.
      corpus_least: cases of the corpus that must run on the kernel, inside its claims.
      cases: cases for each kernel and target, over all shards.
      seed: of the campaign.
      kernel: which kernels of the manifest: a name, "right", "planted" or "all".
      target: sim:gfx942, sim:gfx950 or "all".
      size: Bazel test size.
      data: further runfiles.
      **kwargs: further attributes of the test, such as shard_count and tags.
    """
    wavefuzz = str(Label("//fuzz:wavefuzz"))  # of this workspace, whoever loads the rule
    native.sh_test(
        name = name,
        size = size,
        srcs = [str(Label("//bazel:kernel_fuzz_test.sh"))],
        args = [
            "$(location %s)" % wavefuzz,
            str(cases),
            str(seed),
            "--manifest=$(location %s)" % manifest,
            "--kernel=" + kernel,
            "--target=" + target,
            "--corpus-least=%d" % corpus_least,
        ] + (["--corpus"] + ["$(locations %s)" % label for label in corpus] if corpus else []),
        data = [wavefuzz, manifest] + code_objects + corpus + data,
        **kwargs
    )
