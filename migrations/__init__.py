"""The schema, step by step. `upgrade` is what every process and test calls; nothing else creates tables."""

from pathlib import Path

from alembic import command
from alembic.config import Config


def config(database_url: str) -> Config:
    """Alembic's settings in code: there is no ini file to keep in step."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent))
    settings.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return settings


def upgrade(database_url: str, revision: str = "head") -> None:
    """Brings a database to `revision`. Safe to call at every start."""
    command.upgrade(config(database_url), revision)


def downgrade(database_url: str, revision: str) -> None:
    """Back to `revision`; `base` is an empty database."""
    command.downgrade(config(database_url), revision)
