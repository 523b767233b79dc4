#!/usr/bin/env bash
# Builds kclhost and passes every test, the ones on the real daemon included. Installs what is missing. What CI runs.
#
#   ./test.sh            everything
#   ./test.sh --quick    one preset, and without the tests that need a daemon or an image
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

case ${1:-} in
  '') quick=no ;;
  --quick) quick=yes ;;
  *)
    sed -n '2,5s/^# \{0,1\}//p' test.sh
    [ "$1" = --help ] && exit 0 || exit 2
    ;;
esac
[ $# -le 1 ] || { echo "test: one option at a time; see --help" >&2; exit 2; }

began=$SECONDS
step() { printf '\n==== %s (%d min %02d s)\n' "$*" $(((SECONDS - began) / 60)) $(((SECONDS - began) % 60)); }

build() { # PRESET
  step "build $1"
  cmake --preset "$1" >"/dev/null" || cmake --preset "$1"
  cmake --build --preset "$1" | { grep -vE '^\[[0-9]+/[0-9]+\] (Building|Linking)|^\[0/' || true; }
}

step "install what is missing"
scripts/install-deps test
python=/usr/bin/python3
# Many tests wait for something most of the time. One that hangs is ended, and says so. What failed is said again at the end.
run_tests() { # PRESET [an option of ctest]...
  local report=build/$1/tests.xml
  ctest --preset "$@" --timeout 900 --parallel $(($(nproc) + 1)) --output-junit "$PWD/$report" && return
  tests/failed_tests "$report"
  return 1
}

if [ $quick = yes ]; then
  build dev
  step "test dev"
  run_tests dev --label-exclude 'e2e|image|static'
  exit
fi

step "fetch local services and peers, beside the build"
mkdir -p .cache
{ scripts/local-services fetch && scripts/fetch-peers .cache/peers; } >.cache/fetch.log 2>&1 &
fetching=$!
trap 'wait $fetching || true' EXIT
build release
wait $fetching || { cat .cache/fetch.log; exit 1; }
trap - EXIT
step "fetch the daemon"
build/release/bin/kclhost fetch-daemon --to .cache/jars
export KCLHOST_PEERS_DIR=$PWD/.cache/peers KCLHOST_PYTHON=$python

# The sanitized programs have no business with daemons, images and sources. The tsan preset is what has threads, no more.
for sanitizer in asan tsan; do
  build $sanitizer
  step "test $sanitizer"
  TSAN_OPTIONS=halt_on_error=1 run_tests $sanitizer --label-exclude 'e2e|image|static'
done
build fuzz
step "fuzz targets on their seeds and a little further"
run_tests fuzz
step "test release"
run_tests release
step "the quick start"
./quickstart.sh
step "done"
