"""One `Hub` per process, made after the fork: a database connection must never be shared with a parent."""

import os
from functools import lru_cache

from app import hub
from app.hub import Hub
from app.settings import get_settings


def current() -> Hub:
    """This process's hub."""
    return _made_in(os.getpid())


@lru_cache(maxsize=1)
def _made_in(pid: int) -> Hub:
    return hub.build(get_settings())
