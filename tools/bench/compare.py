#!/usr/bin/python3
"""Times training of the pattern task with plgraph and with PyTorch, in turn, and prints the table of the README.

    /usr/bin/python3 tools/bench/compare.py [--rounds 3] [--only NAME ...]

Each run is a process of its own, with two threads. A figure is the median over the rounds of the time of one update
(forward, backward, Adam, and making the episodes), without the first one; memory is the largest resident size of the
process. A program that needs more than --memory gigabytes is reported as out of memory. Needs build/plgraph
(tools/quickstart.sh) and Debian's python3-torch.
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "models" / "pattern_completion.pbtxt"
TORCH = pathlib.Path(__file__).with_name("torch_completion.py")
THREADS = 2

# name: neurons, batch, updates, patterns and steps as in model.proto (Patterns)
LONG_STEPS = dict(patterns=5, presentations=2, show_steps=6, gap_steps=4, query_steps=6)  # 106
SHORT_STEPS = dict(patterns=2, presentations=2, show_steps=6, gap_steps=5, query_steps=6)  # 50
CASES = {
    "N = 1000, T = 106, batch 1": (1000, 1, 6, LONG_STEPS),
    "N = 1000, T = 106, batch 8": (1000, 8, 3, LONG_STEPS),
    "N = 1000, T = 106, batch 32": (1000, 32, 3, LONG_STEPS),
    "N = 100, T = 106, batch 1": (100, 1, 100, LONG_STEPS),
    "N = 100, T = 106, batch 32": (100, 32, 8, LONG_STEPS),
    "N = 20, T = 50, batch 1": (20, 1, 300, SHORT_STEPS),
}


def run(command, gigabytes):
    """Standard output of a process and its peak memory in MB; None if it failed for want of memory."""

    def limit():
        size = int(gigabytes * 2**30)
        resource.setrlimit(resource.RLIMIT_AS, (size, size))

    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL, preexec_fn=limit)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            return None
        out.seek(0)
        return out.read().decode(), usage.ru_maxrss / 1024


def plgraph(case, gigabytes):
    neurons, batch, updates, steps = case
    with tempfile.TemporaryDirectory() as folder:
        settings = {"n": neurons, "train.batch": batch, "train.episodes": batch * (updates + 1)}
        settings.update({f"train.data.patterns.{name}": value for name, value in steps.items()})
        command = [str(ROOT / "build" / "plgraph"), "train", str(MODEL), "--run-dir", folder, "--threads", str(THREADS)]
        for name, value in settings.items():
            command += ["--set", f"{name}={value}"]
        result = run(command, gigabytes)
        if result is None:
            return None
        lines = (pathlib.Path(folder) / "metrics.jsonl").read_text().splitlines()
    seconds = [json.loads(line)["seconds"] for line in lines]
    return (seconds[-1] - seconds[0]) / updates, result[1]


def torch(case, gigabytes):
    neurons, batch, updates, steps = case
    arguments = [neurons, batch, updates, THREADS, json.dumps(steps)]
    result = run(["/usr/bin/python3", str(TORCH), *map(str, arguments)], gigabytes)
    return None if result is None else (float(result[0]), result[1])


def medians(results):
    if any(result is None for result in results):
        return None
    return statistics.median(r[0] for r in results), max(r[1] for r in results)


def text(result):
    if result is None:
        return "out of memory"
    milliseconds = 1000 * result[0]
    figure = f"{milliseconds:.0f}" if milliseconds >= 100 else f"{milliseconds:.3g}"
    return f"{figure} ms, {result[1]:.0f} MB"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", type=float, default=20, help="gigabytes that one process may take")
    parser.add_argument("--only", nargs="*", default=list(CASES), choices=list(CASES), metavar="NAME")
    options = parser.parse_args()
    print("| one update | PyTorch | plgraph | times as fast |\n| --- | --- | --- | --- |")
    for name in options.only:
        results = {torch: [], plgraph: []}
        for _ in range(options.rounds):
            for program, own in results.items():
                if own and own[-1] is None:
                    continue
                own.append(program(CASES[name], options.memory))
        peer, ours = medians(results[torch]), medians(results[plgraph])
        ratio = f"{peer[0] / ours[0]:.1f}" if peer and ours else ""
        print(f"| {name} | {text(peer)} | {text(ours)} | {ratio} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
