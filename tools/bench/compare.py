#!/usr/bin/python3
"""Times training of the pattern task with plgraph, PyTorch and JAX, in turn, and prints the table of the README.

    tools/bench/peers.sh && /usr/bin/python3 tools/bench/compare.py [--rounds 3] [--only NAME ...] [--write]

Each run is a process of its own, with two threads. A figure is the median over the rounds of the time of one update
(forward, backward, Adam, and making the episodes), without the first one; memory is the largest resident size of the
process. A program that needs more than --memory gigabytes is reported as out of memory, one that takes more than
100 seconds as too slow; one that takes more than a minute has one round. Needs build/plgraph and build/machine_rates;
Debian's python3-torch, and JAX as tools/bench/peers.sh installs it, or goes without.
"""
import argparse
import dataclasses
import functools
import json
import pathlib
import statistics
import subprocess
import sys

from process import MODEL, NOT_INSTALLED, PLGRAPH, ROOT, THREADS, figure, heading, medians
from process import pattern_settings, plgraph_update, processor, row, run, set_options, show

FOLDER = pathlib.Path(__file__).resolve().parent
TORCH_PYTHON = pathlib.Path("/usr/bin/python3")
JAX_PYTHON = ROOT / "build" / "peers" / "bin" / "python"
MODELS = {"matrix": MODEL, "scalar": FOLDER / "scalar_alpha.pbtxt"}  # by the shape of alpha

# As in model.proto (Patterns).
LONG_STEPS = dict(patterns=5, presentations=2, show_steps=6, gap_steps=4, query_steps=6)  # 106
SHORT_STEPS = dict(patterns=2, presentations=2, show_steps=6, gap_steps=5, query_steps=6)  # 50


@dataclasses.dataclass(frozen=True)
class Case:
    neurons: int
    batch: int
    updates: int
    steps: dict
    alpha: str = "matrix"

    def length(self):
        s = self.steps
        return s["patterns"] * s["presentations"] * (s["show_steps"] + s["gap_steps"]) + s["query_steps"]

    def settings(self):
        return pattern_settings(self.neurons, self.batch, self.steps)


CASES = {
    "N = 1000, T = 106, batch 1": Case(1000, 1, 5, LONG_STEPS),
    "N = 1000, T = 106, batch 1, scalar alpha": Case(1000, 1, 5, LONG_STEPS, "scalar"),
    "N = 1000, T = 106, batch 8": Case(1000, 8, 2, LONG_STEPS),
    "N = 1000, T = 106, batch 32": Case(1000, 32, 2, LONG_STEPS),
    "N = 100, T = 106, batch 1": Case(100, 1, 100, LONG_STEPS),
    "N = 100, T = 106, batch 32": Case(100, 32, 8, LONG_STEPS),
    "N = 20, T = 50, batch 1": Case(20, 1, 300, SHORT_STEPS),
}
# Bytes that one element of the arrays costs a step, read and written: w, alpha and H; in the backward pass w, alpha, H,
# G = dL/dH and dL/dalpha.
BYTES = {"step": 16, "step adjoint": 32}
SLOW = 60  # seconds
SHARE_ROUNDS = 9  # rates of caches that others use too change from second to second
SHARED_CASES = ["N = 1000, T = 106, batch 1"]


def plgraph(case, gigabytes):
    return plgraph_update(MODELS[case.alpha], case.settings(), case.updates, gigabytes)


@functools.cache
def version(python, module):
    """The version of a Python module; none if it cannot be imported."""
    program = f"import {module}; print({module}.__version__)"
    if not python.exists():
        return None
    result = subprocess.run([python, "-c", program], capture_output=True, text=True)
    return result.stdout.strip() if result.returncode == 0 else None


def peer(python, module, arguments, case, gigabytes):
    """Seconds of one update of a peer program and its peak memory in MB, or why there are none."""
    if version(python, module) is None:
        return NOT_INSTALLED
    command = [python, FOLDER / f"{module}_completion.py", case.neurons, case.batch, case.updates, THREADS]
    result = run([*command, json.dumps(case.steps), case.alpha, *arguments], gigabytes)
    return result if isinstance(result, str) else (float(result[0]), result[1])


PROGRAMS = {
    "PyTorch": functools.partial(peer, TORCH_PYTHON, "torch", []),
    "JAX": functools.partial(peer, JAX_PYTHON, "jax", ["keep"]),
    "JAX, remade": functools.partial(peer, JAX_PYTHON, "jax", ["remake"]),
    "plgraph": plgraph,
}


