"""A server that speaks S3 on loopback: moto's, which keeps objects in memory."""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import quote

from tests.needs import need_module

KEYS = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}
"""In the environment, where the hub looks for them."""

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Any]
_numbers = itertools.count(1)


@dataclass
class S3Server:
    """`fault` answers before the store does, when it is set: (status, code) for every request of `methods`."""

    endpoint: str
    fault: tuple[int, str] | None = None
    methods: frozenset[str] = frozenset({"GET", "HEAD", "PUT", "DELETE"})
    deaf_to_conditions: bool = False
    seen: list[str] = field(default_factory=list)

    def new_bucket(self, prefix: str = "hub") -> str:
        """An OBJECT_STORE_URL with an empty bucket behind it."""
        name = f"bucket-{next(_numbers)}"
        self.client().create_bucket(Bucket=name)
        return self.url(name, prefix)

    def url(self, bucket: str, prefix: str = "hub") -> str:
        return f"s3://{bucket}/{prefix}?endpoint={quote(self.endpoint, safe=':/')}&region=us-east-1"

    def client(self) -> Any:
        from botocore.config import Config

        return need_module("boto3").client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="tests",
            aws_secret_access_key="not-a-secret",
            config=Config(s3={"addressing_style": "path"}),
        )


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Writes come one after another, as a real store orders them; moto alone does not promise that."""
    session = need_module("botocore.session")
    # A client reads megabytes of descriptions of AWS: once is enough for every client of this process.
    session.create_loader = cache(session.create_loader)
    server = need_module("moto.server")
    serving = need_module("werkzeug.serving")
    store = server.DomainDispatcherApplication(server.create_backend_app)
    served = S3Server("")
    writing = threading.Lock()

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        method = environ["REQUEST_METHOD"]
        served.seen.append(f"{method} {environ['PATH_INFO']}")
        if served.fault is not None and method in served.methods:
            return _refuse(served.fault, environ, start)
        if served.deaf_to_conditions:
            environ.pop("HTTP_IF_NONE_MATCH", None)
        if method != "PUT":
            return store(environ, start)
        with writing:
            return list(store(environ, start))

    listener = serving.make_server(
        "127.0.0.1", 0, application, threaded=True, request_handler=_quiet(serving)
    )
    served.endpoint = f"http://127.0.0.1:{listener.server_port}"
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


def _quiet(serving: Any) -> Any:
    class Quiet(serving.WSGIRequestHandler):  # type: ignore[misc]
        def log(self, *_: Any) -> None:
            pass

    return Quiet


def _refuse(
    fault: tuple[int, str], environ: dict[str, Any], start: Callable[..., Any]
) -> list[bytes]:
    status, code = fault
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start(f"{status} Refused", [("Content-Type", "application/xml")])
    return [f"<Error><Code>{code}</Code><Message>refused</Message></Error>".encode()]
