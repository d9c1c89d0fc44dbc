"""A folder that is to become a base model: which files are taken, and why others are not. Headers and JSON are read."""

import json
import struct
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import Invalid
from app.text import _
from worker.protocol import limits
from worker.protocol.base_models import (
    CONFIG,
    FAMILIES,
    MOST_PIXELS,
    PREPROCESSOR,
    WEIGHTS,
    BaseShape,
    modality_of,
    rate,
    side,
)
from worker.protocol.policy import Modality

TEXT_JSON = frozenset(
    {
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "sentence_bert_config.json",
        "modules.json",
        "added_tokens.json",
        "vocab.json",
    }
)
TEXT_FILES = frozenset({"vocab.txt", "merges.txt"})
JSON_BYTES = 32 << 20
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".h5", ".msgpack")
_CODE = ("auto_map", "custom_pipelines", "trust_remote_code")
"""Keys of a config that would make a library load code from the folder."""
_SHAPELESS = (KeyError, TypeError, ValueError)


@dataclass(frozen=True)
class Found:
    """What a folder offers, checked: the files taken and what the model reads."""

    modality: Modality
    files: tuple[Path, ...]


def look(directory: Path) -> Found:
    """Reads nothing but headers and JSON; stores nothing. Links are not followed: they could point outside the folder.

    Raises Invalid with a sentence that says what to do.
    """
    there = {p.name: p for p in directory.iterdir() if p.is_file() and not p.is_symlink()}
    if WEIGHTS not in there:
        raise Invalid(_without_weights(there))
    if CONFIG not in there:
        raise Invalid(_("The folder needs config.json beside model.safetensors. Copy it there."))
    config = _json(there[CONFIG])
    modality = modality_of(config)
    if modality is None:
        raise Invalid(_family(config))
    _check_shape(config)
    wanted = TEXT_JSON | TEXT_FILES if modality == "text" else {PREPROCESSOR}
    taken = tuple(there[name] for name in sorted(there.keys() & {*wanted, CONFIG, WEIGHTS}))
    for path in taken:
        _check_file(path)
    if modality != "text":
        _check_preprocessor(modality, there.get(PREPROCESSOR))
    return Found(modality, taken)


def _without_weights(there: Collection[str]) -> str:
    pickles = sorted(name for name in there if name.endswith(_PICKLES))
    if f"{WEIGHTS}.index.json" in there:
        return _(
            "The weights are in several files. Save the model again as one model.safetensors, or choose a smaller one."
        )
    if pickles:
        return _(
            "{name} can run code when it is read, so it is not taken. Use the model's own model.safetensors, or save "
            "the model again with save_pretrained, which writes it."
        ).format(name=pickles[0])
    return _("The folder needs config.json and model.safetensors.")


def _family(config: dict[str, Any]) -> str:
    return _(
        "Models of the family {family} cannot be read here. Of these they can: {all} (model_type in config.json)."
    ).format(family=str(config.get("model_type") or "–")[:40], all=", ".join(sorted(FAMILIES)))


def _check_shape(config: dict[str, Any]) -> None:
    try:
        BaseShape.of(config)
    except _SHAPELESS as error:
        raise Invalid(
            _(
                "config.json does not say how wide and deep the model is. Take it from the model's source again."
            )
        ) from error


def _check_preprocessor(modality: Modality, path: Path | None) -> None:
    if path is None:
        raise Invalid(
            _(
                "preprocessor_config.json is missing: how an image or a recording becomes numbers. Take it from where "
                "the model comes from and put it beside config.json."
            )
        )
    said = _json(path)
    try:
        side(said) if modality == "image" else rate(said)
    except _SHAPELESS as error:
        raise Invalid(
            _(
                "preprocessor_config.json does not bring images to a square of at most {pixels} pixels, or recordings "
                "to one sampling rate. Choose a model that does."
            ).format(pixels=MOST_PIXELS)
        ) from error


def _check_file(path: Path) -> None:
    size = path.stat().st_size
    if path.name == WEIGHTS:
        if size > limits.OBJECT_BYTES:
            raise Invalid(
                _(
                    "The model's weights have {size} MB, and this hub takes {most}. Choose a smaller one."
                ).format(size=size >> 20, most=limits.OBJECT_BYTES >> 20)
            )
        _check_weights(path, size)
    elif size > JSON_BYTES:
        raise Invalid(_("{name} is too large.").format(name=path.name))
    elif path.name not in TEXT_FILES:
        _json(path)


def _json(path: Path) -> dict[str, Any]:
    """Settings of a model. Raises Invalid for a file that asks for code."""
    if path.stat().st_size > JSON_BYTES:
        raise Invalid(_("{name} is too large.").format(name=path.name))
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise Invalid(_("{name} is not JSON.").format(name=path.name)) from error
    if not isinstance(content, dict):
        return {}
    if any(content.get(key) for key in _CODE):
        raise Invalid(
            _(
                "{name} asks for code of its own; no code travels. Choose a model that the library reads by itself."
            ).format(name=path.name)
        )
    return content


def _check_weights(path: Path, size: int) -> None:
    """A safetensors header that fits the file; the tensors themselves are read by sites with the same library."""
    sentence = _("model.safetensors is not a safetensors file.")
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
        if not 0 < length <= min(size - 8, 16 << 20):
            raise Invalid(sentence)
        try:
            header = json.loads(file.read(length))
            ends = [e["data_offsets"][1] for n, e in header.items() if n != "__metadata__"]
        except (
            ValueError,
            RecursionError,
            TypeError,
            KeyError,
            IndexError,
            AttributeError,
        ) as error:
            raise Invalid(sentence) from error
    if not ends or max(ends) + 8 + length != size:
        raise Invalid(sentence)
