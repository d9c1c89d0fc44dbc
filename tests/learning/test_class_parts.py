"""A class's own head and adapter: near the institution's, used only where they help, and for their class alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.learning import build
from tests.learning.test_personal import SHEET, SPLITS, manifest, shared
from worker.learning import in_use, local
from worker.learning.asked import predictions
from worker.learning.data.records import SiteData, TaskData
from worker.learning.data.rows import ASKED
from worker.learning.evaluate import paired
from worker.learning.evaluate.predict import judge, predict
from worker.learning.model import class_adapter
from worker.learning.model.network import Network
from worker.learning.own import Modules
from worker.learning.personalization import gate
from worker.learning.training import class_fit, class_parts
from worker.learning.training.batches import Rows, Source
from worker.learning.training.desk import Desk, laid
from worker.protocol.codes import ClassUse

COUNT = 600
ODD = ("C2", "2026")


def site(count: int = COUNT, classes: int = 3) -> SiteData:
    """Three classes of the same size; in the last one the answers run the other way."""
    task = build.records(SHEET, count, 2)
    code = np.array([f"C{n // 10 % classes}" for n in range(count)])
    label = np.where(code == ODD[0], 1 - task.label, task.label)
    split = np.tile(SPLITS, count // 10)
    return build.site(replace(task, class_code=code, label=label, split=split))


@contextmanager
def desk(root: Path, data: SiteData) -> Iterator[Desk]:
    wanted = manifest()
    with laid(wanted.model, wanted.tasks, data, **build.folders(root)) as found:
        yield found


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> Modules:
    return shared(tmp_path_factory.mktemp("shared"))


def test_the_class_that_differs_gets_a_head_and_is_helped(tmp_path: Path, near: Modules) -> None:
    with desk(tmp_path, site()) as laid_out:
        network, (source,) = laid_out.network(near), laid_out.sources
        found = class_parts.find(network, source, build.quiet)
        assert ODD in found
        data, test = source.data, source.rows("test")
        rows = test[(data.class_code == ODD[0])[test]]
        own, before = (
            judge(source, rows, predict(one, source, rows, build.quiet))
            for one in (found[ODD].network, network)
        )
        assert paired.change(own, before) == "helped"
        held = class_parts.eligible(source)
        for key, one in found.items():
            losses = [
                validation_loss(n, source, held[key].validation) for n in (one.network, network)
            ]
            assert losses[0] < losses[1] * (1 - gate.MARGIN)
        below = {name for name in network.parts if not name.startswith("head/")}
        assert all(found[ODD].network.parts[name] is network.parts[name] for name in below)


def validation_loss(network: Network, source: Source, rows: Rows) -> float:
    said = predict(network, source, rows, build.quiet)
    return float(paired.losses(judge(source, rows, said)).mean())


@pytest.mark.parametrize("adapter", [False, True])
def test_the_stronger_it_is_held_the_nearer_it_stays(
    tmp_path: Path, near: Modules, adapter: bool
) -> None:
    with desk(tmp_path, site()) as laid_out:
        network, (source,) = laid_out.network(near), laid_out.sources
        rows = class_parts.eligible(source)[ODD].train
        features = class_fit.features(network, source, rows)
        before = predict(network, source, rows, build.quiet)
        far = []
        for strength in (0.01, 1.0, 100.0, 1e6):
            made = class_fit.fit(network, source, rows, features, strength, adapter=adapter)
            after = predict(made.laid_on(network, SHEET.name), source, rows, build.quiet)
            far.append(float(np.abs(after - before).max()))
    assert far == sorted(far, reverse=True)
    assert far[0] > 0.05 and far[-1] < 1e-4


@pytest.mark.parametrize("kind", ["binary", "multiclass", "ordinal", "regression", "rubric"])
def test_an_adapter_starts_as_none_and_learns_for_every_kind_of_task(
    tmp_path: Path, kind: str
) -> None:
    """At first not one bit of what is said changes; fitted, the loss on what it learnt from is lower."""
    data = build.site(of_kind(kind))
    (task,) = data.tasks.values()
    wanted = build.manifest([task.sheet])
    first = local.initial_modules(wanted.model, wanted.tasks, bases={})
    with laid(wanted.model, wanted.tasks, data, **build.folders(tmp_path)) as laid_out:
        network, (source,) = laid_out.network(first), laid_out.sources
        rows, name = source.rows("train"), task.sheet.name
        features = class_fit.features(network, source, rows)
        none = network.with_class(
            name, network.parts[f"head/{name}"], class_adapter.first(features.shape[1])
        )
        before = predict(network, source, rows, build.quiet)
        assert np.array_equal(predict(none, source, rows, build.quiet), before)
        found = [
            class_fit.fit(network, source, rows, features, 0.001, adapter=adapter)
            for adapter in (False, True)
        ]
        losses = [
            validation_loss(one, source, rows)
            for one in (network, *(made.laid_on(network, name) for made in found))
        ]
    assert losses[2] < losses[0] and losses[2] <= losses[1] * 1.01
    assert found[0].adapter is None and found[1].adapter is not None
    assert float(found[1].adapter["up"].abs().max()) > 0.01


def of_kind(kind: str) -> TaskData:
    sheets = {
        "binary": SHEET,
        "multiclass": build.multiclass_sheet(),
        "regression": build.regression_sheet(),
        "ordinal": build.multiclass_sheet().model_copy(update={"kind": "ordinal", "metric": "qwk"}),
    }
    if kind in sheets:
        return build.records(sheets[kind], 120, 4)
    number = build.regression_sheet()
    traits = ("next", "words")
    sheet = number.model_copy(update={"kind": "rubric", "metric": "mcrmse", "traits": traits})
    task = build.records(number, 120, 4)
    label = np.stack([task.label, np.where(np.arange(120) % 5, -task.label, np.nan)], axis=1)
    return replace(task, sheet=sheet, label=label.astype(np.float32))


def bent(count: int = COUNT) -> SiteData:
    """Three classes; in the last one the middle of a score is at risk and both ends are not, which no head can say of
    what the trunk tells it, since it tells the score."""
    data = site(count)
    (task,) = data.tasks.values()
    score = np.nan_to_num(task.numeric[:, 0])
    odd = task.class_code == ODD[0]
    middle = (np.abs(score) < np.median(np.abs(score[odd]))).astype(task.label.dtype)
    return build.site(replace(task, label=np.where(odd, middle, task.label)))


def test_an_adapter_is_used_where_a_head_cannot_tell(tmp_path: Path, near: Modules) -> None:
    with desk(tmp_path, bent(1800)) as laid_out:
        network, (source,) = laid_out.network(near), laid_out.sources
        found = class_parts.find(network, source, build.quiet)
        assert found[ODD].use is ClassUse.ADAPTER
        made = class_parts.candidates(network, source, build.quiet)
        losses = {use: float(one.losses[ODD].mean()) for use, one in made.items()}
        for smaller in (ClassUse.INSTITUTION, ClassUse.HEAD):
            if smaller in losses:
                assert losses[ClassUse.ADAPTER] < losses[smaller] * (1 - gate.MARGIN)
        assert all(own.use is not ClassUse.ADAPTER for key, own in found.items() if key != ODD)


def test_an_adapter_that_brings_no_more_than_a_head_is_not_used() -> None:
    """The larger one has to save the margin of the smaller one it would replace."""

    def use(institution: float, head: float, adapter: float) -> ClassUse:
        told = zip(ClassUse, (institution, head, adapter), strict=True)
        return gate.of_class({one: np.full(30, loss) for one, loss in told})

    assert use(1.0, 0.9, 0.89) is ClassUse.HEAD
    assert use(1.0, 0.9, 0.87) is ClassUse.ADAPTER
    assert use(1.0, 0.99, 0.97) is ClassUse.ADAPTER
    assert use(1.0, 0.99, 0.985) is ClassUse.INSTITUTION
    assert gate.of_class({ClassUse.INSTITUTION: np.ones(30)}) is ClassUse.INSTITUTION


def test_a_small_class_has_none(tmp_path: Path, near: Modules) -> None:
    with desk(tmp_path, site(60)) as laid_out:
        network, (source,) = laid_out.network(near), laid_out.sources
        assert class_parts.eligible(source) == {}
        assert class_parts.find(network, source, build.quiet) == {}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of one site: what was trained for one test need not be trained for the next."""
    return tmp_path_factory.mktemp("home")


