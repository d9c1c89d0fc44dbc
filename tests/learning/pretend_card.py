"""A graphics card that is none: what is moved to it stays in the processor's memory and is only marked.

It refuses what a real card refuses: to compute with tensors of both places (but for single numbers), to index by
places kept elsewhere, to hand a tensor to NumPy. A tensor that a job forgets on the processor is found without a card.
"""

from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

CARD = torch.device("cuda", 0)
_MARK = "_on_pretend_card"
_MOVING = (
    "to",
    "cpu",
    "copy_",
    "__get__",
    "__set__",
    "manual_seed",
    "_has_compatible_shallow_copy_type",
)


def is_on(tensor: torch.Tensor) -> bool:
    return getattr(tensor, _MARK, False)


class PretendCard(TorchFunctionMode):
    """`moved`: how many tensors went to the card."""

    moved = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        if func == torch.Tensor.device.__get__:  # type: ignore[attr-defined]
            return CARD if is_on(args[0]) else func(*args)
        if func == torch.Tensor.is_cuda.__get__:  # type: ignore[attr-defined]
            return is_on(args[0])
        if name == "cpu":
            found = func(*args)
            return _marked(found.clone() if is_on(args[0]) else found, False)
        if name in ("numpy", "__array__") and is_on(args[0]):
            raise TypeError(
                "can't convert a tensor on a card to numpy: copy it to host memory first"
            )
        args, given, target = _without_card(name, args, given)
        tensors = [one for one in tree_leaves((args, given)) if isinstance(one, torch.Tensor)]
        here = [is_on(one) for one in tensors]
        if target is None:
            self._check(name, tensors, here)
        found = func(*args, **given)
        if name == "__set__" and len(tensors) == 2:
            setattr(tensors[0], _MARK, is_on(tensors[1]))
        place = any(here) if target is None else target
        if name == "copy_":
            place = is_on(tensors[0])
        if name == "to" and target is not None and target != here[0]:
            found = found.clone() if found is args[0] else found
            self.moved += target
        for one in tree_leaves(found) if found is not None else ():
            if isinstance(one, torch.Tensor):
                _marked(one, place)
        return found

    def _check(self, name: str, tensors: list[torch.Tensor], here: list[bool]) -> None:
        if name in _MOVING or not any(here) or all(here):
            return
        left = [one for one, on in zip(tensors, here, strict=True) if not on and one.dim()]
        if left:
            raise RuntimeError(
                f"{name}: tensors on the card and, of {left[0].shape}, on the processor"
            )


def _without_card(
    name: str, args: Any, given: dict[str, Any]
) -> tuple[Any, dict[str, Any], bool | None]:
    """The call as the processor can do it, and where its result lies where the call says so."""
    target: bool | None = None
    if given.get("device") is not None:
        target = torch.device(given["device"]).type == "cuda"
        given |= {"device": "cpu"} if target else {}
    if name == "to":
        made = []
        for one in args[1:]:
            if isinstance(one, torch.device | str):
                target = torch.device(one).type == "cuda"
            made.append(
                torch.device("cpu") if target and isinstance(one, torch.device | str) else one
            )
        args = (args[0], *made)
    return args, given, target


def _marked(tensor: torch.Tensor, on: bool) -> torch.Tensor:
    if is_on(tensor) != on:
        setattr(tensor, _MARK, on)
    return tensor
