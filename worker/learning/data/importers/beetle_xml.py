"""The five-way release of SemEval-2013 Task 7: one XML file for each question, in folders that name the part."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from worker.learning.data.importers.download import Download, Row
from worker.learning.data.importers.results import SourceFault
from worker.protocol.text import _

_FOLDERS = {
    "train": "train",
    "training": "train",
    "test-unseen-answers": "test-unseen-answers",
    "test-unseen-questions": "test-unseen-questions",
}
_OTHER_SET = ("scientsbank", "seb")
_WHO = re.compile(r"\.(?P<student>sbjb?\d+)-(?P<lesson>l\d+)\.")


def answers(download: Download) -> Iterator[Row]:
    """One row per answer, with the columns of `beetle_5way.csv`; the same answer in two files counts once."""
    seen: set[str] = set()
    for name, content in download.each(lambda one: _part(one) is not None):
        question = _question(name, content)
        for given in question.answers:
            if given["id"] in seen:
                continue
            seen.add(given["id"])
            who = _WHO.search(given["id"])
            if who is None:
                what = _("{name} has the answer {value!r}, whose student cannot be told.")
                raise SourceFault(what.format(name=name, value=given["id"][:80]))
            yield {
                **given,
                "split": _part(name) or "",
                "module": question.module,
                "qid": question.id,
                "student": who["student"],
                "lesson": who["lesson"],
                "question": question.text,
                "references": " || ".join(question.references),
            }
    if not seen:
        what = _("{path} holds no questions of Beetle: take the five-way release.")
        raise SourceFault(what.format(path=download.src))


def _part(name: str) -> str | None:
    """The part of the set a file belongs to, by its folders; None for what is not Beetle."""
    *folders, file = name.lower().split("/")
    if not file.endswith(".xml") or file.startswith(".") or "__macosx" in folders:
        return None
    if any(other in folder for folder in folders for other in _OTHER_SET):
        return None
    return next((_FOLDERS[folder] for folder in reversed(folders) if folder in _FOLDERS), None)


@dataclass
class _Question:
    id: str = ""
    module: str = ""
    text: str = ""
    references: list[str] = field(default_factory=list)
    answers: list[Row] = field(default_factory=list)


class _Reader:
    """Collects one question. A document type is refused, and with it every entity of its own."""

    def __init__(self) -> None:
        self.question = _Question()
        self._said: list[str] = []
        self._given: dict[str, str] = {}
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._said.append
        self.parser.StartDoctypeDeclHandler = self._refuse

    def _refuse(self, *_declared: object) -> None:
        raise ValueError("a document type")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._said.clear()
        self._given = attributes
        if tag == "question":
            self.question.id = attributes["id"]
            self.question.module = attributes["module"]

    def _end(self, tag: str) -> None:
        said = " ".join("".join(self._said).split())
        if tag == "questionText":
            self.question.text = said
        elif tag == "referenceAnswer":
            self.question.references.append(said)
        elif tag == "studentAnswer":
            given = self._given
            self.question.answers.append(
                {"id": given["id"], "answer": said, "label5": given["accuracy"].strip()}
            )
        self._said.clear()


def _question(name: str, content: bytes) -> _Question:
    reader = _Reader()
    try:
        reader.parser.Parse(content, True)
    except (expat.ExpatError, ValueError, KeyError) as error:
        what = _("{name} is cut off or no question of Beetle: download it again.")
        raise SourceFault(what.format(name=name)) from error
    return reader.question
