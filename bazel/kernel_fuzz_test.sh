#!/usr/bin/env bash
# The body of kernel_fuzz_test (kernel_fuzz_test.bzl): translates Bazel's test protocol for wavefuzz.
#   kernel_fuzz_test.sh WAVEFUZZ CASES SEED [wavefuzz fuzz options]
set -euo pipefail
wavefuzz=$1 cases=$2 seed=$3
shift 3

shards=${TEST_TOTAL_SHARDS:-1}
shard=${TEST_SHARD_INDEX:-0}
# Bazel takes a test that does not touch this file for one that ignores sharding.
[[ -z ${TEST_SHARD_STATUS_FILE:-} ]] || touch "$TEST_SHARD_STATUS_FILE"

# --runs_per_test numbers its runs from 1: each has a seed of its own.
run=${TEST_RUN_NUMBER:-${TEST_RANDOM_SEED:-1}}

# A night has its own seed and more cases (--config=nightly).
seed=${WAVEFUZZ_SEED:-$seed}
cases=$((cases * ${WAVEFUZZ_CASES_FACTOR:-1}))

# The log must be enough to replay a failure: its commands hold the case, and run from the workspace.
export WAVEFUZZ_COMMAND="./bazelw run //fuzz:wavefuzz --"

exec "$wavefuzz" fuzz \
  --cases="$cases" \
  --seed=$((seed + (run - 1) * 1000003)) \
  --shard="$shard" --shards="$shards" --search=drawn \
  --seconds=$((${TEST_TIMEOUT:-300} * 8 / 10)) \
  --out="${TEST_UNDECLARED_OUTPUTS_DIR:-wavefuzz-out}" \
  --quiet --inline-cases "$@"
