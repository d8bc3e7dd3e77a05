#!/usr/bin/python3
"""Trains the image models, each with its twin without plasticity and over several seeds, measures them on the test
images, and prints the tables of models/README.md. What is trained already is not trained again.

    /usr/bin/python3 tools/image_tables.py [--seeds 1 2 3] [--runs runs] [--only denoise plain classify batches ...]

Needs build/plgraph (tools/quickstart.sh) and the images (tools/fetch_data.sh mnist fashion-mnist).
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PLGRAPH = ROOT / "build" / "plgraph"
TEST_DATA = "train.evaluation.data.images"
SIGMAS = (0.3, 0.6, 1.0)
# A single noisy image, shown for three steps, and nothing else.
PLAIN = [
    f"{data}.{field}"
    for data in ("train.data.images", TEST_DATA)
    for field in ("damaged=ALL", "episode.samples=1", "episode.show_steps=3", "episode.gap_steps=0", "episode.query=NONE",
                  "episode.show_weight=1")
]
# On the way to an accuracy: measured often, and on more images than the model does by itself. When a seed comes there
# differs by a tenth from seed to seed. The rates are the best of those on both sides of them.
SAMPLE_SEEDS = range(1, 7)
SINGLES = ["train.evaluation.every=400", "train.evaluation.episodes=2000"]
SHORT_BATCHES = ["train.batch=32", "train.adam.learning_rate=5e-3", "train.evaluation.every=384",
                 "train.evaluation.episodes=2000"]
COMPARED = (
    ("", SINGLES, [*SHORT_BATCHES, "train.episodes=32000"]),
    ("-long", [*SINGLES, "train.adam.learning_rate=7e-4", "train.episodes=64000"],
     [*SHORT_BATCHES, "train.episodes=64000"]),
)
BATCHES = ["train.batch=32", "train.episodes=120000", "train.adam.learning_rate=2e-3", "train.evaluation.every=12000"]


def plgraph(command, model, settings, *more):
    sets = [word for setting in settings for word in ("--set", setting)]
    return [str(PLGRAPH), command, f"models/{model}.pbtxt", *sets, *map(str, more)]


def trained(options, model, seed, settings=(), suffix=""):
    """The folder of a finished run."""
    run = options.runs / f"{model}{suffix}-{seed}"
    info = run / "run.json"
    if not info.exists() or "finished" not in json.loads(info.read_text()):
        resume = ["--resume"] if (run / "last.ckpt").exists() else []
        command = plgraph("train", model, [f"train.seed={seed}", *settings], "--run-dir", run, *resume)
        print("$", *command, file=sys.stderr, flush=True)
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return run


def measured(run, model, settings=(), episodes=10000):
    """The metrics on the test images, by name; kept beside the checkpoint."""
    kept = run / "measured.json"
    known = json.loads(kept.read_text()) if kept.exists() else {}
    key = " ".join([*settings, str(episodes)])
    if key not in known:
        command = plgraph("eval", model, settings, "--checkpoint", run / "last.ckpt", "--json", "--episodes", episodes)
        known[key] = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
        kept.write_text(json.dumps(known))
    return known[key]


def spread(numbers, digits):
    mean = statistics.mean(numbers)
    half = (max(numbers) - min(numbers)) / 2
    return f"{mean:.{digits}f} ± {half:.{digits}f}"


def pair(options, model, settings, suffix, metric, test_settings, episodes=10000):
    """A metric of the model and of its twin, by seed."""
    return [
        [
            measured(trained(options, name, seed, settings, suffix), name, test_settings, episodes)[metric]
            for seed in options.seeds
        ]
        for name in (model, f"{model}_nonplastic")
    ]


def decibels(options, settings, suffix):
    yield "| images | noise | plastic, dB | twin, dB | gain, least of the seeds |"
    yield "| --- | --- | --- | --- | --- |"
    for name in ("mnist", "fashion"):
        for sigma in SIGMAS:
            noise = [*settings, f"{TEST_DATA}.damage.0.gaussian.stddev={sigma}"]
            ours, twin = pair(options, f"{name}_denoise", settings, suffix, "psnr", noise)
            least = min(a - b for a, b in zip(ours, twin))
            yield f"| {name} | {sigma} | {spread(ours, 2)} | {spread(twin, 2)} | {least:+.2f} dB |"


def denoise(options):
    yield from decibels(options, [], "")


def plain(options):
    yield from decibels(options, [*PLAIN, "train.episodes=24000"], "-plain")


def curve(run, metric):
    """(episode, value) of each evaluation."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [(line["episode"], line[f"evaluation_{metric}"]) for line in lines if f"evaluation_{metric}" in line]


