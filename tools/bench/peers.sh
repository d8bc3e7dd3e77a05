#!/bin/sh
# Installs JAX for tools/bench/compare.py into build/peers. Needs Debian's python3-venv. PyTorch is Debian's:
# newer wheels do not load without the CUDA libraries, which are gigabytes.
set -eu
cd "$(dirname "$0")/../.."

/usr/bin/python3 -m venv build/peers
build/peers/bin/pip install --quiet jax==0.10.2 jaxlib==0.10.2 \
  numpy==2.4.6 scipy==1.17.1 ml_dtypes==0.6.0 opt_einsum==3.4.0
