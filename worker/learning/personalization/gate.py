"""Which model a site uses for a task: the shared one, unless another is better on the validation split by a margin.

Fine-tuning lifts the mean and hurts a minority (Motley, arXiv 2206.09262), so nothing is used that did not show on
records kept from its training that it helps. What the choice did is told on the test split, which chose nothing.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from worker.protocol.codes import Chosen

MARGIN = 0.01
"""Share of the shared model's mean loss that another one has to save. See docs/decisions/0010."""
FEWEST = 20
"""With fewer validation records than this nothing is told apart."""
Floats = npt.NDArray[np.float64]


def choose(losses: Mapping[Chosen, Floats]) -> Chosen:
    """`losses`: (records,) of each model, on the same validation records in the same order. The shared one is there."""
    shared = losses[Chosen.SHARED]
    if len(shared) < FEWEST:
        return Chosen.SHARED
    best = min(losses, key=lambda model: (float(losses[model].mean()), model != Chosen.PERSONAL))
    saved = float(shared.mean() - losses[best].mean())
    return best if saved > MARGIN * float(shared.mean()) else Chosen.SHARED
