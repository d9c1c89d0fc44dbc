"""The hub's long-running commands. Each is one process; `serve --all` is the parent of all of them."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import sqlalchemy as sa
import uvicorn
from pydantic import ValidationError

import migrations
from app import embedded
from app.db import make_engine
from app.hub_processes import start_hub
from app.jobs import Queue
from app.processes import ChildEnded, Group, Stopped, stop_on_signals
from app.settings import Settings, get_settings

WORKER_APP = "worker.hub.app"
_NO_WORKER_EXTRAS = ("--without-gossip", "--without-mingle", "--without-heartbeat")


def settings_or_exit() -> Settings:
    """One sentence per fault instead of a traceback."""
    try:
        return get_settings()
    except ValidationError as error:
        faults = "; ".join(
            str(fault["msg"]).removeprefix("Value error, ") for fault in error.errors()
        )
        raise click.ClickException(f"The settings are not usable: {faults}.") from error


@contextmanager
def redis_for(settings: Settings, group: Group) -> Iterator[Settings]:
    """Settings that name a Redis: the configured one, one of ours that runs, or one started in `group`."""
    url = settings.redis_url or embedded.running_url(settings.home)
    if not url:
        try:
            url = embedded.start(group, settings.home)
        except embedded.NoRedis as error:
            raise click.ClickException(str(error)) from error
    os.environ["REDIS_URL"] = url
    get_settings.cache_clear()
    yield get_settings()


def run_web(settings: Settings, host: str, port: int) -> None:
    uvicorn.run(
        "app.main:create_app",
        factory=True,
        host=host,
        port=port,
        http="httptools",
        proxy_headers=settings.environment == "production",
        log_level="warning",
        timeout_graceful_shutdown=5,
    )


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--all", "everything", is_flag=True, help="Workers, sweep and Redis too.")
@click.option(
    "--workers",
    default=1,
    show_default=True,
    help="With --all: training-free hub workers per queue.",
)
def serve(host: str, port: int, everything: bool, workers: int) -> None:
    """Bring the schema up to date and serve pages, API and the site door."""
    settings = settings_or_exit()
    if settings.environment == "demo" and host not in ("127.0.0.1", "::1", "localhost"):
        raise click.ClickException("The demo serves this computer only: leave --host as it is.")
    settings.home.mkdir(parents=True, exist_ok=True)
    migrations.upgrade(settings.database)
    if not everything:
        with Group() as group, redis_for(settings, group) as ready:
            run_web(ready, host, port)
        return
    stop_on_signals()
    with Group(settings.home / "logs") as group, redis_for(settings, group):
        start_hub(group, host, port, workers)
        click.echo(
            f"Serving http://{host}:{port}. Logs are in {settings.home / 'logs'}. Ctrl-C ends it."
        )
        watch(group)


def watch(group: Group) -> None:
    """Until we are asked to stop; a child that ends by itself ends us with its name."""
    try:
        group.watch()
    except Stopped:
        click.echo("Stopping.")
    except ChildEnded as error:
        raise click.ClickException(f"{error}; see its log.") from error


@click.command()
@click.option("--queue", type=click.Choice([q.value for q in Queue]), multiple=True)
@click.option("--processes", default=1, show_default=True)
def worker(queue: tuple[str, ...], processes: int) -> None:
    """Combine updates, open rounds, publish releases: a Celery worker of the hub."""
    queues = queue or tuple(q.value for q in Queue)
    options = ("--queues", ",".join(queues), "--concurrency", str(processes))
    name = f"{'-'.join(queues)}@%h"
    run_celery("worker", *options, "--hostname", name, "--loglevel", "WARNING", *_NO_WORKER_EXTRAS)


@click.command()
def beat() -> None:
    """Send the sweep on time, and nothing else."""
    schedule = settings_or_exit().home / "beat-schedule"
    run_celery("beat", "--schedule", str(schedule), "--loglevel", "WARNING", "--pidfile=")


def run_celery(*arguments: str) -> None:
    """Becomes Celery, so that signals reach it and no parent stays."""
    settings = settings_or_exit()
    url = settings.redis_url or embedded.running_url(settings.home)
    if not url:
        raise click.ClickException(
            "There is no Redis: set REDIS_URL, or start `collegium-hub serve` with the same home first."
        )
    os.environ["REDIS_URL"] = url
    program = [sys.executable, "-m", "celery", "-A", WORKER_APP, *arguments]
    os.execv(sys.executable, program)  # noqa: S606  no shell is what we want


@click.command()
@click.option("--to", "revision", default="head", show_default=True)
def migrate(revision: str) -> None:
    """Bring the database's schema up to date."""
    migrations.upgrade(settings_or_exit().database, revision)
    click.echo("The schema is up to date.")


@click.command()
def status() -> None:
    """Say whether database, Redis and objects answer."""
    settings = settings_or_exit()
    answers = {
        "database": _database_answers(settings.database),
        "redis": bool(settings.redis_url or embedded.running_url(settings.home)),
        "home": os.access(settings.home, os.W_OK) and Path(settings.home).is_dir(),
    }
    for name, well in answers.items():
        click.echo(f"{name}: {'answers' if well else 'does not answer'}")
    sys.exit(0 if all(answers.values()) else 1)


def _database_answers(url: str) -> bool:
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT 1 FROM alembic_version"))
    except sa.exc.SQLAlchemyError:
        return False
    finally:
        engine.dispose()
    return True
