#!/usr/bin/env bash
# The placed orders in Vendure's own database, a line each: order code, total in cents, state.
set -euo pipefail
export PGHOST=${PGHOST:-127.0.0.1} PGPORT=${PGPORT:-5432} PGUSER=${PGUSER:-postgres}
psql -X -q -A -t -F, -v ON_ERROR_STOP=1 -d "${CARTLOAD_VENDURE_DB:-cartload_vendure}" <<'SQL'
select code, "subTotalWithTax" + "shippingWithTax", state
from "order"
where "orderPlacedAt" is not null
order by id
SQL
