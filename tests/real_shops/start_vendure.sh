#!/usr/bin/env bash
# A Vendure server with known data, in the foreground: install, populate, start.
#   start_vendure.sh [--fresh] [WORK]     WORK is ./work where it is not given
# What is done already is skipped; --fresh makes the data anew. The server is PostgreSQL's client:
# PGHOST, PGPORT, PGUSER, PGPASSWORD, CARTLOAD_VENDURE_DB; it listens at CARTLOAD_VENDURE_PORT.
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
work=${work:-work}/vendure
export CARTLOAD_VENDURE_DB=${CARTLOAD_VENDURE_DB:-cartload_vendure}
export PGHOST=${PGHOST:-127.0.0.1} PGPORT=${PGPORT:-5432} PGUSER=${PGUSER:-postgres}
export CARTLOAD_VENDURE_PORT=${CARTLOAD_VENDURE_PORT:-8490}
export VENDURE_DISABLE_TELEMETRY=true NODE_OPTIONS=${NODE_OPTIONS:---max-old-space-size=1024}
samples=@vendure/create@3.7.3

database=$CARTLOAD_VENDURE_DB
said() { printf '%s\n' "$*" >&2; }
ask() { psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$1" -c "$2"; }

mkdir -p "$work"
if ! cmp -s "$here/vendure/package.json" "$work/installed.json"; then
    said "installing Vendure (about 4 minutes)"
    cp "$here/vendure/package.json" "$work/"
    (cd "$work" && npm install --no-audit --no-fund >&2)
    cp "$work/package.json" "$work/installed.json"
fi
cp "$here"/vendure/*.js "$work/"

cd "$work"
if [ ! -e assets/products.csv ]; then
    said "fetching the sample catalogue of $samples"
    packed=$(npm pack --silent "$samples")
    mkdir -p assets
    tar -xzf "$packed" -C assets --strip-components 2 package/assets/initial-data.json \
        package/assets/products.csv
    rm "$packed"
fi
# The last promotion of extras.js; a database without it was left half way.
seeded() { [ "$(ask "$database" "select 1 from promotion where \"couponCode\" = 'OLD'" 2>&1)" = 1 ]; }
if [ "$fresh" = yes ] || ! seeded; then
    said "making the database $database (about a minute)"
    ask postgres "drop database if exists \"$database\" with (force)"
    ask postgres "create database \"$database\""
    node populate.js >&2
    node extras.js >&2
    seeded || { said "the seed left no data"; exit 1; }
fi

echo "vendure: http://127.0.0.1:$CARTLOAD_VENDURE_PORT/shop-api"
exec node index.js
