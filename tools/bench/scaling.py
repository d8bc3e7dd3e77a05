#!/usr/bin/python3
"""Times training of the pattern task with plgraph for episodes and batches of many sizes, and prints the table of the
README: milliseconds of one update, microseconds of one step of one sample, and the peak memory of the process.

    /usr/bin/python3 tools/bench/scaling.py [--neurons 100] [--rounds 3] [--limit 120] [--write]

A cell that would take more than --limit seconds a round is not run: its time is ten times that of the row above, and
is marked with a tilde. Needs build/plgraph (tools/quickstart.sh).
"""
import argparse
import sys

from process import MODEL, THREADS, figure, heading, medians, pattern_settings, plgraph_update, processor, row
from process import show

# By the length of the episodes; as in model.proto (Patterns).
STEPS = {
    10: dict(patterns=2, presentations=1, show_steps=3, gap_steps=1, query_steps=2),
    100: dict(patterns=5, presentations=2, show_steps=5, gap_steps=4, query_steps=10),
    1000: dict(patterns=5, presentations=2, show_steps=50, gap_steps=40, query_steps=100),
    10000: dict(patterns=5, presentations=2, show_steps=500, gap_steps=400, query_steps=1000),
}
BATCHES = (1, 4, 16, 64, 256)


def measure(length, batch, above, options):
    """(seconds of an update, MB, whether it was run), or why there is none; `above` is the cell of length / 10."""
    updates = min(200, max(2, 20000 // (length * batch)))
    if above is not None:
        if isinstance(above, str):
            return above
        expected = 10 * above[0]
        if expected * (updates + 1) > options.limit:
            return expected, 0, False
    settings = pattern_settings(options.neurons, batch, STEPS[length])
    rounds = [plgraph_update(MODEL, settings, updates, options.memory) for _ in range(options.rounds)]
    result = medians(rounds)
    return result if isinstance(result, str) else (*result, True)


def text(result, length, batch):
    if isinstance(result, str):
        return result
    seconds, megabytes, was_run = result
    times = f"{figure(1e3 * seconds)} ms, {figure(1e6 * seconds / (length * batch))} us"
    return f"{times}, {megabytes:.0f} MB" if was_run else f"~{times}"


def lines(options):
    yield (
        f"N = {options.neurons}, {THREADS} threads, on {processor()}; the median of {options.rounds} interleaved rounds. "
        "Time of an update, of a step of a sample, and peak memory (~: ten times the row above, not run):\n"
    )
    yield heading(["", *(f"batch {batch}" for batch in BATCHES)])
    above = dict.fromkeys(BATCHES)
    for length in STEPS:
        above = {batch: measure(length, batch, above[batch], options) for batch in BATCHES}
        yield row([f"T = {length}", *(text(above[batch], length, batch) for batch in BATCHES)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neurons", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=120, help="seconds that one round of a cell may take")
    parser.add_argument("--memory", type=float, default=20, help="gigabytes that one process may take")
    parser.add_argument("--write", action="store_true", help="write what is printed into the README")
    options = parser.parse_args()
    show("scaling", lines(options), options.write)
    return 0


if __name__ == "__main__":
    sys.exit(main())
