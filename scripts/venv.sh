#!/usr/bin/env bash
# Makes the virtual environment and puts uv into it: venv.sh PYTHON DIRECTORY
set -euo pipefail
python="$1" directory="$2"

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "Northpost needs Python 3.11 or newer; '$python' is $("$python" --version 2>&1 || echo missing)." >&2
  echo "Install one, or name it: make demo PYTHON=/path/to/python3.11" >&2
  exit 1
fi
if ! command -v node >/dev/null || ! node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)'; then
  echo "Northpost needs Node 20 or newer to build its pages; found: $(node --version 2>/dev/null || echo none)." >&2
  exit 1
fi
[ -x "$directory/bin/pip" ] || "$python" -m venv "$directory" || {
  echo "Could not make $directory. On Debian: apt-get install python3-venv" >&2
  exit 1
}
"$directory/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
