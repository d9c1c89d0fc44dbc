"""Vision and speech models made here, small enough for every test, saved by the library as any model is."""

import json
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from worker.protocol.base_models import CONFIG, PREPROCESSOR, WEIGHTS
from worker.protocol.canonical import digest
from worker.protocol.manifest import PinnedModel

SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}
HEARS: dict[str, Any] = {
    **SIZES,
    "conv_dim": (8, 8),
    "conv_stride": (80, 4),
    "conv_kernel": (160, 8),
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
}
SEES = {"image_size": 16, "patch_size": 8}
CROPS = {
    "do_resize": True,
    "size": {"shortest_edge": 20},
    "resample": 3,
    "do_center_crop": True,
    "crop_size": {"height": 16, "width": 16},
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
    "image_processor_type": "BitImageProcessor",
}
LOOKS = {
    "do_resize": True,
    "size": {"height": 16, "width": 16},
    "resample": 2,
    "do_normalize": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
    "image_processor_type": "ViTImageProcessor",
}


def _saved(model: Any, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    return folder


def _with(folder: Path, preprocessor: Any) -> Path:
    if isinstance(preprocessor, dict):
        (folder / PREPROCESSOR).write_text(json.dumps(preprocessor), encoding="utf-8")
    else:
        preprocessor.save_pretrained(folder)
    return folder


def _seeded() -> None:
    import torch

    torch.manual_seed(0)


def vit(folder: Path) -> Path:
    from transformers import ViTConfig, ViTModel

    _seeded()
    return _with(_saved(ViTModel(ViTConfig(**SIZES, **SEES)), folder), LOOKS)


def deit(folder: Path) -> Path:
    from transformers import DeiTConfig, DeiTModel

    _seeded()
    return _with(_saved(DeiTModel(DeiTConfig(**SIZES, **SEES)), folder), CROPS)


def dinov2(folder: Path) -> Path:
    """Without the mask token, as DINOv2's own files may lack it."""
    from transformers import Dinov2Config, Dinov2Model

    _seeded()
    return _with(_saved(Dinov2Model(Dinov2Config(**SIZES, **SEES)), folder), CROPS)


def _waveform(name: str, folder: Path) -> Path:
    import transformers

    _seeded()
    config = getattr(transformers, f"{name}Config")(**HEARS)
    made = _saved(getattr(transformers, f"{name}Model")(config), folder)
    return _with(made, transformers.Wav2Vec2FeatureExtractor(do_normalize=True))


def wav2vec2(folder: Path) -> Path:
    return _waveform("Wav2Vec2", folder)


def hubert(folder: Path) -> Path:
    return _waveform("Hubert", folder)


def wavlm(folder: Path) -> Path:
    return _waveform("WavLM", folder)


def whisper(folder: Path) -> Path:
    """With its decoder, as it is published; windows of one second."""
    from transformers import (
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
    )

    _seeded()
    sizes = dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 2)
    config = WhisperConfig(
        **sizes,
        vocab_size=20,
        d_model=16,
        encoder_layers=2,
        decoder_layers=1,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        num_mel_bins=8,
        max_source_positions=50,
        max_target_positions=8,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
        begin_suppress_tokens=None,
    )
    made = _saved(WhisperForConditionalGeneration(config), folder)
    return _with(made, WhisperFeatureExtractor(feature_size=8, chunk_length=1))


def ast(folder: Path) -> Path:
    from transformers import ASTConfig, ASTFeatureExtractor, ASTModel

    _seeded()
    strides = dict.fromkeys(("patch_size", "frequency_stride", "time_stride"), 8)
    made = _saved(ASTModel(ASTConfig(**SIZES, **strides, max_length=64, num_mel_bins=16)), folder)
    return _with(made, ASTFeatureExtractor(num_mel_bins=16, max_length=64))


VISION: dict[str, Callable[[Path], Path]] = {"vit": vit, "deit": deit, "dinov2": dinov2}
SPEECH: dict[str, Callable[[Path], Path]] = {
    "wav2vec2": wav2vec2,
    "hubert": hubert,
    "wavlm": wavlm,
    "whisper": whisper,
    "audio-spectrogram-transformer": ast,
}


def pinned(folder: Path) -> PinnedModel:
    """As the hub pins it."""
    files = {name: digest((folder / name).read_bytes()) for name in (CONFIG, PREPROCESSOR, WEIGHTS)}
    return PinnedModel(name=folder.name, digest=files[WEIGHTS], files=files, bytes=1)


def tone(path: Path, hertz: float, seconds: float = 0.5, rate: int = 16_000) -> Path:
    """A WAV file."""
    at = np.arange(int(seconds * rate)) / rate
    samples = (0.4 * np.sin(2 * np.pi * hertz * at) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(samples.tobytes())
    return path
