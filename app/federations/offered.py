"""Base models as rows: what this hub offers to federations."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.federations.models import BaseModelFile


def base_models(session: Session) -> Sequence[BaseModelFile]:
    return session.scalars(select(BaseModelFile).order_by(BaseModelFile.name)).all()


def base_model(session: Session, digest: str) -> BaseModelFile | None:
    """By the digest of its safetensors file."""
    return session.scalars(select(BaseModelFile).where(BaseModelFile.digest == digest)).first()


def base_model_by_id(session: Session, model_id: str) -> BaseModelFile | None:
    return session.get(BaseModelFile, model_id)


def base_model_by_name(session: Session, name: str) -> BaseModelFile | None:
    return session.scalars(select(BaseModelFile).where(BaseModelFile.name == name)).first()
