"""Every seed of a run, from the run's own. Pure functions of names and numbers; no randomness is made here.

Seeds serve shuffles, dropout and first weights. Noise and keys never come from here.
"""

import hashlib

LIMIT = 2**31
"""Seeds are below this, the limit of the manifest's fields."""


def derive(*parts: str | int) -> int:
    """A seed in [0, 2^31) that differs, in all likelihood, for different parts."""
    text = "collegium-seed-1|" + "|".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % LIMIT


def training_seed(run_seed: int, round: int, site: str) -> int:  # noqa: A002
    """What `manifest.training.seed` is for one site in one round, live and simulated."""
    return derive("training", run_seed, round, site)
