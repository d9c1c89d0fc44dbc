"""The two forms of speechocean762: the official tree of WAV files, and a table with ready log-mel arrays."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from worker.learning.data.importers.download import Download, Row
from worker.learning.data.importers.results import SourceFault
from worker.protocol.text import _

SCORES = ("accuracy", "fluency", "prosodic", "total")
_PARTS = ("train", "test")
_LISTS = {"text": "prompt", "utt2spk": "speaker", "spk2age": "age", "spk2gender": "gender"}
_TABLE, _ARRAYS = "utterances", "logmel_40x25fps"
_DB_STEP, _DB_LOWEST = 110 / 255, -90.0
"""A byte of the arrays stands for value · 110/255 - 90 dB."""

Media = Iterator[tuple[str, str, bytes]]


@dataclass(frozen=True)
class Source:
    """`utterances`: utterance, part, speaker, prompt, age, gender and the scores. `media` yields every recording."""

    utterances: list[Row]
    ending: str
    media: Callable[[Mapping[str, str]], Media]
    """Utterance -> site gives (site, file, content), in one pass. Raises `SourceFault` if one is missing."""

    def file(self, utterance: str) -> str:
        return file(utterance, self.ending)


def file(utterance: str, ending: str) -> str:
    """Where a recording lies in its folder."""
    return f"recordings/{utterance}{ending}"


def source(download: Download) -> Source:
    """Whichever form the download has. Raises `SourceFault`."""
    if download.has(_TABLE):
        return Source(_from_table(download), ".npy", lambda sites: _arrays(download, sites))
    return Source(_from_tree(download), ".wav", lambda sites: _sound(download, sites))


def _from_table(download: Download) -> list[Row]:
    columns = ("utt", "split", "speaker", "age", "gender", "text")
    scores = tuple(f"{score}_median" for score in SCORES)
    return [
        _checked(
            {
                "utterance": row["utt"],
                "part": row["split"],
                "speaker": row["speaker"],
                "prompt": row["text"],
                "age": row["age"],
                "gender": row["gender"],
                **{score: row[f"{score}_median"] for score in SCORES},
            }
        )
        for row in download.rows(_TABLE, (*columns, *scores))
    ]


def _from_tree(download: Download) -> list[Row]:
    """Kaldi's lists in `train` and `test`, scores in `resource/scores.json`; all read in one pass."""
    wanted = {f"{part}/{name}": (part, name) for part in _PARTS for name in _LISTS}
    lists: dict[tuple[str, str], dict[str, str]] = {}
    scores: dict[str, Any] | None = None
    for name, content in download.each(lambda one: _tail(one) in {*wanted, "resource/scores.json"}):
        try:
            if _tail(name) in wanted:
                lists[wanted[_tail(name)]] = _pairs(content.decode())
            else:
                scores = dict(json.loads(content))
        except ValueError as error:
            what = _("{name} cannot be read to its end: download it again.")
            raise SourceFault(what.format(name=name)) from error
    lacking = [name for name, key in wanted.items() if key not in lists]
    if lacking or scores is None:
        what = _("{name} is not in {path}: take the whole official download.")
        name = lacking[0] if lacking else "resource/scores.json"
        raise SourceFault(what.format(name=name, path=download.src))
    return [row for part in _PARTS for row in _part(part, lists, scores)]


def _tail(name: str) -> str:
    return "/".join(name.split("/")[-2:])


def _pairs(text: str) -> dict[str, str]:
    """`key value` on each line."""
    split = (line.split(maxsplit=1) for line in text.splitlines() if line.strip())
    return {one[0]: one[1].strip() if len(one) > 1 else "" for one in split}


def _part(
    part: str, lists: Mapping[tuple[str, str], Mapping[str, str]], scores: Mapping[str, Any]
) -> Iterator[Row]:
    speakers = lists[part, "utt2spk"]
    for utterance, prompt in lists[part, "text"].items():
        given, who = scores.get(utterance, {}), speakers.get(utterance, "")
        yield _checked(
            {
                "utterance": utterance,
                "part": part,
                "speaker": who,
                "prompt": prompt,
                "age": lists[part, "spk2age"].get(who, ""),
                "gender": lists[part, "spk2gender"].get(who, ""),
                **{score: _score(given.get(score)) for score in SCORES},
            }
        )


def _score(given: Any) -> str:
    """The released score, or the median of the experts' where all of them are given."""
    known = [one for one in (given if isinstance(given, list) else [given]) if one is not None]
    return f"{median(known):g}" if known else ""


def _checked(row: Row) -> Row:
    """Names become names of files, so they are digits and nothing else."""
    whole = row["utterance"].isdecimal() and row["speaker"] and row["part"] in _PARTS
    if not whole or not all(row[score] for score in SCORES):
        what = _("Utterance {name} lacks its speaker, part or scores: download the set again.")
        raise SourceFault(what.format(name=row["utterance"][:40]))
    return row


def _sound(download: Download, sites: Mapping[str, str]) -> Media:
    missing = set(sites)
    for name, content in download.each(lambda one: one.lower().endswith(".wav")):
        utterance = name.rsplit("/", 1)[-1][:-4]
        if utterance in missing:
            missing.discard(utterance)
            yield sites[utterance], file(utterance, ".wav"), content
    _all_there(missing)


def _arrays(download: Download, sites: Mapping[str, str]) -> Media:
    """Bytes become dB in half precision, exact to .03 dB where the step is .43."""
    content = download.read(_ARRAYS, (".npz",))
    missing = set(sites)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as packed:
            data, offsets, names = packed["data"], packed["offsets"], packed["utt"]
    except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile) as error:
        what = _("{name} cannot be read to its end: download it again.")
        raise SourceFault(what.format(name=f"{_ARRAYS}.npz")) from error
    for place, utterance in enumerate(str(name) for name in names):
        if utterance not in missing:
            continue
        missing.discard(utterance)
        levels = data[offsets[place] : offsets[place + 1]].astype(np.float32)
        made = io.BytesIO()
        np.save(made, (levels * _DB_STEP + _DB_LOWEST).astype(np.float16), allow_pickle=False)
        yield sites[utterance], file(utterance, ".npy"), made.getvalue()
    _all_there(missing)


def _all_there(missing: set[str]) -> None:
    if missing:
        what = _("Recordings are missing: {count}, such as {name}. Download the set again.")
        raise SourceFault(what.format(count=len(missing), name=min(missing)))
