"""What several tasks of one step ask of the parts they share, put together. A part of one task is never touched.

PCGrad (Yu et al., NeurIPS 2020, arXiv 2001.06782, algorithm 1): each task's gradient g_i loses, in an order drawn
anew, its part against every other one it points apart from,

    g_i <- g_i - <g_i, g_j> / |g_j|^2 g_j   where <g_i, g_j> < 0,   and the step is the sum of what is left.

All that is left is sums of the g's, so only their products <g_i, g_j> are needed (`shares`). See docs/decisions/0011
for what was measured.
"""

from collections.abc import Sequence

import torch

from worker.learning.model.layout import head

Named = Sequence[tuple[str, torch.Tensor]]
"""(`<module>::<tensor>`, tensor)."""
_HEADS = head("")


def backward(losses: torch.Tensor, named: Named) -> None:
    """Sets `grad` of each tensor as `losses.sum().backward()` would, shared ones by PCGrad. `losses` (tasks,).

    A backward pass for each task.
    """
    tensors = [tensor for _, tensor in named]
    each = [
        torch.autograd.grad(loss, tensors, retain_graph=True, allow_unused=True) for loss in losses
    ]
    shared = [not name.startswith(_HEADS) for name, _ in named]
    kept = shares(_products(each, shared)).to(torch.float32)
    for place, tensor in enumerate(tensors):
        weights = kept if shared[place] else torch.ones(len(each))
        given = [(weight, one[place]) for weight, one in zip(weights, each, strict=True)]
        moving = [weight * gradient for weight, gradient in given if gradient is not None]
        tensor.grad = torch.stack(moving).sum(dim=0) if moving else None


def shares(products: torch.Tensor) -> torch.Tensor:
    """(tasks,): how much of each task's gradient is in the step. `products` (tasks, tasks): <g_i, g_j>.

    The order of each task's others is drawn from torch's generator.
    """
    count = len(products)
    left = torch.eye(count, dtype=products.dtype)
    for mine in range(count):
        for other in torch.randperm(count).tolist():
            against = left[mine] @ products[:, other]
            if other != mine and against < 0:
                left[mine, other] -= against / products[other, other]
    return left.sum(dim=0)


def _products(
    each: Sequence[tuple[torch.Tensor | None, ...]], shared: Sequence[bool]
) -> torch.Tensor:
    """<g_i, g_j> over the shared tensors, in double precision; a tensor a task does not use is zero there."""
    found = torch.zeros(len(each), len(each), dtype=torch.float64)
    for place, counts in enumerate(shared):
        rows = [(task, one[place]) for task, one in enumerate(each)]
        some = [(task, one.flatten().double()) for task, one in rows if one is not None]
        if counts and some:
            tasks = torch.tensor([task for task, _ in some])
            flat = torch.stack([one for _, one in some])
            found[tasks[:, None], tasks] += (flat @ flat.T).cpu()
    return found
