#!/usr/bin/env bash
# Words on a Kinesis stream, counted by a compiled plugin that the real MultiLangDaemon drives: all on this machine.
#
#   ./quickstart.sh          installs what is missing, builds, runs, compares the counts, stops everything
#   ./quickstart.sh --keep   the same, but leaves it running to play with
#   ./quickstart.sh --stop   stops what --keep left
#
# Downloads are kept in .cache; logs, configuration and counts of the last run in .cache/quickstart.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

root=$PWD
cache=${KCLHOST_CACHE:-$root/.cache}
work=$cache/quickstart
python=/usr/bin/python3
kclhost=$root/build/release/bin/kclhost
stream=words
application=quickstart
shards=3
keep=no

# ---- Telling ---------------------------------------------------------------------------------------------------------

now() { printf '%s' "${EPOCHREALTIME/[.,]/}"; }
step() { # NAME LOG COMMAND...: one line with the time it took; on failure, the end of its log
  local name=$1 log=$work/$2 begin took
  shift 2
  printf '  %-34s' "$name"
  begin=$(now)
  if ! "$@" >"$log" 2>&1 </dev/null; then
    printf 'failed\n'
    fail "$name failed" "$log"
  fi
  took=$((($(now) - begin) / 100000))
  printf '%4d.%d s\n' $((took / 10)) $((took % 10))
}
fail() { # MESSAGE [LOG]
  if [ -n "${2:-}" ] && [ -s "$2" ]; then
    printf '\n  the end of %s:\n' "$2" >&2
    tail -n 20 "$2" | sed 's/^/    /' >&2
  fi
  printf '\nquickstart: %s\n' "$1" >&2
  exit 1
}

# ---- Processes -------------------------------------------------------------------------------------------------------
# $work/NAME.pid holds a process's id and start time: an id alone may be another process's by the time of --stop.

start_time() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
start() { # NAME COMMAND...: in the background, in a session of its own, gone when this script is (except with --keep)
  local name=$1 guard=()
  shift
  [ $keep = yes ] || guard=(setpriv --pdeathsig TERM --)
  "${guard[@]}" setsid "$@" >"$work/$name.log" 2>&1 </dev/null 9>&- & # 9: the lock is ours alone
  echo "$! $(start_time $!)" >"$work/$name.pid"
}
running() { # NAME
  local pid started
  read -r pid started 2>/dev/null <"$work/$1.pid" && [ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ] &&
    ! grep -q '^State:[[:space:]]Z' "/proc/$pid/status" 2>/dev/null
}
stop() { # NAME [SECONDS]: SIGTERM, and again after SECONDS, which makes kclhost launch kill; waits
  local pid _ tenths=0 patience=$((${2:-60} * 10))
  if running "$1"; then
    read -r pid _ <"$work/$1.pid"
    kill -TERM "$pid" 2>/dev/null || true
    while running "$1"; do
      sleep 0.1
      tenths=$((tenths + 1))
      [ $((tenths % patience)) -ne 0 ] || kill -TERM "$pid" 2>/dev/null || true
    done
  fi
  rm -f "$work/$1.pid"
}
stop_all() { # [SECONDS]
  stop launch "${1:-}"
  stop services
}
give_up() { # at exit, whatever the reason
  trap '' INT TERM HUP
  if running launch; then printf '\nstopping ...\n'; fi
  stop_all 2
}
await() { # NAME COMMAND...: until the command succeeds, as long as the process NAME lives
  local name=$1
  shift
  until "$@"; do
    running "$name" || return 1
    sleep 0.2
  done
}

# ---- Words -----------------------------------------------------------------------------------------------------------

words() { # one a line, each at its own rate
  local i
  for i in $(seq 1 60); do
    printf '%s\n' stream shard record
    [ $((i % 2)) -ne 0 ] || echo lease
    [ $((i % 3)) -ne 0 ] || echo checkpoint
    [ $((i % 5)) -ne 0 ] || echo "größe"
    [ $((i % 4)) -ne 0 ] || echo kinesis
  done
}
totals() { sort | uniq -c | awk '{ print $2, $1 }'; } # words in; "WORD COUNT" lines out
counted() { # the sum over the shards' files, as "WORD COUNT" lines
  PYTHONUTF8=1 $python - "$work/counts" <<'PYTHON'
import collections, json, pathlib, sys
total = collections.Counter()
for file in pathlib.Path(sys.argv[1]).glob("*.json"):
    total.update(json.loads(file.read_text())["words"])
for word, count in sorted(total.items(), key=lambda item: item[0].encode()):
    print(word, count)
PYTHON
}
progress() { # shows how far it is; succeeds when everything is counted
  local have
  have=$(counted | awk '{ n += $2 } END { print n + 0 }')
  if [ -t 1 ]; then printf '\r  counting                            %3d of %d' "$have" "$put"; fi
  [ "$have" -ge "$put" ]
}

# ---- Steps -----------------------------------------------------------------------------------------------------------

