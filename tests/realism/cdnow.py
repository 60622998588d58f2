"""Writes the purchases of CDNOW (PyPI package `lifetimes`) as an order history:

    python tests/realism/cdnow.py cdnow.csv && cartload agents fit --orders cdnow.csv --out cdnow

The package has a tenth of its customers: 2,357. A row is a purchase: who, day, CDs, price of one.
"""

import csv
import sys

from lifetimes.datasets import load_dataset


def rows():
    table = load_dataset(
        "CDNOW_sample.txt", header=None, sep=r"\s+", names=["id", "sample", "date", "cds", "spent"]
    )
    for row in table.itertuples():
        yield row.id, row.date, row.cds, round(row.spent / row.cds, 4)


if __name__ == "__main__":
    with open(sys.argv[1], "w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["customer", "date", "quantity", "price"])
        writer.writerows(rows())
