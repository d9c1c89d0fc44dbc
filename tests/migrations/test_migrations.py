"""The schema goes up, down and up again on both engines, and the models say exactly what the revisions make."""

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import migrations
from app.db import make_engine
from app.schema import metadata
from tests import servers


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.sqlite'}"
    server: servers.PostgresServer = request.getfixturevalue("postgres_server")
    name = f"empty_{request.node.name.split('[')[0]}"
    server.drop(name)
    return server.create(name)


def tables(url: str) -> set[str]:
    engine = make_engine(url)
    try:
        return set(sa.inspect(engine).get_table_names()) - {"alembic_version"}
    finally:
        engine.dispose()


def test_up_down_up(empty_url: str) -> None:
    migrations.upgrade(empty_url)
    first = tables(empty_url)
    assert first == set(metadata.tables)
    migrations.downgrade(empty_url, "base")
    assert tables(empty_url) == set()
    migrations.upgrade(empty_url)
    assert tables(empty_url) == first


def test_twice_is_once(empty_url: str) -> None:
    migrations.upgrade(empty_url)
    before = tables(empty_url)
    migrations.upgrade(empty_url)
    assert tables(empty_url) == before


def test_two_at_once(empty_url: str) -> None:
    """Two replicas started together on an empty database."""
    command = [sys.executable, "-c", f"import migrations; migrations.upgrade({empty_url!r})"]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert tables(empty_url) == set(metadata.tables)


def test_no_drift_between_models_and_revisions(database_url: str) -> None:
    engine = make_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == [], "run: python -m migrations"
    engine.dispose()


def test_enum_columns_refuse_what_the_code_does_not_know(database_url: str) -> None:
    """`by_value` makes a check: a revision without it would store any text."""
    engine = make_engine(database_url)
    checks = {
        check["name"]
        for table in metadata.tables
        for check in sa.inspect(engine).get_check_constraints(table)
    }
    engine.dispose()
    wanted = {
        str(constraint.name)
        for table in metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, sa.CheckConstraint)
    }
    assert wanted
    assert wanted <= checks
