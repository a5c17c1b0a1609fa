# shellcheck shell=bash
# Sourced by engine.sh: Compose v2 and buildx, from the distribution where it packages them, else from Debian trixie's packages.

plugin_folder=/usr/local/lib/docker/cli-plugins

compose_works() { case $(docker compose version --short 2>/dev/null) in v[2-9]* | [2-9]*) ;; *) false ;; esac; }
buildx_works() { docker buildx version >/dev/null 2>&1; }
buildx_version() { docker buildx version | awk '{ print "buildx " $2 }'; }

ensure_plugins() {
  local plugin wanted=()
  compose_works || wanted+=(compose)
  buildx_works || wanted+=(buildx)
  [ ${#wanted[@]} -gt 0 ] || return 0
  if ! is_debian_family || ! is_root; then
    die "docker has no ${wanted[*]} plugin. $(is_debian_family && echo 'Run once as root: sudo make engine' || echo 'Install it with your package manager, then run this again')"
  fi
  for plugin in "${wanted[@]}"; do
    plugin_from_distribution "$plugin" || from_trixie+=("docker-$plugin")
  done
  [ ${#from_trixie[@]} -eq 0 ] || plugins_from_trixie "${from_trixie[@]}"
  { compose_works && buildx_works; } || die "docker still has no ${wanted[*]} plugin after installing it. Look at: docker info --format '{{json .ClientInfo.Plugins}}'"
}
from_trixie=()

# Ubuntu has docker-compose-v2; Debian has Compose v2 as docker-compose since trixie (before, that name is the old Python program).
plugin_from_distribution() {
  local package
  for package in "docker-$1-v2" "docker-$1"; do
    has_package "$package" || continue
    if [ "$package" = docker-compose ] && ! apt-cache show "$package" | grep -q '^Version: 2'; then continue; fi
    apt_install "$package"
    return
  done
  return 1
}

# Single binaries that need only libc >= 2.34, fetched through an apt configuration of their own: the machine's stays untouched.
plugins_from_trixie() {
  local mirror work keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  mirror=${CHAOSLAB_DEBIAN_MIRROR:-$(debian_mirror "")}
  [ "$(os_release ID)" = debian ] || [ -n "${CHAOSLAB_DEBIAN_MIRROR:-}" ] || mirror=
  [ -n "$mirror" ] || die "this distribution has no package for $*. Install the Compose and buildx plugins of Docker, or set CHAOSLAB_DEBIAN_MIRROR to a Debian mirror, then run this again"
  say "fetching $* from Debian trixie's packages"
  work=$(mktemp -d)
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/empty"
  echo "deb $([ ! -f $keyring ] || echo "[signed-by=$keyring]") $mirror trixie main" >"$work/sources.list"
  local apt=(apt-get -q -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts="$work/empty" -o Dir::Etc::PreferencesParts="$work/empty"
    -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none)
  if ! (cd "$work" && "${apt[@]}" update && "${apt[@]}" download "$@") >"$work/log" 2>&1; then
    tail -n 20 "$work/log" >&2
    die "could not fetch $* from Debian trixie. Check that this machine's apt mirror has trixie, or install the plugins by hand"
  fi
  local package
  mkdir -p $plugin_folder
  for package in "$@"; do
    dpkg -x "$work/$package"_*.deb "$work/unpacked"
    install -m 755 "$work"/unpacked/usr/libexec/docker/cli-plugins/"$package" $plugin_folder/ ||
      die "Debian's $package package holds no CLI plugin where it was expected. Install the plugin by hand"
  done
  rm -rf "$work"
}
