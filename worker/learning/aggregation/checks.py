"""What a contribution must be before it may be summed. Everything refused has a name."""

from collections.abc import Mapping

import numpy as np

from worker.learning import own
from worker.protocol import slices
from worker.protocol.codec import Array, Tensors, Unacceptable
from worker.protocol.codes import UploadRefusal
from worker.protocol.kept import NO_ROWS, KeptRows


def validate(
    base: Tensors, delta: Mapping[str, Array], *, norm_limit: float, kept: KeptRows = NO_ROWS
) -> None:
    """Raises `Unacceptable`: other tensors than the base has, other shapes, not float32, not finite, too long, or
    anything but zeros in a row that is kept at the sites.

    A tensor of an adapter may have fewer rows than the base: a site of a lower tier trains, and sends, the first ones.
    `norm_limit` bounds the Euclidean norm of the whole delta of one module.
    """
    if base.keys() != delta.keys():
        raise Unacceptable(UploadRefusal.WRONG_NAMES)
    squares = 0.0
    for name, given in delta.items():
        if given.dtype != np.float32:
            raise Unacceptable(UploadRefusal.WRONG_DTYPE, name)
        if not slices.fits(name, given.shape, base[name].shape):
            raise Unacceptable(UploadRefusal.WRONG_SHAPE, name)
        flat = given.ravel()
        square = float(np.einsum("i,i->", flat, flat, dtype=np.float64))
        if not np.isfinite(square):  # a float32 squared is finite in float64
            raise Unacceptable(UploadRefusal.NOT_FINITE, name)
        stays = own.mask(kept, name, base[name])[: own.rows(given)]
        if stays.any() and own.by_row(given)[stays].any():
            raise Unacceptable(UploadRefusal.KEPT_ROW, name)
        squares += square
    if squares > norm_limit**2:
        raise Unacceptable(UploadRefusal.NORM_TOO_LARGE)


def checked_weight(weight: float) -> float:
    """A weight is a positive, finite number, or the update is refused."""
    if not np.isfinite(weight) or weight <= 0:
        raise Unacceptable(UploadRefusal.WRONG_WEIGHT)
    return float(weight)
