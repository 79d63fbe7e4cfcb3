#!/usr/bin/env bash
# Makes sure that the integration tests find their real parts: Postfix, rspamd, Dovecot, and iproute2 for network namespaces.
# Nothing of it is started here, and a machine that has none of it still runs every other test: those that need a part
# are skipped, and say so.
set -euo pipefail

missing=()
[ -x /usr/sbin/smtp-source ] && [ -x /usr/sbin/postconf ] || missing+=(postfix)
command -v rspamd >/dev/null || missing+=(rspamd)
[ -x /usr/sbin/dovecot ] && [ -e /usr/lib/dovecot/imap ] && [ -e /usr/lib/dovecot/pop3 ] ||
  missing+=(dovecot-imapd dovecot-pop3d)
{ command -v ip || [ -x /usr/sbin/ip ]; } >/dev/null || missing+=(iproute2)
if [ ${#missing[@]} = 0 ]; then exit 0; fi

skip() {
  echo "==> Without ${missing[*]}: $1. The tests that need them will be skipped." >&2
  exit 0
}

command -v apt-get >/dev/null || skip "there is no apt-get here"
as_root=()
if [ "$(id -u)" != 0 ]; then
  sudo -n true 2>/dev/null || skip "installing needs root"
  as_root=(sudo -n)
fi
echo "==> Installing ${missing[*]} for the integration tests"
# RUNLEVEL=1 keeps Debian's packages from starting their services; Postfix gets no configuration of its own.
quiet=(env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1)
"${as_root[@]}" "${quiet[@]}" apt-get update -qq || skip "apt-get has no package lists"
echo "postfix postfix/main_mailer_type select No configuration" | "${as_root[@]}" debconf-set-selections || true
"${as_root[@]}" "${quiet[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
  skip "apt-get could not install them"
