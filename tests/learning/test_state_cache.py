"""The cache of frozen states: bulk reads, private files, a student's rows deleted, another's kept."""

import sqlite3
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.learning import build
from worker.learning.model.text import TextEncoder
from worker.learning.training.frozen import encode, record_key
from worker.learning.training.state_cache import FILE, StateCache, forget
from worker.protocol.manifest import ModelSpec

STATES = np.arange(12, dtype=np.float16).reshape(3, 4)


@pytest.fixture
def cache(tmp_path: Path) -> StateCache:
    return StateCache(tmp_path, "m" * 64, 4, 512)


def test_many_are_read_at_once_and_unknown_ones_are_absent(cache: StateCache) -> None:
    keys = [f"r{number}" for number in range(5000)]
    for number, key in enumerate(keys):
        cache.put(key, STATES + number % 7)
    found = cache.get([*keys, "unknown"])
    assert found.keys() == set(keys)
    assert (found["r3"] == STATES + 3).all()
    assert found["r3"].dtype == np.float16
    assert cache.lengths(["r1", "unknown"]) == {"r1": 3}


@pytest.mark.parametrize("other", [("n" * 64, 4, 512), ("m" * 64, 3, 512), ("m" * 64, 4, 256)])
def test_another_model_cut_or_limit_has_states_of_its_own(
    tmp_path: Path, cache: StateCache, other: tuple[str, int, int]
) -> None:
    cache.put("r", STATES)
    cache.commit()
    assert StateCache(tmp_path, *other).get(["r"]) == {}


def test_nobody_else_may_read_it(tmp_path: Path, cache: StateCache) -> None:
    cache.put("r", STATES)
    cache.commit()
    files = [path for path in tmp_path.iterdir() if path.name.startswith(FILE)]
    assert len(files) == 3, "the file, its log and the log's index"
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_a_student_goes_and_a_shared_text_stays_until_the_last_one_does(
    tmp_path: Path, cache: StateCache
) -> None:
    cache.own([("anna", "own"), ("anna", "shared"), ("ben", "shared"), ("ben", "his")])
    for key in ("own", "shared", "his"):
        cache.put(key, STATES)
    cache.commit()
    other = StateCache(tmp_path, "n" * 64, 4, 512)
    other.put("own", STATES)
    other.commit()
    assert forget(tmp_path, ["anna"]) == 2, "of both models"
    assert cache.lengths(["own", "shared", "his"]).keys() == {"shared", "his"}
    assert forget(tmp_path, ["anna"]) == 0
    assert forget(tmp_path, ["ben"]) == 2
    assert cache.get(["own", "shared", "his"]) == {}


def test_what_was_deleted_is_no_longer_in_the_files(tmp_path: Path, cache: StateCache) -> None:
    told = np.full((64, 64), 1234.0, np.float16)
    cache.own([("anna", "r")])
    cache.put("r", told)
    cache.commit()
    cache.close()
    assert told.tobytes()[:2000] in _bytes(tmp_path)
    forget(tmp_path, ["anna"])
    assert told.tobytes()[:100] not in _bytes(tmp_path)
    assert b"anna" not in _bytes(tmp_path)


def _bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def test_forgetting_where_nothing_is_kept_makes_no_file(tmp_path: Path) -> None:
    assert forget(tmp_path, ["anna"]) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"no database at all" * 400, b""])
def test_a_broken_file_costs_time_and_nothing_else(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    cache = StateCache(tmp_path, "m" * 64, 4, 512)
    cache.put("r", STATES)
    assert cache.lengths(["r"]) == {"r": 3}


def test_a_file_of_another_format_is_made_anew(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / FILE)
    old.execute("CREATE TABLE states (key TEXT)")
    old.execute("PRAGMA user_version = 99")
    old.commit()
    old.close()
    assert StateCache(tmp_path, "m" * 64, 4, 512).get(["r"]) == {}


def test_encoding_says_whose_each_text_is(tiny_text: Path, tmp_path: Path) -> None:
    task = build.answers(12, 1, absent=0.0)
    data = build.site(replace(task, text={"answer": ["bulb", "gap", *task.text["answer"][2:]]}))
    spec = ModelSpec(text=build.TEXT_MODEL, rank=4)
    encoder = TextEncoder(tiny_text, spec)
    cache = StateCache(tmp_path, "m" * 64, encoder.split, encoder.max_tokens)
    encode(encoder, cache, data, build.quiet)
    assert forget(tmp_path, [str(task.student[0])]) == 1
    assert cache.lengths([record_key("bulb"), record_key("gap")]).keys() == {record_key("gap")}
    encode(encoder, cache, data, build.quiet)
    assert (cache.get([record_key("bulb")])[record_key("bulb")].shape)[1] == 16
