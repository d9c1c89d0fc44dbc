"""What stands over the size budget today. The list may only shrink: an entry no longer needed fails the test."""

FILES: dict[str, int] = {}
FUNCTIONS: dict[str, int] = {}
"""`path::function` to its lines."""
TEMPLATES: dict[str, int] = {}
