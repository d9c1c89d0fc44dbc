"""The demo reads pages as a browser does: what a form would send untouched, and nothing a page does not offer."""

import pytest

from app.demo.forms import NotOnPage, read

PAGE = """<!doctype html><html><head><title>Join</title><script>var x = "<form action='/no'>";</script></head>
<body><a href="/i/one/people">People</a>
<form method="post" action="/one" id="first">
  <input type="hidden" name="csrf" value="t&amp;1">
  <input name="name" value="Ada">
  <input type="checkbox" name="leaves" value="updates" checked>
  <input type="checkbox" name="leaves" value="metrics">
  <input type="radio" name="kind" value="school"><input type="radio" name="kind" value="district" checked>
  <select name="role"><option value="reader">r</option><option value="admin" selected>a</option></select>
  <select name="country"><option value="GB">GB</option><option value="DE">DE</option></select>
  <textarea name="why">
Because.</textarea>
  <input name="gone" value="1" disabled>
  <button name="choice" value="yes">Go on</button>
</form>
<input form="first" name="outside" value="in">
<form action="/two"><button>Look</button></form></body></html>"""


def page():
    return read("http://127.0.0.1/join", 200, PAGE)


def test_a_form_sends_what_a_browser_would() -> None:
    form = page().form("/one")
    assert form.method == "post"
    assert form.label == "Go on"
    assert dict(form.filled({})) == {
        "csrf": "t&1",
        "name": "Ada",
        "leaves": "updates",
        "kind": "district",
        "role": "admin",
        "country": "GB",
        "why": "Because.",
        "outside": "in",
    }


def test_filling_in_replaces_and_may_give_several() -> None:
    filled = page().form("/one").filled({"leaves": ["updates", "metrics"], "choice": "yes"})
    assert [value for name, value in filled if name == "leaves"] == ["updates", "metrics"]
    assert ("choice", "yes") in filled
    assert ("csrf", "t&1") in filled


def test_a_field_the_page_does_not_offer_stops_the_demo() -> None:
    with pytest.raises(NotOnPage, match="no field gone"):
        page().form("/one").filled({"gone": "2"})


def test_a_form_the_page_does_not_have_stops_the_demo() -> None:
    with pytest.raises(NotOnPage, match="no form for '/three'"):
        page().form("/three")
    assert page().form("/two").method == "get"


def test_links_and_words() -> None:
    assert page().link("/people") == "/i/one/people"
    assert "Go on" in page().text
    assert "var x" not in page().text
