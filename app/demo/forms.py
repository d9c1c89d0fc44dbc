"""What a browser does with the hub's pages, without a screen: read forms, fill them in, send them.

The demo walks through the same doors as a person: if a page loses a field, the demo stops there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser


class NotOnPage(LookupError):
    """A page has not the form, field or link the demo looks for."""


@dataclass
class Form:
    """A form as the page gave it. `fields` holds what would be sent untouched, hidden fields included."""

    action: str
    method: str = "get"
    fields: list[tuple[str, str]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    """Every field one may fill in, also those that send nothing as they stand."""
    buttons: list[tuple[str, str]] = field(default_factory=list)
    label: str = ""
    """The text of its first button: what the act is called on the page."""

    def filled(self, values: Mapping[str, str | list[str]]) -> list[tuple[str, str]]:
        """The pairs to send. Raises NotOnPage for a field this form does not have."""
        unknown = set(values) - self.names
        if unknown:
            raise NotOnPage(f"the form {self.action} has no field {', '.join(sorted(unknown))}")
        kept = [(name, value) for name, value in self.fields if name not in values]
        for name, value in values.items():
            kept += [(name, one) for one in ([value] if isinstance(value, str) else value)]
        return kept


@dataclass
class Page:
    """One answer of the hub, read."""

    url: str
    status: int
    forms: list[Form]
    links: list[str]
    text: str
    marks: dict[str, str] = field(default_factory=dict)
    """`data-…` attributes by name without `data-`; the first of each name."""

    def form(self, part: str, fields: Iterable[str] = ()) -> Form:
        """The first form whose action contains `part` and that asks for these fields. Raises NotOnPage."""
        wanted = set(fields)
        near = [one for one in self.forms if part in one.action]
        for one in near:
            if wanted <= one.names:
                return one
        if near:
            missing = ", ".join(sorted(wanted - near[0].names))
            raise NotOnPage(f"the form {near[0].action} has no field {missing}")
        known = ", ".join(one.action for one in self.forms) or "none"
        raise NotOnPage(f"{self.url} has no form for {part!r}; it has: {known}")

    def link(self, part: str) -> str:
        """The first link whose address contains `part`. Raises NotOnPage."""
        for address in self.links:
            if part in address:
                return address
        raise NotOnPage(f"{self.url} has no link with {part!r}")


class _Reader(HTMLParser):
    """Forms, links and words of a page. Only the HTML our templates write."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self._by_id: dict[str, Form] = {}
        self._form: Form | None = None
        self._select: tuple[Form, str, bool] | None = None
        self._chosen = False
        self._first: str | None = None
        self._textarea: tuple[Form, str] | None = None
        self._button: Form | None = None
        self._silent = 0
        self.marks: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        for name, value in given.items():
            if name.startswith("data-"):
                self.marks.setdefault(name.removeprefix("data-"), value)
        if tag in ("script", "style"):
            self._silent += 1
        elif tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag == "form":
            self._form = Form(given.get("action") or self.url, given.get("method", "get").lower())
            self.forms.append(self._form)
            if "id" in given:
                self._by_id[given["id"]] = self._form
        elif tag in ("input", "select", "textarea", "button", "option"):
            self._control(tag, given)

    def _control(self, tag: str, given: dict[str, str]) -> None:
        if tag == "option":
            self._option(given)
            return
        form = self._by_id.get(given.get("form", ""), self._form)
        if form is None or "disabled" in given:
            return
        if tag == "button":
            self._button = form
            if given.get("name"):
                form.buttons.append((given["name"], given.get("value", "")))
                form.names.add(given["name"])
            return
        name = given.get("name", "")
        if not name:
            return
        form.names.add(name)
        if tag == "select":
            self._select, self._chosen, self._first = (form, name, "multiple" in given), False, None
        elif tag == "textarea":
            self._textarea = (form, name)
            form.fields.append((name, ""))
        else:
            self._input(form, name, given)

    def _input(self, form: Form, name: str, given: dict[str, str]) -> None:
        kind = given.get("type", "text")
        if kind in ("checkbox", "radio"):
            if "checked" in given:
                form.fields.append((name, given.get("value", "on")))
        elif kind not in ("submit", "file", "image"):
            form.fields.append((name, given.get("value", "")))

    def _option(self, given: dict[str, str]) -> None:
        if self._select is None:
            return
        form, name, _many = self._select
        if self._first is None:
            self._first = given.get("value", "")
        if "selected" in given:
            self._chosen = True
            form.fields.append((name, given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._silent -= 1
        elif tag == "form":
            self._form = None
        elif tag == "button":
            self._button = None
        elif tag == "textarea":
            self._textarea = None
        elif tag == "select" and self._select is not None:
            form, name, many = self._select
            if not self._chosen and not many and self._first is not None:
                form.fields.append((name, self._first))
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if self._textarea is not None:
            form, name = self._textarea
            before = form.fields.pop()[1]
            form.fields.append((name, (before + data).lstrip("\n")))
        if self._button is not None and not self._button.label:
            self._button.label = data.strip()
        if data.strip():
            self.words.append(data.strip())


def read(url: str, status: int, html: str) -> Page:
    """A page's forms, links and words."""
    reader = _Reader(url)
    reader.feed(html)
    reader.close()
    text = " ".join(" ".join(reader.words).split())
    return Page(url, status, reader.forms, reader.links, text, reader.marks)
