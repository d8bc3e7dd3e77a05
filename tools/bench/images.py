#!/usr/bin/python3
"""Times training of a convolutional autoencoder, and of a stream of images through a plastic layer, with plgraph and
PyTorch in turn, and prints the table of models/README.md.

    /usr/bin/python3 tools/bench/images.py [--rounds 3]

Each run is a process of its own, with two threads. A figure is the median over the rounds of the images per second in
training (forward, backward, Adam, and making the batches), without the first update. Needs build/plgraph and
Debian's python3-torch.
"""
import argparse
import pathlib
import sys

from process import THREADS, figure, heading, medians, plgraph_update, processor, row, run

FOLDER = pathlib.Path(__file__).resolve().parent
GIGABYTES = 20
STREAM = 64  # images, as in plastic_stream.pbtxt

# (what, model, batch, updates, images of one update)
CASES = [
    ("autoencoder, batch 1", "autoencoder", 1, 1000, 1),
    ("autoencoder, batch 64", "autoencoder", 64, 50, 64),
    ("autoencoder, batch 256", "autoencoder", 256, 15, 256),
    (f"a stream of {STREAM} images through a plastic layer", "plastic_stream", 1, 40, STREAM),
]


def torch_update(model, batch, updates):
    kind = "stream" if model == "plastic_stream" else model
    result = run(["/usr/bin/python3", FOLDER / "torch_images.py", kind, batch, updates, THREADS], GIGABYTES)
    return result if isinstance(result, str) else (float(result[0]), result[1])


def measure(case, rounds):
    """(PyTorch, plgraph): the medians of runs in turn."""
    _, model, batch, updates, _ = case
    torch, ours = [], []
    for _ in range(rounds):
        torch.append(torch_update(model, batch, updates))
        ours.append(plgraph_update(FOLDER / f"{model}.pbtxt", {"train.batch": batch}, updates, GIGABYTES))
    return medians(torch), medians(ours)


def text(result, images):
    return result if isinstance(result, str) else f"{figure(images / result[0])} images/s, {result[1]:.0f} MB"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"{THREADS} threads for each, on {processor()}; the median of {options.rounds} rounds.\n")
    print(heading(["training", "PyTorch", "plgraph", "times as fast"]))
    for case in CASES:
        torch, ours = measure(case, options.rounds)
        known = not isinstance(torch, str) and not isinstance(ours, str)
        print(row([case[0], text(torch, case[4]), text(ours, case[4]), f"{torch[0] / ours[0]:.2f}" if known else ""]),
              flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
