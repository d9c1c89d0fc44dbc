"""What classes' own heads and adapters do, on the courses' models in use: as the gate has it, and for every class."""

from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np

from benchmarks.personal_stage import Stage, silent
from worker.learning.evaluate import paired, quality
from worker.learning.evaluate.predict import judge, predict
from worker.learning.in_use import InUse
from worker.learning.personalization import gate
from worker.learning.training import class_parts
from worker.learning.training.class_parts import Candidates, Class
from worker.protocol.codes import Change, ClassUse

Made = Mapping[ClassUse, Candidates]
Choose = Callable[[Made, Class], ClassUse]
HEADS = (ClassUse.INSTITUTION, ClassUse.HEAD)


def _gated(made: Made, key: Class, among: tuple[ClassUse, ...]) -> ClassUse:
    return gate.of_class({use: one.losses[key] for use, one in made.items() if use in among})


def _always(made: Made, use: ClassUse) -> ClassUse:
    """The institution's where no strength did better than it over all classes."""
    return use if use in made else ClassUse.INSTITUTION


WAYS: dict[str, Choose] = {
    "institution": lambda made, key: ClassUse.INSTITUTION,
    "head": lambda made, key: _gated(made, key, HEADS),
    "adapter": lambda made, key: _gated(made, key, tuple(ClassUse)),
    "head_for_all": lambda made, key: _always(made, ClassUse.HEAD),
    "adapter_for_all": lambda made, key: _always(made, ClassUse.ADAPTER),
}
"""Ways to choose. `adapter` is the product's: the institution's, a head, or a head and an adapter."""


def measure(stage: Stage, used: Mapping[str, InUse]) -> dict[str, float]:
    """Means over courses of AUC and log loss on the test split, and counts of classes; no day in the names yet."""
    means: dict[str, list[float]] = {}
    counts: Counter[str] = Counter()
    for site, found in used.items():
        network = found.network(stage.case.sheet.name)
        made = class_parts.candidates(network, stage.source(site), silent)
        for way, choose in WAYS.items():
            auc, loss = _of_course(stage, site, found, made, choose, counts, way)
            means.setdefault(f"auc_{way}_course_mean", []).append(auc)
            means.setdefault(f"loss_{way}_course_mean", []).append(loss)
    names = [f"classes_{one.value}_{way}" for way in WAYS for one in Change]
    names += [f"classes_use_{use.name.lower()}_{way}" for way in WAYS for use in ClassUse]
    return {key: float(np.mean(each)) for key, each in means.items()} | {
        name: counts[name] for name in names
    }


def _of_course(
    stage: Stage,
    site: str,
    found: InUse,
    made: Made,
    choose: Choose,
    counts: Counter[str],
    way: str,
) -> tuple[float, float]:
    source = stage.source(site)
    data, rows = source.data, source.rows("test")
    before = stage.said(site, found.network(data.sheet.name), "test")
    prediction = before.prediction.copy()
    for key in made[ClassUse.INSTITUTION].losses if made else ():
        use = choose(made, key)
        inside = (data.class_code[rows] == key[0]) & (data.term[rows] == key[1])
        if use is not ClassUse.INSTITUTION and inside.any():
            network = made[use].networks[key]
            prediction[inside] = predict(network, source, rows[inside], silent)
        after = judge(source, rows[inside], prediction[inside])
        counts[f"classes_{paired.change(after, before.pick(inside)).value}_{way}"] += 1
        counts[f"classes_use_{use.name.lower()}_{way}"] += 1
    ours = judge(source, rows, prediction)
    return quality.value(ours) or 0.0, float(paired.losses(ours).mean())
