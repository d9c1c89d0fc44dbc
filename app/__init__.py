"""The hub: records, rules and pages. Nothing here imports torch."""
