#!/usr/bin/python3
"""Kills a training with SIGKILL at random instants, goes on with --resume each time, and compares what comes of it with
a run that was never killed: the checkpoints byte for byte, the metrics but for their times.

    tests/cli/kill_training.py build/plgraph [--kills 500] [--seed 1]
"""
import argparse
import json
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

MODEL = pathlib.Path(__file__).resolve().parents[2] / "models" / "pattern_completion.pbtxt"
# A checkpoint every few milliseconds, so that many kills come in the middle of one.
SETTINGS = ["n=30", "train.episodes=1000", "train.batch=2", "train.report_every=10", "train.checkpoints.last_every=4",
            "train.evaluation.every=100", "train.evaluation.episodes=5"]
CHECKPOINTS = ("last.ckpt", "best.ckpt")


def start(tool, run, *more):
    sets = [word for setting in SETTINGS for word in ("--set", setting)]
    command = [tool, "train", MODEL, "--run-dir", run, "--threads", "2", *sets, *more]
    return subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def finish(process):
    _, errors = process.communicate()
    if process.returncode != 0:
        sys.exit(f"training ended with {process.returncode}: {errors}")


def verify(tool, run):
    """What a kill leaves behind is whole."""
    for name in CHECKPOINTS:
        if (run / name).exists():
            subprocess.run([tool, "checkpoint", "verify", str(run / name)], check=True, stdout=subprocess.DEVNULL)


def metrics(run):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]


def compare(whole, killed):
    for name in CHECKPOINTS:
        if (whole / name).read_bytes() != (killed / name).read_bytes():
            sys.exit(f"{name} is not that of the run that was never killed")
    if metrics(whole) != metrics(killed):
        sys.exit("metrics.jsonl is not that of the run that was never killed")


def kill_once(tool, run, delay):
    """Starts or goes on with a run; whether it was killed before its end."""
    process = start(tool, run, *(["--resume"] if run.exists() else []))
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    _, errors = process.communicate()
    if process.returncode not in (0, -signal.SIGKILL):
        sys.exit(f"training ended with {process.returncode}: {errors}")
    verify(tool, run)
    return process.returncode != 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    draw = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        whole = pathlib.Path(folder) / "whole"
        begin = time.monotonic()
        finish(start(options.tool, whole))
        longest = (time.monotonic() - begin) / 5
        kills = runs = in_save = 0
        while kills < options.kills:
            runs += 1
            run = pathlib.Path(folder) / f"killed-{runs}"
            while kills < options.kills and kill_once(options.tool, run, draw.uniform(0, longest)):
                kills += 1
                in_save += any(run.glob("*.tmp"))
            finish(start(options.tool, run, "--resume"))
            compare(whole, run)
    print(f"{kills} kills, {in_save} of them while a file was being written, in {runs} runs: "
          "each went on, and ended as the run that was never killed")


if __name__ == "__main__":
    main()
