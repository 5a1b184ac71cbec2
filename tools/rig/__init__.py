"""The counter as real processes: host and terminal started, driven through their devices, watched and killed."""

from tools.rig.books import Comparison, JournalRow, compare, read_journal
from tools.rig.errors import RigError
from tools.rig.host import HostProcess
from tools.rig.monitor import Monitor
from tools.rig.rig import ACCOUNTS, Rig
from tools.rig.terminal import TerminalOptions, TerminalProcess

__all__ = [
    "ACCOUNTS",
    "Comparison",
    "HostProcess",
    "JournalRow",
    "Monitor",
    "Rig",
    "RigError",
    "TerminalOptions",
    "TerminalProcess",
    "compare",
    "read_journal",
]
