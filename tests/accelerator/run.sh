#!/usr/bin/env bash
# All that is asked of a machine with a GPU: the tests there, on both backends, and what attention costs.
#   tests/accelerator/run.sh [FOLDER]      # where tables and pictures are left; [accelerator]
# The environment needs the GPU builds: pip install 'tensorflow[and-cuda]' 'jax[cuda12]'.
set -uo pipefail
cd "$(dirname "$0")/../.."
to="${1:-accelerator}"
export CUDA_VISIBLE_DEVICES="${CUDA_VISIBLE_DEVICES:-0}" XLA_PYTHON_CLIENT_PREALLOCATE=false
mkdir -p "$to"
failed=0
for backend in tensorflow jax; do
  export KERAS_BACKEND="$backend"
  pytest -m accelerator tests/accelerator 2>&1 | tee "$to/tests_$backend.txt" || failed=1
done
export KERAS_BACKEND=tensorflow
zoo bench full local big_bird strided --lengths 1k..16k --out "$to/bench" 2>&1 |
  tee "$to/bench.txt" || failed=1
zoo train quickstart --run "$to/quickstart" '~export' 2>&1 | tee "$to/quickstart.txt" || failed=1
exit "$failed"
