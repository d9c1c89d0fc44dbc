"""Each way a start can go wrong says what happened and what to do, in one line, and ends with a status other than 0."""

import json
import os
import pickle
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import embedded
from app.cli import main
from app.settings import get_settings
from tests.buckets import S3Server
from tests.servers import free_port

KEY = "0123456789abcdef" * 4
PUBLIC = {"COLLEGIUM_PUBLIC_URL": "https://hub.example", "SECRET_KEY": KEY}
DEVELOPMENT = {"COLLEGIUM_ENVIRONMENT": "development"}


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in list(os.environ):
        if name.startswith(("COLLEGIUM_", "HUB_KEY", "AWS_")) or name.endswith(("_URL", "_KEY")):
            monkeypatch.delenv(name)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def said(home: Path, *arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(
        main, arguments, env={"COLLEGIUM_HOME": str(home), **environment}, catch_exceptions=False
    )


def refused(result: Result, *words: str) -> None:
    """One line for the operator, never a password."""
    assert result.exit_code != 0
    [line] = [line for line in result.output.splitlines() if line.startswith("Error: ")]
    assert all(word in line for word in words), line
    assert "Traceback" not in result.output and "pa55word" not in result.output
    assert line.endswith(".")


SETTINGS = {
    "no secret": ({}, "SECRET_KEY"),
    "a short secret": ({**PUBLIC, "SECRET_KEY": "short"}, "at least 32 characters"),
    "a secret one can guess": ({**PUBLIC, "SECRET_KEY": "x" * 40}, "openssl rand"),
    "a plain-text address": ({**PUBLIC, "COLLEGIUM_PUBLIC_URL": "http://hub.example"}, "https://"),
    "an unknown environment": ({"COLLEGIUM_ENVIRONMENT": "prod"}, "COLLEGIUM_ENVIRONMENT"),
    "a word for a number": ({**DEVELOPMENT, "COLLEGIUM_SWEEP_S": "often"}, "COLLEGIUM_SWEEP_S"),
    "another database": (
        {**DEVELOPMENT, "DATABASE_URL": "mysql://u:pa55word@h/d"},
        "postgresql://",
    ),
    "no address of a database": ({**DEVELOPMENT, "DATABASE_URL": "pa55word"}, "DATABASE_URL"),
    "another queue": ({**DEVELOPMENT, "REDIS_URL": "amqp://u:pa55word@h"}, "redis://"),
    "a secret's file that is gone": ({**PUBLIC, "DATABASE_URL_FILE": "/nowhere"}, "/nowhere"),
    "a hub's key that is none": ({**DEVELOPMENT, "HUB_KEY": "abc"}, "HUB_KEY must be 32 bytes"),
    "a hub's key whose file is gone": ({**DEVELOPMENT, "HUB_KEY_FILE": "/nowhere"}, "/nowhere"),
    "another store": ({**DEVELOPMENT, "OBJECT_STORE_URL": "ftp://x"}, "s3://bucket/prefix"),
    "a bucket's key in the address": (
        {**DEVELOPMENT, "OBJECT_STORE_URL": "s3://key:pa55word@hub"},
        "AWS_ACCESS_KEY_ID",
    ),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_settings(tmp_path: Path, case: str) -> None:
    environment, word = SETTINGS[case]
    refused(said(tmp_path, "serve", "--port", str(free_port()), **environment), word)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
@pytest.mark.parametrize("command", [("migrate",), ("operator", "invite", "a@school.example")])
def test_a_database_that_is_away(tmp_path: Path, scheme: str, command: tuple[str, ...]) -> None:
    url = f"{scheme}://hub:pa55word@127.0.0.1:{free_port()}/hub"
    result = said(tmp_path, *command, DATABASE_URL=url, **DEVELOPMENT)
    refused(result, "hub:***@127.0.0.1", "start it, or correct DATABASE_URL")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "hub.sqlite").write_bytes(b"not a database" * 1000)
    refused(said(tmp_path, "migrate", **DEVELOPMENT), "file is not a database")


def test_a_database_without_tables(tmp_path: Path) -> None:
    result = said(tmp_path, "operator", "invite", "a@school.example", **DEVELOPMENT)
    refused(result, "no tables yet", "collegium-hub migrate")


def test_a_schema_this_version_does_not_have(tmp_path: Path) -> None:
    refused(said(tmp_path, "migrate", "--to", "9999", **DEVELOPMENT), "version of Collegium")


@pytest.mark.parametrize("extra", [(), ("--all",)])
def test_a_port_that_is_taken(tmp_path: Path, extra: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        result = said(tmp_path, "serve", "--port", port, *extra, **DEVELOPMENT)
    refused(result, f"127.0.0.1:{port}", "--port")
    assert not (tmp_path / "redis-url").exists()


@pytest.mark.parametrize("where", [("--port", "99999"), ("--host", "203.0.113.9")])
def test_a_place_one_cannot_listen_at(tmp_path: Path, where: tuple[str, str]) -> None:
    refused(said(tmp_path, "serve", *where, **DEVELOPMENT), "--host")


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    refused(said(tmp_path / "file", "migrate", **DEVELOPMENT), "COLLEGIUM_HOME")


def test_a_home_one_may_not_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the tests run as root, to whom everything else is open."""
    place = Path("/sys/collegium")
    refused(said(place, "migrate", SECRET_KEY=KEY, **DEVELOPMENT), str(place), "COLLEGIUM_HOME")


def test_no_redis_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Path:
        raise embedded.NoRedis("Collegium needs Redis: install it or set REDIS_URL.")

    monkeypatch.setattr(embedded, "find_server", none)
    refused(said(tmp_path, "serve", "--port", str(free_port()), **DEVELOPMENT), "needs Redis")
    for command in ("worker", "beat"):
        refused(said(tmp_path, command, **DEVELOPMENT), "There is no Redis", "collegium-hub serve")


def test_a_store_that_is_away(tmp_path: Path) -> None:
    url = f"s3://hub?endpoint=http://127.0.0.1:{free_port()}"
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "pa55word"}
    port = str(free_port())
    result = said(tmp_path, "serve", "--port", port, OBJECT_STORE_URL=url, **keys, **DEVELOPMENT)
    refused(result, "OBJECT_STORE_URL", "does not answer")


def test_a_bucket_that_refuses_us(tmp_path: Path, s3: S3Server) -> None:
    url = s3.new_bucket()
    s3.fault = (403, "SignatureDoesNotMatch")
    port = str(free_port())
    result = said(tmp_path, "serve", "--port", port, OBJECT_STORE_URL=url, **DEVELOPMENT)
    refused(result, "refuses our key", "SignatureDoesNotMatch")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    assert said(tmp_path, "migrate", **DEVELOPMENT).exit_code == 0
    get_settings.cache_clear()
    return tmp_path


def test_an_operator_is_invited(home: Path) -> None:
    result = said(home, "operator", "invite", "a@school.example", **DEVELOPMENT)
    assert result.exit_code == 0
    assert result.output.startswith("http://127.0.0.1:8000/invitations/")


def test_a_mail_address_that_is_none_is_said_once(home: Path) -> None:
    result = said(home, "operator", "invite", "nobody", **DEVELOPMENT)
    refused(result, "mail address")
    assert result.output.count("This is not a mail address") == 1


def tensors(size: int = 12) -> bytes:
    entry = {"a": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}}
    head = json.dumps(entry).encode()
    return struct.pack("<Q", len(head)) + head + b"\0" * size


BERT = b'{"model_type": "bert", "hidden_size": 8, "num_hidden_layers": 1}'
MODELS = {
    "no weights": ({"config.json": b"{}"}, "model.safetensors"),
    "a pickle": (
        {"config.json": BERT, "model.safetensors": pickle.dumps([1.0] * 99)},
        "not a safetensors file",
    ),
    "only a pickle": ({"config.json": b"{}", "pytorch_model.bin": b"x"}, "model.safetensors"),
    "code of its own": (
        {"config.json": b'{"auto_map": {"AutoModel": "x.Y"}}', "model.safetensors": tensors()},
        "no code travels",
    ),
    "no JSON": ({"config.json": b"{", "model.safetensors": tensors()}, "not JSON"),
    "a tokenizer of 33 MB": (
        {
            "config.json": BERT,
            "model.safetensors": tensors(),
            "tokenizer.json": b" " * (33 << 20),
        },
        "too large",
    ),
}


@pytest.mark.parametrize("case", MODELS)
def test_a_model_that_cannot_be_taken(home: Path, case: str) -> None:
    files, word = MODELS[case]
    refused(imported(home, files), word)
    assert not list((home / "objects").rglob("??/*"))


def test_a_model_that_is_too_large(home: Path) -> None:
    folder = home / "model"
    folder.mkdir()
    (folder / "config.json").write_bytes(BERT)
    with (folder / "model.safetensors").open("wb") as file:
        file.truncate(600 << 20)  # sparse
    refused(imported(home, {}), "this hub takes 512")


def test_a_model_is_taken_without_what_stands_beside_it(home: Path) -> None:
    files = {
        "config.json": BERT,
        "model.safetensors": tensors(),
        "modeling_own.py": b"raise SystemExit",
        "pytorch_model.bin": b"x",
    }
    result = imported(home, files)
    assert result.exit_code == 0, result.output
    assert "An operator may allow it now." in result.output
    assert len(list((home / "objects").glob("??/*"))) == 2


def test_a_full_disk_is_said_before_anything_is_written(home: Path) -> None:
    files = {"config.json": BERT, "model.safetensors": tensors()}
    refused(imported(home, files, COLLEGIUM_DISK_RESERVE_MB=str(1 << 40)), "disk is full")
    assert not list((home / "objects").rglob("??/*"))


def imported(home: Path, files: dict[str, bytes], **environment: str) -> Result:
    folder = home / "model"
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    about = ("--name", "Tiny", "--licence", "Apache-2.0", "--source", "here")
    return said(home, "model", "import", str(folder), *about, **environment, **DEVELOPMENT)


def test_status_asks_each_part(home: Path, redis_url: str) -> None:
    well = said(home, "status", REDIS_URL=redis_url, **DEVELOPMENT)
    assert (well.exit_code, well.output) == (0, "database: up\nobjects: up\nredis: up\n")
    get_settings.cache_clear()
    gone = f"redis://127.0.0.1:{free_port()}/0"
    ill = said(
        home, "status", REDIS_URL=gone, COLLEGIUM_DISK_RESERVE_MB=str(1 << 40), **DEVELOPMENT
    )
    assert (ill.exit_code, ill.output) == (1, "database: up\nobjects: full\nredis: away\n")
