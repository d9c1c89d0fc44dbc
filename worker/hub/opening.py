"""Opening a run's next round, with this worker's key and seeds."""

from app.hub import Hub
from app.runs import rounds
from worker.learning import seeds


def open_next(hub: Hub, run_id: str) -> bool:
    """Whether a round is open now. A run that waits for sites is asked again by the sweep."""
    with hub.db.session() as session:
        opened = rounds.open_round(
            session,
            hub.key,
            run_id,
            seeds=seeds.training_seed,
            seen_recently_s=hub.settings.seen_recently_s,
        )
    return opened is not None
