"""`python -m migrations` writes revision 0001 again from the models.

Until the first release there is one revision and no database to keep; from then on each change of a model is a
revision of its own (`python -m migrations "what changes"`), and 0001 is never written again.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command

import migrations

VERSIONS = Path(__file__).parent / "versions"


def write_first() -> None:
    for old in VERSIONS.glob("0001_*.py"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        empty = migrations.config(f"sqlite:///{folder}/empty.sqlite")
        command.revision(empty, "every table", autogenerate=True, rev_id="0001")
    _tidy()


def write_next(message: str) -> None:
    """One more revision: the difference between the models and the newest revision."""
    number = f"{1 + len(list(VERSIONS.glob('[0-9]*.py'))):04d}"
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/current.sqlite"
        migrations.upgrade(url)
        command.revision(migrations.config(url), message, autogenerate=True, rev_id=number)
    _tidy()


def _tidy() -> None:
    for step in (["check", "--fix", "--quiet"], ["format", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *step, str(VERSIONS)], check=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        write_next(sys.argv[1])
    else:
        write_first()
