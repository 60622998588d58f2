#!/usr/bin/env bash
# One check at a real shop that runs (start_medusa.sh, start_vendure.sh): 20 agents, 12 cycles, a
# kill -9 in the middle, a resume; then the rows against the shop's own books, to the cent.
#   check.sh PROFILE [FOLDER]     medusa, medusa_login, vendure or vendure_login; FOLDER is made anew
# CARTLOAD names the program (target/release/cartload); medusa wants CARTLOAD_MEDUSA_KEY.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
profile=${1:?usage: $0 PROFILE [FOLDER]}
folder=${2:-$(mktemp -d)}
program=$(realpath "${CARTLOAD:-target/release/cartload}")
case $profile in
    medusa*) url=http://127.0.0.1:${CARTLOAD_MEDUSA_PORT:-8480} books=$here/orders_medusa.sh ;;
    vendure*) url=http://127.0.0.1:${CARTLOAD_VENDURE_PORT:-8490} books=$here/orders_vendure.sh ;;
    *) echo "no such profile: $profile" >&2; exit 2 ;;
esac
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"
cat > codes.ron <<'CODES'
(codes: [
    (code: "TEN", gives: "10%"),
    (code: "FIVE", gives: "5.00 off from 100.00"),
    (code: "DRAFT", gives: "10%"),
    (code: "OLD", gives: "20%"),
])
CODES
export CARTLOAD_OFFERS_COUPONS_FILE=$folder/codes.ron
"$books" | cut -d, -f1,2 | sort > before

"$program" run --api "$url" --profile "$profile" --agents 20 --cycles 12 --time-scale max \
    --rate 40 --warm-up off --start 2026-01-05T10:00 --json --quiet > run.json 2> run.log &
running=$!
sleep "${CARTLOAD_KILL_AFTER:-12}"
kill -9 $running && wait $running 2> /dev/null || true
"$program" resume --json --quiet --on-freeze exit > summary.json 2> resume.log
"$program" verify > verify.txt

"$books" | cut -d, -f1,2 | sort > after
comm -13 before after > shop
python3 - "$folder" <<'PYTHON'
import json, pathlib, sqlite3, sys
folder = pathlib.Path(sys.argv[1])
summary = json.loads(folder.joinpath("summary.json").read_text().splitlines()[-1])
shop = dict(line.split(",") for line in folder.joinpath("shop").read_text().split())
database = sqlite3.connect(folder / "data" / "cartload.db")
rows = {order: str(total) for order, total in
        database.execute("SELECT order_id, final_total_cents FROM orders")}
strange = {k: v for k, v in rows.items() if shop.get(k) != v}
missing = [order for order in shop if order not in rows]
unknown = summary["outcome_unknown"]
print(f"{len(shop)} orders at the shop, {len(rows)} rows, {unknown} outcomes unknown;",
      f"{summary['sessions']}, {summary['orders_recovered']} orders found after the kill,",
      f"carts left {summary['carts_left']}, requests {summary['requests']}")
if strange or len(missing) > unknown:
    sys.exit(f"NOT EQUAL: rows that the shop does not have so {strange}, no rows of {missing}")
print("equal to the cent; verify: clean")
PYTHON
