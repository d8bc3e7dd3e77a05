#!/usr/bin/env python3
"""models/pattern_completion.pbtxt in JAX, as one would write it; prints the seconds of one update.

    jax_completion.py NEURONS BATCH UPDATES THREADS STEPS ALPHA TAPE

STEPS: as in compare.py, JSON. ALPHA: matrix or scalar. TAPE: keep (the backward pass finds every step as it was) or
remake (it finds every sqrt(T)th step, and makes those between again).
"""
import functools
import json
import math
import os
import sys
import time

THREADS = int(sys.argv[4])
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])  # XLA starts one thread a core that it may use

import jax
import jax.numpy as jnp
import numpy


def episodes(rng, n, batch, patterns, presentations, show_steps, gap_steps, query_steps):
    """Cues [T, B, N] and targets [B, N]."""
    shown = numpy.sign(rng.random((batch, patterns, n), numpy.float32) - 0.5)
    steps = patterns * presentations * (show_steps + gap_steps) + query_steps
    cue = numpy.zeros((steps, batch, n), numpy.float32)
    for sample in range(batch):
        step = 0
        for _ in range(presentations):
            for pattern in rng.permutation(patterns):
                cue[step : step + show_steps, sample] = shown[sample, pattern]
                step += show_steps + gap_steps
    target = shown[numpy.arange(batch), rng.integers(patterns, size=batch)]
    kept = rng.random((batch, n)).argsort(axis=1) >= n // 2
    cue[-query_steps:] = target * kept
    return 20 * cue, target


def episode_step(parameters, state, x):
    """State: y [B, N] and hebb [B, N, N]."""
    w, alpha, eta = parameters
    y, hebb = state
    y_next = jnp.tanh(y @ w + jnp.einsum("bi,bij->bj", y, alpha * hebb) + x)
    return (y_next, (1 - eta) * hebb + eta * y[:, :, None] * y_next[:, None, :]), None


def scan_remade(step, state, cue):
    """The last state; keeps the state of every sqrt(T)th step only."""
    length = math.isqrt(len(cue))
    whole = len(cue) // length * length
    interval = jax.checkpoint(lambda state, part: jax.lax.scan(step, state, part))
    state, _ = jax.lax.scan(interval, state, cue[:whole].reshape(-1, length, *cue.shape[1:]))
    return interval(state, cue[whole:])[0]


def loss_of(parameters, cue, target, tape):
    batch, n = target.shape
    step = functools.partial(episode_step, parameters)
    state = jnp.zeros((batch, n)), jnp.zeros((batch, n, n))
    if tape == "remake":
        y, _ = scan_remade(step, state, cue)
    else:
        y, _ = jax.lax.scan(step, state, cue)[0]
    return jnp.mean(jnp.sum((y - target) ** 2, axis=1))


def adam(count, parameter, gradient, mean, square):
    mean = 0.9 * mean + 0.1 * gradient
    square = 0.999 * square + 0.001 * gradient**2
    step = mean / (1 - 0.9**count) / (jnp.sqrt(square / (1 - 0.999**count)) + 1e-8)
    return parameter - 3e-4 * step, mean, square


@functools.partial(jax.jit, static_argnames="tape", donate_argnums=(1, 2, 3))
def update(count, parameters, means, squares, cue, target, tape):
    gradients = jax.grad(loss_of)(parameters, cue, target, tape)
    moved = [adam(count, *each) for each in zip(parameters, gradients, means, squares)]
    return tuple(zip(*moved))


def initial_parameters(rng, n, alpha):
    def noise():
        return jnp.asarray(0.001 * rng.standard_normal((n, n), numpy.float32))

    return noise(), noise() if alpha == "matrix" else jnp.float32(0.01), jnp.float32(0.002)


def main():
    n, batch, updates = map(int, sys.argv[1:4])
    steps = json.loads(sys.argv[5])
    alpha, tape = sys.argv[6:8]
    rng = numpy.random.default_rng(1)
    parameters = initial_parameters(rng, n, alpha)
    means, squares = (tuple(map(jnp.zeros_like, parameters)) for _ in range(2))
    start = 0.0
    for count in range(updates + 1):
        if count == 1:
            start = time.perf_counter()
        cue, target = episodes(rng, n, batch, **steps)
        parameters, means, squares = update(count + 1.0, parameters, means, squares, cue, target, tape)
        jax.block_until_ready(parameters)
    print((time.perf_counter() - start) / updates)


if __name__ == "__main__":
    main()
