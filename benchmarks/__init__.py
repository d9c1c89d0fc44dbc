"""Figures of DESIGN section 10. A benchmark measures and never judges itself: `python -m benchmarks.NAME`."""
