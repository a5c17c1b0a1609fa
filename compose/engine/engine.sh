#!/usr/bin/env bash
# The Docker engine of this machine: used where one answers, installed and started where none is there.
#
#   engine.sh up       use the engine that answers; else, as root on Debian or Ubuntu, install and start one; exit 4 with the next step if neither
#   engine.sh stop     stop the engine, only if `up` started it
#
# DOCKER_HOST, contexts and TLS settings are respected: whatever `docker` talks to is the engine.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=SCRIPTDIR/../images/debian.sh
. "$here/../images/debian.sh"
# shellcheck source=SCRIPTDIR/plugins.sh
. "$here/plugins.sh"

state_file=/run/chaoslab/engine # "systemd", or "dockerd PID START": what `up` started
log_file=/var/log/chaoslab-dockerd.log

engine_version() { limited 20 docker version --format '{{.Server.Version}}' 2>/dev/null; }
limited() { if command -v timeout >/dev/null; then timeout "$@"; else shift && "$@"; fi; } # macOS has no timeout

# Where docker looks for its engine, if someone chose a place: DOCKER_HOST or a context. Empty: this machine's own socket.
chosen_engine() {
  local context
  [ -z "${DOCKER_HOST:-}" ] || { printf 'DOCKER_HOST=%s' "$DOCKER_HOST"; return; }
  context=$(docker context inspect --format '{{.Name}}') || die "the docker context that is chosen does not exist. Look at: docker context ls"
  [ "$context" = default ] || printf 'the docker context "%s"' "$context"
}

require_docker_cli() {
  command -v docker >/dev/null && return
  case $(uname -s) in Darwin) die "no docker here. Install and start Docker Desktop, then run this again" ;; esac
  is_debian_family || die "no docker here. Install Docker Engine (20.10 or newer) with the Compose and buildx plugins, then run this again"
  is_root || die "no docker here. Run once as root: sudo make engine"
  # Trixie has the client as a package of its own; before, docker.io holds both.
  if has_package docker-cli; then apt_install docker-cli; else install_engine; fi
}

# The package itself starts the service where systemd runs.
install_engine() {
  apt_install docker.io iptables
  [ ! -d /run/systemd/system ] || remember systemd
}

# remember WHAT: that we started the engine; `stop` stops no other.
remember() { mkdir -p "${state_file%/*}" && echo "$*" >"$state_file"; }

has_package() {
  [ -n "${apt_is_fresh:-}" ] || apt-get -q update >/dev/null 2>&1 || say "apt-get update failed; going on with the package lists that are there"
  apt_is_fresh=1
  apt-cache show "$1" >/dev/null 2>&1
}

# Ends with a message unless this user may start an engine here.
require_startable() {
  local chosen
  chosen=$(chosen_engine)
  [ -z "$chosen" ] || die "$chosen does not answer. Start that engine, or unset it, then run this again"
  case $(uname -s) in Darwin) die "the engine does not answer. Start Docker Desktop, then run this again" ;; esac
  if [ -S /var/run/docker.sock ] && [ ! -w /var/run/docker.sock ]; then
    die "this user may not use /var/run/docker.sock. Run: sudo usermod -aG docker $(id -un), log in again, then run this again"
  fi
  is_root || die "no engine answers and this is not root. Run once: sudo make engine"
}

start_engine() {
  if [ -d /run/systemd/system ]; then
    say "starting the docker service"
    systemctl start docker || die "systemd could not start docker. Look at: journalctl -u docker"
    remember systemd
  else
    start_by_hand
  fi
  wait_until_answering
}

start_by_hand() {
  say "starting dockerd (log: $log_file)"
  # A pid file that an earlier container or a SIGKILL left behind keeps dockerd from starting when the number lives again.
  if [ -f /var/run/docker.pid ] && [ "$(cat "/proc/$(cat /var/run/docker.pid)/comm" 2>/dev/null)" != dockerd ]; then rm -f /var/run/docker.pid; fi
  make_room_in_cgroup2
  iptables -w 10 -t nat -S >/dev/null 2>&1 || use_legacy_iptables
  setsid nohup dockerd >>"$log_file" 2>&1 </dev/null &
  remember dockerd $! "$(start_ticks $!)"
}

# Inside a container on cgroup v2: limits need a root group without processes of its own.
make_room_in_cgroup2() {
  local root=/sys/fs/cgroup pid
  if [ ! -f $root/cgroup.controllers ] || [ "$(cat /proc/self/cgroup)" != "0::/" ] || [ ! -w $root/cgroup.procs ]; then return; fi
  mkdir -p $root/init
  while read -r pid; do
    echo "$pid" >$root/init/cgroup.procs 2>/dev/null || continue # the process ended meanwhile
  done <$root/cgroup.procs
  sed -e 's/ / +/g' -e 's/^/+/' $root/cgroup.controllers >$root/cgroup.subtree_control ||
    say "cgroup controllers could not be handed down: memory and CPU limits may not work"
}

use_legacy_iptables() {
  say "this kernel refuses nftables; switching iptables to its legacy variant"
  update-alternatives --set iptables /usr/sbin/iptables-legacy >/dev/null || die "neither iptables variant works on this kernel. Load its netfilter modules, then run this again"
}

# Start time of a process in clock ticks (field 22 of its stat file): tells a recycled pid from the real one.
start_ticks() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

wait_until_answering() {
  local deadline=$((SECONDS + 90))
  until engine_version >/dev/null; do
    if [ $SECONDS -ge $deadline ] || ! started_engine_lives; then
      [ ! -f "$log_file" ] || tail -n 15 "$log_file" >&2
      die "dockerd was started but does not answer. The reason is in $log_file (or journalctl -u docker)"
    fi
    sleep 0.2
  done
}

# Whether the engine that `up` started is still there.
started_engine_lives() {
  local kind pid ticks
  [ -f "$state_file" ] || return 1
  read -r kind pid ticks <"$state_file"
  case $kind in
    systemd) systemctl -q is-active docker ;;
    *) [ -n "$ticks" ] && [ "$(start_ticks "$pid")" = "$ticks" ] ;;
  esac
}

up() {
  local version driver
  require_docker_cli
  if ! version=$(engine_version); then
    require_startable
    if ! command -v dockerd >/dev/null || ! command -v iptables >/dev/null; then
      is_debian_family || die "no engine here. Install Docker Engine (20.10 or newer) with the Compose and buildx plugins, then run this again"
      install_engine
    fi
    start_engine
    version=$(engine_version)
  fi
  ensure_plugins
  driver=$(docker info --format '{{.Driver}}')
  [ "$driver" != vfs ] || say "warning: the engine stores images without layers (vfs): slow and large, but it works"
  say "engine $version answers ($driver, compose $(docker compose version --short), $(buildx_version))"
}

stop() {
  local pid
  if ! started_engine_lives; then
    rm -f "$state_file"
    say "no engine that we started is running; nothing to stop"
    return
  fi
  say "stopping the engine that we started"
  if [ "$(cat "$state_file")" = systemd ]; then
    systemctl stop docker.socket docker
  else
    pid=$(cut -d' ' -f2 "$state_file")
    kill -TERM "$pid"
    local deadline=$((SECONDS + 60))
    while started_engine_lives; do
      [ $SECONDS -lt $deadline ] || die "dockerd (pid $pid) did not end within 60 s of SIGTERM. Look at $log_file"
      sleep 0.2
    done
  fi
  rm -f "$state_file"
  say "engine stopped"
}

case ${1:-} in
  up | stop) "$1" ;;
  *) sed -n '2,7p' "$0" >&2; exit 2 ;;
esac
