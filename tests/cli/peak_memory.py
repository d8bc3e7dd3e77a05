#!/usr/bin/python3
"""Compares the peak memory that `compile` predicts with the largest resident memory of `train` (VmHWM, which
run.json holds), for data of every format, a large graph, large parameters and all models in models/. Within 10% and 32 MB.

    tests/cli/peak_memory.py build/plgraph [--only data | models | NAME]

For a release build: a sanitizer has memory of its own.
"""
import argparse
import array
import json
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib

MODELS = pathlib.Path(__file__).resolve().parents[2] / "models"
MB = 1 << 20
RELATIVE, ABSOLUTE = 0.10, 32 * MB
EPISODES, STEPS, WIDTH = 400, 50, 1000  # 20 million numbers

# A network of `width` inputs that are read from what DATA says; the encoder is small.
READER = """
input {{ name: "{input}" shape: "{width}" {per} }}
parameter {{ name: "w" shape: ["{width}", "4"] normal {{ stddev: 0.01 }} }}
node {{ name: "y" matmul {{ a: "{input}" b: "w" }} }}
node {{ name: "squares" square {{ x: "y" }} }}
node {{ name: "e" sum {{ x: "squares" }} }}
loss {{ value: "e" at: EVERY_STEP }}
train {{ episodes: 2 batch: 2 sgd {{}} evaluation {{ every: {every} episodes: 2 }} data {{ {data} }} }}
"""


def reader(data, width=WIDTH, input="x", per="", every=0):
    return READER.format(data=data, width=width, input=input, per=per, every=every)


def npy_header(descr, shape, fortran=False):
    text = f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}"
    text += " " * (63 - (10 + len(text)) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def write_npy(path, descr, code, fortran=False):
    numbers = array.array(code, [0.5]) * (EPISODES * STEPS * WIDTH)
    with open(path, "wb") as file:
        file.write(npy_header(descr, (EPISODES, STEPS, WIDTH), fortran))
        numbers.tofile(file)


def npy_model(descr, code, fortran=False, every=0):
    def make(folder):
        write_npy(folder / "x.npy", descr, code, fortran)
        return reader('npy { array { input: "x" path: "x.npy" } }', every=every), []
    return make


def npz_model(descr, pixel, packing):
    """Images of 100 x 100 as an archive."""
    def make(folder):
        count = 3000
        bytes_ = npy_header(descr, (count, 100, 100)) + pixel * (count * 100 * 100)
        with zipfile.ZipFile(folder / "x.npz", "w", packing, compresslevel=1) as archive:
            archive.writestr("x.npy", bytes_)
        return reader('images { npz { path: "x.npz" } }', 10000, "image"), []
    return make


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_model(folder):
    side, count = 300, 400
    rows = (b"\0" + bytes(i % 251 for i in range(3 * side))) * side
    image = (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) +
             png_chunk(b"IDAT", zlib.compress(rows, 1)) + png_chunk(b"IEND", b""))
    for i in range(count):
        place = folder / f"set/{i % 4}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{i}.png").write_bytes(image)
    return reader('images { png { folder: "set" channels: 3 } }', 3 * side * side, "image"), []


def csv_model(folder):
    line = "7," + ",".join(str(i % 256) for i in range(784)) + "\n"
    (folder / "x.csv").write_text(line * 20000)
    return reader('images { csv { path: "x.csv" height: 28 width: 28 } }', 784, "image"), []


def idx(kind, extents):
    return bytes([0, 0, kind, len(extents)]) + b"".join(struct.pack(">I", n) for n in extents)


def write_digits(folder, name, count):
    (folder / f"{name}-images").write_bytes(idx(8, (count, 28, 28)) + bytes(i % 256 for i in range(784)) * count)
    (folder / f"{name}-labels").write_bytes(idx(8, (count,)) + bytes(i % 10 for i in range(count)))


def gzip_model(folder):
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    bytes_ = idx(8, (60000, 28, 28)) + bytes(i % 256 for i in range(784)) * 60000
    (folder / "x.gz").write_bytes(packer.compress(bytes_) + packer.flush())
    return reader('images { idx { images: "x.gz" } }', 784, "image"), []


