"""site_speed: essays kept for tuning are never drawn, ratios are made seed by seed, and both sides learn."""

import argparse
import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from benchmarks import site_speed, site_speed_ours
from tests.learning import text_model


@pytest.fixture
def source(tmp_path: Path) -> Path:
    place = tmp_path / "essays.csv.gz"
    with gzip.open(place, "wt", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, ("full_text", *site_speed.TRAITS))
        out.writeheader()
        for number in range(site_speed.APART + 40):
            out.writerow({"full_text": f"essay {number}"} | dict.fromkeys(site_speed.TRAITS, 3.5))
    return place


def test_essays_kept_for_tuning_are_drawn_by_no_seed(source: Path) -> None:
    apart = set().union(*(part[0] for part in site_speed.essays(source, 0, 200, 100)))
    drawn = {seed: site_speed.essays(source, seed, 30, 10) for seed in (1, 2)}
    assert len(apart) == site_speed.APART
    for learnt, held in drawn.values():
        assert len({*learnt[0], *held[0]}) == 40
        assert learnt[1].shape == (30, len(site_speed.TRAITS))
        assert not apart & {*learnt[0], *held[0]}
    assert drawn[1][0][0] != drawn[2][0][0]


def test_ratios_are_made_seed_by_seed() -> None:
    ours = [
        {"seconds": 1.0, "cpu_s": 1.0, "mcrmse": 0.5},
        {"seconds": 4.0, "cpu_s": 2.0, "mcrmse": 0.6},
    ]
    theirs = [
        {"seconds": 2.0, "cpu_s": 3.0, "mcrmse": 0.6},
        {"seconds": 16.0, "cpu_s": 2.0, "mcrmse": 0.5},
    ]
    found = site_speed.against(ours, theirs, "peer", scored=True)
    assert found["speedup_vs_peer"] == pytest.approx(3.0)
    assert found["speedup_cpu_vs_peer"] == pytest.approx(2.0)
    assert found["mcrmse_lost_vs_peer"] == pytest.approx(0.0)
    assert found["mcrmse_lost_vs_peer_sd"] == pytest.approx(0.2 / 2**0.5)
    assert "mcrmse_lost_vs_peer" not in site_speed.against(ours, theirs, "peer", scored=False)


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing.:FutureWarning")
@pytest.mark.parametrize("method", ["ours", "plain_all_layers_no_dropout"])
def test_both_sides_learn_the_traits(tmp_path: Path, method: str) -> None:
    """With a tiny text model, essays of one word and a score for each word."""
    scored = np.repeat([[2.0], [4.0]], 7, axis=1)
    essays = ["current", "bulb"] * 32, np.tile(scored, (32, 1))
    given = argparse.Namespace(child=method, scored=[method], seed=1, lr=0.03, timed=4)
    side = site_speed_ours.measured if method == "ours" else site_speed.plain
    seconds, cpu_s, error = side(given, text_model.tiny(tmp_path), essays, essays)
    assert seconds > 0
    assert cpu_s > 0
    assert error < 0.5
