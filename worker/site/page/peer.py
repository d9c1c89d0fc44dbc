"""Which account of this computer holds the other end of a connection.

Cookies are not bound to a port: a page that another account serves on this computer receives ours when the browser
opens it. So a session is bound to the account that signed in, and a cookie carried elsewhere is worth nothing.
"""

from pathlib import Path

_TABLE = Path("/proc/net/tcp")


def account(address: tuple[str, int] | None) -> int | None:
    """The user id behind `address` on loopback; None where the system does not tell (it does on Linux)."""
    if address is None or not address[0].startswith("127."):
        return None
    wanted = f"{_little_endian(address[0])}:{address[1]:04X}"
    try:
        lines = _TABLE.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return None
    for line in lines:
        parts = line.split()
        if parts[1] == wanted:
            return int(parts[7])
    return None


def _little_endian(address: str) -> str:
    return "".join(f"{int(part):02X}" for part in reversed(address.split(".")))
