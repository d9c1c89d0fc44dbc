"""A release as a ZIP file: names of its members, and what its description holds."""

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from worker.protocol.manifest import ModelSpec
from worker.protocol.policy import Digest
from worker.protocol.tasks import TaskSheet

DESCRIPTION = "release.json"
SIGNATURE = "signature.json"
"""`Signed` over the same description, by the hub's key."""


class Description(BaseModel):
    """`modules` names each model part's SHA-256; base models are not in the file but pinned by `model`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(default=1, ge=1, le=1)
    federation: str
    federation_name: str
    number: int = Field(ge=1)
    run: str
    published: AwareDatetime
    tasks: tuple[TaskSheet, ...] = Field(min_length=1)
    model: ModelSpec
    modules: dict[str, Digest] = Field(min_length=1)


def member(module: str) -> str:
    """`encoder/table` lies in the file as `modules/encoder__table.safetensors`."""
    return f"modules/{module.replace('/', '__')}.safetensors"