build() {
  # The tests need more packages; a tree that was configured with them is used as it is.
  [ -f build/release/build.ninja ] || cmake --preset release -DKCLHOST_BUILD_TESTS=OFF -DKCLHOST_WERROR=OFF || return
  cmake --build build/release --target kclhost kclhost-put kclhost-prime word_counter
}
# config/kclhost.yaml, with the counts in files, and a KCL that gives out leases as often as suits a daemon that is alone.
configure() {
  awk -v counts="$work/counts" -v logback="$root/config/daemon/logback.xml" '
    skipping && /^    / { next }
    { skipping = 0 }
    /^  config:/ { print "  config:\n    output_dir: " counts; skipping = 1; next }
    /^  logback:/ { print "  logback: " logback; next }
    { print }
    /^  properties:/ {
      print "    leaseAssignmentIntervalMillis: 2000"
      print "    retrievalMode: POLLING"
    }' config/kclhost.yaml >"$work/kclhost.yaml" || return
  "$kclhost" check --config "$work/kclhost.yaml"
}
shut_down() { # fails when launch says that it did not go in order
  local pid _
  read -r pid _ <"$work/launch.pid"
  stop launch
  wait "$pid" || { tail -n 20 "$work/launch.log"; return 1; }
}
start_services() {
  start services $python scripts/local-services up "$work/services.env"
  await services test -e "$work/services.env" || { cat "$work/services.log"; return 1; }
}
put_words() {
  "$kclhost" put --stream $stream --create-stream $shards --endpoint "$KCLHOST_KINESIS_ENDPOINT" --region "$AWS_REGION" \
    "$work/words.txt"
}
checkpoints() { $python scripts/local-services checkpoints $application; }
checkpointed() { # every shard whose words were counted has left the beginning
  local shard checkpoint
  while read -r shard checkpoint; do
    [ "$checkpoint" != TRIM_HORIZON ] || [ ! -e "$work/counts/$shard.json" ] || return 1
  done < <(checkpoints)
}

case ${1:-} in
  '') ;;
  --keep) keep=yes ;;
  --stop)
    if running launch || running services; then
      stop_all
      echo "stopped"
    else
      echo "nothing to stop"
    fi
    exit 0
    ;;
  *)
    sed -n '2,8s/^# \{0,1\}//p' quickstart.sh
    [ "$1" = --help ] && exit 0 || exit 2
    ;;
esac
[ $# -le 1 ] || { echo "quickstart: one option at a time; see --help" >&2; exit 2; }

case $work in
  *[[:space:]]*) fail "the daemon can't be given a path with a blank in it; move this directory: $root" ;;
esac
mkdir -p "$cache"
exec 9>"$cache/quickstart.lock"
flock -n 9 || fail "another quickstart.sh is at work in this directory"
if running launch || running services; then fail "still running since --keep; first: ./quickstart.sh --stop"; fi
rm -rf "$work"
mkdir -p "$work/counts"

trap 'exit 130' INT
trap 'exit 143' TERM HUP
trap give_up EXIT

began=$(now)
echo "kclhost quick start"
scripts/install-deps --list build run >"$work/missing"
packages=$(wc -l <"$work/missing")
step "Debian packages ($packages to install)" packages.log scripts/install-deps build run
step "build" build.log build
step "the daemon's jars" fetch.log "$kclhost" fetch-daemon --to "$cache/jars"
step "local Kinesis and DynamoDB" fetch-services.log scripts/local-services fetch

# What the daemon and every AWS SDK read; the user's own settings would take us to a real account.
unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL AWS_ENDPOINT_URL_KINESIS AWS_ENDPOINT_URL_DYNAMODB
export KCLHOST_PLUGINS_DIR=$root/build/release/plugins KCLHOST_JARS=$cache/jars KCLHOST_STATE_DIR=$work/state
export KCLHOST_STREAM=$stream KCLHOST_APPLICATION=$application KCLHOST_KCL_METRICS=NONE
step "start them" start.log start_services
set -a
# shellcheck disable=SC1091
. "$work/services.env"
set +a
step "check the configuration" check.log configure
words >"$work/words.txt"
put=$(wc -l <"$work/words.txt")
step "put $put words on $shards shards" put.log put_words

printf '  %-34s' "start the daemon, count"
begin=$(now)
start launch "$kclhost" launch --config "$work/kclhost.yaml"
await launch progress || { echo; fail "the daemon ended" "$work/launch.log"; }
took=$((($(now) - begin) / 100000))
[ ! -t 1 ] || printf '\r  %-34s' "start the daemon, count"
printf '%4d.%d s\n' $((took / 10)) $((took % 10))

if [ $keep = yes ]; then
  step "checkpoint" checkpoint.log await launch checkpointed
else
  step "shut down gracefully" stop.log shut_down
fi

totals <"$work/words.txt" | LC_ALL=C sort >"$work/expected"
counted | LC_ALL=C sort >"$work/got"
printf '\n  %-14s %5s %8s\n' word put counted
LC_ALL=C join -a 1 -a 2 -e 0 -o 0,1.2,2.2 "$work/expected" "$work/got" |
  $python -c 'import sys
for line in sys.stdin.buffer:
    word, put, counted = line.decode().split()
    sys.stdout.buffer.write(f"  {word:14} {put:>5} {counted:>8}\n".encode())'
printf '\n  %-22s %s\n' shard "checkpoint in DynamoDB"
checkpoints | while read -r shard checkpoint; do printf '  %-22s %s\n' "$shard" "$checkpoint"; done
cmp -s "$work/expected" "$work/got" || fail "the counts differ from what was put" "$work/launch.log"
checkpointed || fail "a shard has no checkpoint" "$work/launch.log"

took=$((($(now) - began) / 1000000))
if [ $keep = no ]; then
  printf '\nAll %d words counted, in %d s. Next: ./quickstart.sh --keep leaves it running; README.md.\n' "$put" "$took"
  exit 0
fi
trap - EXIT
cat <<END

All $put words counted, in $took s. It goes on running:

  put more words     set -a; . $work/services.env; set +a
                     $kclhost put --stream $stream -w hello -w world
  follow its log     tail -f $work/launch.log
  the counts         cat $work/counts/*.json
  stop               $root/quickstart.sh --stop
END
