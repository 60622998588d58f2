#!/usr/bin/env bash
# A Medusa server with known data, in the foreground: install, migrate, seed, start.
#   start_medusa.sh [--fresh] [WORK]      WORK is ./work where it is not given
# What is done already is skipped; --fresh makes the data anew. The server is PostgreSQL's client:
# PGHOST, PGPORT, PGUSER, PGPASSWORD, CARTLOAD_MEDUSA_DB; it listens at CARTLOAD_MEDUSA_PORT.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
fresh=no
work=
for argument in "$@"; do
    case $argument in
        --fresh) fresh=yes ;;
        -*) echo "usage: $0 [--fresh] [WORK]" >&2; exit 2 ;;
        *) work=$argument ;;
    esac
done
work=${work:-work}/medusa
port=${CARTLOAD_MEDUSA_PORT:-8480}
database=${CARTLOAD_MEDUSA_DB:-cartload_medusa}
export PGHOST=${PGHOST:-127.0.0.1} PGPORT=${PGPORT:-5432} PGUSER=${PGUSER:-postgres}
export DATABASE_URL="postgres://$PGUSER${PGPASSWORD:+:$PGPASSWORD}@$PGHOST:$PGPORT/$database"
export MEDUSA_DISABLE_TELEMETRY=true NODE_OPTIONS=${NODE_OPTIONS:---max-old-space-size=1024}

said() { printf '%s\n' "$*" >&2; }
ask() { psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$1" -c "$2"; }

mkdir -p "$work"
if ! cmp -s "$here/medusa/package.json" "$work/installed.json"; then
    said "installing Medusa (about 3 minutes)"
    cp "$here/medusa/package.json" "$work/"
    (cd "$work" && npm install --legacy-peer-deps --no-audit --no-fund >&2)
    cp "$work/package.json" "$work/installed.json"
fi
cp "$here/medusa/medusa-config.ts" "$here/medusa/tsconfig.json" "$work/"
mkdir -p "$work/src/scripts"
cp "$here/medusa/src/scripts/seed.ts" "$work/src/scripts/"

cd "$work"
# The seed's last row; a database without it was left half way.
seeded() { [ "$(ask "$database" "select 1 from promotion where code = 'DRAFT'" 2>&1)" = 1 ]; }
if [ "$fresh" = yes ] || ! seeded; then
    said "making the database $database"
    ask postgres "drop database if exists \"$database\" with (force)"
    ask postgres "create database \"$database\""
    node_modules/.bin/medusa db:migrate --skip-scripts >&2
    node_modules/.bin/medusa exec ./src/scripts/seed.ts >&2
    seeded || { said "the seed left no data"; exit 1; }
fi

key=$(ask "$database" "select token from api_key where type = 'publishable' and title = 'Cartload'")
echo "CARTLOAD_MEDUSA_KEY=$key"
exec node_modules/.bin/medusa start --host 127.0.0.1 --port "$port"
