#!/usr/bin/env bash
# .ci/run counts what passed, failed and was skipped. A stand-in for ./bazelw prints what Bazel prints, and leaves the logs.
set -euo pipefail
work=$TEST_TMPDIR/ci
mkdir -p "$work/tree/.ci"
cp .ci/run "$work/tree/.ci/"

failures=0
expect() { # what, got, wanted
  [[ $2 == "$3" ]] && return
  echo "FAIL: $1: got '$2', want '$3'"
  failures=$((failures + 1))
}

ci() { # exit status of bazel; what it prints comes on standard input
  cat >"$work/tree/summary"
  printf '#!/usr/bin/env bash\ncat summary\nexit %s\n' "$1" >"$work/tree/bazelw"
  chmod +x "$work/tree/bazelw"
  code=0
  "$work/tree/.ci/run" >"$work/out" || code=$?
  closing=$(tail -1 "$work/out")
}
log() { # path below bazel-testlogs; the log comes on standard input
  mkdir -p "$work/tree/bazel-testlogs/$1"
  cat >"$work/tree/bazel-testlogs/$1/test.log"
}

log a/plain_test <<'E2'
[ RUN      ] Plain.Works
[       OK ] Plain.Works (0 ms)
E2
log a/skipping_test <<'E2'
[ RUN      ] Needs.Something
tests/needs.cc:12: Skipped
set SOMETHING

[  SKIPPED ] Needs.Something (0 ms)
[ RUN      ] Needs.More
tests/needs.cc:13: Skipped
set MORE

[  SKIPPED ] Needs.More (0 ms)
[----------] 2 tests from Needs (0 ms total)
[  PASSED  ] 0 tests.
[  SKIPPED ] 2 tests, listed below:
[  SKIPPED ] Needs.Something
[  SKIPPED ] Needs.More
E2
log b/shell_test <<<'SKIPPED: a-tool is not installed'
for shard in 1 2; do
  log "b/sharded_test/shard_${shard}_of_2" <<'E2'
a.cc:3: Skipped
no device
[  SKIPPED ] Device.Runs (0 ms)
E2
done

ci 0 <<'E2'
INFO: Build completed successfully, 4 total actions
//a:plain_test                                                  (cached) PASSED in 0.1s
//b:other_test                                                           PASSED in 2.0s
E2
expect "all passed" "$closing" "2 passed, 0 failed"
expect "its exit status" "$code" 0

ci 0 <<'E2'
//a:plain_test                                                           PASSED in 0.1s
//a:skipping_test                                               (cached) PASSED in 0.1s
//b:shell_test                                                           PASSED in 0.1s
//b:sharded_test                                                         PASSED in 0.1s
  Stats over 2 runs: max = 0.1s, min = 0.1s, avg = 0.1s, dev = 0.0s
E2
expect "skipped is not passed" "$closing" "1 passed, 0 failed, 3 skipped"
expect "a test with skipped cases is named, with the first reason" "$(grep '^//a:skipping_test: ' "$work/out")" \
  "//a:skipping_test: 2 test cases skipped: set SOMETHING"
expect "a shell test that says so" "$(grep '^//b:shell_test: ' "$work/out")" \
  "//b:shell_test: 1 test case skipped: a-tool is not installed"
expect "the shards of a test" "$(grep '^//b:sharded_test: ' "$work/out")" \
  "//b:sharded_test: 2 test cases skipped: no device"

ci 3 <<'E2'
//a:plain_test                                                           PASSED in 0.1s
//a:skipping_test                                                        FAILED in 0.1s
//b:other_test                                                           TIMEOUT in 60.0s
E2
expect "failures" "$closing" "1 passed, 2 failed"
expect "the exit status is bazel's" "$code" 3

ci 1 <<<'ERROR: the build broke'
expect "a build that breaks" "$closing" "0 passed, 1 failed"
expect "its exit status" "$code" 1

((failures == 0)) && echo "all passed"
exit "$failures"
