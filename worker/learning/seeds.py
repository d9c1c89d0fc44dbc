"""Every seed of a run, from the run's own, by `derive`. Seeds serve shuffles, dropout and first weights."""

from worker.protocol.seeds import derive

__all__ = ["derive", "training_seed"]


def training_seed(run_seed: int, round: int, site: str) -> int:  # noqa: A002
    """What `manifest.training.seed` is for one site in one round, live and simulated."""
    return derive("training", run_seed, round, site)
