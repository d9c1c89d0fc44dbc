"""Redis as a broker that may lose everything: an acknowledgement that fails must not stop a worker for good.

Kombu's own keeps a message it could not acknowledge among those under way. With prefetch 1 the worker then never
asks Redis again, and sees no error either: found by killing Redis in every round of `benchmarks.crash`. Here the
place is free again; the next request to Redis fails and Celery connects anew. The message may come twice, which
every task of the hub allows.
"""

from typing import Any

from kombu.transport import TRANSPORT_ALIASES, _transport_cache
from kombu.transport import redis as stock


class QoS(stock.QoS):  # type: ignore[misc]
    def ack(self, delivery_tag: str) -> None:
        try:
            super().ack(delivery_tag)
        except Exception:
            self._quick_ack(delivery_tag)
            raise

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        try:
            super().reject(delivery_tag, requeue=requeue)
        except Exception:
            self._quick_ack(delivery_tag)
            raise


class Channel(stock.Channel):  # type: ignore[misc]
    QoS: Any = QoS


class Transport(stock.Transport):  # type: ignore[misc]
    Channel: Any = Channel


def register() -> None:
    """For redis:// and rediss:// of this process, also where Kombu has looked one up before."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = "worker.hub.transport:Transport"
        _transport_cache.pop(scheme, None)
