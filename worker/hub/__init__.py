"""The hub's Celery workers: thin tasks over the hub's services and the learning core.

Nothing here imports torch before a task runs in its own child process.
"""
