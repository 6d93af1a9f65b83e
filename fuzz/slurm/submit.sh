#!/usr/bin/env bash
# Submits a campaign to Slurm as a job array, each task a shard, and behind it a job that merges what they remember:
#   fuzz/slurm/submit.sh WAVEFUZZ OUT TASKS [--sbatch=OPTION]... [wavefuzz fuzz options]
#
# OUT is a folder that every node sees. Tasks write to OUT/shard-I, with their text in OUT/shard-I.log; the merged database is
# OUT/campaigns.sqlite. A task that Slurm starts again, after a preemption or the death of a node, goes on where it was. Prints
# the numbers of the two jobs: array, then merge.
set -euo pipefail
if (($# < 3)); then
  sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
wavefuzz=$(realpath "$1") out=$(realpath -m "$2") tasks=$3
shift 3
sbatch=()
while [[ ${1-} == --sbatch=* ]]; do
  sbatch+=("${1#--sbatch=}")
  shift
done
[[ $tasks =~ ^[1-9][0-9]*$ ]] || { echo "$0: '$tasks' is no number of tasks" >&2; exit 2; }
mkdir -p "$out"

quoted=$(printf ' %q' "$wavefuzz" fuzz "$@" --quiet)
array=$(
  sbatch --parsable --requeue --job-name=wavefuzz --array="0-$((tasks - 1))" --output="$out/shard-%a.log" --open-mode=append \
    "${sbatch[@]}" <<END
#!/usr/bin/env bash
folder=$(printf %q "$out")/shard-\$SLURM_ARRAY_TASK_ID
resume=
# Slurm has started this task before, and it had begun.
[[ \${SLURM_RESTART_COUNT:-0} == 0 || ! -s \$folder/campaigns.sqlite ]] || resume=--resume
exec$quoted --shard=\$SLURM_ARRAY_TASK_ID --shards=\$SLURM_ARRAY_TASK_COUNT --out="\$folder" \$resume
END
)
array=${array%%;*}
# Tasks with findings exit with 1, which Slurm takes for a failure: merge whatever they come to.
merge=$(
  sbatch --parsable --job-name=wavefuzz-merge --dependency="afterany:$array" --output="$out/merge.log" "${sbatch[@]}" <<END
#!/usr/bin/env bash
set -e
cd $(printf %q "$out")
$(printf %q "$wavefuzz") merge campaigns.sqlite shard-*/campaigns.sqlite
$(printf %q "$wavefuzz") history --db=campaigns.sqlite
END
)
echo "$array ${merge%%;*}"
