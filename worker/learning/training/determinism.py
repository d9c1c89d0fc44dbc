"""The one place that fixes what would make two trainings differ: threads, kernels and their precision."""

import os
from typing import Any

import torch

MOST_THREADS = 4
"""More gain little with models of a school's size."""


def threads() -> int:
    """OMP_NUM_THREADS, else the cores this process may use, at most MOST_THREADS. Never a machine's load: sums split
    over threads depend on how many there are, so on one machine the count must be the same for every job."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdecimal() and int(given) > 0:
        return int(given)
    return min(MOST_THREADS, len(os.sched_getaffinity(0)))


def prepare() -> None:
    """Called before any tensor work of a job. Safe to call again.

    On a card full float32, never TensorFloat-32, and cuBLAS with the workspace that makes its sums repeat.
    """
    torch.set_num_threads(threads())
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    backends: Any = torch.backends
    for one in (backends.cuda.matmul, backends.cudnn.conv, backends.cudnn.rnn):
        one.fp32_precision = "ieee"
    torch.use_deterministic_algorithms(True)
