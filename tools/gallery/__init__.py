"""Every screen and slip as pictures, from the data and the bytes that the terminal makes."""

from tools.gallery.cli import main

__all__ = ["main"]
