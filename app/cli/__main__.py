"""`python -m app.cli`, for children in the same Python."""

from app.cli import main

main(prog_name="collegium-hub")
