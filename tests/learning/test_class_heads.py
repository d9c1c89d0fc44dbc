"""A class's own head: held near the institution's, used only where it helps, and for its class alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.learning import build
from tests.learning.test_personal import SHEET, SPLITS, manifest, shared
from worker.learning import in_use, local
from worker.learning.data.records import SiteData
from worker.learning.evaluate import paired
from worker.learning.evaluate.predict import judge, predict
from worker.learning.own import Modules
from worker.learning.training import class_heads
from worker.learning.training.desk import Desk, laid

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
        found = class_heads.find(network, source, build.quiet)
        assert ODD in found
        data, test = source.data, source.rows("test")
        rows = test[(data.class_code == ODD[0])[test]]
        own, before = (
            judge(source, rows, predict(one, source, rows, build.quiet))
            for one in (found[ODD], network)
        )
        assert paired.change(own, before) == "helped"
        held = class_heads.eligible(source)
        for key, one in found.items():
            losses = [
                class_heads._losses(n, source, held[key].validation, build.quiet).mean()
                for n in (one, network)
            ]
            assert losses[0] < losses[1] * (1 - class_heads.gate.MARGIN)
        below = {name for name in network.parts if not name.startswith("head/")}
        assert all(found[ODD].parts[name] is network.parts[name] for name in below)


def test_the_stronger_it_is_held_the_nearer_it_stays(tmp_path: Path, near: Modules) -> None:
    with desk(tmp_path, site()) as laid_out:
        network, (source,) = laid_out.network(near), laid_out.sources
        rows = class_heads.eligible(source)[ODD].train
        features = class_heads._features(network, source, rows)
        start = near[f"head/{SHEET.name}"]
        far = []
        for strength in (0.01, 1.0, 100.0, 1e6):
            made = class_heads._fit(network, source, rows, features, strength)
            far.append(sum(float(((made[n] - start[n]) ** 2).sum()) for n in start))
    assert far == sorted(far, reverse=True)
    assert far[0] > 0.1 and far[-1] < 1e-6


def test_a_small_class_has_none(tmp_path: Path, near: Modules) -> None:
    with desk(tmp_path, site(60)) as laid_out:
        network, (source,) = laid_out.network(near), laid_out.sources
        assert class_heads.eligible(source) == {}
        assert class_heads.find(network, source, build.quiet) == {}


def test_only_its_class_is_told_by_it(tmp_path: Path, near: Modules) -> None:
    data = site()
    with desk(tmp_path, data) as laid_out:
        places = in_use.Places(tmp_path / "cache", tmp_path / "own")
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
    tmp_path: Path, near: Modules
) -> None:
    told = []
    for classes in (3, 2):
        root = tmp_path / str(classes)
        (choice,) = local.personal(
            manifest(0.3), near, site(classes=classes), own_dir=root / "own", **build.folders(root)
        ).choices
        told.append(choice.classes)
    assert told[0] is not None and told[1] is None
    assert told[0].helped + told[0].unchanged + told[0].hurt == 3
    assert told[0].helped >= 1 and told[0].hurt == 0
