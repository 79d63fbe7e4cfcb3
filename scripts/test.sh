#!/usr/bin/env bash
# Every check and test, in the order in which they fail fastest. Ends with pytest's own closing line.
set -euo pipefail
bin=.venv/bin
step() { echo "==> $*"; }

step "Format"
"$bin/ruff" format --check --quiet .
step "Lint"
"$bin/ruff" check --quiet .
step "Types"
"$bin/mypy"
step "Import walls"
"$bin/lint-imports" --no-cache
step "Front end"
npm run --silent check
step "Tests: SQL walls, unit, integration, browser"
exec "$bin/python" -m pytest -n "${NORTHPOST_TEST_WORKERS:-2}" --dist loadfile --durations 10 "$@"
