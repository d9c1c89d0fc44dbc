"""A site's mean training loss at a round's base, for server rules that weigh by it.

Only `worker.learning.simulate` asks for it. No flow of the product lets losses out, and no job tells one.
"""

from pathlib import Path

from worker.learning.data.records import SiteData
from worker.learning.local import ProgressHook
from worker.learning.model.layout import Bases
from worker.learning.own import Modules
from worker.protocol.manifest import ModelSpec
from worker.protocol.tasks import TaskSheet


def of(
    spec: ModelSpec,
    tasks: tuple[TaskSheet, ...],
    modules: Modules,
    data: SiteData,
    *,
    bases: Bases,
    cache_dir: Path,
    on_progress: ProgressHook,
) -> float:
    """Per record of the train split, of which there is one at least: the loss that training lowers, no dropout, mixup
    or proximal term; tasks weigh by their records. `modules`: as the site uses them. Raises ModelMissing."""
    from worker.learning.training import held_out
    from worker.learning.training.desk import laid

    with laid(spec, tasks, data, bases=bases, cache_dir=cache_dir, on_progress=on_progress) as desk:
        rows = [source.rows("train") for source in desk.sources]
        return held_out.loss(desk.network(modules), desk.sources, rows)
