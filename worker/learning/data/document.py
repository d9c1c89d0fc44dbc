"""Reads a YAML document into a pydantic model and tells each fault with its line."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from worker.learning.data.findings import Fault
from worker.learning.data.schema import DATASET, Consent, Dataset, ModalityFile, TaskMap
from worker.protocol.text import _

Model = TypeVar("Model", bound=BaseModel)
_NESTED: dict[str, type[BaseModel]] = {"modalities": ModalityFile, "tasks": TaskMap}
_SECTIONS: dict[str, type[BaseModel]] = {"consent": Consent}


def read_dataset(folder: Path) -> tuple[Dataset | None, list[Fault]]:
    """The folder's `dataset.yaml`, or every fault in it."""
    path = folder / DATASET
    if not path.is_file():
        what = _("The folder has no {name}.").format(name=DATASET)
        fix = _("Write one; docs/data.md shows a full example.")
        return None, [Fault(DATASET, None, None, what, fix)]
    tree, faults = read_tree(path)
    if faults or tree is None:
        return None, faults
    try:
        return Dataset.model_validate(plain(tree)), []
    except ValidationError as error:
        return None, [_told(DATASET, tree, e) for e in error.errors()]


def read_tree(path: Path) -> tuple[yaml.Node | None, list[Fault]]:
    """The document's nodes, which know their lines. JSON is YAML here."""
    try:
        tree = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        fix = _("Save the file as UTF-8.")
        return None, [Fault(path.name, line, None, _("The file is not UTF-8."), fix)]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or _("not readable")
        what = _("The file is not readable as YAML: {problem}.").format(problem=problem)
        fix = _("Look at this line and the one above: indentation, a colon, a quote.")
        return None, [Fault(path.name, mark.line + 1 if mark else None, None, what, fix)]
    if not isinstance(tree, yaml.MappingNode):
        fix = _("Write fields as `name: value`; docs/data.md shows a full example.")
        return None, [Fault(path.name, 1, None, _("The file holds no fields."), fix)]
    return tree, _twins(path.name, tree)


def plain(node: yaml.Node) -> Any:
    """Dictionaries, lists and text: every scalar as it is written."""
    if isinstance(node, yaml.MappingNode):
        return {str(plain(k)): plain(v) for k, v in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [plain(v) for v in node.value]
    return str(node.value)


def nearest(name: str, known: Sequence[str]) -> str:
    """` Did you mean X?`, or nothing."""
    close = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return " " + _("Did you mean {name}?").format(name=close[0]) if close else ""


def _twins(file: str, node: yaml.Node) -> list[Fault]:
    faults: list[Fault] = []
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            faults += _twins(file, item)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                what = _("The field {name} stands twice.").format(name=name)
                fix = _("Keep one of them.")
                faults.append(Fault(file, key.start_mark.line + 1, None, what, fix))
            seen.add(name)
            faults += _twins(file, value)
    return faults


def _told(file: str, tree: yaml.Node, error: Any) -> Fault:
    place = tuple(part for part in error["loc"] if part != "[key]")
    name = str(place[-1]) if place else ""
    where = ".".join(str(p) for p in place)
    row = _line(tree, place)
    if error["type"] == "extra_forbidden":
        what = _("The field {name} is unknown.").format(name=where)
        fix = _("Remove or correct it.") + nearest(name, _fields(place))
    elif error["type"] == "missing":
        what = _("The field {name} is missing.").format(name=where)
        fix = _("Add it; docs/data.md shows a full example.")
    else:
        said = error["msg"].removeprefix("Value error, ")
        what = (where + ": " if where else "") + said + "."
        fix = _("Correct this field; docs/data.md says what it takes.")
    return Fault(file, row, None, what, fix)


def _fields(place: tuple[Any, ...]) -> list[str]:
    model = _NESTED.get(str(place[0]), Dataset) if len(place) > 2 else Dataset
    if len(place) == 2:
        model = _SECTIONS.get(str(place[0]), model)
    return [f.alias or name for name, f in model.model_fields.items()]


def _line(tree: yaml.Node, place: tuple[Any, ...]) -> int:
    """The line of the deepest part of `place` that the document has."""
    node, line = tree, tree.start_mark.line
    for part in place:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if str(k.value) == str(part)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            found = (node.value[part], node.value[part]) if part < len(node.value) else None
        else:
            found = None
        if found is None:
            break
        line, node = found[0].start_mark.line, found[1]
    return line + 1
