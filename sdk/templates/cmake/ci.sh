#!/bin/sh
# What CI runs: each step must pass. The image kclhost-sdk has all that it needs (see Dockerfile).
set -eu
cd "$(dirname "$0")"
cmake -B build
cmake --build build
ctest --test-dir build --output-on-failure
kclhost check --config kclhost.yaml
kclhost replay --config kclhost.yaml --format lines --end shard_ended sample.txt
kclhost conformance build/plugins/my_plugin.so --config kclhost.yaml
