"""What the programs of this folder share: running a program, timing plgraph, and writing a table into the README."""
import json
import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLGRAPH = ROOT / "build" / "plgraph"
MODEL = ROOT / "models" / "pattern_completion.pbtxt"
THREADS = 2

# In place of a figure.
OUT_OF_MEMORY = "out of memory"
FAILED = "failed"
NOT_INSTALLED = "not installed"
TOO_SLOW = "too slow"
LONGEST = 100  # seconds that a process may take


def run(command, gigabytes):
    """Standard output of a process and its peak memory in MB, or why there is none (as above)."""
    if not pathlib.Path(command[0]).exists():
        return NOT_INSTALLED

    def limit():
        size = int(gigabytes * 2**30)
        resource.setrlimit(resource.RLIMIT_AS, (size, size))

    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(list(map(str, command)), stdout=out, stderr=errors, preexec_fn=limit)
        stop = threading.Timer(LONGEST, process.kill)
        stop.start()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        too_slow = not stop.is_alive()
        stop.cancel()
        out.seek(0)
        if process.returncode == 0:
            return out.read().decode(), usage.ru_maxrss / 1024
        errors.seek(0)
        message = errors.read().decode(errors="replace")
    if too_slow:
        return TOO_SLOW
    if process.returncode == -9 or re.search("memory|bad_alloc|RESOURCE_EXHAUSTED", message, re.IGNORECASE):
        return OUT_OF_MEMORY
    print(f"{command[0]} ended with {process.returncode}: {message[-500:]}", file=sys.stderr)
    return FAILED


def set_options(settings):
    return [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]


def pattern_settings(neurons, batch, steps):
    """What `--set` makes of a pattern model; steps as in model.proto (Patterns)."""
    settings = {"n": neurons, "train.batch": batch}
    return settings | {f"train.data.patterns.{name}": value for name, value in steps.items()}


def plgraph_update(model, settings, updates, gigabytes, tool=PLGRAPH):
    """Seconds of one update of plgraph and its peak memory in MB, or why there are none."""
    settings = settings | {"train.episodes": settings["train.batch"] * (updates + 1)}
    with tempfile.TemporaryDirectory() as folder:
        train = [tool, "train", model, "--run-dir", folder, "--threads", THREADS]
        result = run(train + set_options(settings), gigabytes)
        if isinstance(result, str):
            return result
        lines = (pathlib.Path(folder) / "metrics.jsonl").read_text().splitlines()
    seconds = [json.loads(line)["seconds"] for line in lines]
    return (seconds[-1] - seconds[0]) / updates, result[1]


def medians(results):
    """The median of the seconds and the largest memory of some rounds, or why there are none."""
    reasons = [result for result in results if isinstance(result, str)]
    if reasons:
        return reasons[0]
    return statistics.median(r[0] for r in results), max(r[1] for r in results)


def figure(number):
    return f"{number:.0f}" if number >= 100 else f"{number:.3g}"


def row(cells):
    return f"| {' | '.join(cells)} |"


def heading(cells):
    return f"{row(cells)}\n{row(['---'] * len(cells))}"


def processor():
    model = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return model[1].strip() if model else "an unknown processor"


def show(name, lines, write):
    """Prints lines as they come, and writes them into the README if asked."""
    written = []
    for line in lines:
        print(line, flush=True)
        written.append(line)
    if write:
        write_readme(name, "\n".join(written))


def write_readme(name, text):
    """Replaces what stands between the markers <!-- NAME:begin --> and <!-- NAME:end --> in the README."""
    readme = ROOT / "README.md"
    old = readme.read_text()
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    before, _, rest = old.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"{readme} has no {begin} ... {end}")
    readme.write_text(f"{before}{begin}\n{text}\n{end}{after}")
