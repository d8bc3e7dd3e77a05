#!/usr/bin/python3
"""Writes, for many shapes of each op that PyTorch has too, a model, data, and what PyTorch finds in double.

    /usr/bin/python3 make_ops.py OUT_DIR [OP]

makes OUT_DIR/<case>/ with model.pbtxt, x.npy, projection.npy, weights.npz and expected.npz: the result `y` of training
([T, B, shape]) and `y_eval` of inference, the loss (a random projection), the gradient `d_<name>` of every trained parameter
and the value `new_<name>` of every updated one. Needs Debian's python3-torch.
"""
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

IMAGES = [(1, 1, 1), (3, 1, 1), (1, 2, 3), (2, 3, 1), (5, 4, 4), (8, 3, 5), (9, 2, 2), (16, 1, 3), (7, 5, 1), (13, 2, 3)]
VECTORS = [(1,), (2,), (7,), (8,), (17,)]
MORE = [(4, 2, 1), (33, 1, 2), (12, 3, 1), (1, 5, 5), (6, 1, 7), (10,), (3, 4, 2), (19, 2, 1), (24, 3, 2), (2, 11, 1), (33,)]
RUNS = [(1, 1), (1, 4), (3, 1), (2, 3), (5, 2)]  # T, B


def text_shape(shape):
    return "".join(f' shape: "{n}"' for n in shape)


def parameter(name, shape, trainable=True):
    return f'parameter {{ name: "{name}"{text_shape(shape)}{"" if trainable else " trainable: false"} }}\n'


