#!/usr/bin/env bash
# How many orders in Vendure's own database hold items and are not placed yet.
set -euo pipefail
export PGHOST=${PGHOST:-127.0.0.1} PGPORT=${PGPORT:-5432} PGUSER=${PGUSER:-postgres}
psql -X -q -A -t -v ON_ERROR_STOP=1 -d "${CARTLOAD_VENDURE_DB:-cartload_vendure}" <<'SQL'
select count(*)
from "order" o
where o.active and o."orderPlacedAt" is null
  and exists (select from order_line l where l."orderId" = o.id and l.quantity > 0)
SQL
