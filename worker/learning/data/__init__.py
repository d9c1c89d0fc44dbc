"""A site's records: the data folder, its check, its importers. Nothing in here imports torch or opens a connection."""
