"""The acquirer host simulator: a bank with its own keys, accounts and ledger, on a TCP port of its own.

It shares with the terminal only the libraries ``iso8583`` and ``keys``.
"""

from tools.host.cli import main

__all__ = ["main"]
