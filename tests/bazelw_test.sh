#!/usr/bin/env bash
# ./bazelw installs what is missing, says what and why, and leaves apt alone when nothing is. Stand-ins for dpkg-query,
# apt-get, sudo and bazel record what it asks of them.
set -euo pipefail
here=$PWD
work=$TEST_TMPDIR/bazelw
mkdir -p "$work/bin" "$work/tree/bazel/debian"
cp "$here/bazelw" "$work/tree/"
cp "$here/bazel/debian/packages.txt" "$work/tree/bazel/debian/"

stand_in() { # name, body
  printf '#!/bin/bash\n%s\n' "$2" >"$work/bin/$1"
  chmod +x "$work/bin/$1"
}
for tool in dirname env; do ln -sf "$(command -v $tool)" "$work/bin/$tool"; done
stand_in bazel 'echo "bazel $*"'
stand_in apt-get 'echo "apt-get $*" >>"$APT_LOG"'

bazelw() { # installed packages: "all" or "none"
  stand_in dpkg-query "[[ $1 == all ]] && echo -n installed || echo -n not-installed"
  : >"$work/apt.log"
  APT_LOG=$work/apt.log PATH=$work/bin /bin/bash "$work/tree/bazelw" test //... >"$work/out" 2>"$work/err"
}

failures=0
expect() { # what, command...
  local what=$1
  shift
  "$@" || { echo "FAIL: $what"; cat "$work/out" "$work/err"; failures=$((failures + 1)); }
}

bazelw all
expect "bazel gets the arguments" [ "$(cat "$work/out")" = "bazel test //..." ]
expect "nothing is said when nothing is missing" [ ! -s "$work/err" ]
expect "apt is not called when nothing is missing" [ ! -s "$work/apt.log" ]

if ((EUID == 0)); then
  bazelw none
  expect "packages are listed with their reason" grep -q "librapidcheck-dev .*# generators and shrink trees" "$work/err"
  expect "a package with signs in its name too" grep -qF "# the host compiler" "$work/err"
  expect "missing packages are installed" grep -q "apt-get install .*librapidcheck-dev" "$work/apt.log"
  expect "bazel runs afterwards" grep -q "bazel test //..." "$work/out"
fi

rm "$work/bin/apt-get"
code=0
bazelw none || code=$?
expect "without apt the exit code is 2" [ "$code" = 2 ]
expect "without apt the command for root is printed" grep -q "As root: apt-get install .*librapidcheck-dev" "$work/err"
expect "without apt bazel does not run" [ ! -s "$work/out" ]

((failures == 0)) && echo "all passed"
exit "$failures"
