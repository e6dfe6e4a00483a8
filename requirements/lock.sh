#!/bin/sh
# Renew both locks: pinned, hashed, for every Python the project supports, naming no index.
# Needs uv on the PATH. usage: sh requirements/lock.sh [--upgrade]
set -eu
cd "$(dirname "$0")/.."
lock() { uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate "$@"; }
lock pyproject.toml requirements/build.in -o requirements/run.lock "$@"
lock pyproject.toml requirements/build.in --extra dev -c requirements/run.lock -o requirements/dev.lock "$@"
