"""Edges of the hub: HTML pages, the JSON interface, and the site door."""
