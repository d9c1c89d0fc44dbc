"""`python -m worker.site` is `collegium-site`."""

from worker.site.cli import main

main()
