#!/bin/sh
# Runs PostgreSQL in the foreground; the first start makes the cluster and the lab's tables. Data survives on the volume at /data.
set -eu
export PATH="/usr/lib/postgresql/17/bin:$PATH" PGDATA=/data/17
if [ ! -f "$PGDATA/ready" ]; then
  # An init that was killed half way begins anew.
  rm -rf "$PGDATA"
  initdb --no-sync --username=lab --auth=trust --encoding=UTF8 --locale=C >/tmp/initdb.log 2>&1 || { cat /tmp/initdb.log >&2; exit 1; }
  # Anyone may enter: only the lab's own network reaches this port.
  echo 'host all all all trust' >>"$PGDATA/pg_hba.conf"
  { echo 'CREATE DATABASE lab'; } | postgres --single -j -D "$PGDATA" postgres >/dev/null
  postgres --single -j -D "$PGDATA" lab </usr/local/share/lab/schema.sql >/dev/null
  touch "$PGDATA/ready"
  sync
fi
exec postgres -c listen_addresses='*' -c max_connections=60 -c shared_buffers=32MB -c max_wal_size=256MB \
  -c log_min_messages=warning -c log_checkpoints=off -c autovacuum_naptime=30s -c jit=off
