#!/bin/sh
# What CI runs: each step must pass.
set -eu
cd "$(dirname "$0")"
cargo build --release
chmod go-w target/release/libmy_plugin.so  # kclhost refuses files that others may write
cargo test
kclhost check --config kclhost.yaml
kclhost replay --config kclhost.yaml --format lines --end shard_ended sample.txt
kclhost conformance target/release/libmy_plugin.so --config kclhost.yaml
