# shellcheck shell=bash
# Sourced by the scripts of images/ and engine/: messages, and what this machine's own apt settings say.

say() { printf '%s: %s (%d s)\n' "${0##*/}" "$*" "$SECONDS"; }

# Ends with exit code 4 (tool or lab error); the message ends with the exact next step.
die() { printf '%s: error: %s\n' "${0##*/}" "$*" >&2; exit 4; }

is_root() { [ "$(id -u)" = 0 ]; }

# One field of /etc/os-release; empty on systems without one.
os_release() { [ ! -r /etc/os-release ] || (. /etc/os-release && eval "printf %s \"\${$1:-}\""); }

is_debian_family() { command -v apt-get >/dev/null && case " $(os_release ID) $(os_release ID_LIKE) " in *' debian '* | *' ubuntu '*) ;; *) false ;; esac; }

# Installs packages, without what they only recommend. Waits for another apt; prints apt's output only where it fails.
apt_install() {
  local log
  log=$(mktemp)
  say "installing $*"
  # A broken third-party source fails the update, not necessarily this install: the install decides.
  [ -n "${apt_is_fresh:-}" ] || apt-get -q update >"$log" 2>&1 || echo "(apt-get update: exit $?)" >>"$log"
  if ! DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "$@" >>"$log" 2>&1; then
    tail -n 20 "$log" >&2
    die "apt could not install $*; mend this first: apt-get update && apt-get install $*"
  fi
  apt_is_fresh=1
  rm -f "$log"
}

# COMPONENT|ORIGIN|SUITE|CODENAME|ADDRESS of each package list; apt knows only those that it has fetched.
apt_sources() {
  # shellcheck disable=SC2016 # apt expands these
  local list=(apt-get indextargets --format '$(COMPONENT)|$(ORIGIN)|$(RELEASE)|$(CODENAME)|$(REPO_URI)' 'Created-By: Packages')
  [ -n "$("${list[@]}")" ] || apt-get -q update >/dev/null 2>&1 || return 0 # nothing fetched, nothing listed: the caller says what to do
  "${list[@]}"
}

# debian_mirror SUITE_SUFFIX: where this machine gets Debian packages from ("" = main archive, "-security"); empty if nowhere.
# apt itself reads its settings (one-line, deb822, comments, options). The archive of this suite that calls itself Debian is best: a third
# party's may have the same suite name.
debian_mirror() {
  local suite uri
  suite=$(os_release VERSION_CODENAME)$1
  uri=$(apt_sources | awk -F '|' -v suite="$suite" -v suffix="$1" '
      $1 != "main" || $5 !~ /^(https?:|mirror)/ { next }
      { points = 2 * ($3 == suite || $4 == suite) + ($2 == "Debian" && suffix == "" && $3 !~ /-security/) }
      points > best { best = points; uri = $5 }
      END { print uri }')
  uri=${uri%/}
  case $uri in # Debian's cloud images name a file with a list of mirrors; inside an image that file would not exist
    mirror+file:*) uri=$(awk '!/^#/ && NF { print $1; exit }' "${uri#mirror+file:}") ;;
  esac
  printf %s "${uri%/}"
}
