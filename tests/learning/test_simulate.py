"""A federation in one process: repeatable, equal to its parts done by hand, and worth more than the start."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.learning import build
from worker.learning import aggregation, local, references, seeds, simulate
from worker.learning.data.joining import merged
from worker.learning.data.records import SiteData
from worker.learning.evaluate import quality
from worker.learning.own import Own, laid_over, parted
from worker.protocol import codec
from worker.protocol.canonical import digest
from worker.protocol.kept import NO_ROWS, WHOLE, KeptRows
from worker.protocol.manifest import Training

SHEET, OTHER = build.binary_sheet(), build.regression_sheet()


def plan(**changes: object) -> simulate.Plan:
    base = simulate.Plan(
        tasks=(SHEET, OTHER),
        model=build.MODEL,
        training=Training(epochs=1, batch=32, lr=5e-3),
        rounds=3,
        seed=7,
    )
    return replace(base, **changes)


def sites() -> dict[str, SiteData]:
    """Two sites have the first task, one of them the second too; the third has the second only."""
    return {
        "north": build.site(build.records(SHEET, 150, 1), build.records(OTHER, 100, 4)),
        "south": build.site(build.records(SHEET, 250, 2)),
        "west": build.site(build.records(OTHER, 120, 3)),
    }


def test_the_same_seeds_give_the_same_digests(tmp_path: Path) -> None:
    first = simulate.run(plan(), sites(), simulate.Folders(tmp_path / "1"))
    turned = dict(reversed(sites().items()))
    again = simulate.run(plan(), turned, simulate.Folders(tmp_path / "2"))
    other = simulate.run(plan(seed=8), sites(), simulate.Folders(tmp_path / "3"))
    assert first.rounds == again.rounds
    assert first.rounds[0].digests != other.rounds[0].digests


def test_a_simulated_round_is_the_live_one_step_by_step(tmp_path: Path) -> None:
    """What hub and sites do, written out, in another order of sites."""
    given, the_plan = sites(), plan(rounds=2)
    simulated = simulate.run(the_plan, given, simulate.Folders(tmp_path / "simulated"))
    first = local.initial_modules(build.MODEL, the_plan.tasks, bases={})
    modules, kept, own = first, {}, dict.fromkeys(given, Own())
    for number in (1, 2):
        updates: dict[str, list[tuple[str, float, codec.Tensors]]] = {}
        for site in ("west", "south", "north"):
            seed = seeds.training_seed(7, number, site)
            manifest = build.manifest(
                the_plan.tasks,
                job=f"live-{number}-{site}",
                site=site,
                round=number,
                training=the_plan.training.model_copy(update={"seed": seed}),
            )
            start = laid_over(modules, own[site], kept)
            found = local.train(
                manifest,
                start,
                given[site],
                checkpoint=tmp_path / site / f"c{number}",
                **build.folders(tmp_path / site),
            )
            deltas = {module: one.delta for module, one in found.items()}
            sent, own[site] = parted(deltas, start, own[site], kept, the_plan.training.step)
            for module, delta in sent.items():
                bytes_ = codec.encode(delta)
                updates.setdefault(module, []).append(
                    (site, found[module].weight, codec.decode(bytes_))
                )
        made = {
            name: aggregation.combine(
                base,
                updates.get(name, []),
                aggregation.Rule(),
                first=first[name],
                kept=kept.get(name, NO_ROWS),
            )
            for name, base in modules.items()
        }
        modules = {name: one.state for name, one in made.items()}
        kept = {name: one.kept for name, one in made.items() if one.kept}
        assert simulated.rounds[number - 1].digests == {
            name: digest(codec.encode(tensors)) for name, tensors in modules.items()
        }
    assert kept == simulated.rounds[-1].kept, "records without any value are one site's here"
    assert kept == {"fusion": KeptRows(rows={"absent": ((0, 1),)})}


@pytest.mark.parametrize("span", [2, 9])
def test_the_last_state_is_the_mean_of_those_after_the_last_rounds(
    tmp_path: Path, span: int
) -> None:
    plain = simulate.run(plan(), sites(), simulate.Folders(tmp_path / "plain"))
    shorter = [
        simulate.run(plan(rounds=n), sites(), simulate.Folders(tmp_path / str(n))).modules
        for n in (1, 2, 3)
    ]
    training = plan().training.model_copy(update={"average": span})
    found = simulate.run(plan(training=training), sites(), simulate.Folders(tmp_path / "mean"))
    assert [r.digests for r in found.rounds[:2]] == [r.digests for r in plain.rounds[:2]]
    for module, tensors in found.modules.items():
        for name, array in tensors.items():
            wanted = np.mean([one[module][name] for one in shorter[-span:]], axis=0)
            np.testing.assert_allclose(array, wanted, rtol=1e-5, atol=1e-6)


def test_a_module_too_few_sites_trained_is_held_and_stays_there(tmp_path: Path) -> None:
    given = sites()
    given["west"] = build.site(build.records(SHEET, 120, 3))
    found = simulate.run(plan(), given, simulate.Folders(tmp_path))
    start = local.initial_modules(build.MODEL, (SHEET, OTHER), bases={})
    for one in found.rounds:
        assert one.held == ("head/next-score",)
        assert one.sites["head/next-score"] == (one.number == 1) and one.sites["fusion"] == 3
        assert one.digests["head/next-score"] == digest(codec.encode(start["head/next-score"]))
        assert one.kept["head/next-score"] == WHOLE, "from round 2 on it is not sent at all"
    mine = found.end.at("north")["head/next-score"]["weight"]
    assert not np.array_equal(mine, start["head/next-score"]["weight"])


def test_the_federation_learns_what_each_site_alone_has_too_few_records_for(tmp_path: Path) -> None:
    """The federated model nears the central one; the sites alone, judged on the same records, do not."""
    given = {f"s{n}": build.site(build.records(SHEET, 60, n)) for n in range(8)}
    the_plan = plan(tasks=(SHEET,), rounds=20, training=Training(epochs=2, batch=16, lr=1e-2))
    folders = simulate.Folders(tmp_path)
    everyone = merged(given)

    def value(modules: simulate.Modules) -> float:
        return (
            quality.value(simulate.judged(the_plan, modules, everyone, folders)["at-risk"]) or 0.0
        )

    federated = value(simulate.run(the_plan, given, folders, measure=lambda _: False).modules)
    central = value(references.central(the_plan, given, folders))
    alone = [value(modules) for modules in references.alone(the_plan, given, folders).values()]
    start = value(local.initial_modules(build.MODEL, (SHEET,), bases={}))
    assert federated > start + 0.1
    assert federated > central - 0.02
    assert federated > np.mean(alone)


def test_only_asked_rounds_are_measured(tmp_path: Path) -> None:
    found = simulate.run(
        plan(), sites(), simulate.Folders(tmp_path), measure=lambda number: number == 3
    )
    assert [bool(one.metrics) for one in found.rounds] == [False, False, True]


def test_text_and_table_sites_learn_together(tiny_text: Path, tmp_path: Path) -> None:
    """Two sites with answers, one without any text: the text modules are the two sites' mean."""
    silent = build.answers(100, 3)
    given = {
        "a": build.site(build.answers(100, 1)),
        "b": build.site(build.answers(100, 2)),
        "c": build.site(replace(silent, text={"answer": [""] * 100})),
    }
    model = build.MODEL.model_copy(update={"text": build.TEXT_MODEL, "rank": 4})
    the_plan = plan(tasks=(build.text_sheet(),), model=model, rounds=2)
    found = simulate.run(the_plan, given, simulate.Folders(tmp_path / "1", tiny_text))
    again = simulate.run(the_plan, given, simulate.Folders(tmp_path / "2", tiny_text))
    assert found.rounds == again.rounds
    last = found.rounds[-1]
    assert last.held == () and last.sites["adapter/text"] == 2 and last.sites["fusion"] == 3
    assert last.upload_bytes["c"] < last.upload_bytes["a"]


def test_training_seeds_differ_by_run_round_and_site() -> None:
    found = {seeds.training_seed(r, n, s) for r in (1, 2) for n in (1, 2, 3) for s in ("a", "b")}
    assert len(found) == 12 and all(0 <= seed < 2**31 for seed in found)
    assert seeds.training_seed(1, 2, "a") == 185482753, "a fixed contract: hub and simulation agree"


def test_merged_records_are_all_records_in_order() -> None:
    given = sites()
    whole = merged(given)
    parts = [given[s].tasks["at-risk"] for s in ("north", "south")]
    assert np.array_equal(
        whole.tasks["at-risk"].label, np.concatenate([part.label for part in parts])
    )
    assert whole.digest != merged({"north": given["north"]}).digest
    with pytest.raises(KeyError):
        merged({"west": given["west"]}).tasks["at-risk"]
