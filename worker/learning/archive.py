"""Opens a release's file: every part checked against its digest before it is used."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from worker.learning.faults import StateMismatch
from worker.protocol import codec, limits
from worker.protocol.archive import DESCRIPTION, Description, member
from worker.protocol.canonical import digest
from worker.protocol.codec import Tensors, Unacceptable


@dataclass(frozen=True)
class Opened:
    description: Description
    modules: dict[str, Tensors]


def open_archive(path: Path) -> Opened:
    """Reads only the members the description names, each under the size limit. Raises StateMismatch with a sentence."""
    try:
        with zipfile.ZipFile(path) as archive:
            said = Description.model_validate_json(_read(archive, DESCRIPTION))
            modules = {
                name: _module(archive, name, wanted) for name, wanted in said.modules.items()
            }
    except (OSError, zipfile.BadZipFile, KeyError, ValidationError) as error:
        raise StateMismatch(
            f"{path.name} is not the file of a release. Download it again."
        ) from error
    return Opened(said, modules)


def _module(archive: zipfile.ZipFile, name: str, wanted: str) -> Tensors:
    content = _read(archive, member(name))
    if digest(content) != wanted:
        raise StateMismatch(
            f"the model part {name} has other bytes than the release names. Download it again."
        )
    try:
        return codec.decode(content)
    except Unacceptable as error:
        raise StateMismatch(f"the model part {name} cannot be read ({error.code}).") from error


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    """Members are stored, not packed; a size over the limit is refused before a byte is read."""
    if archive.getinfo(name).file_size > limits.OBJECT_BYTES:
        raise StateMismatch(f"{name} is larger than any part of a release may be.")
    return archive.read(name)
