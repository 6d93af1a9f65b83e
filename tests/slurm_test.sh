#!/usr/bin/env bash
# fuzz/slurm/submit.sh on a Slurm of its own: four array tasks, merged, are the one campaign over the same cases. Starts munged,
# slurmctld and slurmd of Debian's slurm-wlm in a folder of the test's, on ports of its own; says that it was skipped where they
# are not installed or do not start.
set -euo pipefail
wavefuzz=$PWD/fuzz/wavefuzz story=$PWD/tests/story submit=$PWD/fuzz/slurm/submit.sh
work=$(mktemp -d /tmp/wavefuzz-slurm.XXXXXX)  # short: Slurm makes sockets in it, and a test's own folder is too long for that
export PATH=$PATH:/usr/sbin:/sbin
unset AITER_HSA WAVEFUZZ_TRITON

skip() {
  echo "SKIPPED: $1"
  exit 0
}
for tool in munged mungekey slurmctld slurmd sbatch squeue sinfo scontrol; do
  command -v "$tool" >/dev/null || skip "$tool is not installed (apt-get install slurm-wlm)"
done

pids=()
stop() {
  for ((i = ${#pids[@]} - 1; i >= 0; --i)); do
    kill "${pids[i]}" 2>/dev/null && wait "${pids[i]}" 2>/dev/null || true
  done
}
trap 'stop; rm -rf "$work"' EXIT

free_port() { # the first from $1 on that nobody listens on
  local port=$1
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
  echo "$port"
}
controller=$(free_port $((20000 + $$ % 10000))) node=$(free_port $((31000 + $$ % 10000)))
host=$(hostname -s) user=$(id -un)
chmod 755 "$work"  # which munged insists on
mkdir -p "$work"/{state,spool}

mungekey --create --keyfile="$work/munge.key"
chmod 600 "$work/munge.key"
munged --foreground --force --socket="$work/munge.socket" --key-file="$work/munge.key" --log-file="$work/munged.log" \
  --pid-file="$work/munged.pid" --seed-file="$work/munged.seed" >"$work/munged.out" 2>&1 &
pids+=($!)

export SLURM_CONF=$work/slurm.conf
cat >"$SLURM_CONF" <<END
ClusterName=wavefuzz
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$controller
SlurmdPort=$node
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,sched_min_interval=0,bf_interval=1
NodeName=$host NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
slurmctld -D -c >"$work/slurmctld.out" 2>&1 &
pids+=($!)
slurmd -D -c -N "$host" >"$work/slurmd.out" 2>&1 &
pids+=($!)
for ((tries = 0; ; ++tries)); do
  [[ $(sinfo -h -o %T 2>/dev/null) != idle ]] || break
  if ((tries == 60)); then
    tail -n 5 "$work"/*.log "$work"/*.out || true
    skip "slurmctld and slurmd do not start here"
  fi
  sleep 0.5
done

campaign=(--kernel=quantise_fp8,quantise_fp8+overflow_to_nan,merge_attn_states,merge_attn_states+zero_weight_multiplied
  --cases=4000 --seed=11 --threads=1 --search=drawn)
code=0
"$wavefuzz" fuzz "${campaign[@]}" --quiet --out="$work/one" >"$work/one.log" || code=$?
((code == 1)) || { echo "FAIL: the one campaign: exit $code"; cat "$work/one.log"; exit 1; }

"$submit" "$wavefuzz" "$work/many" 4 "${campaign[@]}" | tee "$work/jobs"
read -r array merge <"$work/jobs"
# One task is preempted as soon as it has begun to remember.
for ((tries = 0; tries < 300; ++tries)); do
  [[ ! -s $work/many/shard-1/campaigns.sqlite ]] || break
  sleep 0.1
done
scontrol requeue "${array}_1" || { echo "FAIL: no task was there to be preempted"; squeue; exit 1; }
for ((tries = 0; tries < 300; ++tries)); do
  [[ -n $(squeue -h -j "$array,$merge" 2>/dev/null) ]] || break
  sleep 0.5
done
cat "$work/many/merge.log" || { squeue; sinfo -R; tail -n 20 "$work"/slurm*.log; exit 1; }
[[ $(ls -d "$work"/many/shard-?/campaigns.sqlite | wc -l) == 4 ]] || { echo "FAIL: not four tasks"; cat "$work"/many/*.log; exit 1; }
"$story" "$work/one/campaigns.sqlite" >"$work/one.story"
"$story" "$work/many/campaigns.sqlite" >"$work/many.story"
diff "$work/one.story" "$work/many.story" || { echo "FAIL: merged, four tasks are not the one campaign"; exit 1; }
grep -q "^resumed after" "$work/many/shard-1.log" || { echo "FAIL: the preempted task did not go on"; cat "$work/many/shard-1.log"; exit 1; }
grep -q "wrong_value" "$work/one.story" || { echo "FAIL: nothing was found that could differ"; exit 1; }
echo "PASSED: four array tasks, one of them started twice, merged, are the one campaign: $(grep -c "^  case" "$work/one.story") findings," \
  "$(awk '/ cases /{n += $4} END {print n}' "$work/one.story") cases"
