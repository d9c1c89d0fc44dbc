"""Pretrained vision and speech models: what they make of a file, against the library's own way; what is not taken."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file

from tests.learning import media_models
from worker.learning.data import perceived
from worker.learning.faults import ModelMissing, NoWaveform
from worker.learning.model import pretrained
from worker.protocol.base_models import CONFIG, PREPROCESSOR, WEIGHTS, BaseShape


def picture(path: Path, width: int, height: int, seed: int = 0) -> Path:
    drawn = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    Image.fromarray(drawn).save(path)
    return path


def change(path: Path, **values: Any) -> None:
    known = json.loads(path.read_text(encoding="utf-8"))
    kept = {name: value for name, value in (known | values).items() if value is not None}
    path.write_text(json.dumps(kept), encoding="utf-8")


def evened(rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    centred = rows - rows.mean(axis=-1, keepdims=True)
    return np.asarray(centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5))


@pytest.mark.parametrize("family", media_models.VISION)
def test_an_image_is_seen_as_the_library_sees_it(family: str, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModel
    from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    folder = media_models.VISION[family](tmp_path / "model")
    image = picture(tmp_path / "wide.png", 50, 30)
    found = pretrained.loaded("image", folder).outputs(image)
    shape = BaseShape.of(json.loads((folder / CONFIG).read_text(encoding="utf-8")))
    assert found.shape == (shape.outputs("image"), shape.hidden) == (4, 16)
    kind = ViTImageProcessorPil if family == "vit" else BitImageProcessorPil
    with Image.open(image) as opened:
        given = kind.from_pretrained(folder)(opened, return_tensors="pt")
    with torch.no_grad():
        told = AutoModel.from_pretrained(folder).eval()(**given, output_hidden_states=True)
    rows = [state[0].mean(dim=0) for state in (*told.hidden_states[:2], told.last_hidden_state)]
    wanted = torch.stack([*rows, told.last_hidden_state[0, 0]]).numpy()
    assert found == pytest.approx(evened(wanted), abs=1e-4)


def test_a_ribbon_of_an_image_takes_no_more_memory_than_its_middle(tmp_path: Path) -> None:
    folder = media_models.dinov2(tmp_path / "model")
    model = pretrained.loaded("image", folder)
    looks = pretrained.Looks(json.loads((folder / PREPROCESSOR).read_text(encoding="utf-8")))
    assert looks._sizes((60_000, 10)) == (160, 20)
    assert model.outputs(picture(tmp_path / "ribbon.png", 3000, 10)).shape == (4, 16)


@pytest.mark.parametrize("family", media_models.SPEECH)
def test_a_recording_is_heard_as_the_library_hears_it(family: str, tmp_path: Path) -> None:
    import torch
    from transformers import AutoFeatureExtractor, AutoModel

    folder = media_models.SPEECH[family](tmp_path / "model")
    sound = media_models.tone(tmp_path / "a.wav", 440)
    found = pretrained.loaded("audio", folder).outputs(sound)
    assert found.shape == (3, 16)
    samples, rate = perceived.waveform(sound)
    given = AutoFeatureExtractor.from_pretrained(folder)(
        samples, sampling_rate=rate, return_tensors="pt"
    )
    model = AutoModel.from_pretrained(folder).eval()
    real = None
    if family == "whisper":
        model, real = model.get_encoder(), 25  # half a second: 50 frames, two a state
    with torch.no_grad():
        told = model(*given.values(), output_hidden_states=True)
    rows = [s[0, :real].mean(dim=0) for s in (*told.hidden_states[:2], told.last_hidden_state)]
    assert found == pytest.approx(evened(torch.stack(rows).numpy()), abs=1e-4)


@pytest.mark.parametrize("family", ["wav2vec2", "whisper", "audio-spectrogram-transformer"])
def test_a_long_recording_is_the_mean_of_its_windows(
    family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pretrained, "WINDOW_S", 1)
    model = pretrained.loaded("audio", media_models.SPEECH[family](tmp_path / "model"))
    assert isinstance(model, pretrained.SpeechModel)
    rng = np.random.default_rng(0)
    samples = rng.normal(0, 0.1, model._window * 2 + 100).astype(np.float32)
    parts = [samples[: model._window], samples[model._window : 2 * model._window]]
    if model._window < model._rate:  # AST's of the test is shorter than a second: one is heard
        parts = parts[:1]
    rows = np.mean([model._heard(part)[0].numpy() for part in parts], axis=0)
    assert model._of(samples) == pytest.approx(evened(rows), abs=1e-4)


def test_another_sampling_rate_is_brought_to_the_model_s(tmp_path: Path) -> None:
    samples, rate = perceived.waveform(media_models.tone(tmp_path / "a.wav", 440, 1.0, 44_100))
    wanted, _rate = perceived.waveform(media_models.tone(tmp_path / "b.wav", 440, 1.0, 16_000))
    found = perceived.resampled(samples, rate, 16_000)
    assert found == pytest.approx(wanted, abs=1e-3)
    assert len(perceived.resampled(wanted, 16_000, 8_000)) == 8_000
    assert perceived.resampled(wanted, 16_000, 16_000) is wanted


def test_a_ready_array_is_no_waveform(tmp_path: Path) -> None:
    model = pretrained.loaded("audio", media_models.wav2vec2(tmp_path / "model"))
    np.save(tmp_path / "a.npy", np.zeros((4, 8), np.float32))
    with pytest.raises(NoWaveform):
        model.outputs(tmp_path / "a.npy")


def test_a_very_short_recording_is_heard(tmp_path: Path) -> None:
    for family, make in media_models.SPEECH.items():
        model = pretrained.loaded("audio", make(tmp_path / family))
        sound = media_models.tone(tmp_path / "a.wav", 440, 0.01)
        assert np.isfinite(model.outputs(sound)).all(), family


def lost_weights(folder: Path) -> None:
    """The library would draw what is not there, at each site its own."""
    kept = load_file(folder / WEIGHTS)
    name = next(name for name in kept if "layer" in name and name.endswith("weight"))
    save_file({k: v for k, v in kept.items() if k != name}, folder / WEIGHTS, {"format": "pt"})


@pytest.mark.parametrize(
    "spoil",
    [
        lost_weights,
        lambda folder: change(folder / CONFIG, hidden_size=32),
        lambda folder: change(folder / CONFIG, model_type="bert"),
        lambda folder: change(folder / CONFIG, model_type="my-own"),
        lambda folder: (folder / WEIGHTS).write_bytes(b"none"),
        lambda folder: (folder / WEIGHTS).unlink(),
        lambda folder: (folder / PREPROCESSOR).unlink(),
        lambda folder: (folder / PREPROCESSOR).write_text("[]"),
        lambda folder: change(folder / PREPROCESSOR, size={"height": 16, "width": 20}),
        lambda folder: change(folder / PREPROCESSOR, size={"height": 9000, "width": 9000}),
        lambda folder: change(folder / PREPROCESSOR, size={"shortest_edge": 16}),
        lambda folder: change(folder / PREPROCESSOR, do_center_crop=True, crop_size=32),
        lambda folder: change(folder / PREPROCESSOR, image_mean=[0.5]),
        lambda folder: change(folder / PREPROCESSOR, image_std=None),
        lambda folder: change(folder / PREPROCESSOR, do_rescale=False),
    ],
)
def test_a_folder_that_does_not_fit_itself_is_refused(spoil: Any, tmp_path: Path) -> None:
    folder = media_models.vit(tmp_path / "model")
    spoil(folder)
    with pytest.raises(ModelMissing):
        pretrained.loaded("image", folder)


@pytest.mark.parametrize(
    ("family", "spoiled"),
    [
        ("wav2vec2", {"sampling_rate": 10**9}),
        ("wav2vec2", {"sampling_rate": None}),
        ("whisper", {"chunk_length": 30}),
        ("whisper", {"feature_size": 80}),
        ("audio-spectrogram-transformer", {"max_length": 128}),
        ("audio-spectrogram-transformer", {"max_length": 10**7}),
    ],
)
def test_a_preprocessor_of_another_model_is_refused(
    family: str, spoiled: dict[str, Any], tmp_path: Path
) -> None:
    folder = media_models.SPEECH[family](tmp_path / "model")
    change(folder / PREPROCESSOR, **spoiled)
    with pytest.raises(ModelMissing):
        pretrained.loaded("audio", folder)


def test_a_model_for_images_hears_nothing(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="family vit"):
        pretrained.loaded("audio", media_models.vit(tmp_path / "model"))
