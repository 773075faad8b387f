#!/usr/bin/env python3
"""Tests the speed model of edgepipe fit on measurements that it was not fitted on.

    scripts/back-test-fit.py [--splits 40] [--seed 1] [--markdown]

Measurements (Benchmarks/device-measurements.csv) are divided in halves by model, many times over. On one half the two-term model is
fitted, with the factors of quantization types and the constant of prefill; on the other it predicts, and the error is
|prediction / measurement - 1|. Classes whose phones were not measured are predicted by the rules that the program has for them, from
the phones that were. Also told: how many measurements lie in the range that the program states. Needs no package.
"""

import argparse
import collections
import csv
import math
import pathlib
import random
import statistics

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Bits that one weight takes in files of a type, embeddings and output included.
BITS = {"IQ1_S": 2.0, "Q2_K": 3.2, "Q3_K_M": 4.0, "Q4_0": 4.7, "Q4": 4.7, "Q4_K_M": 4.95, "Q5_K_M": 5.7, "Q6_K": 6.6, "Q8_0": 8.5,
        "Q8": 8.5, "F16": 16.0, "4bit": 4.5}
# The program states these ranges: within so many percent, or a factor.
RANGES = {"measured": (0.8, 1.2), "measured prefill": (0.7, 1.6), "interpolated": (0.55, 1.9), "guessed": (0.5, 2.0)}
PHONES = ["Snapdragon 8 Elite Gen 5", "Dimensity 8400-class (MT6899)", "Snapdragon 8 Gen 2"]
# Parameters, in 10^9, of embeddings and outputs, which reading a prompt passes by: vocabulary x width, twice where they are not tied.
EMBEDDINGS = {"deepseek-r1-distill-qwen-1.5b": 0.467, "gemma-3-1b": 0.302, "phi-3.5-mini": 0.197, "phi-4-mini": 0.615,
              "qwen2.5-1.5b": 0.233, "qwen3-1.7b": 0.311, "smollm2-1.7b": 0.101}
# Per-layer embeddings and recurrent layers read other bytes than their size says; the program takes them from the file.
ODD = ("gemma-4", "qwen3.5", "lfm2")


def number(text):
    return float(text) if text else None


