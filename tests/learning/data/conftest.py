"""A generated campus, made once, and copies of one of its sites to damage."""

import shutil
from pathlib import Path

import pytest

from worker.learning.data.importers.campus import CampusSite, generate


@pytest.fixture(scope="session")
def campus(tmp_path_factory: pytest.TempPathFactory) -> dict[str, CampusSite]:
    """Slug -> site; about a fifth of the demo's size."""
    sites = generate(tmp_path_factory.mktemp("campus"), seed=7, scale=0.2)
    return {site.folder.name: site for site in sites}


@pytest.fixture
def hill(campus: dict[str, CampusSite], tmp_path: Path) -> Path:
    """A copy: plain CSV, own column names, own label values, texts in the same file."""
    return Path(shutil.copytree(campus["lakeside-hill-school"].folder, tmp_path / "hill"))


@pytest.fixture
def district(campus: dict[str, CampusSite], tmp_path: Path) -> Path:
    """A copy: gzipped CSV, texts in a file of their own."""
    return Path(shutil.copytree(campus["lakeside-district"].folder, tmp_path / "district"))
