#!/usr/bin/env bash
# How many carts in Medusa's own database hold items and are not an order yet.
set -euo pipefail
export PGHOST=${PGHOST:-127.0.0.1} PGPORT=${PGPORT:-5432} PGUSER=${PGUSER:-postgres}
psql -X -q -A -t -v ON_ERROR_STOP=1 -d "${CARTLOAD_MEDUSA_DB:-cartload_medusa}" <<'SQL'
select count(*)
from cart c
where c.completed_at is null and c.deleted_at is null
  and exists (select from cart_line_item l where l.cart_id = c.id and l.deleted_at is null)
SQL
