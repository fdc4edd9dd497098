#!/bin/bash
# One sweep over plain ssh: the same command on each machine, on one PostgreSQL.
#
#     ./sweep.sh alice@box1 alice@box2       # Ctrl-C ends it here; the same command goes on later
#
# Each machine has pocketzoo[postgres] installed, and the database's password in ~/.pgpass.
set -euo pipefail

: "${DATA:=digits}" "${PRESET:=cnn_small}" "${TRIALS:=200}"
: "${SSH:=ssh}"                                   # with -t, Ctrl-C would reach one of them alone
: "${FOLDER:=sweeps}"                             # on each machine; need not be shared
: "${POCKETZOO_STORAGE:=postgresql://sweeps@db.example.org/sweeps}"
name=cnn                                          # names the study: the same on all machines

[ "$#" -gt 0 ] || { echo "usage: $0 MACHINE..." >&2; exit 2; }
command="mkdir -p '$FOLDER' && POCKETZOO_STORAGE='$POCKETZOO_STORAGE' \
    KERAS_BACKEND='${KERAS_BACKEND:-jax}' exec pocketzoo tune '$DATA' '$PRESET' \
    --out '$FOLDER/$name' --trials '$TRIALS'"

pids=()
for machine in "$@"; do
    $SSH "$machine" "$command" > "sweep-${machine//[^A-Za-z0-9]/_}.log" 2>&1 &
    pids+=($!)
done
failed=0
for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
exit "$failed"
