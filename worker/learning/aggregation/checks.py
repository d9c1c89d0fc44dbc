"""What a contribution must be before it may be summed. Everything refused has a name."""

import numpy as np

from worker.learning import own
from worker.protocol.codec import Tensors, Unacceptable
from worker.protocol.codes import UploadRefusal
from worker.protocol.kept import NO_ROWS, KeptRows


def validate(base: Tensors, delta: Tensors, *, norm_limit: float, kept: KeptRows = NO_ROWS) -> None:
    """Raises `Unacceptable`: other tensors than the base has, other shapes, not float32, not finite, too long, or
    anything but zeros in a row that is kept at the sites.

    `norm_limit` bounds the Euclidean norm of the whole delta of one module.
    """
    if base.keys() != delta.keys():
        raise Unacceptable(UploadRefusal.WRONG_NAMES)
    squares = 0.0
    for name in sorted(base):
        if delta[name].dtype != np.float32:
            raise Unacceptable(UploadRefusal.WRONG_DTYPE, name)
        if delta[name].shape != base[name].shape:
            raise Unacceptable(UploadRefusal.WRONG_SHAPE, name)
        if not np.isfinite(delta[name]).all():
            raise Unacceptable(UploadRefusal.NOT_FINITE, name)
        if own.by_row(delta[name])[own.mask(kept, name, base[name])].any():
            raise Unacceptable(UploadRefusal.KEPT_ROW, name)
        squares += float(np.sum(np.square(delta[name], dtype=np.float64)))
    if squares > norm_limit**2:
        raise Unacceptable(UploadRefusal.NORM_TOO_LARGE)


def checked_weight(weight: float) -> float:
    """A weight is a positive, finite number, or the update is refused."""
    if not np.isfinite(weight) or weight <= 0:
        raise Unacceptable(UploadRefusal.WRONG_WEIGHT)
    return float(weight)
