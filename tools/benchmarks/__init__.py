"""Measurements, one module a suite; see ``tools/benchmark.py``."""
