"""Rows of people and of everything that proves who they are. Secrets are hashed, or encrypted at rest."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.access.permissions import Role
from app.db import Base, by_value


class Person(Base):
    __tablename__ = "person"

    id: Mapped[str] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    """Lower case."""
    name: Mapped[str]
    password_hash: Mapped[str]
    operator: Mapped[bool] = mapped_column(default=False)
    totp_secret: Mapped[str | None]
    """Encrypted; None until a second factor is set up and one code was right."""
    totp_last_step: Mapped[int | None]
    """The last time step whose code was used, so no code works twice."""
    locale: Mapped[str] = mapped_column(default="en")
    """Chosen last, on whatever device; at first the language in which the account was made."""
    theme: Mapped[str] = mapped_column(default="")
    created: Mapped[datetime]
    disabled: Mapped[datetime | None]


class RecoveryCode(Base):
    __tablename__ = "recovery_code"

    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    code_hash: Mapped[str]
    used: Mapped[datetime | None]


class RoleGrant(Base):
    """A person's role in an institution."""

    __tablename__ = "role_grant"
    __table_args__ = (UniqueConstraint("institution_id", "person_id", "role"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    institution_id: Mapped[str] = mapped_column(ForeignKey("institution.id"), index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    role: Mapped[Role] = mapped_column(by_value(Role))
    granted_by: Mapped[str]
    granted: Mapped[datetime]


class BrowserSession(Base):
    """Server-side. The cookie holds a random value; its hash is the key here."""

    __tablename__ = "browser_session"

    id: Mapped[str] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    csrf: Mapped[str]
    institution_id: Mapped[str | None]
    """The one the switcher shows."""
    second_factor_done: Mapped[bool] = mapped_column(default=False)
    stepped_up: Mapped[datetime | None]
    agent: Mapped[str] = mapped_column(default="")
    created: Mapped[datetime]
    last_seen: Mapped[datetime]
    expires: Mapped[datetime]


class Invitation(Base):
    """To a role in an institution, or to be an operator when `institution_id` is None."""

    __tablename__ = "invitation"

    id: Mapped[str] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    institution_id: Mapped[str | None] = mapped_column(ForeignKey("institution.id"), index=True)
    email: Mapped[str]
    role: Mapped[Role | None] = mapped_column(by_value(Role))
    invited_by: Mapped[str]
    created: Mapped[datetime]
    expires: Mapped[datetime]
    accepted: Mapped[datetime | None]
    declined: Mapped[datetime | None]


class PasswordReset(Base):
    __tablename__ = "password_reset"

    id: Mapped[str] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    expires: Mapped[datetime]
    used: Mapped[datetime | None]


class FactorReset(Base):
    """A lost second factor, to be taken off when `due` unless its owner stops it. One open one a person."""

    __tablename__ = "factor_reset"
    __table_args__ = (
        Index(
            "uq_factor_reset_open",
            "person_id",
            unique=True,
            sqlite_where=text("stopped IS NULL AND done IS NULL"),
            postgresql_where=text("stopped IS NULL AND done IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    """Of the link that stops it."""
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    institution_id: Mapped[str | None] = mapped_column(ForeignKey("institution.id"))
    """Where it was asked; None for an operator's."""
    asked_by: Mapped[str]
    asked: Mapped[datetime]
    due: Mapped[datetime]
    stopped: Mapped[datetime | None]
    done: Mapped[datetime | None]


class Attempt(Base):
    """Failures per key (`sign-in:<mail>`, `code:<person>`): the wait grows, the answer stays the same."""

    __tablename__ = "attempt"

    id: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    blocked_until: Mapped[datetime | None]
    last: Mapped[datetime]


class ApiToken(Base):
    """`clg_` + prefix + secret; only the hash is kept. Bound to one institution."""

    __tablename__ = "api_token"

    id: Mapped[str] = mapped_column(primary_key=True)
    institution_id: Mapped[str] = mapped_column(ForeignKey("institution.id"), index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    name: Mapped[str]
    prefix: Mapped[str] = mapped_column(unique=True)
    secret_hash: Mapped[str]
    scopes: Mapped[list[Any]] = mapped_column(JSON)
    created: Mapped[datetime]
    expires: Mapped[datetime]
    last_used: Mapped[datetime | None]
    revoked: Mapped[datetime | None]
