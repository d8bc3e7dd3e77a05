#!/usr/bin/python3
"""tools/bench/autoencoder.pbtxt and plastic_stream.pbtxt in PyTorch, as one would write them; prints the seconds of one
update.

    torch_images.py autoencoder|stream BATCH UPDATES THREADS

A stream is one episode of 64 images, which go through one at a time.
"""
import sys
import time

import torch
from torch import nn

STREAM = 64


class Core(nn.Module):
    def __init__(self, plastic):
        super().__init__()
        self.linear = nn.Linear(128, 128)
        if plastic:
            self.alpha = nn.Parameter(0.01 * torch.randn(128, 128))
            self.eta = nn.Parameter(torch.tensor(0.01))

    def forward(self, x):
        return torch.tanh(self.linear(x))

    def step(self, x, hebb):
        y = torch.tanh(x @ (self.linear.weight + self.alpha * hebb) + self.linear.bias)
        return y, (1 - self.eta) * hebb + self.eta * x.T @ y


def main():
    stream = sys.argv[1] == "stream"
    batch, updates, threads = map(int, sys.argv[2:5])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    encoder = nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(), nn.Flatten(),
        nn.Linear(1568, 128), nn.Tanh(),
    )
    core = Core(stream)
    decoder = nn.Sequential(
        nn.Linear(128, 1568), nn.ReLU(), nn.Unflatten(1, (32, 7, 7)), nn.ConvTranspose2d(32, 16, 3, 2, 1, 1), nn.ReLU(),
        nn.ConvTranspose2d(16, 1, 3, 2, 1, 1), nn.Sigmoid(),
    )
    optimizer = torch.optim.Adam([*encoder.parameters(), *core.parameters(), *decoder.parameters()], lr=1e-3)
    images = torch.rand(512, 1, 28, 28)
    start = 0.0
    for update in range(updates + 1):
        if update == 1:
            start = time.perf_counter()
        if stream:
            hebb = torch.zeros(128, 128)
            loss = 0
            for x in images[torch.randperm(512)[:STREAM]].split(1):
                y, hebb = core.step(encoder(x), hebb)
                loss = loss + ((decoder(y) - x) ** 2).mean() / STREAM
        else:
            x = images[torch.randperm(512)[:batch]]
            loss = ((decoder(core(encoder(x))) - x) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print((time.perf_counter() - start) / updates)


if __name__ == "__main__":
    main()
