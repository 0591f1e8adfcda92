#!/bin/sh
# The system programs of test/programs, on this machine.
#   programs.sh missing   prints the lines of the programs that are not installed
#   programs.sh install   installs their Debian packages, as root; fails when a program is still missing that is not optional
set -eu
# A user's PATH may leave these out.
PATH="$PATH:/usr/sbin:/sbin"
cd "$(dirname "$0")/.."

present() {
  case $1 in
    # The pattern is to be expanded.
    /*) for file in $1; do [ -x "$file" ] && return; done; return 1 ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

missing() {
  while read -r program packages; do
    case $program in "#"* | "") continue ;; esac
    present "${program#\?}" || echo "$program $packages"
  done <test/programs
}

# Says in one line what it installs; the output of apt-get is shown only when it fails.
apt_install() {
  [ $# -gt 0 ] || return 0
  echo "Installing what the tests need: $*"
  log=$(mktemp)
  # Debian's minimal images have no list of packages.
  if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; } >"$log" 2>&1; then
    cat "$log" >&2
  fi
  rm "$log"
}

case ${1:-} in
  missing) missing ;;
  install)
    # shellcheck disable=SC2046 # Each package is a word.
    apt_install $(missing | grep -v "^?" | cut -d " " -f 2- | tr " " "\n" | sort -u)
    missing | grep "^?" | while read -r _ packages; do
      # shellcheck disable=SC2086
      apt_install $packages
    done
    ! missing | grep -v "^?" >&2
    ;;
  *) sed -n "2,4s/^# //p" "$0" >&2; exit 2 ;;
esac
