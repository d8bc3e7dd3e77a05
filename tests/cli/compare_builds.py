#!/usr/bin/python3
"""Compares two builds of plgraph: trains every model for a few updates with each, and compares parameters, moments, kept
states and metrics (without `seconds`) to the bit, and what `compile` reports: the sections of the arena, the operations,
and the form of each trace. So a change of the compiler's structure is seen to change no number.

    tests/cli/compare_builds.py OLD NEW [--models FOLDER] [--set train.batch=4 train.episodes=40]

OLD and NEW are plgraph programs; FOLDER holds .pbtxt files (default: models/, which needs tools/fetch_data.sh mnist
fashion-mnist). Thousands of random models are had by
    PLGRAPH_RANDOM_FOLDER=/tmp/models PLGRAPH_RANDOM_MODELS=2000 build/tests/test_properties --gtest_filter=RandomModels.*Evaluation
--numbers-only leaves the report out, as between compilers. --tolerance compares numbers to this relative difference.
"""
import argparse
import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]

# What a line of the report says of a trace, by the words of any version.
FORMS = {
    "inverted": ("inverts its updates", "are inverted"),
    "recomputed": ("replays", "replayed", "recomputes", "recomputed"),
    "sum": ("never made", "sum over past updates"),
}


class NotFinite(Exception):
    """A training met a number that is not finite, as some random models do."""


def output_of(command):
    """The stdout of a command that must not fail."""
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if result.returncode == 1 and "is not finite" in result.stderr:
        raise NotFinite
    if result.returncode != 0:
        raise RuntimeError(f"{command[0]} {command[1]} ended with {result.returncode}: {result.stderr}")
    return result.stdout


def training_of(tool, model, sets, run):
    """The arrays of the last checkpoint by name, and the metrics; none where a number is not finite."""
    try:
        output_of([tool, "train", model, "--threads", 1, "--run-dir", run, *sets])
    except NotFinite:
        return {}, []
    output_of([tool, "checkpoint", "export", "--all", run / "last.ckpt", run / "all.npz"])
    metrics = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    for line in metrics:
        line.pop("seconds", None)
    with numpy.load(run / "all.npz") as arrays:
        return {name: arrays[name] for name in arrays.files}, metrics


def block_of(report, title):
    """The lines of a block of the report."""
    lines = report.split(f"\n{title}", 1)
    return lines[1].split("\n\n", 1)[0].splitlines()[1:] if len(lines) == 2 else []


def numbers_of(line):
    return [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", line)]


def form_of(line):
    return next((form for form, words in FORMS.items() if any(word in line for word in words)), "matrix")


def figures_of(tool, model, sets):
    """What `compile` counts."""
    report = output_of([tool, "compile", model, "--threads", 1, *sets])
    arena = [number for line in block_of(report, "arena") for number in numbers_of(line)]
    traces = []
    for line in block_of(report, "traces"):
        title = re.match(r"  (\S+) +(\[[\d, ]+\]) (.*)", line)
        if title:
            traces.append([title[1], title[2], form_of(title[3])])
    flops = [numbers_of(line) for line in report.splitlines() if line.startswith("floating-point operations")]
    return {"arena": arena, "traces": sorted(traces), "operations": flops}


def differences(old, new, tolerance):
    """The names of the arrays that differ."""
    names = sorted(old.keys() ^ new.keys())
    for name in sorted(old.keys() & new.keys()):
        a, b = old[name], new[name]
        if tolerance == 0:
            same = a.tobytes() == b.tobytes()
        else:
            same = numpy.abs(a - b).max(initial=0) <= tolerance * max(numpy.abs(a).max(initial=0), 1e-30)
        if not same:
            names.append(name)
    return names


def compare(model, options):
    """What differs, as text; "" for nothing."""
    sets = [word for setting in options.set for word in ("--set", setting)]
    with tempfile.TemporaryDirectory() as folder:
        try:
            (old, old_metrics), (new, new_metrics) = (
                training_of(tool, model, sets, pathlib.Path(folder) / str(i)) for i, tool in enumerate(options.tools)
            )
            found = [f"{name} differs" for name in differences(old, new, options.tolerance)]
            if options.tolerance == 0 and old_metrics != new_metrics:
                found.append("metrics.jsonl differs")
            if not options.numbers_only:
                a, b = (figures_of(tool, model, sets) for tool in options.tools)
                found += [f"{what}: {a[what]} became {b[what]}" for what in a if a[what] != b[what]]
        except RuntimeError as error:
            return str(error)
    return "; ".join(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tools", nargs=2, type=pathlib.Path)
    parser.add_argument("--models", type=pathlib.Path, default=ROOT / "models")
    parser.add_argument("--set", nargs="*", default=["train.batch=4", "train.episodes=40"])
    parser.add_argument("--tolerance", type=float, default=0.0)
    parser.add_argument("--numbers-only", action="store_true")
    options = parser.parse_args()
    options.tools = [tool.resolve() for tool in options.tools]
    models = sorted(options.models.glob("*.pbtxt"))
    if not models:
        sys.exit(f"{options.models} holds no .pbtxt")
    different = 0
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for model, found in zip(models, pool.map(lambda model: compare(model, options), models)):
            if found or len(models) < 100:
                print(f"{model.stem:<32} {found or 'the same'}", flush=True)
            different += found != ""
    print(f"{len(models)} models, {different} differ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
