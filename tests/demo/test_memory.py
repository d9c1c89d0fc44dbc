"""What the demo remembers is whole, private to its owner, and enough to go on."""

import stat
from pathlib import Path

from app.demo.console import Console
from app.demo.memory import Memory, recall
from app.demo.play import Play, Step
from app.demo.scenario import campus, ou
from app.demo.stage import Stage
from app.processes import Group


def test_a_second_start_does_only_what_is_left(tmp_path: Path) -> None:
    acted: list[str] = []

    def play() -> Play:
        stage = Stage(campus(), tmp_path, 1, Group())
        return Play(stage, recall(tmp_path) or Memory(tmp_path, "campus"), Console(2))

    def steps(*names: str) -> list[Step]:
        return [Step(name, name, lambda name=name: acted.append(name)) for name in names]

    play().run(steps("one", "two"))
    play().run(steps("one", "two", "three"))
    assert acted == ["one", "two", "three"]


def test_it_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    first = Memory(tmp_path, "ou")
    first.ids["port"] = "8000"
    first.finish("one")
    assert stat.S_IMODE((tmp_path / "demo.json").stat().st_mode) == 0o600
    assert recall(tmp_path) == first


def test_nobody_is_two_people() -> None:
    for scenario in (campus(), ou()):
        mails = [person.mail for person in scenario.people]
        keys = [person.key for person in scenario.people]
        assert len(set(mails)) == len(mails)
        assert len(set(keys)) == len(keys)
        assert len({member.domain for member in scenario.members}) == len(scenario.members)
