"""Runs, their rounds, the sites' parts in them and the updates they sent."""
