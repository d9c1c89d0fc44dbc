"""A text model of BERT-base's size for `benchmarks.gpu`: drawn weights, in the format such models are published in.

No hub of models can be reached where this runs, so the weights are random. Speed and memory do not depend on them;
scores would, and none is told. The vocabulary is made of the essays: their characters, then their commonest words.
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from worker.protocol.base_models import CONFIG, WEIGHTS
from worker.protocol.canonical import digest
from worker.protocol.manifest import PinnedModel

LAYERS, WIDTH, HEADS = 12, 768, 12
WORDS = 30_522
"""Rows of BERT-base's table of words."""
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def make(
    folder: Path, texts: Sequence[str], tokens: int, size: tuple[int, int, int]
) -> PinnedModel:
    """Writes it, pins its files as the hub does. `tokens`: where its positions end; `size`: layers, width, heads."""
    import torch
    from transformers import BertConfig, BertModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    layers, width, heads = size
    words = _tokenizer(folder, texts)
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=max(words, WORDS if width == WIDTH else words),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * width,
        max_position_embeddings=tokens,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    files = {path.name: digest(path.read_bytes()) for path in sorted(folder.iterdir())}
    assert {WEIGHTS, CONFIG} <= files.keys()
    size_b = sum(path.stat().st_size for path in folder.iterdir())
    return PinnedModel(name="drawn-base", digest=files[WEIGHTS], files=files, bytes=size_b)


def _tokenizer(folder: Path, texts: Sequence[str]) -> int:
    """WordPiece, lower case. Returns how many pieces it has."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    tokenizer: Any = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    counted: Counter[str] = Counter()
    for text in texts:
        plain = tokenizer.normalizer.normalize_str(text)
        counted.update(word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(plain))
    letters = sorted({letter for word in counted for letter in word})
    pieces = dict.fromkeys([*_SPECIAL, *letters, *(f"##{letter}" for letter in letters)])
    for word, _ in sorted(counted.items(), key=lambda one: (-one[1], one[0])):
        if len(pieces) < WORDS:
            pieces.setdefault(word)
    places = {piece: place for place, piece in enumerate(pieces)}
    tokenizer.model = models.WordPiece(places, unk_token="[UNK]")
    tokenizer.post_processor = processors.BertProcessing(
        ("[SEP]", places["[SEP]"]), ("[CLS]", places["[CLS]"])
    )
    tokenizer.decoder = decoders.WordPiece()
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    said = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]"}
    said |= {"unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    (folder / "tokenizer_config.json").write_text(json.dumps(said), encoding="utf-8")
    return len(places)
