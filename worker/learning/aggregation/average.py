"""The mean of a module's states after the last rounds: it scatters less than the last of them.

Averaging along a run's path (Polyak and Juditsky, SIAM J. Control Optim. 1992; Izmailov et al., UAI 2018, arXiv
1803.05407); with learning rates that do not go to nothing, the last state still swings with the last round's sites.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from worker.protocol.codec import Tensors


def averaged(states: Iterable[Tensors]) -> Tensors:
    """Of one module, at least one state, each read in turn. Sums are float64 in the order given."""
    sums: dict[str, npt.NDArray[np.float64]] = {}
    count = 0
    for count, state in enumerate(states, start=1):
        for name, array in state.items():
            sums[name] = sums[name] + array if count > 1 else array.astype(np.float64)
    return {name: (total / count).astype(np.float32) for name, total in sums.items()}
