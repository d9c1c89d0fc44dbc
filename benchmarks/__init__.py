"""Figures of DESIGN section 10. A benchmark measures and never judges itself; run one by `python -m benchmarks.NAME`."""
