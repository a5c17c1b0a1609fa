"""Shell scripts that undos and looks run inside the lab's containers: POSIX sh, builtins wherever they do."""

SERVICE = """
p=1; read -r name </proc/1/comm
case $name in docker-init|tini|dumb-init|catatonit|s6-svscan) read -r p rest </proc/1/task/1/children;; esac
"""
"""Sets p to the service's own process: the first one, or the child of an init."""

LOOK = (
    SERVICE
    + """
while read -r a b c soft rest; do [ "$a $b $c" = "Max open files" ] && echo "nofile $soft"; done </proc/$p/limits
printf 'declared '; ulimit -Sn
while read -r key value rest; do case $key in Uid:) echo "uid $value";; Gid:) echo "gid $value";; esac; done </proc/$p/status
while read -r device at type rest; do
  case $type in tmpfs|ext4|ext3|xfs|btrfs|zfs|overlay|9p|virtiofs)
    for file in "$at"/chaoslab-* "$at"/*/chaoslab-*; do [ -e "$file" ] && echo "file $file"; done;;
  esac
done </proc/mounts
if [ -n "$1" ] && [ -r "$1" ]; then read -r offset <"$1"; echo "clock $offset"; fi
exit 0
"""
)
"""Argument: the libfaketime control file, or nothing. A fresh exec has the limits that the container was declared with."""

WRITE_CLOCK = 'printf "%s\\n" "$2" >"$1.chaoslab" && mv "$1.chaoslab" "$1"'
"""Arguments: the control file and the offset. Renamed into place, so that no half of it is ever read."""

REMOVE = 'rm -rf -- "$@"; for path in "$@"; do [ ! -e "$path" ] || exit 1; done'
"""Arguments: paths."""

SET_NOFILE = SERVICE + "prlimit --pid $p --nofile=$1:"
"""Argument: the soft limit. The hard one is never lowered: that could not be undone."""
