#!/usr/bin/env python3
"""Writes goldens of recipes: costs of a model's tensors, and by an exact search of its own the least that any choice of types costs.

usage: recipe_goldens.py COSTS.json OUT.json [BITS ...]

COSTS.json is what `edgepipe quantize --bpw 4 --text TEXT --costs FOLDER` leaves in FOLDER. The search goes through all sums of bytes
(dynamic programming over the multiple-choice knapsack); edgepipe's search is greedy along convex hulls and is held against it.
"""
import functools
import json
import math
import sys


def least(tensors, capacity, unit):
    """The least cost within `capacity` units, and the option of each tensor."""
    infinity = float("inf")
    best = [0.0] + [infinity] * capacity
    chosen = []
    for options in tensors:
        following = [infinity] * (capacity + 1)
        picks = [-1] * (capacity + 1)
        for index, (bytes_, cost) in enumerate(options):
            size = bytes_ // unit
            for used in range(capacity - size + 1):
                value = best[used] + cost
                if value < following[used + size]:
                    following[used + size] = value
                    picks[used + size] = index
        best = following
        chosen.append(picks)
    end = min(range(capacity + 1), key=lambda used: best[used])
    if best[end] == infinity:
        sys.exit("recipe_goldens: nothing fits")
    cost, used, result = best[end], end, []
    for options, picks in zip(reversed(tensors), reversed(chosen)):
        index = picks[used]
        result.append(index)
        used -= options[index][0] // unit
    return cost, list(reversed(result))


def main():
    table = json.load(open(sys.argv[1]))["table"]["tensors"]
    bits = [float(text) for text in sys.argv[3:]] or [3.0, 3.5, 4.0, 4.5, 5.5]
    tensors = [[(choice["bytes"], choice["cost"]) for choice in tensor["choices"]] for tensor in table]
    unit = functools.reduce(math.gcd, (bytes_ for options in tensors for bytes_, _ in options))
    weights = sum(max(bytes_ for bytes_, _ in options) for options in tensors) * 8 / 8.5
    sizes = [int(weights * value / 8) for value in bits]
    smallest = sum(min(bytes_ for bytes_, _ in options) for options in tensors)
    golden = {
        "tensors": [
            {"name": tensor["name"], "choices": [[c["type"], c["bytes"], c["cost"]] for c in tensor["choices"]]} for tensor in table
        ],
        "sizes": [],
    }
    for size in sizes:
        if size < smallest:
            continue
        cost, picks = least(tensors, size // unit, unit)
        types = [tensor["choices"][index]["type"] for tensor, index in zip(table, picks)]
        golden["sizes"].append({"bytes": size, "leastCost": cost, "types": types})
        print(f"{size} bytes: {cost:.6f}")
    with open(sys.argv[2], "w") as file:
        json.dump(golden, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
