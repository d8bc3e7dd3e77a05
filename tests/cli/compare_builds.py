#!/usr/bin/python3
"""Trains every model for a few updates with two builds of plgraph, as with g++ and clang, and compares the checkpoints
byte for byte. Needs the images (tools/fetch_data.sh mnist fashion-mnist).

    tests/cli/compare_builds.py build/plgraph build-clang/plgraph [--updates 10] [--batch 4]
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def checkpoint(tool, model, options, run):
    """The bytes of the last checkpoint of a short training."""
    settings = [f"train.batch={options.batch}", f"train.episodes={options.batch * options.updates}"]
    sets = [word for setting in settings for word in ("--set", setting)]
    command = [tool, "train", model, "--run-dir", run, *sets]
    result = subprocess.run(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if result.returncode != 0:
        sys.exit(f"{tool} ended with {result.returncode}: {result.stderr}")
    return (run / "last.ckpt").read_bytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tools", nargs=2, type=pathlib.Path)
    parser.add_argument("--updates", type=int, default=10)
    parser.add_argument("--batch", type=int, default=4)
    options = parser.parse_args()
    same = True
    for model in sorted((ROOT / "models").glob("*.pbtxt")):
        with tempfile.TemporaryDirectory() as folder:
            first, second = (
                checkpoint(tool, model, options, pathlib.Path(folder) / str(i)) for i, tool in enumerate(options.tools)
            )
        print(f"{model.stem:<32} {'the same bytes' if first == second else 'DIFFERENT'}", flush=True)
        same = same and first == second
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
