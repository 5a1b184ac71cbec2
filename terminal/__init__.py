"""The payment terminal: journal, flows, screens and slips around the message, key and device rooms."""

from importlib.metadata import PackageNotFoundError, version

__all__ = ["VERSION"]

try:
    VERSION = version("countertop")
except PackageNotFoundError:  # run from a source tree that was never installed
    VERSION = "0+source"
