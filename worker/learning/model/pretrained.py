"""Pretrained models that look at images and hear recordings: frozen, run once a record, their outputs kept.

Of each record: the mean, over patches or time, of what goes into the first layer and of what each layer makes of it,
and of an image the last state of the class token; each brought to mean 0 and spread 1. Trained are the weights these
are summed with and the projection of the sum (`worker.protocol.shapes.mixed`).
"""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch.nn import functional

from worker.learning.data import perceived
from worker.learning.data.perceived import Floats
from worker.learning.faults import ModelMissing, NoWaveform
from worker.learning.model import chance, loading
from worker.protocol import base_models
from worker.protocol.base_models import BaseShape
from worker.protocol.policy import Modality

CPU = torch.device("cpu")
Part = dict[str, torch.Tensor]
WINDOW_S = 20
"""A recording goes through a model of waveforms so many seconds at a time: memory grows with the length."""
LONGEST_S = 60
_TROUBLE = (ValueError, RuntimeError, KeyError, TypeError, IndexError)


class Frozen(Protocol):
    """A model at work."""

    def outputs(self, path: Path) -> Floats:
        """(outputs, hidden) of one file."""


def tokens(part: Part, states: torch.Tensor, dropout: float) -> torch.Tensor:
    """(b, outputs, hidden) to (b, width) without an input's bias."""
    summed = torch.einsum("o,boh->bh", torch.softmax(part["mix"], dim=0), states)
    return functional.linear(chance.dropout(summed, dropout), part["weight"])


def loaded(modality: Modality, folder: Path, device: torch.device = CPU) -> Frozen:
    """From a folder of pinned files. Raises ModelMissing, also where config, weights and preprocessor do not fit."""
    try:
        found = VisionModel(folder, device) if modality == "image" else SpeechModel(folder, device)
        made = found.tried()
    except _TROUBLE as error:
        raise ModelMissing(f"the {modality} model cannot be used: {error}") from error
    shape = BaseShape.of(loading.config(folder))
    if made.shape != (shape.outputs(modality), shape.hidden):
        raise ModelMissing(f"the {modality} model gives {made.shape}, not what its config says")
    return found


