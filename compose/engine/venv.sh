#!/usr/bin/env bash
# A Python virtual environment of exactly what a lock file names, with chaoslab installed from this checkout.
#
#   venv.sh FOLDER LOCK      e.g. venv.sh .venv requirements.lock
#
# Bare Debian and Ubuntu have Python without its venv module: as root it is installed. Exit: 0, or 4 with the next step.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=SCRIPTDIR/../images/debian.sh
. "$here/../images/debian.sh"
[ $# = 2 ] || { sed -n '2,6p' "$0" >&2; exit 2; }
folder=$1 lock=$2

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
can_make_environments() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

find_python() {
  local candidate
  for candidate in ${PYTHON:-python3} python3.14 python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null && new_enough "$candidate"; then command -v "$candidate"; return; fi
  done
  die "Python 3.11 or newer is needed, this is $(python3 --version 2>&1). Install one, then run this again with PYTHON=/path/to/python3"
}

main() {
  local python package
  python=$(find_python)
  if ! can_make_environments "$python"; then
    package=$(basename "$(readlink -f "$python")")-venv # the real name, such as python3.11-venv
    is_debian_family || die "$python has no venv module. Install it, then run this again"
    is_root || die "$python has no venv module. Run: sudo apt-get install $package"
    apt_install "$package"
  fi
  # An environment of a Python that has gone (an upgraded system, a moved checkout) is made anew.
  if ! "$folder/bin/pip" --version >/dev/null 2>&1; then "$python" -m venv --clear "$folder"; fi
  say "installing $lock into $folder"
  install_locked || die "pip could not install $lock. When the reason above is mended run this again"
}

# Nothing unhashed is fetched: the lock file names the build backend, too.
install_locked() {
  local pip=("$folder/bin/pip" --disable-pip-version-check --quiet install)
  "${pip[@]}" --require-hashes --requirement "$lock" && "${pip[@]}" --no-build-isolation --no-deps --editable "$here/../.."
}

main
