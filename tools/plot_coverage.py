#!/usr/bin/env python3
"""Draws docs/coverage/coverage.png from docs/coverage/classes.tsv. Usage: plot_coverage.py TABLE IMAGE"""
import collections
import csv
import pathlib
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

KINDS = [("passed", "runs here with parity", "#2a9d8f"), ("own", "not, for the model's own reason", "#b8b8b8"), ("ours", "fails here", "#e76f51"), ("untried", "not tried yet", "#eeeeee")]


def kind(row):
    return row["stage"] if row["stage"] in ("passed", "untried") else "own" if row["own"] == "own" else "ours"


def bars(axis, rows, column, most, title):
    counts = collections.defaultdict(collections.Counter)
    for row in rows:
        for name in filter(None, row[column].split(",")):
            counts[name][kind(row)] += 1
    names = sorted(counts, key=lambda n: -sum(counts[n].values()))[:most][::-1]
    left = [0] * len(names)
    for key, label, color in KINDS:
        values = [counts[n][key] for n in names]
        axis.barh(names, values, left=left, color=color, label=label)
        left = [a + b for a, b in zip(left, values)]
    for y, name in enumerate(names):
        total = sum(counts[name].values())
        axis.text(total, y, f" {counts[name]['passed']}/{total}", va="center", fontsize=8)
    axis.set_title(title)
    axis.margins(x=0.12)
    axis.spines[["top", "right"]].set_visible(False)


def main():
    table, image = map(pathlib.Path, sys.argv[1:3])
    with open(table, newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    figure, axes = plt.subplots(1, 3, figsize=(16, 9))
    bars(axes[0], rows, "modality", 20, "by modality")
    bars(axes[1], rows, "auto classes", 30, "by AutoModel class (30 largest)")
    bars(axes[2], rows, "family", 30, "by family (30 largest)")
    passed = sum(kind(row) == "passed" for row in rows)
    figure.suptitle(f"{passed} of {sum(kind(row) != 'untried' for row in rows)} tried model classes of transformers ({len(rows)} in all) run here with parity")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="lower center", ncols=4, frameon=False)
    figure.tight_layout(rect=(0, 0.04, 1, 1))
    figure.savefig(image, dpi=110)
    print(f"{image}: {passed} of {len(rows)}")


if __name__ == "__main__":
    main()
