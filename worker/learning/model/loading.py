"""A base model from its folder: config and safetensors only, no code of the model is ever run from there."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from worker.learning.faults import ModelMissing
from worker.protocol.base_models import CONFIG, PREPROCESSOR, modality_of
from worker.protocol.policy import Modality

_UNUSED = ("pooler.", "masked_spec_embed", "decoder.", "embeddings.mask_token")
"""Parts that some files lack and nothing here reads."""
_TROUBLE = (
    OSError,
    ValueError,
    RuntimeError,
    ImportError,
    KeyError,
    TypeError,
    AttributeError,
    SafetensorError,
)


def config(folder: Path) -> dict[str, Any]:
    """Its config.json. Raises ModelMissing."""
    return _json(folder / CONFIG)


def preprocessor(folder: Path) -> dict[str, Any]:
    """How a record becomes what the model reads. Raises ModelMissing."""
    return _json(folder / PREPROCESSOR)


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelMissing(f"{path.name} of the base model cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise ModelMissing(f"{path.name} of the base model is no list of settings")
    return found


def model(folder: Path, modality: Modality, **more: Any) -> Any:
    """Frozen, in float32. Imports transformers here only: a site that needs no base model never pays for it.

    Raises ModelMissing, also where the file lacks weights: a library would draw them, differently at each site.
    """
    family = config(folder).get("model_type")
    if modality_of({"model_type": family}) != modality:
        raise ModelMissing(f"models of the family {family} cannot be used for {modality}")
    from transformers import AutoModel
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        made, told = AutoModel.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
            **more,
        )
    except _TROUBLE as error:
        raise ModelMissing(f"the {modality} model cannot be loaded: {error}") from error
    lacking = [name for name in told["missing_keys"] if not name.startswith(_UNUSED)]
    if lacking or told["mismatched_keys"]:
        raise ModelMissing(f"the {modality} model's weights do not fit its config: {lacking[:3]}")
    made.eval().requires_grad_(False)
    return made