def chain_model(nodes):
    def make(_):
        text = ['input { name: "cue" shape: "4" }', 'input { name: "target" shape: "4" }',
                'parameter { name: "w" shape: "4" normal { } }', 'node { name: "n0" add { a: "cue" b: "w" } }']
        text += [f'node {{ name: "n{i}" tanh {{ x: "n{i - 1}" }} }}' for i in range(1, nodes - 1)]
        text += [f'node {{ name: "e" squared_error {{ prediction: "n{nodes - 2}" target: "target" }} }}',
                 'loss { value: "e" }',
                 "train { episodes: 1 adam { } evaluation { every: 1 episodes: 1 } data { patterns { } } }"]
        return "\n".join(text), []
    return make


def parameters_model(optimizer, initializer):
    """25 million of them."""
    def make(_):
        return (f'input {{ name: "cue" shape: "5000" }} input {{ name: "target" shape: "5000" }}\n'
                f'parameter {{ name: "w" shape: ["5000", "5000"] {initializer} }}\n'
                'node { name: "y" matmul { a: "cue" b: "w" } }\n'
                'node { name: "e" squared_error { prediction: "y" target: "target" } }\n'
                f'loss {{ value: "e" }} train {{ episodes: 1 {optimizer} {{ learning_rate: 1e-9 }} data {{ patterns '
                '{ patterns: 1 presentations: 1 show_steps: 1 gap_steps: 0 query_steps: 1 } } }'), []
    return make


def shipped_model(path):
    """A model of models/ with few episodes and, if it needs images, made-up ones."""
    def make(folder):
        text = path.read_text()
        settings = ["train.episodes=1"]
        if "evaluation {" in text:
            settings += ["train.evaluation.every=1", "train.evaluation.episodes=1"]
        if "images {" in text:
            write_digits(folder, "train", 60000)
            write_digits(folder, "t10k", 10000)
            text = re.sub(r'"[^"]*/(train|t10k)-(images|labels)-idx[^"]*"', r'"\1-\2"', text)
        return text, settings
    return make


DATA = {
    "npy_f4": npy_model("<f4", "f"),
    "npy_f4_evaluated": npy_model("<f4", "f", every=2),
    "npy_f8": npy_model("<f8", "d"),
    "npy_f4_fortran": npy_model("<f4", "f", True),
    "npy_f8_fortran": npy_model("<f8", "d", True),
    "npz_u1": npz_model("|u1", b"\x07", zipfile.ZIP_STORED),
    "npz_u1_packed": npz_model("|u1", b"\x07", zipfile.ZIP_DEFLATED),
    "npz_f4_packed": npz_model("<f4", struct.pack("<f", 7), zipfile.ZIP_DEFLATED),
    "npz_f8": npz_model("<f8", struct.pack("<d", 7), zipfile.ZIP_STORED),
    "png": png_model,
    "csv": csv_model,
    "idx_gzip": gzip_model,
    "chain_1000": chain_model(1000),
    "chain_20000": chain_model(20000),
    "parameters_sgd": parameters_model("sgd", "normal { stddev: 0.01 }"),
    "parameters_adam": parameters_model("adam", "constant { }"),
}
SHIPPED = {path.stem: shipped_model(path) for path in sorted(MODELS.glob("*.pbtxt"))}
CASES = {**DATA, **SHIPPED}


def run(arguments, folder):
    done = subprocess.run([str(a) for a in arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{arguments} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def measure(tool, name):
    """Predicted and measured peak."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        text, settings = CASES[name](folder)
        (folder / "m.pbtxt").write_text(text)
        sets = [word for setting in settings for word in ("--set", setting)]
        report = run([tool, "compile", "m.pbtxt", *sets], folder)
        peak = report[report.index("peak resident memory"):]
        predicted = int(re.search(r"total +([0-9,]+)", peak).group(1).replace(",", ""))
        run([tool, "train", "m.pbtxt", "--run-dir", "run", "--threads", "2", *sets], folder)
        # VmHWM. What the system tells a parent of its child holds what the parent had before it became the child.
        return predicted, json.loads((folder / "run" / "run.json").read_text())["peak_memory_bytes"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--only", choices=["data", "models", *CASES], help="a part of them, or one")
    options = parser.parse_args()
    names = {None: CASES, "data": DATA, "models": SHIPPED}.get(options.only, [options.only])
    wrong = 0
    for name in names:
        predicted, measured = measure(options.tool, name)
        within = abs(predicted - measured) <= RELATIVE * measured + ABSOLUTE
        wrong += not within
        print(f"{name:28} predicted {predicted / MB:7.1f} MB  measured {measured / MB:7.1f} MB"
              f"  {'' if within else '<- wrong'}", flush=True)
    sys.exit(f"{wrong} of {len(names)} predictions are wrong" if wrong else 0)


if __name__ == "__main__":
    main()
