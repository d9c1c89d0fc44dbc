"""The one place that fixes what would make two trainings differ: threads and kernels."""

import torch

THREADS = 1
"""Sums split over threads depend on how many there are; with one, digests do not depend on a machine's load."""


def prepare() -> None:
    """Called before any tensor work of a job. Safe to call again."""
    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(True)
