"""The site: a stock Celery worker whose broker is the hub over HTTPS, and the program around it.

Nothing here imports torch, pandas or the learning core at import time: the processes that fork stay small.
"""
