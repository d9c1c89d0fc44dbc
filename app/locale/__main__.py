"""`python -m app.locale`: collect every sentence of the code and the templates, and bring the languages up to date."""

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from app.text import LOCALES

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
_METHODS = [
    ("app/**.py", "python"),
    ("worker/**.py", "python"),
    ("templates/**.html", "jinja2"),
    ("templates/**.txt", "jinja2"),
]
_OPTIONS = {"templates/**.html": {"trimmed": "true"}, "templates/**.txt": {"trimmed": "true"}}
_KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}


def collect() -> Catalog:
    """Every marked sentence, in the order of the files."""
    catalog = Catalog(project="Collegium", charset="utf-8", fuzzy=False)
    found = extract_from_dir(
        ROOT, _METHODS, _OPTIONS, _KEYWORDS, directory_filter=lambda path: _wanted(Path(path))
    )
    for file, _line, message, comments, context in found:
        catalog.add(message, None, [(file, 1)], auto_comments=comments, context=context)
    return catalog


def _wanted(path: Path) -> bool:
    first = path.relative_to(ROOT).parts[:1]
    return not first or first[0] in ("app", "templates", "worker")


def main() -> int:
    template = collect()
    _write(HERE / "collegium.pot", template)
    for locale in LOCALES:
        path = HERE / locale / "LC_MESSAGES" / "collegium.po"
        if not path.is_file():
            continue
        with path.open("rb") as file:
            known = read_po(file, locale=locale)
        known.update(template, no_fuzzy_matching=True)
        _write(path, known)
    return 0


def _write(path: Path, catalog: Catalog) -> None:
    """Without dates, so that nothing changes but sentences."""
    catalog.creation_date = catalog.revision_date = None  # type: ignore[assignment]
    with path.open("wb") as file:
        write_po(
            file,
            catalog,
            width=100,
            omit_header=True,
            ignore_obsolete=True,
            include_lineno=False,
            sort_by_file=False,
        )


if __name__ == "__main__":
    sys.exit(main())
