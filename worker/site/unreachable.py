"""Why nothing came back from the hub, in one sentence, and what to do in another."""

import socket
import ssl
from collections.abc import Iterator

import httpx

from worker.protocol.text import _


def sentence(url: str, error: httpx.TransportError) -> str:
    """For the person at the terminal. Names the host, never a proxy's password."""
    host = httpx.URL(url).host
    causes = list(_chain(error))
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in causes) or any(
        "CERTIFICATE_VERIFY_FAILED" in str(one) for one in causes
    ):
        return _(
            "The certificate of {host} is not trusted here. If your school's proxy opens TLS, name its authority: "
            "--ca-file, or ca_file in site.yaml. Else do not go on."
        ).format(host=host)
    if isinstance(error, httpx.ProxyError):
        return _(
            "The proxy does not let this site through to {host}. Check HTTPS_PROXY, with its name and password."
        ).format(host=host)
    if any(isinstance(one, socket.gaierror) for one in causes) or "Name or service" in str(error):
        return _(
            "No address is known for {host}. Check how it is written, and the network: curl {url}"
        ).format(host=host, url=url)
    if isinstance(error, httpx.TimeoutException):
        return _(
            "The hub at {url} did not answer in time. Is a firewall in between, or a proxy that HTTPS_PROXY must name?"
        ).format(url=url)
    return _(
        "The hub at {url} does not answer. Check the network, and HTTPS_PROXY where the school has a proxy: curl {url}"
    ).format(url=url)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