class VisionModel:
    """ViT, DeiT, DINOv2."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        self._model, self._device = loading.model(folder, "image").to(device), device
        self._looks = Looks(loading.preprocessor(folder))
        bends = self._model.config.model_type in ("vit", "deit")
        self._more = {"interpolate_pos_encoding": True} if bends else {}

    def outputs(self, path: Path) -> Floats:
        return self._of(self._looks.at(path))

    def tried(self) -> Floats:
        return self._of(np.zeros((3, self._looks.side, self._looks.side), np.float32))

    @torch.no_grad()
    def _of(self, pixels: Floats) -> Floats:
        given = torch.from_numpy(pixels)[None].to(self._device)
        found = self._model(pixel_values=given, output_hidden_states=True, **self._more)
        rows = [state[0].mean(dim=0) for state in _states(found, self._model.config)]
        return evened(torch.stack([*rows, found.last_hidden_state[0, 0]]))


class Looks:
    """How an image becomes pixels, by a preprocessor_config.json: size, crop, scale. Pillow alone, so that every site
    sees the same, whatever else is installed there."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.side = base_models.side(said)
        size = said["size"]
        edge = size.get("shortest_edge") if isinstance(size, dict) else None
        self._edge = int(edge) if edge else None
        self._square = 0 if edge else base_models.square(size)
        if not self.side <= (self._edge or self._square) <= base_models.MOST_PIXELS:
            raise ValueError("the preprocessor crops more than it has")
        if not (said.get("do_resize", True) and said.get("do_rescale", True)):
            raise ValueError("the preprocessor does not bring images to one size and scale")
        self._filter = int(said.get("resample", 2))
        self._scale = float(said.get("rescale_factor", 1 / 255))
        plain = not said.get("do_normalize", True)
        self._mean = np.array([0.0] * 3 if plain else said["image_mean"], np.float32)
        self._sd = np.array([1.0] * 3 if plain else said["image_std"], np.float32)
        if self._mean.shape != (3,) or self._sd.shape != (3,) or not (self._sd > 0).all():
            raise ValueError("the preprocessor does not scale three colours")

    def at(self, path: Path) -> Floats:
        """(3, side, side). Raises OSError."""
        from PIL import Image

        with Image.open(path, formats=("PNG", "JPEG")) as image:
            small = _narrowed(image.convert("RGB")).resize(self._sizes(image.size), self._filter)
        left, top = ((have - self.side) // 2 for have in small.size)
        cut = small.crop((left, top, left + self.side, top + self.side))
        scaled = (np.asarray(cut, np.float32) * self._scale - self._mean) / self._sd
        return np.ascontiguousarray(scaled.transpose(2, 0, 1), dtype=np.float32)

    def _sizes(self, size: tuple[int, int]) -> tuple[int, int]:
        if self._edge is None:
            return self._square, self._square
        width, height = size
        short, most = min(size), _NARROWEST * min(size)
        return tuple(int(self._edge * min(one, most) / short) for one in (width, height))  # type: ignore[return-value]


_NARROWEST = 8


def _narrowed(image: Any) -> Any:
    """The middle of an image that is more than eight times as long as wide: nothing else is seen of it anyway."""
    width, height = image.size
    most = _NARROWEST * min(width, height)
    left, top = max(width - most, 0) // 2, max(height - most, 0) // 2
    return image.crop((left, top, left + min(width, most), top + min(height, most)))


class SpeechModel:
    """wav2vec 2.0, HuBERT, WavLM from waveforms; Whisper's encoder, AST from log-mel frames."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        model, self._device = loading.model(folder, "audio").to(device), device
        self._rate = base_models.rate(loading.preprocessor(folder))
        self._config, self._family = model.config, str(model.config.model_type)
        self._run: Any = model.get_encoder() if self._family == "whisper" else model
        self._extract = _extractor(self._family, folder)
        self._window = _window(self._family, self._extract, self._rate)

    def outputs(self, path: Path) -> Floats:
        """Raises NoWaveform for a ready log-mel array, OSError."""
        if path.suffix.lower() != ".wav":
            raise NoWaveform("the speech model hears waveforms, and a recording is a ready array")
        samples, rate = perceived.waveform(path)
        return self._of(perceived.resampled(samples, rate, self._rate))

    def tried(self) -> Floats:
        return self._of(np.zeros(self._rate, np.float32))

    def _of(self, samples: Floats) -> Floats:
        """The mean over all windows; a rest shorter than a second counts only where there is nothing else."""
        starts = range(0, max(len(samples), 1), self._window)
        parts = [samples[start : start + self._window] for start in starts]
        heard = [part for part in parts if len(part) >= self._rate] or parts[:1]
        found, weights = zip(*(self._heard(part) for part in heard), strict=True)
        share = (torch.tensor(weights) / sum(weights)).to(self._device)
        return evened(torch.einsum("w,woh->oh", share, torch.stack(found)))

    @torch.no_grad()
    def _heard(self, samples: Floats) -> tuple[torch.Tensor, float]:
        """(outputs, hidden) of one window, and the states behind it."""
        length = len(samples)
        samples = np.pad(samples, (0, max(self._rate // 10 - length, 0)))
        given = self._extract(samples, sampling_rate=self._rate, return_tensors="pt")
        heard = given[self._extract.model_input_names[0]].to(self._device)
        found = self._run(heard, output_hidden_states=True)
        states = _states(found, self._config)
        real = states[0].shape[1]
        if self._family == "whisper":  # padded to its window; half as many states as frames
            real = max(1, min(real, length // (2 * int(self._extract.hop_length))))
        rows = torch.stack([state[0, :real].mean(dim=0) for state in states])
        return rows, float(real if self._family != "audio-spectrogram-transformer" else length)


def _extractor(family: str, folder: Path) -> Any:
    """The library's own, by the family and never by a name in the file."""
    import transformers

    kind = {
        "whisper": "WhisperFeatureExtractor",
        "audio-spectrogram-transformer": "ASTFeatureExtractor",
    }.get(family, "Wav2Vec2FeatureExtractor")
    return getattr(transformers, kind).from_pretrained(folder, local_files_only=True)


def _window(family: str, extract: Any, rate: int) -> int:
    """Samples that go through at once. Raises ValueError."""
    found = WINDOW_S * rate
    if family == "whisper":
        found = int(extract.n_samples)
    elif family == "audio-spectrogram-transformer":
        found = int(extract.max_length) * rate // 100  # a frame every 10 ms
    if not rate // 10 <= found <= LONGEST_S * rate:
        raise ValueError(f"the preprocessor's window of {found} samples is too short or too long")
    return found


def _states(found: Any, config: Any) -> list[torch.Tensor]:
    """(1, places, hidden) before the first layer and after each; the last as the model hands it out, normed."""
    layers = getattr(config, "encoder_layers", None) or config.num_hidden_layers
    return [*found.hidden_states[:layers], found.last_hidden_state]


def evened(rows: torch.Tensor) -> Floats:
    found: Floats = functional.layer_norm(rows, (rows.shape[-1],)).cpu().numpy()
    if not np.isfinite(found).all():
        raise ModelMissing("the base model gives numbers that are not finite")
    return found
