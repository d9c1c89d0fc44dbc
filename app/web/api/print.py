"""Prints the table of routes in docs/api.md: `python -m app.web.api.print`."""

import sys

from app.web.api import v1
from app.web.api.description import described, table

if __name__ == "__main__":
    sys.stdout.write(table(described(v1)))
