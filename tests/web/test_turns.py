"""More requests at once than a web process has threads and connections: they wait their turn, and all are answered."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from app.db import THREADS
from tests.door.live import serving
from tests.web.populated import Populated

AT_ONCE = 8 * THREADS


@pytest.mark.timeout(240)
def test_a_crowd_is_answered(hub: Populated) -> None:
    cookies = {"collegium": hub.cookie("administrator")}
    with (
        serving(hub.app) as address,
        httpx.Client(
            base_url=address,
            cookies=cookies,
            headers={"Host": "127.0.0.1:8000", "Accept": "text/html"},
            limits=httpx.Limits(max_connections=AT_ONCE),
            timeout=200,
        ) as client,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        answers = list(pool.map(lambda _n: client.get("/federations"), range(2 * AT_ONCE)))
    assert {answer.status_code for answer in answers} == {200}
    assert hub.world.hub.db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
