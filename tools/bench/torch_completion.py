#!/usr/bin/python3
"""models/pattern_completion.pbtxt in PyTorch, as one would write it; prints the seconds of one update.

    torch_completion.py NEURONS BATCH UPDATES THREADS STEPS ALPHA

STEPS: as in compare.py, JSON. ALPHA: matrix or scalar.
"""
import json
import sys
import time

import torch


def episodes(n, batch, patterns, presentations, show_steps, gap_steps, query_steps):
    """Cues [T, B, N] and targets [B, N]."""
    shown = torch.sign(torch.rand(batch, patterns, n) - 0.5)
    cue = torch.zeros(patterns * presentations * (show_steps + gap_steps) + query_steps, batch, n)
    for sample in range(batch):
        step = 0
        for _ in range(presentations):
            for pattern in torch.randperm(patterns):
                cue[step : step + show_steps, sample] = shown[sample, pattern]
                step += show_steps + gap_steps
    target = shown[torch.arange(batch), torch.randint(patterns, (batch,))]
    kept = torch.rand(batch, n).argsort(dim=1) >= n // 2
    cue[-query_steps:] = target * kept
    return 20 * cue, target


def main():
    n, batch, updates, threads = map(int, sys.argv[1:5])
    steps = json.loads(sys.argv[5])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    w = (0.001 * torch.randn(n, n)).requires_grad_()
    alpha = 0.001 * torch.randn(n, n) if sys.argv[6] == "matrix" else torch.full((), 0.01)
    alpha.requires_grad_()
    eta = torch.full((), 0.002).requires_grad_()
    optimizer = torch.optim.Adam([w, alpha, eta], lr=3e-4)
    start = 0.0
    for update in range(updates + 1):
        if update == 1:
            start = time.perf_counter()
        cue, target = episodes(n, batch, **steps)
        y = torch.zeros(batch, 1, n)
        hebb = torch.zeros(batch, n, n)
        for x in cue:
            y_next = torch.tanh(torch.bmm(y, w + alpha * hebb) + x[:, None])
            hebb = (1 - eta) * hebb + eta * torch.bmm(y.transpose(1, 2), y_next)
            y = y_next
        loss = ((y[:, 0] - target) ** 2).sum(dim=1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print((time.perf_counter() - start) / updates)


if __name__ == "__main__":
    main()
