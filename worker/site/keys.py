"""The site's keys, in one file of mode 0600: made here, changed here; their secret half never leaves.

A change is two writes, so that a crash between them locks nobody out: the next key is on the disk before the
hub hears of it, and in force here only after the hub has taken its name.
"""

import json
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from worker.protocol.manifest import Signed
from worker.protocol.signatures import BadSignature, PrivateKey, PublicKey
from worker.protocol.text import _
from worker.site import files
from worker.site.faults import NotJoined, SiteFault


@dataclass(frozen=True)
class Keys:
    """`signing` is in force, `next` is not yet. `pseudonym` keys the names of students and never changes.

    `earlier` are the public halves of keys that were in force, oldest first: what they signed stays signed.
    """

    signing: PrivateKey
    pseudonym: bytes
    next: PrivateKey | None = None
    earlier: tuple[PublicKey, ...] = ()

    def opened(self, envelope: Signed) -> bytes:
        """What this site signed, with the key of today or an earlier one. Raises BadSignature."""
        for key in (self.signing.public, *self.earlier):
            if key.fingerprint == envelope.key:
                return key.open(envelope)
        raise BadSignature("no key of this site")


class KeyFile:
    """`keys.json`. Several processes read it; who changes it holds the lock beside it."""

    def __init__(self, path: Path, missing: NotJoined) -> None:
        self._path = path
        self._missing = missing
        self._last: tuple[tuple[int, int], Keys] | None = None

    def read(self) -> Keys:
        """As the file says now; parsed again only when it changed. Raises SiteFault when others could read it."""
        try:
            about = self._path.stat()
        except FileNotFoundError as error:
            raise self._missing from error
        if stat.S_IMODE(about.st_mode) & 0o077:
            raise SiteFault(
                _("Others can read {file}. Make it private: chmod 600 {file}").format(
                    file=self._path
                )
            )
        mark, last = (about.st_mtime_ns, about.st_ino), self._last
        if last is None or last[0] != mark:
            last = mark, self._parsed()
            self._last = last
        return last[1]

    def _parsed(self) -> Keys:
        try:
            plain = json.loads(self._path.read_bytes())
            waiting = plain.get("next")
            return Keys(
                signing=PrivateKey(bytes.fromhex(plain["signing"])),
                pseudonym=bytes.fromhex(plain["pseudonym"]),
                next=PrivateKey(bytes.fromhex(waiting)) if waiting else None,
                earlier=tuple(PublicKey(text) for text in plain.get("earlier", ())),
            )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise SiteFault(
                _(
                    "{file} is damaged. Put it back from a copy, or join as a new site in another folder."
                ).format(file=self._path)
            ) from error

    def make(self) -> Keys:
        """Made once; a join whose answer was lost goes on with the same ones."""
        if not self._path.is_file():
            self._write(Keys(PrivateKey(), secrets.token_bytes(32)))
        return self.read()

    def prepare(self) -> Keys:
        """With a next key: a new one, or that of a change which was cut off."""
        keys = self.read()
        if keys.next is None:
            self._write(Keys(keys.signing, keys.pseudonym, PrivateKey(), keys.earlier))
        return self.read()

    def switch(self) -> Keys:
        """The next key is in force from now on, and the secret half of the old one is gone."""
        keys = self.read()
        assert keys.next is not None
        earlier = (*keys.earlier, keys.signing.public)
        self._write(Keys(keys.next, keys.pseudonym, None, earlier))
        return self.read()

    def _write(self, keys: Keys) -> None:
        plain: dict[str, Any] = {
            "signing": keys.signing.seed.hex(),
            "pseudonym": keys.pseudonym.hex(),
        }
        if keys.next is not None:
            plain["next"] = keys.next.seed.hex()
        if keys.earlier:
            plain["earlier"] = [key.text for key in keys.earlier]
        files.write(self._path, json.dumps(plain).encode())
