#!/usr/bin/python3
"""Kills a training with SIGKILL at random instants, goes on with --resume each time, and compares what comes of it with
a run that was never killed: every file of the run directory, byte for byte but for times and peak memory. Event files of
TensorBoard are compared as one, since every start begins a new one.

    tests/cli/kill_training.py build/plgraph [--kills 500] [--seed 1]
"""
import argparse
import json
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

MODEL = pathlib.Path(__file__).resolve().parents[2] / "models" / "pattern_completion.pbtxt"
# Something is written every few milliseconds, so that many kills come in the middle of a file.
SETTINGS = ["n=25", "train.episodes=1000", "train.batch=2", "train.report_every=10", "train.checkpoints.last_every=6",
            "train.checkpoints.every=70", "train.evaluation.every=50", "train.evaluation.episodes=5"]
OPTIONS = ["--tensorboard", "--grid", "cue,y_next,target", "--grid-range=-1,1"]
NEVER_THE_SAME = ("started", "finished", "seconds", "peak_memory_bytes")


def launch(tool, folder, *words):
    """Starts a training in a folder."""
    command = [tool, "train", "--threads", "2", *words]
    return subprocess.Popen(list(map(str, command)), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                            text=True)


def start(tool, run):
    sets = [word for setting in SETTINGS for word in ("--set", setting)]
    return launch(tool, run.parent, MODEL, "--run-dir", run, *sets, *OPTIONS)


def start_or_resume(tool, run):
    """A run begins with its first last.ckpt, and then knows its own settings."""
    if (run / "last.ckpt").exists():
        return launch(tool, "/", run, "--resume")
    return start(tool, run)


def finish(process):
    _, errors = process.communicate()
    if process.returncode != 0:
        sys.exit(f"training ended with {process.returncode}: {errors}")


def verify(tool, run):
    """What a kill leaves behind is intact."""
    for checkpoint in run.glob("*.ckpt"):
        subprocess.run([tool, "checkpoint", "verify", str(checkpoint)], check=True, stdout=subprocess.DEVNULL)


def metrics(run):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]


def description(run):
    fields = json.loads((run / "run.json").read_text())
    fields["command"] = [word.replace(str(run), "RUN") for word in fields["command"]]
    return {name: value for name, value in fields.items() if name not in NEVER_THE_SAME}


def events(run):
    """Of all event files, in the order of their names, without their times and the versions of the files."""
    found = []
    for path in sorted((run / "tensorboard").iterdir()):
        data = path.read_bytes()
        at = 0
        while at < len(data):
            (size,) = struct.unpack_from("<Q", data, at)
            event = data[at + 12:at + 12 + size]
            at += size + 16
            if len(event) < size or event[:1] != b"\x09":
                sys.exit(f"{path}: damaged")
            if b"brain.Event:2" not in event:
                found.append(event[9:])  # the time is the first field
    return found


def contents(run):
    """Of every file, as it is to be compared."""
    files = {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()}
    files["metrics.jsonl"] = metrics(run)
    files["run.json"] = description(run)
    files["tensorboard"] = events(run)
    return files


def compare(whole, killed):
    expected, found = contents(whole), contents(killed)
    if expected.keys() != found.keys():
        sys.exit(f"other files than in the run that was never killed: {sorted(expected.keys() ^ found.keys())}")
    for name, content in expected.items():
        if found[name] != content:
            sys.exit(f"{name} is not that of the run that was never killed")
    return len(expected)


def kill_once(tool, run, delay):
    """Starts or goes on with a run; whether it was killed before its end."""
    process = start_or_resume(tool, run)
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    _, errors = process.communicate()
    if process.returncode not in (0, -signal.SIGKILL):
        sys.exit(f"training ended with {process.returncode}: {errors}")
    verify(tool, run)
    return process.returncode != 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    draw = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        whole = pathlib.Path(folder) / "whole"
        begin = time.monotonic()
        finish(start(options.tool, whole))
        longest = (time.monotonic() - begin) / 5
        kills = runs = in_save = files = 0
        while kills < options.kills:
            runs += 1
            run = pathlib.Path(folder) / f"killed-{runs}"
            while kills < options.kills and kill_once(options.tool, run, draw.uniform(0, longest)):
                kills += 1
                in_save += any(run.glob("*.tmp"))
            finish(start_or_resume(options.tool, run))
            files = compare(whole, run)
            shutil.rmtree(run)
            print(f"run {runs}: {kills} kills so far", flush=True)
    print(f"{kills} kills, {in_save} of them while a file was being written, in {runs} runs: "
          f"each went on, and all {files} files ended as those of the run that was never killed")


if __name__ == "__main__":
    main()
