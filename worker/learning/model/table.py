"""The feature tokenizer: one token per table input (FT-Transformer, arXiv 2106.11959, section 3.1)."""

import torch
from torch.nn import functional

from worker.learning.model.layout import TaskColumns

Part = dict[str, torch.Tensor]


def tokens(
    part: Part, columns: TaskColumns, numeric: torch.Tensor, categorical: torch.Tensor
) -> torch.Tensor:
    """(b, inputs, width). A number x becomes x·w + b; a missing one the input's own learned vector."""
    found = []
    if columns.numeric:
        rows = torch.tensor(columns.numeric, device=numeric.device)
        gone = torch.isnan(numeric)
        value = torch.where(gone, torch.zeros_like(numeric), numeric).unsqueeze(-1)
        known = value * part["weight"][rows] + part["bias"][rows]
        found.append(torch.where(gone.unsqueeze(-1), part["missing"][rows], known))
    for place, key in enumerate(columns.categorical):
        found.append(
            functional.embedding(categorical[:, place], part[f"values.{key}"]).unsqueeze(1)
        )
    return torch.cat(found, dim=1)


def present(numeric: torch.Tensor, categorical: torch.Tensor) -> torch.Tensor:
    """(b,) True where a record has at least one table value."""
    return (~torch.isnan(numeric)).any(dim=1) | (categorical > 0).any(dim=1)