def measurements():
    with open(ROOT / "Benchmarks/device-measurements.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            bits = BITS.get(row["quant"])
            parameters = number(row["params_b"])
            if bits and parameters:
                yield dict(row, bits=bits, billions=parameters, gigabytes=parameters * bits / 8,
                           inner=parameters - EMBEDDINGS.get(row["model"], 0),
                           decode=number(row["decode_tps"]), prefill=number(row["prefill_tps"]))


def catalogue():
    with open(ROOT / "Sources/DeviceFit/Catalogue/devices.csv", newline="", encoding="utf-8") as file:
        return {row["soc"]: row for row in csv.DictReader(file)}


def least_squares(rows):
    """a and b of milliseconds = a x gigabytes + b x billions, each row weighted by what it took."""
    saa = sab = sbb = sat = sbt = 0.0
    for row in rows:
        time = 1000 / row["decode"]
        a, b = row["gigabytes"] / time, row["billions"] / time
        saa, sab, sbb, sat, sbt = saa + a * a, sab + a * b, sbb + b * b, sat + a, sbt + b
    determinant = saa * sbb - sab * sab
    if determinant <= 1e-12 * saa * sbb:
        return sat / saa, 0.0
    a, b = (sat * sbb - sbt * sab) / determinant, (saa * sbt - sab * sat) / determinant
    if b < 0:
        return sat / saa, 0.0
    return (a, b) if a > 0 else (0.0, sbt / sbb)


def milliseconds(constants, row, bits=None):
    gigabytes = row["billions"] * (bits or row["bits"]) / 8
    return constants[0] * gigabytes + constants[1] * row["billions"]


def fit(rows):
    """Constants of Q4_0 and Q8_0, factors of the other types against Q4_0, and of prefill."""
    base = [row for row in rows if row["quant"] in ("Q4_0", "Q8_0") and row["decode"]]
    constants = least_squares(base)
    factors, reading = collections.defaultdict(list), collections.defaultdict(list)
    for row in rows:
        if row["decode"]:
            factors[row["quant"]].append(row["decode"] * milliseconds(constants, row, BITS["Q4_0"]) / 1000)
        if row["prefill"]:
            reading[row["quant"]].append(row["prefill"] * row["inner"])
    return constants, {k: statistics.median(v) for k, v in factors.items()}, {k: statistics.median(v) for k, v in reading.items()}


def predictions(model, rows):
    constants, factors, reading = model
    for row in rows:
        kind = row["quant"]
        if row["decode"] and kind in factors:
            if kind in ("Q4_0", "Q8_0"):
                speed = 1000 / milliseconds(constants, row)
            else:
                speed = 1000 * factors[kind] / milliseconds(constants, row, BITS["Q4_0"])
            yield "decode", speed, row["decode"]
        if row["prefill"] and kind in reading:
            yield "prefill", reading[kind] / row["inner"], row["prefill"]


def quantile(ratios, share):
    """Of measurements against predictions, from predictions against measurements."""
    ordered = sorted(ratios)
    return 1 / ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Report:
    def __init__(self):
        self.errors = collections.OrderedDict()

    def add(self, name, expected, pairs):
        for kind, predicted, measured in pairs:
            self.errors.setdefault((name, kind, expected), []).append(predicted / measured)

    def show(self, markdown):
        columns = ["class", "of", "predictions", "median error", "90 % below", "largest", "stated range", "in it", "range of 90 %"]
        table = [columns]
        for (name, kind, expected), ratios in self.errors.items():
            errors = sorted(abs(ratio - 1) for ratio in ratios)
            low, high = RANGES.get(f"{expected} {kind}") or RANGES[expected]
            # The range is put around the prediction.
            inside = sum(low <= 1 / ratio <= high for ratio in ratios) / len(ratios)
            table.append([name, kind, str(len(ratios)), f"{statistics.median(errors):.1%}", f"{errors[math.ceil(0.9 * len(errors)) - 1]:.1%}",
                          f"{errors[-1]:.0%}", f"{low:g} to {high:g}", f"{inside:.0%}",
                          f"{quantile(ratios, 0.95):.2f} to {quantile(ratios, 0.05):.2f}"])
        widths = [max(len(row[column]) for row in table) for column in range(len(columns))]
        for index, row in enumerate(table):
            cells = [cell.ljust(width) if column < 2 else cell.rjust(width) for column, (cell, width) in enumerate(zip(row, widths))]
            print("| " + " | ".join(cells) + " |" if markdown else "  ".join(cells))
            if markdown and index == 0:
                print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def halves(rows, seed):
    models = sorted({row["model"] for row in rows})
    random.Random(seed).shuffle(models)
    first = set(models[: (len(models) + 1) // 2])
    return [row for row in rows if row["model"] in first], [row for row in rows if row["model"] not in first]


def big_gigahertz(cpu):
    total = 0.0
    clusters = [cluster.strip() for cluster in cpu.split("+")]
    for cluster in clusters[:-1] if len(clusters) > 1 else []:
        if not any(little in cluster for little in ("A53", "A55", "A510")):
            count = float(cluster.split("x")[0])
            total += count * next(float(word) for word in cluster.replace("/", " ").split() if "." in word and word.replace(".", "").isdigit())
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splits", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    print(f"{options.splits} splits from seed {options.seed}\n")
    rows = list(measurements())
    devices = catalogue()
    report = Report()

    def plain(row):
        return not row["model"].lower().startswith(ODD)

    phones = {soc: [row for row in rows if row["soc"] == soc and row["backend"] == "cpu" and plain(row)] for soc in PHONES}
    for soc, own in phones.items():
        for split in range(options.splits):
            known, unknown = halves(own, options.seed + split)
            report.add(f"measured: {soc}", "measured", predictions(fit(known), unknown))

    # Phones between those that were measured: a share of the bandwidth, the rest by the middle of the other two.
    def bandwidth(soc):
        return float(next(row for name, row in devices.items() if soc.split("-class")[0] in name)["bandwidth_gbps"])

    for soc, own in phones.items():
        fits = {other: fit(phones[other]) for other in PHONES if other != soc}
        share = statistics.mean(1000 / model[0][0] / bandwidth(other) for other, model in fits.items())
        model = ((1000 / (bandwidth(soc) * share), statistics.mean(m[0][1] for m in fits.values())),
                 {k: statistics.mean(m[1][k] for m in fits.values() if k in m[1]) for k in BITS if any(k in m[1] for m in fits.values())},
                 {k: statistics.mean(m[2][k] for m in fits.values() if k in m[2]) for k in BITS if any(k in m[2] for m in fits.values())})
        report.add("interpolated: each phone from the other two", "interpolated", predictions(model, own))

    # Apple's graphics processors: a share of the bandwidth, which one half of the rows tells.
    apple = [row for row in rows if row["engine"] == "llama.cpp" and row["backend"].startswith("Metal") and "legacy" not in row["backend"]
             and row["decode"] and not row["model"].lower().startswith("unsloth/gemma-4")]
    memory = {"A19 Pro": 76.8, "M5": 153.6}
    for split in range(options.splits):
        known, unknown = halves(apple, options.seed + split)
        share = statistics.median(row["decode"] * row["gigabytes"] / memory[row["soc"]] for row in known)
        report.add("measured: Apple, Metal", "measured",
                   [("decode", share * memory[row["soc"]] / row["gigabytes"], row["decode"]) for row in unknown])

    # Everything else: half of the bandwidth, and gigahertz times big cores.
    reference = fit(phones["Snapdragon 8 Gen 2"])
    for row in rows:
        soc = {"Snapdragon 778G": "Snapdragon 778G", "Kirin 9000": "Kirin 9000", "QCS8550 (8 Gen 2 class)": None}.get(row["soc"], 0)
        if soc == 0 or row["engine"] != "llama.cpp" or not row["backend"].startswith("CPU"):
            continue
        device = next((own for name, own in devices.items() if soc and soc in name), None)
        if device is None:
            # In no catalogue: published figures of the chip's memory and big cores.
            width, power = {"Kirin 9000": (44.0, 3.13 + 3 * 2.54), "Snapdragon 778G": (25.6, 2.4 + 3 * 2.2)}.get(row["soc"], (67.0, 14.4))
        else:
            width, power = float(device["bandwidth_gbps"]), big_gigahertz(device["cpu"]) or 9.0
        constants = (1000 / (width * 0.5), min(60, max(20, reference[0][1] * 14.4 / power)))
        report.add("guessed: chips without measurements", "guessed", [("decode", 1000 / milliseconds(constants, row), row["decode"])])
    report.show(options.markdown)
    print("\nfitted on all:")
    for soc, own in phones.items():
        (a, b), factors, reading = fit(own)
        print(f"  {soc}: {a:.1f} ms/GB, {b:.1f} ms per 10^9 parameters, prefill constant {reading['Q4_0']:.0f}")


if __name__ == "__main__":
    main()
