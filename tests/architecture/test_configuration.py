"""Every variable the code reads is in docs/configuration.md, and every one written there is read."""

import re

from app.settings import Settings
from tests.architecture import tree

DOCUMENT = tree.ROOT / "docs" / "configuration.md"
READ = re.compile(r"""(?:environ(?:\.get)?|getenv)\s*[\[(]\s*f?["']([A-Z][A-Z0-9_]+)["']""")
CLICK = re.compile(r"""envvar=["']([A-Z][A-Z0-9_]+)["']""")
ROW = re.compile(r"^\| `([A-Z][A-Z0-9_]+)`", re.MULTILINE)
OF_TESTS = {"COLLEGIUM_NO_OMISSIONS", "COLLEGIUM_DATA", "COLLEGIUM_SCREENSHOTS"}
PROCESS = {"PATH", "HOME", "HF_HUB_OFFLINE", "CUBLAS_WORKSPACE_CONFIG", "OMP_NUM_THREADS"}
"""Of the operating system and of libraries; we do not define them."""


def of_settings() -> set[str]:
    prefix = Settings.model_config["env_prefix"]
    fields = Settings.model_fields.items()
    return {str(field.validation_alias or f"{prefix}{name}".upper()) for name, field in fields}


def of_code() -> set[str]:
    found: set[str] = set()
    for path in tree.python("app", "worker"):
        content = path.read_text(encoding="utf-8")
        found |= set(READ.findall(content)) | set(CLICK.findall(content))
    return found - PROCESS


def documented() -> set[str]:
    return set(ROW.findall(DOCUMENT.read_text(encoding="utf-8")))


def test_every_variable_is_documented() -> None:
    assert of_settings() | of_code() == documented() - OF_TESTS
