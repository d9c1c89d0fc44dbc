"""The hub's long-running commands. Each is one process; `serve --all` is the parent of all of them."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

import migrations
from app import embedded, health, objects
from app.cli import faults, web
from app.db import Database
from app.hub import hub_key
from app.hub_processes import start_hub
from app.jobs import Queue
from app.processes import ChildEnded, Group, Stopped, stop_on_signals
from app.settings import Settings, get_settings

WORKER_APP = "worker.hub.app"
_NO_WORKER_EXTRAS = ("--without-gossip", "--without-mingle", "--without-heartbeat")


@contextmanager
def usable() -> Iterator[Settings]:
    """This process's settings; what goes wrong inside is said in a sentence."""
    with faults.in_words():
        settings = get_settings()
    with faults.in_words(settings.database):
        yield settings


@contextmanager
def redis_for(settings: Settings, group: Group) -> Iterator[Settings]:
    """Settings that name a Redis: the configured one, one of ours that runs, or one started in `group`."""
    url = settings.redis_url or embedded.running_url(settings.home)
    os.environ["REDIS_URL"] = url or embedded.start(group, settings.home)
    get_settings.cache_clear()
    yield get_settings()


def prepare(settings: Settings) -> None:
    """Home, key, objects, schema: whatever would stop us later stops us now, with a sentence."""
    settings.home.mkdir(parents=True, exist_ok=True)
    hub_key(settings)
    store_of(settings).check()
    migrations.upgrade(settings.database)


def store_of(settings: Settings) -> objects.ObjectStore:
    return objects.build(settings.objects, settings.disk_reserve_mb << 20, settings.work)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--all", "everything", is_flag=True, help="Workers, sweep and Redis too.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="With --all: processes of each hub worker.",
)
def serve(host: str, port: int, everything: bool, workers: int) -> None:
    """Serve pages, API and the site door; the schema first."""
    with usable() as settings:
        if settings.environment == "demo" and host not in ("127.0.0.1", "::1", "localhost"):
            raise click.ClickException("The demo serves this computer only: leave --host as it is.")
        listener = web.bind(host, port)
        try:
            prepare(settings)
            if everything:
                listener.close()  # the web process takes it
                _serve_all(settings, host, port, workers)
                return
            stop_on_signals()
            with Group() as group, redis_for(settings, group) as ready:
                web.run(ready, listener)
        except Stopped:
            return
        finally:
            listener.close()


def _serve_all(settings: Settings, host: str, port: int, workers: int) -> None:
    logs = settings.home / "logs"
    stop_on_signals()
    with Group(logs) as group, redis_for(settings, group):
        start_hub(group, host, port, workers)
        click.echo(f"Serving http://{host}:{port}. Logs are in {logs}. Ctrl-C ends it.")
        try:
            group.watch()
        except Stopped:
            click.echo("Stopping.")
        except ChildEnded as error:
            raise click.ClickException(f"{error}; see its log in {logs}.") from error


@click.command()
@click.option("--queue", type=click.Choice([q.value for q in Queue]), multiple=True)
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True)
def worker(queue: tuple[str, ...], processes: int) -> None:
    """Open and combine rounds: a Celery worker of the hub."""
    queues = queue or tuple(q.value for q in Queue)
    options = ("--queues", ",".join(queues), "--concurrency", str(processes))
    name = f"{'-'.join(queues)}@%h"
    run_celery("worker", *options, "--hostname", name, "--loglevel", "WARNING", *_NO_WORKER_EXTRAS)


@click.command()
def beat() -> None:
    """Send the sweep on time, and nothing else."""
    with usable() as settings:
        settings.home.mkdir(parents=True, exist_ok=True)
        schedule = str(settings.home / "beat-schedule")
    run_celery("beat", "--schedule", schedule, "--loglevel", "WARNING", "--pidfile=")


def run_celery(*arguments: str) -> None:
    """Becomes Celery, so that signals reach it and no parent stays."""
    with usable() as settings:
        url = settings.redis_url or embedded.running_url(settings.home)
        if not url:
            raise click.ClickException(
                "There is no Redis: set REDIS_URL, or start `collegium-hub serve` with the same home first."
            )
    os.environ["REDIS_URL"] = url
    program = [sys.executable, "-m", "celery", "--quiet", "-A", WORKER_APP, *arguments]
    os.execv(sys.executable, program)  # noqa: S606  no shell is what we want


@click.command()
@click.option("--to", "revision", default="head", show_default=True)
def migrate(revision: str) -> None:
    """Bring the database's schema up to date."""
    with usable() as settings:
        settings.home.mkdir(parents=True, exist_ok=True)
        migrations.upgrade(settings.database, revision)
    click.echo("The schema is up to date.")


@click.command()
def status() -> None:
    """Say whether database, objects and Redis answer. The exit status is 0 when all do."""
    with usable() as settings:
        url = settings.redis_url or embedded.running_url(settings.home) or ""
        found = health.parts(Database(settings.database), store_of(settings), url)
    for part in found:
        click.echo(f"{part.name}: {part.state}")
    sys.exit(0 if all(part.state == health.UP for part in found) else 1)
