#!/usr/bin/env bash
# The placed orders in Medusa's own database, a line each: order id, total in cents, state.
# A total with parts of a cent is rounded half up.
set -euo pipefail
export PGHOST=${PGHOST:-127.0.0.1} PGPORT=${PGPORT:-5432} PGUSER=${PGUSER:-postgres}
psql -X -q -A -t -F, -v ON_ERROR_STOP=1 -d "${CARTLOAD_MEDUSA_DB:-cartload_medusa}" <<'SQL'
select o.id, round((s.totals ->> 'current_order_total')::numeric * 100), o.status
from "order" o
join order_summary s on s.order_id = o.id and s.version = o.version and s.deleted_at is null
where o.deleted_at is null and not o.is_draft_order
order by o.display_id
SQL