def test_only_its_class_is_told_by_it(home: Path, near: Modules) -> None:
    data = site()
    with desk(home, data) as laid_out:
        places = in_use.Places(home / "cache", home / "own")
        used = in_use.find(manifest(0.3), laid_out, near, data, places, build.quiet)
        (source,) = laid_out.sources
        rows = source.rows("test")
        ours = used.predict(source, rows, build.quiet)
        plain = predict(used.network(SHEET.name), source, rows, build.quiet)
        owning = {code for code, _ in used.classes[SHEET.name]}
        assert "C2" in owning
        for code in ("C0", "C1", "C2"):
            inside = source.data.class_code[rows] == code
            assert (ours[inside] != plain[inside]).any() == (code in owning)


def test_what_heads_did_is_counted_over_three_classes_or_not_at_all(
    tmp_path: Path, home: Path, near: Modules
) -> None:
    told = []
    for classes, root in ((3, home), (2, tmp_path)):
        (choice,) = local.personal(
            manifest(0.3), near, site(classes=classes), own_dir=root / "own", **build.folders(root)
        ).choices
        told.append(choice.classes)
    assert told[0] is not None and told[1] is None
    assert told[0].helped + told[0].unchanged + told[0].hurt == 3
    assert told[0].helped >= 1 and told[0].hurt == 0
    assert 1 <= told[0].heads + told[0].adapters <= 3


def test_a_report_says_what_each_class_goes_by(home: Path, near: Modules) -> None:
    wanted = manifest(0.3).model_copy(update={"classes": ("C0", "C1", "C2"), "minimum_cell": 10})
    given = build.folders(home) | {"own_dir": home / "own"}
    told = local.report(wanted, near, site(), **given)
    uses = {one.code: one.tasks[0].use for one in told.classes}
    assert uses["C2"] in (ClassUse.HEAD, ClassUse.ADAPTER)
    assert None not in uses.values()
    few = wanted.model_copy(update={"minimum_cell": 50})
    assert {one.tasks[0].use for one in local.report(few, near, site(), **given).classes} == {None}


def test_the_list_of_who_waits_says_what_each_class_goes_by(tmp_path: Path, near: Modules) -> None:
    data = site()
    (task,) = data.tasks.values()
    waiting = np.arange(COUNT) % 10 == 0
    asking = build.site(replace(task, split=np.where(waiting, ASKED, task.split)))
    given = build.folders(tmp_path) | {"own_dir": tmp_path / "own"}
    (found,) = predictions(manifest(0.3), near, asking, **given)
    uses = dict(zip(found.class_code.tolist(), found.use.tolist(), strict=True))
    assert uses["C2"] in ("head", "head and adapter") and uses.keys() == {"C0", "C1", "C2"}
