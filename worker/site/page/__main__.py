"""`python -m worker.site.page`: the page as a program of its own. It ends when its supervisor does."""

import logging

from worker.site import orphan
from worker.site.home import find
from worker.site.page import server


def main() -> None:
    logging.basicConfig(level=logging.WARNING)
    orphan.watch(by_signal=True)
    home = find()
    server.serve(home, home.config().page_port)


if __name__ == "__main__":
    main()