def percents(numbers):
    return spread([100 * number for number in numbers], 2)


def classify(options):
    """After the training of the report: 250 epochs of 100 single samples."""
    yield "| images | plastic, % | twin, % | least after epoch 50, plastic | twin |"
    yield "| --- | --- | --- | --- | --- |"
    for name in ("mnist", "fashion"):
        model = f"{name}_classify"
        ours, twin = pair(options, model, [], "", "accuracy", [])
        least = [
            min(v for seed in options.seeds for at, v in curve(trained(options, m, seed), "accuracy") if at > 5000)
            for m in (model, f"{model}_nonplastic")
        ]
        yield f"| {name} | {percents(ours)} | {percents(twin)} | {100 * least[0]:.1f} | {100 * least[1]:.1f} |"


def batches(options):
    """In batches of 32."""
    yield "| images | plastic, % | twin, % |"
    yield "| --- | --- | --- |"
    for name in ("mnist", "fashion"):
        ours, twin = pair(options, f"{name}_classify", BATCHES, "-batches", "accuracy", ["train.batch=32"])
        yield f"| {name} | {percents(ours)} | {percents(twin)} |"


def milliseconds(model, settings):
    """Of training, a sample."""
    command = plgraph("bench", model, settings, "--updates", 50, "--json")
    timed = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    return 1000 * timed["seconds"] / timed["batch"]


def mean_curve(options, model, settings, suffix):
    """(episode, accuracy), the mean over the seeds; the last one is that on all test images."""
    runs = [trained(options, model, seed, settings, suffix) for seed in SAMPLE_SEEDS]
    curves = [curve(run, "accuracy") for run in runs]
    points = [(at[0][0], statistics.mean(value for _, value in at)) for at in zip(*curves)]
    last = statistics.mean(measured(run, model)["accuracy"] for run in runs)
    return points, (points[-1][0], last)


def samples(options):
    """Until the mean over the seeds has an accuracy for the first time, by single samples and in batches of 32."""
    model = "mnist_classify"
    for suffix, singles, batched in COMPARED:
        yield ""
        yield "| accuracy | single samples | in batches of 32 | samples, times | time, times |"
        yield "| --- | --- | --- | --- | --- |"
        curves, ends = zip(mean_curve(options, model, singles, f"-singles{suffix}"),
                           mean_curve(options, model, batched, f"-short-batches{suffix}"))
        times = milliseconds(model, singles), milliseconds(model, batched)
        rows = [(f"{100 * wanted:g}%", [next((at for at, value in points if value >= wanted), None) for points in curves])
                for wanted in (0.9, 0.95, 0.97, 0.98, 0.985)]
        rows.append((f"the end: {100 * ends[0][1]:.2f}%, {100 * ends[1][1]:.2f}%", [at for at, _ in ends]))
        for name, counts in rows:
            if None in counts:
                continue
            seconds = [count * time / 1000 for count, time in zip(counts, times)]
            cells = [f"{count}, {second:.1f} s" for count, second in zip(counts, seconds)]
            ratio = f"{counts[1] / counts[0]:.2f}", f"{seconds[1] / seconds[0]:.2f}"
            yield f"| {name} | {' | '.join(cells)} | {' | '.join(ratio)} |"


def completion(options):
    yield "| | plastic, dB | twin, dB | gain, least of the seeds |"
    yield "| --- | --- | --- | --- |"
    ours, twin = pair(options, "image_completion", [], "", "psnr", [])
    least = min(a - b for a, b in zip(ours, twin))
    yield f"| half an image of Fashion-MNIST | {spread(ours, 2)} | {spread(twin, 2)} | {least:+.2f} dB |"


def stream(options):
    yield "| | plastic, dB | twin, dB |"
    yield "| --- | --- | --- |"
    ours, twin = pair(options, "mnist_stream", [], "", "psnr", ["train.batch=1"], 50)
    yield f"| 1000 consecutive test images, noise 0.6 | {spread(ours, 2)} | {spread(twin, 2)} |"


TABLES = (denoise, plain, classify, batches, samples, completion, stream)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--runs", type=pathlib.Path, default=ROOT / "runs")
    parser.add_argument("--only", nargs="+", choices=[table.__name__ for table in TABLES])
    options = parser.parse_args()
    for table in TABLES:
        if options.only and table.__name__ not in options.only:
            continue
        print(f"\n{table.__name__}\n")
        for line in table(options):
            print(line, flush=True)


if __name__ == "__main__":
    main()