def measure(case, options):
    """The medians of every program, run in turn."""
    results = {name: [] for name in PROGRAMS}
    for _ in range(options.rounds):
        for name, own in results.items():
            if own and (isinstance(own[-1], str) or own[-1][0] * (case.updates + 1) > SLOW):
                continue
            own.append(PROGRAMS[name](case, options.memory))
    return {name: medians(own) for name, own in results.items()}


def text(result):
    return result if isinstance(result, str) else f"{figure(1000 * result[0])} ms, {result[1]:.0f} MB"


def times_as_fast(peers, ours):
    """How many times the time of plgraph the fastest of the peers takes."""
    seconds = [result[0] for result in peers if not isinstance(result, str)]
    return f"{min(seconds) / ours[0]:.1f}" if seconds and not isinstance(ours, str) else ""


def comparison(options):
    """The lines of the table, as they come."""
    yield heading(["one update", *PROGRAMS, "times as fast as PyTorch", "as JAX"])
    for name in options.only:
        results = measure(CASES[name], options)
        torch, jax, remade, ours = results.values()
        ratios = [times_as_fast([torch], ours), times_as_fast([jax, remade], ours)]
        yield row([name, *map(text, results.values()), *ratios])


def phase_seconds(case, gigabytes):
    """Seconds that plgraph takes in each phase of an update, by name; none if `plgraph bench` does not tell."""
    command = [PLGRAPH, "bench", MODELS[case.alpha], "--threads", THREADS, "--json"]
    result = run(command + set_options(case.settings()), gigabytes)
    if isinstance(result, str):
        return {}
    return {phase["name"]: phase["seconds"] for phase in json.loads(result[0])["phases"]}


def share(case, phase, seconds, rate):
    """Which part of the rate of a plain loop a phase of plgraph reaches."""
    if phase not in seconds:
        return "not measured"
    used = BYTES[phase] * case.neurons**2 * case.length() / seconds[phase]
    return f"{used / 1e9:.1f} GB/s, {100 * used / rate:.0f}%"


def median_of_each(results):
    """The medians of some dictionaries of numbers, by key."""
    return {key: statistics.median(result[key] for result in results) for key in results[0]}


def shares(names, options):
    """The lines of the table of how plgraph's loops stand against plain ones, which are run in turn."""
    results, phases = [], {name: [] for name in names}
    for _ in range(SHARE_ROUNDS):
        results.append(run([ROOT / "build" / "machine_rates", 1000, THREADS], options.memory))
        for name, own in phases.items():
            own.append(phase_seconds(CASES[name], options.memory))
    failed = [result for result in results if isinstance(result, str)]
    if failed:
        yield f"machine_rates: {failed[0]}"
        return
    rates = median_of_each([json.loads(result[0]) for result in results])
    forward, backward = rates["forward_bytes_per_second"], rates["backward_bytes_per_second"]
    yield (
        f"A plain loop over the same arrays moves {forward / 1e9:.1f} GB/s forward and {backward / 1e9:.1f} GB/s back; "
        f"BLIS multiplies matrices of 1000 x 1000 at {rates['gemm_operations_per_second'] / 1e9:.0f} GFLOP/s "
        "(`build/machine_rates 1000 2`). Of this plgraph's loops (`plgraph bench`) reach:\n"
    )
    yield heading(["loop over the steps", "forward", "back"])
    for name, own in phases.items():
        case = CASES[name]
        seconds = median_of_each(own)
        yield row([name, share(case, "step", seconds, forward), share(case, "step adjoint", seconds, backward)])


def conditions(options):
    torch, jax = version(TORCH_PYTHON, "torch"), version(JAX_PYTHON, "jax")
    versions = f"PyTorch {torch or NOT_INSTALLED}, JAX {jax or NOT_INSTALLED}"
    yield (
        f"{versions}, {THREADS} threads for each, on {processor()}; the median of {options.rounds} interleaved "
        f"rounds; a process that needs more than {options.memory:g} GB is out of memory.\n"
    )


def lines(options):
    yield from conditions(options)
    yield from comparison(options)
    names = [name for name in options.only if name in SHARED_CASES]
    if names:
        yield ""
        yield from shares(names, options)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", type=float, default=20, help="gigabytes that one process may take")
    parser.add_argument("--only", nargs="*", default=list(CASES), choices=list(CASES), metavar="NAME")
    parser.add_argument("--write", action="store_true", help="write what is printed into the README")
    options = parser.parse_args()
    show("bench", lines(options), options.write)
    return 0


if __name__ == "__main__":
    sys.exit(main())
