"""What the site's programs find around them."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from worker.site.home import VARIABLE, Home, SiteConfig
from worker.site.supervisor import environment


def test_lanes_learn_how_many_threads_may_train(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    home = Home(tmp_path)
    given = environment(home, SiteConfig(hub="https://hub.example", threads=3))
    assert (given["OMP_NUM_THREADS"], given[VARIABLE]) == ("3", str(tmp_path))
    assert environment(home, SiteConfig(hub="https://hub.example"))["OMP_NUM_THREADS"] == "1"


def test_lanes_learn_where_training_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLLEGIUM_COMPUTE", "cpu")
    home = Home(tmp_path)
    given = environment(home, SiteConfig(hub="https://hub.example", compute="cuda"))
    assert given["COLLEGIUM_COMPUTE"] == "cuda"
    plain = environment(home, SiteConfig(hub="https://hub.example"))
    assert plain["COLLEGIUM_COMPUTE"] == "cpu", "as it is, where the site says nothing"
    with pytest.raises(ValidationError):
        SiteConfig.model_validate({"hub": "https://hub.example", "compute": "gpu"})
