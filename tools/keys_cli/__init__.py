"""``countertop keys``: a technician's commands over the vault."""

from tools.keys_cli.cli import main

__all__ = ["main"]
