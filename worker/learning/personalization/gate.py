"""Which model a site uses for a task: the shared one, unless another does better on the validation split.

Fine-tuning lifts the mean and hurts a minority (Motley, arXiv 2206.09262), so nothing is used that did not show on
records kept from its training that it helps. The own model near the shared one has to save a share of the loss; the
one trained alone, which varies more, has to be better by more than chance. Both bars were chosen by measurement
(docs/decisions/0010). What the choice did is told on the test split, which chose nothing.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from worker.protocol.codes import Chosen, ClassUse

MARGIN = 0.02
"""Share of the shared model's mean loss that the own one saves at least; also of what a class would use without."""
LEVEL = 0.05
DRAWS = 1000
FEWEST = 5
"""With fewer students than this in the validation split the shared model is used."""
FEWEST_ALONE = 20
"""With fewer than this nothing is beyond chance."""
Floats = npt.NDArray[np.float64]


def choose(
    losses: Mapping[Chosen, Floats],
    student: npt.NDArray[np.str_],
    fewest: int = FEWEST,
    margin: float = MARGIN,
) -> Chosen:
    """`losses`: (records,) of all three, on the same validation records; `student`: whose these are. The product never
    sets `fewest` and `margin`; `benchmarks.personal` measures others."""
    students = len(np.unique(student))
    if students < fewest:
        return Chosen.SHARED
    shared, own = losses[Chosen.SHARED], losses[Chosen.PERSONAL]
    saves = shared.mean() - own.mean() > margin * shared.mean()
    found = Chosen.PERSONAL if saves else Chosen.SHARED
    saved = losses[found] - losses[Chosen.ALONE]
    if students < FEWEST_ALONE:
        return found
    return Chosen.ALONE if saved.mean() > 0 and beyond_chance(saved, student) else found


def of_class(losses: Mapping[ClassUse, Floats]) -> ClassUse:
    """`losses`: (records,) on the class's own validation records, of the institution's model and of what else there is.
    The larger one has to save the margin of whichever smaller one it would replace."""
    found = ClassUse.INSTITUTION
    for use in (ClassUse.HEAD, ClassUse.ADAPTER):
        before = losses[found].mean()
        if use in losses and before - losses[use].mean() > MARGIN * before:
            found = use
    return found


def beyond_chance(saved: Floats, student: npt.NDArray[np.str_]) -> bool:
    """Is its mean above 0? One-sided bootstrap over students, always with the same draws."""
    names, of_record = np.unique(student, return_inverse=True)
    sums, counts = np.bincount(of_record, saved), np.bincount(of_record)
    even = np.full(len(names), 1 / len(names))
    drawn = np.random.default_rng(1).multinomial(len(names), even, DRAWS)
    means = (drawn @ sums) / (drawn @ counts)
    return float((np.sum(means <= 0) + 1) / (DRAWS + 1)) <= LEVEL