class Case:
    """A model around one op `y`, of the operand `v` = x + p; `around` says where `v` and `y` lie."""

    def __init__(self, name, shape, run, node, function, weights=None, updated=None, x=None, around="ahead"):
        self.name, self.shape, (self.steps, self.batch) = name, shape, run
        self.node, self.function, self.around = node, function, around
        self.weights, self.updated = weights or {}, updated or {}
        self.random = np.random.RandomState(sum(map(ord, name)))
        self.x = x

    def result(self, p, x, training):
        """y for all steps, [T, B, shape], and the new values of what is updated."""
        v = x + p["p"] if "p" in p else x
        if self.around == "ahead":
            return self.function(p, v, training)
        ys, news = [], []
        h = torch.zeros_like(v[0])
        for t in range(self.steps):
            h = 0.5 * h + v[t]
            if self.around == "inside":
                y, new = self.function(p, h[None], training)
                h = torch.tanh(y[0])
                ys.append(y[0]), news.append(new)
            else:
                h = torch.tanh(h)
                ys.append(h)
        if self.around == "behind":
            return self.function(p, torch.stack(ys), training)
        return torch.stack(ys), {k: sum(new[k] for new in news) / self.steps for k in news[0]}

    def model(self, y_shape):
        integer = self.x is not None
        text = f'# proto-file: serialization/language/model.proto\n# proto-message: plgraph.Model\nname: "{self.name}"\n'
        text += f'input {{ name: "x"{text_shape(self.shape)} }}\ninput {{ name: "projection"{text_shape(y_shape)} }}\n'
        if not integer:
            text += parameter("p", self.shape) + 'node { name: "shifted" add { a: "x" b: "p" } }\n'
        for name, value in self.weights.items():
            text += parameter(name, value.shape)
        for name, value in self.updated.items():
            text += parameter(name, value.shape, False)
        source = "x" if integer else "shifted"
        if self.around != "ahead":
            after = "y" if self.around == "inside" else "v0"
            text += f'state {{ name: "h"{text_shape(self.shape)} next: "h_next" }}\n'
            text += 'node { name: "half" scale { x: "h" factor: 0.5 } }\nnode { name: "v0" add { a: "half" b: "shifted" } }\n'
            text += f'node {{ name: "h_next" tanh {{ x: "{after}" }} }}\n'
            source = "v0" if self.around == "inside" else "h_next"
        text += f'node {{ name: "y" {self.node.replace("VALUE", source)} }}\n'
        text += 'node { name: "projected" mul { a: "y" b: "projection" } }\nnode { name: "error" sum { x: "projected" } }\n'
        text += 'loss { value: "error" at: EVERY_STEP }\n'
        text += f"train {{ batch: {self.batch} sgd {{ }} data {{ npy {{ shuffle: false\n"
        text += '  array { input: "x" path: "x.npy" } array { input: "projection" path: "projection.npy" } } } }\n'
        return text

    def write(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        rows = (self.steps, self.batch)
        x = self.x(self.random, rows) if self.x else self.random.randn(*rows, *self.shape)
        arrays = dict(self.weights)
        if not self.x:
            arrays["p"] = 0.3 * self.random.randn(*self.shape)
        trained = {k: torch.tensor(v, requires_grad=True) for k, v in arrays.items()}
        fixed = {k: torch.tensor(v) for k, v in self.updated.items()}
        y, new = self.result({**trained, **fixed}, torch.tensor(x), True)
        y_eval, _ = self.result({**trained, **fixed}, torch.tensor(x), False)
        projection = self.random.randn(*y.shape)
        loss = (y * torch.tensor(projection)).sum() / (self.steps * self.batch)
        loss.backward()
        expected = {"y": y, "y_eval": y_eval, "loss": loss}
        expected.update({f"d_{k}": v.grad for k, v in trained.items()})
        expected.update({f"new_{k}": v for k, v in new.items()})
        (folder / "model.pbtxt").write_text(self.model(y.shape[2:]))
        np.save(folder / "x.npy", x.swapaxes(0, 1).copy())
        np.save(folder / "projection.npy", projection.swapaxes(0, 1).copy())
        np.savez(folder / "weights.npz", **arrays, **self.updated)
        np.savez(folder / "expected.npz", **{k: np.asarray(v.detach().numpy()) for k, v in expected.items()})


def over_rows(function):
    """Of a function of [N, ...] one of [T, B, ...]."""
    return lambda p, v, training: (lambda y: (y.reshape(*v.shape[:2], *y.shape[1:]), {}))(
        function(p, v.reshape(-1, *v.shape[2:])))


def batch_norm(p, v, training):
    mean, variance = p["mean"].clone(), p["variance"].clone()
    y = F.batch_norm(v.reshape(-1, *v.shape[2:]), mean, variance, p.get("gain"), p.get("bias"), training, 0.2, 1e-3)
    return y.reshape(v.shape), {"mean": mean, "variance": variance}


def affine(random, channels, present):
    weights = {"gain": 1 + 0.3 * random.randn(channels), "bias": random.randn(channels)}
    return weights if present else {}


def affine_text(weights):
    return ' gain: "gain" bias: "bias"' if weights else ""


def batch_norm_cases():
    for around in "ahead", "behind", "inside":
        for i, shape in enumerate(IMAGES + VECTORS + MORE):
            for run in RUNS[i % 5], RUNS[(i + 2) % 5]:
                numbers = np.prod(shape[1:]) * run[1] * (1 if around == "inside" else run[0])
                if numbers == 1:
                    continue  # PyTorch refuses it
                random = np.random.RandomState(i)
                weights = affine(random, shape[0], i % 4 != 3)
                updated = {"mean": random.randn(shape[0]), "variance": 0.5 + random.rand(shape[0])}
                node = (f'batch_norm {{ x: "VALUE"{affine_text(weights)} mean: "mean" variance: "variance" '
                        "momentum: 0.2 epsilon: 1e-3 }")
                name = "batch_norm_{}_{}_T{}_B{}".format(around, "x".join(map(str, shape)), *run)
                yield Case(name, shape, run, node, batch_norm, weights, updated, around=around)


def plain_cases(stem, shapes, node_of, function_of, weights_of=lambda random, shape, i: {}):
    for i, shape in enumerate(shapes):
        weights = weights_of(np.random.RandomState(i), shape, i)
        name = f"{stem}_{i}_" + "x".join(map(str, shape))
        yield Case(name, shape, RUNS[i % 5], node_of(i, shape, weights), over_rows(function_of(i, shape)), weights)


def group_norm_cases():
    shapes = IMAGES + [(6, 4, 3), (12, 1, 2), (4, 7), (10, 3, 3), (15, 2, 5)] + [(4, 2), (9, 1, 2), (64, 3, 3), (8, 1, 2), (3, 11)]

    def groups(i, shape):
        divisors = [g for g in range(1, shape[0] + 1) if shape[0] % g == 0]
        return divisors[i % len(divisors)]

    def node(i, shape, weights):
        return f'group_norm {{ x: "VALUE"{affine_text(weights)} groups: {groups(i, shape)} epsilon: 1e-3 }}'

    return plain_cases(
        "group_norm", shapes, node,
        lambda i, shape: lambda p, v: torch.group_norm(v, groups(i, shape), p.get("gain"), p.get("bias"), 1e-3),
        lambda random, shape, i: affine(random, shape[0], i % 4 != 3))


def pad_cases():
    shapes = (IMAGES + VECTORS + [(3, 4), (1, 1), (2, 5), (4, 3, 2), (6, 6, 6)])

    def pads(i, shape):
        axes = 1 + i % len(shape)
        random = np.random.RandomState(100 + i)
        return random.randint(0, 4, axes), random.randint(0, 4, axes), round(random.randn(), 3)

    def node(i, shape, weights):
        before, behind, value = pads(i, shape)
        return f'pad {{ x: "VALUE" before: {list(before)} behind: {list(behind)} value: {value} }}'

    def function(i, shape):
        before, behind, value = pads(i, shape)
        pairs = [int(n) for pair in reversed(list(zip(before, behind))) for n in pair]
        return lambda p, v: F.pad(v, pairs, value=value)

    return plain_cases("pad", shapes, node, function)


def upsample_cases():
    shapes = IMAGES + [(2, 7, 7), (1, 9, 2), (4, 1, 6), (3, 3, 3), (11, 2, 2)]
    shapes += [(1, 1, 5), (17, 1, 1), (6, 2, 5), (10, 3, 1), (24, 2, 3)]
    return plain_cases("upsample", shapes, lambda i, shape, w: f'upsample {{ x: "VALUE" factor: {1 + i % 4} }}',
                       lambda i, shape: lambda p, v: F.interpolate(v, scale_factor=1 + i % 4, mode="nearest"))


def flatten_cases():
    shapes = IMAGES + VECTORS + [(3, 4), (1, 1), (2, 3, 4, 5), (2, 1, 2, 1), (31, 3)]
    return plain_cases("flatten", shapes, lambda i, shape, w: 'flatten { x: "VALUE" }',
                       lambda i, shape: lambda p, v: v.flatten(1))


def where_cases():
    shapes = IMAGES + VECTORS + [(3, 4), (1, 1), (2, 3, 4, 5), (2, 1, 2, 1), (31, 3)]

    def weights(random, shape, i):
        b = shape if i % 2 else tuple(shape[-1:])
        return {"a": random.randn(*shape), "b": random.randn(*b)}

    for case in plain_cases("where", shapes, lambda i, shape, w: None, lambda i, shape: None, weights):
        # The condition is the integer input: 0 or not.
        case.x = lambda random, rows, shape=case.shape: random.randint(0, 2, (*rows, *shape)).astype(float)
        case.node = 'where { condition: "VALUE" a: "a" b: "b" }'
        case.function = over_rows(lambda p, v: torch.where(v != 0, p["a"], p["b"]))
        yield case


def table_cases(stem, node, function, sizes):
    for i, (v, d) in enumerate(sizes):
        weights = {"table": np.random.RandomState(i).randn(v, d)}
        yield Case(f"{stem}_{v}x{d}", (), RUNS[i % 5], node(v), function(v), weights,
                   x=lambda random, rows, v=v: random.randint(0, v, rows).astype(float))


def embedding_cases():
    return table_cases("embedding", lambda v: 'embedding { table: "table" index: "VALUE" }',
                       lambda v: lambda p, x, training: (F.embedding(x.long(), p["table"]), {}),
                       [(v, d) for v in (1, 2, 5, 8, 33) for d in (1, 3, 8, 17)])


def one_hot_cases():
    def function(v):
        return lambda p, x, training: (F.one_hot(x.long(), v).double() @ p["table"], {})

    return table_cases(
        "one_hot",
        lambda v: f'matmul {{ a: "hot" b: "table" }} }}\nnode {{ name: "hot" one_hot {{ x: "VALUE" size: "{v}" }}', function,
        [(v, 1 + v % 5) for v in [*range(1, 18), 31, 33, 100]])


# At least 11 x 11, and sizes that are not a multiple of anything; more than one block of windows across.
SSIM_IMAGES = [(11, 11), (1, 11, 11), (3, 11, 11), (12, 11), (11, 12), (13, 17), (2, 14, 11), (5, 11, 16), (28, 28), (1, 28, 28),
               (9, 12, 12), (11, 73), (11, 75), (1, 74, 11), (16, 11, 12), (2, 20, 33), (3, 32, 32), (7, 13, 11), (11, 140), (17, 11, 11)]


def peak(i):
    return (1, 2.5, 255)[i % 3]


def psnr_cases():
    shapes = IMAGES + VECTORS + [(3, 4), (1, 1), (2, 3, 4, 5), (2, 1, 2, 1), (31, 3)]

    def function(i, shape):
        def psnr(p, v):
            error = ((v - p["target"]) ** 2).flatten(1).mean(1)
            return 10 * torch.log10(peak(i) ** 2 / error)
        return psnr

    return plain_cases("psnr", shapes,
                       lambda i, shape, w: f'psnr {{ prediction: "VALUE" target: "target" peak: {peak(i)} }}', function,
                       lambda random, shape, i: {"target": peak(i) * random.randn(*shape)})


def ssim(x, y, peak):
    """Of images [N, C, H, W], by the paper: every window on its own, its weights as one matrix, its moments about the means."""
    distance = torch.arange(-5, 6, dtype=torch.float64)
    line = torch.exp(-distance ** 2 / (2 * 1.5 ** 2))
    w = (line[:, None] * line / (line[:, None] * line).sum()).flatten()[:, None]
    windows = [F.unfold(image.reshape(-1, 1, *image.shape[2:]), 11) for image in (x, y)]  # [N C, 121, windows]
    mean_x, mean_y = [(w * z).sum(1, keepdim=True) for z in windows]
    around_x, around_y = windows[0] - mean_x, windows[1] - mean_y
    variance_x, variance_y = [(w * z ** 2).sum(1, keepdim=True) for z in (around_x, around_y)]
    covariance = (w * around_x * around_y).sum(1, keepdim=True)
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    index = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    index = index / ((mean_x ** 2 + mean_y ** 2 + c1) * (variance_x + variance_y + c2))
    return index.reshape(len(x), -1).mean(1)


def ssim_cases():
    """It has no gradient: beside it stands a sum, so that there is something to train."""
    node = ('add {{ a: "ssim" b: "sum" }} }}\nnode {{ name: "sum" sum {{ x: "VALUE" }} }}\n'
            'node {{ name: "ssim" ssim {{ prediction: "VALUE" target: "target" peak: {} }}')

    def function(i, shape):
        def both(p, v):
            images = v.detach().reshape(len(v), -1, *shape[-2:])
            target = p["target"].detach().reshape(1, *images.shape[1:]).expand_as(images)
            return ssim(images, target, peak(i)) + v.flatten(1).sum(1)
        return both

    for case in plain_cases("ssim", SSIM_IMAGES, lambda i, shape, w: node.format(peak(i)), function):
        case.updated = {"target": np.random.RandomState(len(case.name)).randn(*case.shape)}
        yield case


def main():
    out = pathlib.Path(sys.argv[1])
    makers = [batch_norm_cases, group_norm_cases, pad_cases, upsample_cases, flatten_cases, where_cases,
              embedding_cases, one_hot_cases, psnr_cases, ssim_cases]
    for make in makers:
        for case in make():
            if case.name.startswith(sys.argv[2] if len(sys.argv) > 2 else ""):
                case.write(out / case.name)


if __name__ == "__main__":
    main()
