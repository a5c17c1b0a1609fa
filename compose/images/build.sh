#!/usr/bin/env bash
# Builds chaoslab's images on the engine that `docker` talks to; an image whose inputs have not changed is left alone.
#
#   build.sh [NAME...]       toolbox toxiproxy redis postgres services (default: all)
#
#   CHAOSLAB_BASE            auto (default), pull, bootstrap, or an image of the same Debian suite
#   CHAOSLAB_DEBIAN_MIRROR   mirror to bootstrap from where this machine's apt sources name none
#
# Needs this folder and ../services, no checkout. pip's, Go's and proxy settings of this machine and its CA bundle go into the build as
# secrets: used, never kept in an image. Exit: 0, or 4 with the next step.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=SCRIPTDIR/debian.sh
. "$here/debian.sh"
# shellcheck source=SCRIPTDIR/base.sh
. "$here/base.sh"
context=$(dirname "$here")
version=$(cat "$here/VERSION")
work=$(mktemp -d)
builds=()
trap 'kill ${builds[@]+"${builds[@]}"} 2>/dev/null || : all have ended; rm -rf "$work"' EXIT

# The files that decide what an image becomes, seen from the build context.
inputs() {
  printf '%s\n' images/Dockerfile images/steps.sh
  case $1 in
    services) find services -type f ! -name '*.pyc' ;;
    *) [ ! -d "images/$1" ] || find "images/$1" -type f ;;
  esac
}

# shellcheck disable=SC2086 # $sha256 may be two words
fingerprint() { (cd "$context" && inputs "$1" | LC_ALL=C sort | xargs $sha256 | $sha256 | cut -c1-16); }
sha256=$(command -v sha256sum) || sha256='shasum -a 256' # macOS before 15

is_current() {
  local label
  label=$(docker image inspect --format '{{index .Config.Labels "chaoslab.inputs"}} {{index .Config.Labels "chaoslab.base"}}' "chaoslab/$1:$version" 2>/dev/null) || return 1
  [ "${label% *}" = "$(fingerprint "$1")" ] || return 1
  case ${CHAOSLAB_BASE:-auto} in auto) ;; *) [ "${label#* }" = "$CHAOSLAB_BASE" ] ;; esac
}

# The host's CA bundle: the one its tools are told to use, else the system's.
ca_bundle() {
  local file
  for file in "${SSL_CERT_FILE:-}" "${PIP_CERT:-}" "${REQUESTS_CA_BUNDLE:-}" /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
    if [ -r "$file" ]; then printf %s "$file"; return; fi
  done
}

# This machine's package index and proxy settings as shell assignments.
net_settings() {
  local name value
  for name in PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_TRUSTED_HOST PIP_DEFAULT_TIMEOUT GOPROXY GONOSUMDB GOSUMDB GONOPROXY GOPRIVATE GOINSECURE \
    http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    value=${!name:-}
    case $name in # what is set in configuration files
      PIP_INDEX_URL) value=${value:-$(python3 -m pip config get global.index-url 2>/dev/null)} || : not set there, or no pip here ;;
      GOPROXY) value=${value:-$(go env GOPROXY 2>/dev/null)} || : no Go here ;;
    esac
    [ -z "$value" ] || printf "export %s='%s'\n" "$name" "${value//\'/\'\\\'\'}"
  done
}

build() {
  local name=$1 refresh=$2 ca
  ca=$(ca_bundle)
  # The engine's own builder, named like the context: a builder in a container would not see the base image.
  docker buildx build --builder "$(docker context inspect --format '{{.Name}}')" --load --progress plain --provenance=false \
    --file "$here/Dockerfile" --target "$name" --tag "chaoslab/$name:$version" \
    --build-arg BASE="$base" --build-arg REFRESH="$refresh" --secret id=net,src="$work/net" ${ca:+--secret id=ca,src="$ca"} \
    --label chaoslab.inputs="$(fingerprint "$name")" --label chaoslab.base="$base_kind" "$context" >"$work/$name.log" 2>&1
}

# Builds one image; package lists that name what has left the mirror meanwhile are fetched anew, once.
build_and_tell() {
  local tag=chaoslab/$1:$version before
  before=$(docker image inspect --format '{{.Id}}' "$tag" 2>/dev/null) || before=
  if build "$1" "$(date +%G-%V)" || { grep -q ' 404 ' "$work/$1.log" && build "$1" "$(date +%s)"; }; then
    say "built $tag"
    # What the tag meant before would stay behind unnamed; where a container still uses it, or another version's tag means it, it may.
    [ "$(docker image inspect --format '{{len .RepoTags}}' "${before:-none}" 2>/dev/null)" != 0 ] || docker image rm "$before" >/dev/null 2>&1 || : in use
  elif grep -q 'context canceled' "$work/$1.log"; then
    exit 130 # Ctrl-C reached the build; the main shell has ended, too
  else
    tail -n 30 "$work/$1.log" >&2
    die "could not build $tag. Its log ends above; when it is mended run this again"
  fi
}

main() {
  local name build stale=() status=0
  [ $# -gt 0 ] || set -- toxiproxy services redis postgres toolbox
  docker version >/dev/null 2>&1 || die "no Docker engine answers. Run: make engine"
  for name; do
    grep -q "^FROM .* AS $name\$" "$here/Dockerfile" || die "there is no image called $name"
    is_current "$name" || stale+=("$name")
  done
  if [ ${#stale[@]} -eq 0 ]; then say "$# images are current (version $version)"; return; fi
  choose_base
  say "building ${stale[*]} on $base"
  net_settings >"$work/net"
  for name in "${stale[@]}"; do
    build_and_tell "$name" &
    builds+=($!)
  done
  for build in "${builds[@]}"; do wait "$build" || status=4; done
  exit $status
}

main "$@"
