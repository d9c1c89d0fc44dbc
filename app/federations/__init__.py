"""Federations: purpose, task sheets, agreement, who takes part on which terms."""
