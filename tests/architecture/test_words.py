"""What no commit may carry: paths of the machine it was written on, registry hosts, unfinished work."""

import re

import pytest

from tests.architecture import tree

# Written in pieces, so this file does not contain what it looks for.
MACHINE = re.compile(r"(?<![\w.<])/wo" + r"rk(?=[/\s\"'`:,)]|$)|/op" + r"t/wheels")
HOSTS = [a + b for a, b in (("registry.npm", "js.org"), ("files.python", "hosted.org"))]
HOSTS += [a + b for a, b in (("pypi.", "org"), ("deb.debian", ".org"))]
REGISTRY = re.compile("|".join(re.escape(host) for host in HOSTS))
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|NotImplemented" + r"Error)\b")
BINARY = {".png", ".jpg", ".ico", ".woff2", ".mo", ".parquet", ".gz"}


def contents() -> dict[str, str]:
    return {
        tree.name(path): path.read_text(encoding="utf-8", errors="replace")
        for path in tree.files()
        if path.suffix not in BINARY
    }


@pytest.mark.parametrize("pattern", [MACHINE, REGISTRY], ids=["machine paths", "registry hosts"])
def test_no_committed_file_names(pattern: re.Pattern[str]) -> None:
    found = {name: pattern.findall(text)[:3] for name, text in contents().items()}
    assert {name: what for name, what in found.items() if what} == {}


def test_nothing_is_left_unfinished() -> None:
    code = {n: t for n, t in contents().items() if n.endswith((".py", ".html", ".js", ".css"))}
    assert {n for n, t in code.items() if UNFINISHED.search(t)} == set()


@pytest.mark.parametrize("line", ["cd /wo" + "rk/main", "open('/wo" + "rk')"])
def test_a_machine_path_is_found(line: str) -> None:
    assert MACHINE.search(line)


@pytest.mark.parametrize("line", ["app/worker", "see ../work/", "https://x.org/worker"])
def test_a_word_that_only_looks_like_one_is_not(line: str) -> None:
    assert not MACHINE.search(line)
