"""Writes models of one op on images each, in many shapes, and the loss and gradients that PyTorch finds in double.

The loss of a shape is the product of the op's result and a parameter p: the gradient of p is the result itself.
"""
import numpy as np
import torch
import torch.nn.functional as F

# x; weight; whether there is a bias; attributes as plgraph names them. Odd ones included: one place, one channel, a
# stride larger than the kernel, places that no window reaches, groups, channels that are not a multiple of 8.
CONV2D = [
    ((1, 12, 12), (16, 1, 3, 3), True, dict(stride=[2], padding=[1])),
    ((16, 6, 6), (32, 16, 3, 3), True, dict(stride=[2], padding=[1])),
    ((1, 1, 1), (1, 1, 1, 1), True, {}),
    ((3, 1, 1), (5, 3, 3, 3), False, dict(padding=[1])),
    ((8, 6, 6), (8, 8, 1, 1), True, {}),
    ((3, 7, 5), (4, 3, 3, 3), True, {}),
    ((3, 9, 9), (7, 3, 2, 2), False, dict(stride=[3])),
    ((2, 8, 8), (3, 2, 2, 2), True, dict(stride=[4, 3])),
    ((5, 6, 11), (9, 5, 1, 5), True, dict(padding=[0, 2])),
    ((5, 11, 6), (9, 5, 5, 1), True, dict(padding=[2, 0], stride=[2, 1])),
    ((2, 9, 9), (3, 2, 3, 3), True, dict(dilation=[2])),
    ((2, 12, 9), (3, 2, 3, 2), True, dict(dilation=[3, 2], stride=[2], padding=[2, 1])),
    ((4, 6, 6), (6, 2, 3, 3), True, dict(groups=2, padding=[1])),
    ((6, 5, 5), (6, 1, 3, 3), True, dict(groups=6, stride=[2])),
    ((9, 5, 7), (12, 3, 2, 3), False, dict(groups=3, dilation=[2], padding=[1, 2])),
    ((1, 5, 5), (17, 1, 5, 5), True, {}),
    ((33, 2, 3), (31, 33, 3, 3), True, dict(padding=[1])),
    ((70, 2, 2), (67, 70, 2, 2), True, {}),
    ((1, 20, 33), (2, 1, 7, 3), True, dict(stride=[1, 5], padding=[3])),
    ((2, 3, 3), (2, 2, 3, 3), True, dict(padding=[4], stride=[2])),
    ((13, 6, 6), (11, 13, 3, 3), True, dict(stride=[2], padding=[1])),
    ((3, 17, 17), (8, 3, 3, 3), True, dict(stride=[2], padding=[1])),
]
CONV_TRANSPOSE2D = [
    ((32, 3, 3), (32, 16, 3, 3), True, dict(stride=[2], padding=[1], output_padding=[1])),
    ((16, 6, 6), (16, 1, 3, 3), True, dict(stride=[2], padding=[1], output_padding=[1])),
    ((1, 1, 1), (1, 1, 1, 1), True, {}),
    ((3, 1, 1), (3, 5, 3, 3), False, {}),
    ((8, 6, 6), (8, 8, 1, 1), True, {}),
    ((3, 5, 4), (3, 4, 3, 3), True, {}),
    ((3, 4, 4), (3, 7, 2, 2), False, dict(stride=[3])),
    ((2, 3, 3), (2, 3, 2, 2), True, dict(stride=[4, 3], output_padding=[2, 1])),
    ((5, 6, 7), (5, 9, 1, 5), True, dict(padding=[0, 2])),
    ((5, 7, 6), (5, 9, 5, 1), True, dict(padding=[2, 0], stride=[2, 1])),
    ((2, 5, 5), (2, 3, 3, 3), True, dict(dilation=[2])),
    ((2, 6, 5), (2, 3, 3, 2), True, dict(dilation=[3, 2], stride=[2], padding=[2, 1])),
    ((2, 4, 4), (2, 3, 3, 3), True, dict(dilation=[3], output_padding=[2])),
    ((4, 6, 6), (4, 3, 3, 3), True, dict(groups=2, padding=[1])),
    ((6, 5, 5), (6, 1, 3, 3), True, dict(groups=6, stride=[2])),
    ((9, 5, 4), (9, 4, 2, 3), False, dict(groups=3, dilation=[2], padding=[1, 2])),
    ((17, 2, 2), (17, 1, 5, 5), True, dict(stride=[3], padding=[1])),
    ((33, 2, 3), (33, 31, 3, 3), True, dict(padding=[1])),
    ((70, 1, 1), (70, 67, 2, 2), True, {}),
    ((2, 6, 4), (2, 1, 7, 3), True, dict(stride=[1, 5], padding=[3, 1])),
    ((2, 4, 4), (2, 2, 4, 4), True, dict(stride=[4, 6], padding=[3], output_padding=[0, 5])),
    ((11, 4, 4), (11, 13, 3, 3), True, dict(stride=[2], padding=[1])),
]
POOL = [
    ((1, 12, 12), dict(kernel=[2])),
    ((16, 6, 6), dict(kernel=[2], stride=[2])),
    ((1, 1, 1), dict(kernel=[1])),
    ((3, 1, 1), dict(kernel=[3], stride=[1], padding=[1])),
    ((2, 1, 9), dict(kernel=[1, 3])),
    ((2, 9, 1), dict(kernel=[4, 1])),
    ((5, 7, 7), dict(kernel=[3], stride=[2], padding=[1])),
    ((5, 8, 8), dict(kernel=[3], stride=[2], padding=[1])),
    ((3, 6, 5), dict(kernel=[2], stride=[3])),
    ((3, 9, 10), dict(kernel=[2, 3], stride=[4, 5])),
    ((2, 7, 5), dict(kernel=[7, 5])),
    ((2, 5, 5), dict(kernel=[4], stride=[1], padding=[2])),
    ((7, 6, 6), dict(kernel=[3], stride=[1])),
    ((1, 11, 13), dict(kernel=[5, 4], stride=[2, 1], padding=[2, 1])),
    ((9, 4, 4), dict(kernel=[2], stride=[1])),
    ((4, 10, 3), dict(kernel=[10, 1])),
    ((3, 3, 3), dict(kernel=[2], padding=[1])),
    ((8, 8, 8), dict(kernel=[4])),
    ((1, 19, 19), dict(kernel=[3], stride=[3])),
    ((33, 3, 3), dict(kernel=[2], stride=[1], padding=[1, 0])),
]
IMAGES = [(1, 1, 1), (5, 1, 1), (1, 7, 3), (16, 7, 7), (3, 2, 9), (33, 3, 3)]
IMAGES += [(i, i % 5 + 1, i) for i in range(1, 15)]


