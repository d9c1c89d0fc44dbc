"""The one source of now. UTC, aware, microseconds."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)
