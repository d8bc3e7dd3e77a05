#!/usr/bin/python3
"""Times two builds of plgraph against each other, row by row of the README's table and with a classifier of images.

    /usr/bin/python3 tools/bench/against.py OLD [--new build/plgraph] [--rounds 9] [--only NAME ...]

OLD and NEW are `plgraph` programs. In each round OLD, NEW and OLD once more are run in turn. For each row it prints the median over the rounds of NEW's time by OLD's, and how OLD stands against itself:
the median, and the least and the greatest of the rounds. A row is `slower` where the median is above 1.03 and above
all that OLD shows against itself. The classifier needs tools/fetch_data.sh mnist.
"""
import argparse
import pathlib
import statistics
import sys

from compare import CASES, MODELS
from process import PLGRAPH, ROOT, figure, heading, plgraph_update, processor, row

GIGABYTES = 20
ALLOWED = 1.03
CLASSIFIER = "mnist_classify"


def updates(case):
    """More than for the README: metrics.jsonl has thousandths of a second."""
    return case.updates * (2 if case.updates < 5 else 10)


# (model, settings, updates) by name
ROWS = {name: (MODELS[case.alpha], case.settings(), updates(case)) for name, case in CASES.items()}
ROWS[CLASSIFIER] = (
    ROOT / "models" / "mnist_classify.pbtxt",
    {"train.batch": 1, "train.report_every": 1, "train.evaluation.every": 0},
    300,
)


def seconds(tool, name):
    """Seconds of one update; ends the program where there are none."""
    result = plgraph_update(*ROWS[name], GIGABYTES, tool)
    if isinstance(result, str):
        sys.exit(f"{name}: {tool}: {result}")
    return result[0]


def measure(name, options):
    """Of each round the seconds of OLD, of NEW by OLD's, and of OLD by OLD's."""
    rounds = []
    for _ in range(options.rounds):
        tools = [options.old, options.new, options.old]
        first, new, last = (seconds(tool, name) for tool in tools)
        rounds.append((min(first, last), 2 * new / (first + last), last / first))
    return zip(*rounds)


def verdict(ratio, own):
    return "slower" if ratio > max(ALLOWED, *own) else "faster" if ratio < min(1 / ALLOWED, *own) else "as fast"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=pathlib.Path)
    parser.add_argument("--new", type=pathlib.Path, default=PLGRAPH)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", nargs="*", default=list(ROWS), choices=list(ROWS), metavar="NAME")
    options = parser.parse_args()
    print(f"On {processor()}; {options.rounds} rounds.\n")
    print(heading(["one update", "old", "new / old", "old / old", "least", "greatest", ""]))
    slower = False
    for name in options.only:
        times, ratios, own = measure(name, options)
        ratio = statistics.median(ratios)
        numbers = [ratio, statistics.median(own), min(own), max(own)]
        said = verdict(ratio, own)
        slower = slower or said == "slower"
        cells = [name, f"{figure(1000 * statistics.median(times))} ms", *(f"{number:.3f}" for number in numbers), said]
        print(row(cells), flush=True)
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