def convolution(function):
    def pair(name, value):
        return value if name == "groups" else value * (2 // len(value))
    return lambda x, w, b, a: function(x, w, b, **{k: pair(k, v) for k, v in a.items()})


def pooling(function, **fixed):
    def pool(x, _, __, a):
        kernel = a["kernel"] * (2 // len(a["kernel"]))
        return function(x, kernel, a.get("stride", kernel), a.get("padding", 0), **fixed)
    return pool


OPS = {  # PyTorch's function, shapes
    "conv2d": (convolution(F.conv2d), CONV2D),
    "conv_transpose2d": (convolution(F.conv_transpose2d), CONV_TRANSPOSE2D),
    "max_pool2d": (pooling(F.max_pool2d), [(x, None, False, a) for x, a in POOL]),
    "avg_pool2d": (pooling(F.avg_pool2d, count_include_pad=False), [(x, None, False, a) for x, a in POOL]),
    "global_avg_pool": (lambda x, _, __, ___: x.mean((2, 3)), [(x, None, False, {}) for x in IMAGES]),
}


def spread(random, *shape):
    """Numbers so far apart within each channel that a small difference changes no maximum, at no regular distance."""
    ranks = random.rand(*shape[:-2], shape[-2] * shape[-1]).argsort(-1)
    return (ranks.reshape(shape) + random.rand(*shape) / 2) / ranks.shape[-1] * 4 - 2


def shape_text(shape):
    return "[" + ", ".join(f'"{n}"' for n in shape) + "]"


def node_text(op, i, parameters, attributes):
    fields = [f'x: "sum{i}"']
    fields += [f'{k}: "{name}{i}"' for k, name in (("weight", "w"), ("bias", "b")) if f"{name}{i}" in parameters]
    fields += [f"{k}: {v}" for k, v in attributes.items()]
    return f'node {{ name: "y{i}" {op} {{ {" ".join(fields)} }} }}\n'


def make(op, steps, batch, folder):
    function, cases = OPS[op]
    assert len({str(case) for case in cases}) >= 20, f"{op} has fewer than 20 shapes"
    random = np.random.RandomState(len(op) + steps)
    text, arrays, loss = f'name: "{op}"\n', "", 0
    values, parameters = {}, {}
    folder.mkdir(parents=True, exist_ok=True)
    for i, (x, weight, has_bias, attributes) in enumerate(cases):
        image = spread(random, batch, steps, *x)
        np.save(folder / f"image{i}.npy", image)
        values = {f"x{i}": np.zeros(x)}
        if weight:
            values[f"w{i}"] = random.randn(*weight)
        if has_bias:
            values[f"b{i}"] = random.randn(weight[0] if op == "conv2d" else weight[1] * attributes.get("groups", 1))
        own = {k: torch.tensor(v, requires_grad=True) for k, v in values.items()}
        rows = torch.tensor(image.reshape(-1, *x)) + own[f"x{i}"]
        y = function(rows, own.get(f"w{i}"), own.get(f"b{i}"), attributes)
        own[f"p{i}"] = torch.tensor(random.randn(*y.shape[1:]), requires_grad=True)
        loss = loss + (y * own[f"p{i}"]).sum() / (steps * batch)
        parameters.update(own)
        text += f'input {{ name: "image{i}" shape: {shape_text(x)} }}\n'
        text += "".join(f'parameter {{ name: "{k}" shape: {shape_text(v.shape)} }}\n' for k, v in own.items())
        text += f'node {{ name: "sum{i}" add {{ a: "image{i}" b: "x{i}" }} }}\n'
        text += node_text(op, i, own, attributes)
        text += f'node {{ name: "part{i}" dot {{ a: "y{i}" b: "p{i}" }} }}\n'
        text += f'loss {{ value: "part{i}" at: EVERY_STEP }}\n'
        arrays += f'array {{ input: "image{i}" path: "image{i}.npy" }} '
    text += f"train {{ episodes: {batch} batch: {batch} sgd {{}} data {{ npy {{ {arrays} shuffle: false }} }} }}\n"
    (folder / "model.pbtxt").write_text(text)
    loss.backward()
    np.savez(folder / "weights.npz", **{k: v.detach().numpy() for k, v in parameters.items()})
    np.savez(folder / "gradients.npz", loss=loss.detach().numpy(), **{k: v.grad.numpy() for k, v in parameters.items()})
