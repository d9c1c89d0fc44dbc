"""Prints docs/permissions.md from the tables: `python -m app.access.print > docs/permissions.md`."""

import sys

from app.access.permissions import DISTRICT_OFFICER, OPERATOR, ROLES, TOKEN_NEVER, Permission

_HEAD = """# Who may do what

Printed from `app/access/permissions.py` by `python -m app.access.print`; a test fails when this page is older than
the code. Roles are held in one institution. An operator acts at the hub and, as operator, in no institution.

"""
_FOOT = """
`district's officer`: a privacy officer of a district, at a school that accepted it (docs/districts.md).
`API token`: a token can do what its scopes name and its person's roles allow, in one institution, and never what
stands here as “never”. A stranger to an institution gets 404, a member without the right 403 that names the roles.
"""


def page() -> str:
    """The whole page as Markdown."""
    heads = ["permission", *(r.value for r in ROLES), "district's officer", "operator", "API token"]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for permission in Permission:
        cells = ["yes" if permission in held else "" for held in ROLES.values()]
        cells.append("yes" if permission in DISTRICT_OFFICER else "")
        cells.append("yes" if permission in OPERATOR else "")
        cells.append("never" if permission in TOKEN_NEVER else "by scope")
        lines.append("| " + " | ".join([f"`{permission.value}`", *cells]) + " |")
    return _HEAD + "\n".join(lines) + "\n" + _FOOT


if __name__ == "__main__":
    sys.stdout.write(page())
