"""The payment terminal: journal, flows, screens and slips around the message, key and device rooms."""

__all__ = ["VERSION"]

VERSION = "0.1.0"
"""Of the whole distribution; setup.cfg reads it from here."""
