"""`collegium-hub profile`: a file is checked without a hub, and imported as the next version of a profile."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.policies import shelf
from tests.cli.test_faults import DEVELOPMENT, _fresh, refused, said

__all__ = ["_fresh"]
PLAIN = json.loads(
    (Path(shelf.__file__).parent / "profiles" / "us-ferpa.json").read_text(encoding="utf-8")
)


def file(folder: Path, **fields: Any) -> str:
    path = folder / "profile.json"
    path.write_text(json.dumps(PLAIN | fields), encoding="utf-8")
    return str(path)


def test_a_good_file(tmp_path: Path) -> None:
    result = said(tmp_path, "profile", "check", file(tmp_path))
    assert result.exit_code == 0
    assert result.output.startswith("us-ferpa version 1: ")


@pytest.mark.parametrize(
    ("fields", "word"),
    [({"colour": "red"}, "colour"), ({"sources": []}, "sources"), ({"number": 0}, "number")],
)
def test_a_bad_file_is_refused_by_name(tmp_path: Path, fields: dict[str, Any], word: str) -> None:
    refused(said(tmp_path, "profile", "check", file(tmp_path, **fields)), word)


def test_the_next_version_is_taken_up_and_no_other(tmp_path: Path) -> None:
    assert said(tmp_path, "migrate", **DEVELOPMENT).exit_code == 0
    second = file(tmp_path, number=2, status="Amended")
    result = said(tmp_path, "profile", "import", second, **DEVELOPMENT)
    assert result.exit_code == 0, result.output
    assert "Imported us-ferpa version 2" in result.output
    other = file(tmp_path, number=2, status="Amended again")
    refused(said(tmp_path, "profile", "import", other, **DEVELOPMENT), "another text")
    refused(said(tmp_path, "profile", "import", file(tmp_path, number=9), **DEVELOPMENT), "is 3")
