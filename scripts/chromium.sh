#!/usr/bin/env bash
# Makes sure that there is a Chromium for the browser tests: the machine's, else Debian's, else Playwright's own.
set -euo pipefail
bin=.venv/bin
found() { command -v chromium chromium-browser google-chrome 2>/dev/null | head -n 1; }

if [ -n "${NORTHPOST_CHROMIUM:-}" ] || [ -n "$(found)" ]; then exit 0; fi
if "$bin/python" - <<'PY'
import sys
from pathlib import Path
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    sys.exit(not Path(playwright.chromium.executable_path).exists())
PY
then exit 0; fi

echo "==> Installing Chromium for the browser tests"
if command -v apt-get >/dev/null; then
  as_root=""
  [ "$(id -u)" = 0 ] || as_root="sudo -n"
  if $as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq chromium >/dev/null; then
    exit 0
  fi
fi
if "$bin/python" -m playwright install chromium; then exit 0; fi
echo "No Chromium could be had. Install one (Debian: apt-get install chromium), or name it: NORTHPOST_CHROMIUM=/path." >&2
exit 1
