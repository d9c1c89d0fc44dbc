"""What goes wrong at a start, as one sentence that says what happened and what to do, instead of a traceback."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from alembic.util.exc import CommandError
from pydantic import ValidationError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from app.embedded import NoRedis
from app.errors import HubError
from app.hub import NoHubKey
from app.objects import StoreAway, UnknownStore
from app.settings import MissingFile, Settings

_FULL = (errno.ENOSPC, errno.EDQUOT)
_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextmanager
def in_words(database: str = "") -> Iterator[None]:
    """Raises ClickException for every fault an operator can put right. Anything else is ours and keeps its traceback.

    `database` is named in a sentence about it, without its password.
    """
    try:
        yield
    except ValidationError as error:
        raise click.ClickException(_settings(error)) from error
    except (NoHubKey, NoRedis, UnknownStore, MissingFile) as error:
        raise click.ClickException(str(error)) from error
    except StoreAway as error:
        why = type(error.__cause__).__name__ if error.__cause__ else "no reason"
        raise click.ClickException(
            f"The object store that OBJECT_STORE_URL names does not answer ({why}): start it, or correct the address."
        ) from error
    except HubError as error:
        raise click.ClickException(_with_fields(error)) from error
    except DBAPIError as error:
        raise click.ClickException(_database(database, error)) from error
    except CommandError as error:
        raise click.ClickException(
            "The database stands at, or --to names, a step of the schema that this version does not have: install the "
            "version of Collegium that made it, or leave out --to."
        ) from error
    except OSError as error:
        sentence = _files(error)
        if not sentence:
            raise
        raise click.ClickException(sentence) from error


def _settings(error: ValidationError) -> str:
    faults = []
    for fault in error.errors(include_url=False, include_input=False):
        said = str(fault["msg"]).removeprefix("Value error, ").removesuffix(".")
        name = str(fault["loc"][0]) if fault["loc"] else ""
        faults.append(f"{_variable(name)}: {said[:1].lower()}{said[1:]}" if name else said)
    return f"The settings cannot be used: {'; '.join(faults)}. See docs/configuration.md."


def _variable(name: str) -> str:
    return f"COLLEGIUM_{name.upper()}" if name in Settings.model_fields else name


def _with_fields(error: HubError) -> str:
    fields = getattr(error, "errors", {})
    return " ".join([error.message, *(text for text in fields.values() if text != error.message)])


def _database(url: str, error: DBAPIError) -> str:
    said = str(error.orig).strip().splitlines()[0].removesuffix(".") if error.orig else "no reason"
    if "no such table" in said or ("does not exist" in said and "relation" in said):
        return (
            f"The database at {_shown(url)} has no tables yet: run `collegium-hub migrate` first."
        )
    return (
        f"The database at {_shown(url)} cannot be used ({said}): start it, or correct DATABASE_URL."
    )


def _shown(url: str) -> str:
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return "DATABASE_URL"


def _files(error: OSError) -> str:
    where = Path(str(error.filename)) if error.filename else Path()
    if error.errno in _FULL:
        return f"The disk is full at {where}: free some space and start again."
    if error.errno in _DENIED:
        return f"This account may not write {where}: give it the folder, or name another in COLLEGIUM_HOME."
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return f"{where} is a file, and a folder is needed there: move it, or name another in COLLEGIUM_HOME."
    return ""
