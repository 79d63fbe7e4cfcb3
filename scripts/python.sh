#!/usr/bin/env bash
# Prints the Python to build the environment with: python3, or the system's own of the same version where python3 was
# built without profile-guided optimisation (as pyenv builds it). That costs a tenth of all speed, and systems build
# theirs with it.
set -euo pipefail

system=/usr/bin/python3
version='import sys; print(*sys.version_info[:2])'
optimised='import sys, sysconfig; sys.exit("--enable-optimizations" not in (sysconfig.get_config_var("CONFIG_ARGS") or ""))'

chosen=python3
if ! python3 -c "$optimised" 2>/dev/null &&
  [ "$("$system" -c "$version" 2>/dev/null)" = "$(python3 -c "$version" 2>/dev/null)" ] &&
  "$system" -c 'import ensurepip, venv' 2>/dev/null; then
  chosen=$system
fi
echo "$chosen"
