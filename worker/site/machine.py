"""What this machine can train, where nobody said it in `site.yaml`. No torch: it is told before any child runs.

From what does not change while it runs: a job is judged by the tier the hub was told.
"""

import os
from pathlib import Path

from worker.protocol.codes import Tier

CARD = Path("/dev/nvidia0")
MEDIUM_CORES = 4
MEDIUM_MB = 8000


def tier(*, card: bool, cores: int, memory_mb: int) -> Tier:
    """With a graphics card large; else by cores and the machine's whole memory."""
    if card:
        return Tier.LARGE
    return Tier.MEDIUM if cores >= MEDIUM_CORES and memory_mb >= MEDIUM_MB else Tier.SMALL


def here(*, cards: bool = True) -> Tier:
    """`cards`: whether the site may compute on a graphics card."""
    return tier(card=cards and CARD.exists(), cores=_cores(), memory_mb=_memory_mb())


def _cores() -> int:
    known = getattr(os, "sched_getaffinity", None)
    return len(known(0)) if known else os.cpu_count() or 1


def _memory_mb() -> int:
    try:
        return (os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")) >> 20
    except (ValueError, OSError):
        return 0
