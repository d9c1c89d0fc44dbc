"""Logs of the hub's processes: one JSON object per line on standard error. No cookie, no token, no query string."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

_OWN = ("request", "method", "path", "status", "ms", "person")


class JsonLines(logging.Formatter):
    """Fields given as `extra={"fields": {...}}` stand beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({name: getattr(record, name) for name in _OWN if hasattr(record, name)})
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def configure(level: int = logging.INFO, *, own: str = "") -> None:
    """One handler on standard error for this process, in place of any other. `own` names a logger that says more."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    if own:
        logging.getLogger(own).setLevel(logging.INFO)


def of_worker(**_: Any) -> None:
    """Replaces Celery's own set-up (its `setup_logging` signal): our tasks say what they did, libraries only warn."""
    configure(logging.WARNING, own="worker.hub")
