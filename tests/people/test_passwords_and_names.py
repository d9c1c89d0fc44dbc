"""What people type: passwords, mail addresses, their own name."""

import pytest
from sqlalchemy.orm import Session

from app.errors import Conflict, Invalid
from app.people import accounts, passwords, queries, service
from tests.cast import Cast


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short",
        "eleven char",
        "password1234",
        "PASSWORD1234",
        "QwertyUiop123",
        "z" * 40,
        "x" * 1001,
    ],
)
def test_weak_passwords_are_refused(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        passwords.check(password)
    assert set(refused.value.errors) == {"password"}


@pytest.mark.parametrize(
    "password", ["twelve chars", "heather moss granite", "日本語のパスワード十二文字です"]
)
def test_no_other_rule(password: str) -> None:
    passwords.check(password)


def test_the_list_of_the_commonest_holds_only_what_length_lets_through() -> None:
    assert len(passwords._commonest()) > 100
    assert {p for p in passwords._commonest() if len(p) < 11} == set()
    assert {p for p in passwords._commonest() if p != p.casefold()} == set()


@pytest.mark.parametrize(
    "text",
    ["", "kim", "kim@", "@heath.example", "kim@heath", "kim heath@x.example", "a@b.example\nBcc: x@y.example",
     "kim@heath.example, x@y.example", "<kim@heath.example>", "k" * 65 + "@heath.example",
     "kim@" + "h" * 200 + ".example"],
)  # fmt: skip
def test_what_is_no_mail_address(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        accounts.clean_email(text)
    assert set(refused.value.errors) == {"email"}


def test_mail_addresses_are_folded() -> None:
    assert accounts.clean_email(" Kim.Miller@Heath.Example ") == "kim.miller@heath.example"


def test_two_accounts_never_share_a_mail(session: Session, cast: Cast) -> None:
    with pytest.raises(Conflict):
        accounts.make_person(session, "Reader@heath.example", "Other", "heather moss granite")


def test_changing_ones_own_account(session: Session, cast: Cast) -> None:
    service.change_account(session, cast.reader, name="Zoë Reader", locale="de", theme="dark")
    person = queries.person(session, cast.reader.person)
    assert person is not None
    assert (person.name, person.locale, person.theme) == ("Zoë Reader", "de", "dark")


@pytest.mark.parametrize(
    ("field", "value"), [("name", "two\nlines"), ("name", ""), ("locale", "xx"), ("theme", "pink")]
)
def test_bad_changes_are_refused(session: Session, cast: Cast, field: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        service.change_account(session, cast.reader, **{field: value})
    assert set(refused.value.errors) == {field}
