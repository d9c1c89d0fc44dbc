"""A head of its own for a class with enough records, held near the institution's:

    h = argmin F_c(h) + strength/2 |h - h0|^2,   everything below the head as it is

F_c is the mean loss over the class's training records, so the fit is a small, smooth problem solved at once (L-BFGS).
One strength for all classes of a task, by their validation records together; a class's head is used only if it saves
the margin of `personalization.gate` on the class's own. No head leaves the site, and none is kept: they are made
again in a moment from the model in use.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from worker.learning.evaluate import paired
from worker.learning.evaluate.predict import BATCH, TEXT_BATCH, judge, predict
from worker.learning.model import losses
from worker.learning.model.layout import head
from worker.learning.model.network import Network
from worker.learning.personalization import gate
from worker.learning.training.batches import Rows, Source
from worker.learning.training.frozen import ProgressHook
from worker.learning.training.personal import STRENGTHS
from worker.protocol.codec import Tensors

FEWEST = 50
"""Training records of a class."""
FEWEST_HELD = 20
"""Students of a class in the validation split."""
STEPS = 50
Class = tuple[str, str]
"""Code and term."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Held:
    """A class with enough records: what it learns from and what it is judged by."""

    train: Rows
    validation: Rows


def find(network: Network, source: Source, on_progress: ProgressHook) -> dict[Class, Network]:
    """The networks of the classes that a head of their own helps, on their validation records."""
    sheet, groups = source.data.sheet, eligible(source)
    if sheet.kind == "next_answer" or not groups:
        return {}
    before = {
        key: _losses(network, source, one.validation, on_progress) for key, one in groups.items()
    }
    best: dict[Class, Network] = {}
    found: dict[Class, Floats] = before
    features = {key: _features(network, source, one.train) for key, one in groups.items()}
    for strength in STRENGTHS:
        made = {
            key: network.with_head(
                sheet.name, _fit(network, source, one.train, features[key], strength)
            )
            for key, one in groups.items()
        }
        after = {
            key: _losses(made[key], source, one.validation, on_progress)
            for key, one in groups.items()
        }
        if _mean(after) < _mean(found):
            best, found = made, after
    return {
        key: best[key]
        for key, loss in before.items()
        if best and loss.mean() - found[key].mean() > gate.MARGIN * loss.mean()
    }


def eligible(source: Source) -> dict[Class, Held]:
    data = source.data
    train, held = source.rows("train"), source.rows("validation")
    found: dict[Class, Held] = {}
    for code, term in sorted(set(zip(data.class_code.tolist(), data.term.tolist(), strict=True))):
        inside = (data.class_code == code) & (data.term == term)
        one = Held(train[inside[train]], held[inside[held]])
        students = len(np.unique(data.student[one.validation]))
        if len(one.train) >= FEWEST and students >= FEWEST_HELD:
            found[code, term] = one
    return found


def _mean(found: Mapping[Class, Floats]) -> float:
    return float(np.concatenate(list(found.values())).mean())


def _losses(network: Network, source: Source, rows: Rows, on_progress: ProgressHook) -> Floats:
    return paired.losses(judge(source, rows, predict(network, source, rows, on_progress)))


@torch.no_grad()
def _features(network: Network, source: Source, rows: Rows) -> torch.Tensor:
    size = TEXT_BATCH if source.shared else BATCH
    parts = [
        network.fused(source.batch(rows[start : start + size]), training=False)
        for start in range(0, len(rows), size)
    ]
    return torch.cat(parts)


def _fit(
    network: Network, source: Source, rows: Rows, features: torch.Tensor, strength: float
) -> Tensors:
    sheet = source.data.sheet
    start = {n: t.detach().clone() for n, t in network.parts[head(sheet.name)].items()}
    made = {name: tensor.clone().requires_grad_() for name, tensor in start.items()}
    label = torch.from_numpy(np.ascontiguousarray(source.data.label[rows]))
    solver = torch.optim.LBFGS(list(made.values()), max_iter=STEPS, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        solver.zero_grad()
        given = functional.linear(features, made["weight"]) + made["bias"]
        far = torch.stack([(made[name] - start[name]).square().sum() for name in made]).sum()
        loss = losses.labelled(sheet, given, label) + strength / 2 * far
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    solver.step(closure)  # type: ignore[no-untyped-call]
    return {name: tensor.detach().numpy() for name, tensor in made.items()}
