#!/usr/bin/env bash
# Makes what a release leaves behind, for the releases after it: see README.md beside this file.
#
#   tests/upgrades/make.sh BINARY FOLDER POSTGRES_URL
#
# BINARY is that release's, FOLDER is made, POSTGRES_URL an empty database. Needs pg_dump and psql.
set -euo pipefail
[ $# -eq 3 ] || { sed -n '4,6s/^# *//p' "$0" >&2; exit 2; }
binary=$(realpath "$1") folder=$2 postgres=$3
[ ! -e "$folder" ] || { echo "$folder is there" >&2; exit 2; }
mkdir -p "$folder"
folder=$(realpath "$folder") work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# The first run: one of everything that a run can tell, and an end.
cat >whole.ron <<'RON'
(
    about: "crashes, a freeze that is resumed, a session that is down, a checkpoint",
    settings: (
        time: (scale: "max", start: "2026-01-05T10:00"),
        rate: (per_second: 400),
        warm_up: (enabled: false),
        population: (agents: 14),
    ),
    steps: [
        (at: Tick(2), do: [Agents(1, Crash), Session(4, Break(for_s: 1))]),
        (
            at: Tick(4),
            do: [CircuitBreaker(Trip(reason: "drill"))],
            expect: [State(frozen)],
            within: Seconds(10),
        ),
        (at: End(4), expect: [CyclesBroken(exactly: 1)]),
        (do: [Coordinator(Resume)]),
        (expect: [State(running), CyclesReplayed(at_least: 1)], within: Cycles(3)),
        (at: Tick(7), do: [Agents(1, FailNextCheckout(status: 500)), Coordinator(Checkpoint)]),
        (at: End(8), expect: [State(running)]),
    ],
)
RON

# The second run ends frozen.
cat >frozen.ron <<'RON'
(
    about: "a freeze that nobody resumes",
    settings: (
        time: (scale: "max", start: "2026-01-05T10:00"),
        rate: (per_second: 400),
        warm_up: (enabled: false),
        population: (agents: 8),
    ),
    steps: [
        (
            at: Tick(2),
            do: [CircuitBreaker(Trip(reason: "drill"))],
            expect: [State(frozen)],
            within: Seconds(10),
        ),
        (at: End(2), expect: [CyclesBroken(exactly: 1)]),
    ],
)
RON

# The third run: killed in the middle of a cycle, resumed, and killed again while it repeats it.
slow=(--agents 14 --time-scale max --rate 35 --warm-up off --start 2026-01-05T10:00)
# killed ATTEMPTS COMMAND...: with visits open that are of these attempts, exclude (first) or only (replays).
killed() {
    local attempts=$1
    shift
    CARTLOAD_CHECKPOINTS_EVERY_CYCLES=2 "$binary" "$@" --quiet &
    local process=$! closed=
    # Until this many cycles of this process are closed, and one is under way.
    for _ in $(seq 600); do
        closed=$("$binary" ctl status --json 2>/dev/null | grep -o '"cycles_completed":[0-9]*') || true
        [ "${closed##*:}" = "" ] || [ "${closed##*:}" -lt "$enough" ] || break
        sleep 0.1
    done
    # Not between two cycles: it stands still while that is looked at.
    for _ in $(seq 100); do
        sleep 0.3
        kill -STOP $process
        [ -z "$("$binary" events --table shopping_sessions --outcome active --replay "$attempts" --json)" ] || break
        kill -CONT $process
    done
    kill -9 $process
    wait $process || true
    if "$binary" verify >said; then
        echo "the kill hit no cycle: again, in another database" >&2
        exit 1
    fi
    grep -q active said || { cat said >&2; exit 1; }
}

# A data directory as it lies there, each file packed by itself.
pack() {
    # A look at the database moves the write-ahead log into its file.
    "$binary" migrate >/dev/null
    (cd data && find . -type f ! -name '*-wal' ! -name '*-shm' | sort) | while read -r file; do
        mkdir -p "$(dirname "$1/$file")"
        gzip -9 -n <"data/$file" >"$1/$file.gz"
    done
    for table in events shopping_sessions orders order_items coupon_interactions incidents cycles \
        coupon_assignments offer_cycles products coupons replays; do
        [ -n "$("$binary" events --run all --table "$table" --limit 1 --json 2>/dev/null)" ] ||
            { echo "nothing in $table" >&2; exit 1; }
    done
    # What this release says of its runs, the newest first.
    for run in $("$binary" verify --list --json | grep -o '"run_id":"[^"]*"' | cut -d'"' -f4); do
        "$binary" verify "$run" --json || true
    done >"$1.verified.jsonl"
    rm -rf data
}

make() {
    "$binary" run --scenario ./whole.ron --quiet
    for kind in freeze resume restart session_health injection command; do
        "$binary" events --table incidents --json | grep -q "\"kind\":\"$kind\"" ||
            { echo "no incident of kind $kind: again, in another database" >&2; exit 1; }
    done
    "$binary" run --scenario ./frozen.ron --quiet
    enough=2 killed exclude run "${slow[@]}"
    enough=2 killed only resume
}

make
pack "$folder/sqlite"
export DATABASE_URL=$postgres
make
# INSERT in the place of COPY and without psql's own commands: any client can send that.
pg_dump --inserts --no-owner --no-privileges --schema=cartload "$postgres" |
    sed '/^\\\(un\)\{0,1\}restrict /d' | gzip -9 -n >"$folder/postgres.sql.gz"
pack "$folder/postgres"
du -sh "$folder"
