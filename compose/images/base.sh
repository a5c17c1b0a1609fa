# shellcheck shell=bash
# Sourced by build.sh: the image that all others start from, the same Debian suite whether pulled or bootstrapped.

base_suite=trixie
base_pull=debian:13.6-slim            # the suite's point release, from a container registry
base_bootstrapped=chaoslab/base:$base_suite # made here from Debian packages

has_image() { docker image inspect "$1" >/dev/null 2>&1; }

# Sets `base` and `base_kind` (pull, bootstrap or the image's name). CHAOSLAB_BASE decides; without it a registry that answers is preferred.
choose_base() {
  case ${CHAOSLAB_BASE:-auto} in
    auto)
      if has_image $base_bootstrapped; then base_kind=bootstrap
      elif has_image $base_pull || pull_base; then base_kind=pull
      else
        say "no container registry answers: bootstrapping the base image from Debian packages"
        bootstrap_base
        base_kind=bootstrap
      fi
      ;;
    pull)
      has_image $base_pull || pull_base || die "could not pull $base_pull. Check the registry, or set CHAOSLAB_BASE=bootstrap"
      base_kind=pull
      ;;
    bootstrap)
      has_image $base_bootstrapped || bootstrap_base
      base_kind=bootstrap
      ;;
    *)
      base_kind=$CHAOSLAB_BASE
      has_image "$CHAOSLAB_BASE" || docker pull -q "$CHAOSLAB_BASE" >/dev/null || die "there is no image $CHAOSLAB_BASE. Set CHAOSLAB_BASE to pull, bootstrap or an image of Debian $base_suite"
      ;;
  esac
  # shellcheck disable=SC2034 # for build.sh
  case $base_kind in pull) base=$base_pull ;; bootstrap) base=$base_bootstrapped ;; *) base=$base_kind ;; esac
}

# Pulls, but gives up when the registry has not begun to answer after 10 s (the engine itself would take minutes).
pull_base() {
  local log puller status=0 deadline=$((SECONDS + 10))
  log=$(mktemp)
  docker pull $base_pull >"$log" 2>&1 &
  puller=$!
  while kill -0 $puller 2>/dev/null && ! grep -q Pulling "$log"; do
    if [ $SECONDS -ge $deadline ]; then kill $puller; break; fi
    sleep 0.1
  done
  wait $puller || status=$?
  rm -f "$log"
  [ $status -ne 0 ] || say "pulled $base_pull"
  return $status
}

bootstrap_base() {
  local mirror security log options=() sources=()
  { is_debian_family && is_root; } || die "bootstrapping a base image needs root on Debian or Ubuntu. Make a registry reachable, or set CHAOSLAB_BASE to an image of Debian $base_suite that this engine has"
  if ! command -v mmdebstrap >/dev/null; then apt_install mmdebstrap debian-archive-keyring; fi
  if [ "$(os_release ID)" = debian ]; then
    mirror=$(debian_mirror "")
    security=$(debian_mirror -security)
  fi
  mirror=${CHAOSLAB_DEBIAN_MIRROR:-${mirror:-}}
  [ -n "$mirror" ] || die "this machine's apt sources name no Debian mirror. Set CHAOSLAB_DEBIAN_MIRROR to the address of one"
  sources+=("deb $mirror $base_suite main")
  [ -z "${security:-}" ] || sources+=("deb $security $base_suite-security main")
  # As in Debian's own slim images.
  for path in doc man info locale; do options+=(--dpkgopt="path-exclude=/usr/share/$path/*"); done
  log=$(mktemp)
  if ! mmdebstrap --quiet --variant=minbase --aptopt='Acquire::Languages "none"' "${options[@]}" $base_suite - "${sources[@]}" 2>"$log" |
    docker import --change 'CMD ["bash"]' --message "mmdebstrap $base_suite" - $base_bootstrapped >/dev/null; then
    tail -n 20 "$log" >&2
    die "could not bootstrap Debian $base_suite. Check this machine's apt mirror, or set CHAOSLAB_BASE to an image of Debian $base_suite"
  fi
  rm -f "$log"
  say "bootstrapped $base_bootstrapped"
}
