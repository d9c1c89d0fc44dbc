"""Which pretrained models can be read, for which modality, from which files, and what a layout needs to know of one.

No library is asked: a family is one of this list or it is not read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from worker.protocol.adapters import FAMILIES as TEXT_FAMILIES
from worker.protocol.policy import Modality

WEIGHTS, CONFIG, PREPROCESSOR = "model.safetensors", "config.json", "preprocessor_config.json"
WAVEFORM = frozenset({"wav2vec2", "hubert", "wavlm"})
"""Speech models that hear samples as they are."""
LOG_MEL = frozenset({"whisper", "audio-spectrogram-transformer"})
"""Speech models that hear log-mel frames; of Whisper the encoder."""
VISION = frozenset({"vit", "deit", "dinov2"})
FAMILIES: Mapping[str, Modality] = {
    **dict.fromkeys(sorted(TEXT_FAMILIES), "text"),
    **dict.fromkeys(sorted(VISION), "image"),
    **dict.fromkeys(sorted(WAVEFORM | LOG_MEL), "audio"),
}
"""`model_type` to what it reads."""
READ: tuple[Modality, ...] = ("text", "image", "audio")
"""Modalities that a base model can be chosen for."""
HIGHEST_HIDDEN, MOST_LAYERS = 8192, 200
MOST_PIXELS = 1024
"""A side of what a vision model sees."""
RATES = range(8_000, 48_001)
"""Samples a second a speech model may ask for."""


@dataclass(frozen=True)
class BaseShape:
    """Width and number of the layers of a base model."""

    hidden: int
    layers: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "BaseShape":
        """From its config.json. Raises KeyError, TypeError, ValueError, also where a number is out of bounds."""
        hidden = config.get("d_model") or config.get("hidden_size") or config["dim"]
        layers = (
            config.get("encoder_layers") or config.get("num_hidden_layers") or config["n_layers"]
        )
        found = cls(int(hidden), int(layers))
        if not 1 <= found.hidden <= HIGHEST_HIDDEN or not 1 <= found.layers <= MOST_LAYERS:
            raise ValueError(f"a width of {found.hidden} or {found.layers} layers")
        return found

    def outputs(self, modality: Modality) -> int:
        """Vectors kept of one record that a frozen model reads: the mean of what goes into the first layer, of what
        each layer makes of it, and of an image the last state of the class token."""
        return self.layers + (2 if modality == "image" else 1)


def modality_of(config: Mapping[str, Any]) -> Modality | None:
    """What a model with this config.json reads; None for a family that is not known here."""
    return FAMILIES.get(str(config.get("model_type")))


def side(preprocessor: Mapping[str, Any]) -> int:
    """Pixels of the square that a vision model sees, by its preprocessor_config.json. Raises KeyError, TypeError,
    ValueError."""
    if preprocessor.get("do_center_crop"):
        return square(preprocessor["crop_size"])
    return square(preprocessor["size"])


def square(given: Any) -> int:
    """The side of a square that a preprocessor names. Raises KeyError, TypeError, ValueError."""
    height, width = (
        (given["height"], given["width"]) if isinstance(given, Mapping) else (given, given)
    )
    if height != width or not 8 <= int(height) <= MOST_PIXELS:
        raise ValueError(f"{height} by {width} pixels; a square of 8 to {MOST_PIXELS} is read")
    return int(height)


def rate(preprocessor: Mapping[str, Any]) -> int:
    """Samples a second that a speech model hears. Raises KeyError, TypeError, ValueError."""
    found = int(preprocessor["sampling_rate"])
    if found not in RATES:
        raise ValueError(f"{found} samples a second")
    return found
