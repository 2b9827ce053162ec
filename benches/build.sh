#!/bin/sh
# What anyrt adds to a build: crates in the tree, and CPU seconds of a cold build, for each choice of features.
# sh benches/build.sh [dev|release]
set -eu
cd "$(dirname "$0")/.."
profile=${1:-dev}
cargo fetch --quiet
target=$(mktemp -d)
trap 'rm -rf "$target"' EXIT

measure() {
    name=$1
    shift
    crates=$(cargo tree --edges normal --prefix none --no-dedupe "$@" | sed 's/ (.*//' | sort -u | wc -l)
    rm -rf "$target"
    cpu=$({
        export CARGO_TARGET_DIR="$target"
        time -p cargo build --offline --quiet --profile "$profile" "$@"
    } 2>&1 | awk '/^(user|sys)/ { total += $2 } END { printf "%.1f", total }')
    echo "| $name | $crates | $cpu |"
}

echo "| $profile | crates, its own included | CPU s |"
echo "|---|---:|---:|"
measure 'anyrt-core alone' -p anyrt-core
measure 'anyrt, no feature' -p anyrt
measure 'anyrt, `tokio`' -p anyrt --features tokio
measure 'anyrt, `smol`' -p anyrt --features smol
measure 'anyrt, `async-std`' -p anyrt --features async-std
