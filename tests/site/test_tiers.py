"""A site's tier: from its machine or a person's word, and what the guard lets a job ask of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.site import homes
from tests.site.test_guard import HUB, KNOWN, claimed, judge, manifest
from worker.protocol.codes import Refusal, Tier
from worker.protocol.manifest import Manifest, ModelSpec, Ranks
from worker.protocol.rules import Objection
from worker.site import machine, readiness
from worker.site.site import open_site


@pytest.mark.parametrize(
    ("card", "cores", "memory_mb", "tier"),
    [
        (True, 1, 2000, Tier.LARGE),
        (False, 4, 8000, Tier.MEDIUM),
        (False, 3, 8000, Tier.SMALL),
        (False, 8, 7999, Tier.SMALL),
        (False, 8, 0, Tier.SMALL),
    ],
)
def test_what_a_machine_can(card: bool, cores: int, memory_mb: int, tier: Tier) -> None:
    assert machine.tier(card=card, cores=cores, memory_mb=memory_mb) is tier


def test_a_person_s_word_is_kept_and_told_as_a_code(tmp_path: Path) -> None:
    for number, said in enumerate((Tier.LARGE, None)):
        home = homes.make(
            tmp_path / str(number),
            url="http://127.0.0.1:9",
            site="site_1",
            institution="institution_1",
            hub_key=HUB.public,
            tier=said,
        )
        home.save_config(home.config())
        site = open_site(home)
        assert site.tier is (said or machine.here())
        assert readiness.report(site, []).model_dump(mode="json")["tier"] == site.tier.value
        site.door.close()


@pytest.mark.parametrize(
    ("rank", "tier", "fits"),
    [
        (None, Tier.SMALL, True),
        (2, Tier.SMALL, True),
        (3, Tier.SMALL, False),
        (4, Tier.MEDIUM, True),
        (5, Tier.MEDIUM, False),
        (8, Tier.LARGE, True),
        (9, Tier.LARGE, False),
    ],
)
def test_no_machine_is_asked_to_train_more_of_an_adapter_than_its_tier(
    rank: int | None, tier: Tier, fits: bool
) -> None:
    tiers = Ranks(small=2, medium=4, large=8)
    offered = claimed(manifest(rank=rank, model=ModelSpec(rank=8, tiers=tiers)))
    judged = judge(offered, replace(KNOWN, tier=tier))
    assert isinstance(judged, Manifest) if fits else judged == Objection(Refusal.RANK, str(rank))
    above = judge(claimed(manifest(rank=9, model=ModelSpec(rank=8))))
    assert above == Objection(Refusal.RANK, "9")
