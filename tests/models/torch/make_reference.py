#!/usr/bin/python3
"""Writes, for each model of this folder and those of image_models.py, weights, data, and the loss and gradients that
PyTorch finds in double.

    /usr/bin/python3 make_reference.py OUT_DIR

makes OUT_DIR/<model>/ with model.pbtxt, the arrays of its data (.npy), weights.npz and gradients.npz. The equations are
written down here once more, from the papers, and share nothing with plgraph. Needs Debian's python3-torch.
"""
import pathlib
import shutil
import sys

import numpy as np
import torch

import image_models

N, T, B = 6, 12, 3


def hebb(p, s, x, y):
    return {"hebb": (1 - p["eta"]) * s["hebb"] + p["eta"] * torch.einsum("bi,bj->bij", x, y)}


def oja(p, s, x, y):
    increment = y[:, None, :] * (x[:, :, None] - y[:, None, :] * s["hebb"])
    return {"hebb": s["hebb"] + p["eta"] * increment}


def instar(p, s, x, y):
    return {"hebb": s["hebb"] + p["eta"] * y[:, None, :] * (x[:, :, None] - s["hebb"])}


def row_decay(p, s, x, y):
    gate = torch.sigmoid(y + p["logit"])[:, :, None]
    return {"hebb": gate * s["hebb"] + p["eta"] * torch.einsum("bi,bj->bij", x, y)}


def modulation(p, y):
    return torch.tanh(y @ p["v"])[:, None, None]


def neuromodulated(p, s, x, y):
    h = s["hebb"] + modulation(p, y) * torch.einsum("bi,bj->bij", x, y)
    return {"hebb": torch.clamp(h, -0.4, 0.4)}


def retroactive(p, s, x, y):
    h = torch.clamp(s["hebb"] + modulation(p, y) * s["eligibility"], -2, 2)
    e = (1 - p["eta"]) * s["eligibility"] + p["eta"] * torch.einsum("bi,bj->bij", x, y)
    return {"hebb": h, "eligibility": e}


MODELS = {  # rule, shapes of the parameters beside w, traces
    "hebb": (hebb, {"alpha": (N, N), "eta": ()}, ["hebb"]),
    "oja": (oja, {"alpha": (N,), "eta": ()}, ["hebb"]),
    "neuromodulated": (neuromodulated, {"alpha": (N, N), "v": (N,)}, ["hebb"]),
    "retroactive": (retroactive, {"alpha": (), "eta": (), "v": (N,)}, ["hebb", "eligibility"]),
    "instar": (instar, {"alpha": (N, N), "eta": ()}, ["hebb"]),
    "row_decay": (row_decay, {"alpha": (N, N), "eta": (), "logit": (N,)}, ["hebb"]),
    "rate_matrix": (hebb, {"alpha": (N, N), "eta": (N, N)}, ["hebb"]),
}


def loss_of(rule, p, traces, x, target):
    y = torch.zeros(B, N, dtype=torch.float64)
    s = {name: torch.zeros(B, N, N, dtype=torch.float64) for name in traces}
    total = 0
    for t in range(T):
        plastic = p["w"] + p["alpha"] * s["hebb"]
        y_next = torch.tanh(torch.einsum("bi,bij->bj", y, plastic) + x[:, t])
        s = rule(p, s, y, y_next)
        y = y_next
        total = total + ((y - target[:, t]) ** 2).sum()
    return total / (T * B)


def make(name, folder):
    rule, shapes, traces = MODELS[name]
    random = np.random.RandomState(sum(map(ord, name)))
    arrays = {"w": 0.5 * random.randn(N, N)}
    for parameter, shape in shapes.items():
        arrays[parameter] = np.asarray(0.4 * random.randn(*shape))
    if "eta" in arrays:
        arrays["eta"] = np.asarray(0.1 + 0.2 * np.abs(arrays["eta"]))
    x, target = random.randn(B, T, N), np.tanh(random.randn(B, T, N))
    parameters = {k: torch.tensor(v, requires_grad=True) for k, v in arrays.items()}
    loss = loss_of(rule, parameters, traces, torch.tensor(x), torch.tensor(target))
    loss.backward()
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(pathlib.Path(__file__).parent / f"{name}.pbtxt", folder / "model.pbtxt")
    np.save(folder / "x.npy", x)
    np.save(folder / "target.npy", target)
    np.savez(folder / "weights.npz", **arrays)
    np.savez(folder / "gradients.npz", loss=loss.detach().numpy(), **{k: v.grad.numpy() for k, v in parameters.items()})


if __name__ == "__main__":
    for model in MODELS:
        make(model, pathlib.Path(sys.argv[1]) / model)
    for op in image_models.OPS:
        image_models.make(op, 2, 3, pathlib.Path(sys.argv[1]) / op)
        image_models.make(op, 1, 1, pathlib.Path(sys.argv[1]) / f"{op}_single")
