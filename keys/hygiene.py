"""What a process that handles keys does to itself first: nothing of its memory reaches a disk or another process.

No core file, no debugger and no ``/proc/…/mem`` of the same user, and pages that are not swapped where the machine
allows it. What Python, its libraries and the kernel copy before a buffer is wiped stays in memory until it is used
again; this keeps it there (facts/keys.md §6).
"""

from __future__ import annotations

import ctypes
import os
import resource
from dataclasses import dataclass

__all__ = ["Hygiene", "harden"]

_PR_SET_DUMPABLE = 4
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4
"""Linux, prctl(2) and mlockall(2); with ONFAULT only pages that are really used are held."""


@dataclass(frozen=True, slots=True)
class Hygiene:
    """What could be done. An empty reason means: done."""

    core_dumps: str = ""
    other_processes: str = ""
    swap: str = ""

    @property
    def complaints(self) -> tuple[str, ...]:
        """What could not be done and what a technician can do about it, a sentence each."""
        known = (
            (self.core_dumps, "Core files cannot be switched off", "Set LimitCORE=0 in the service."),
            (self.other_processes, "Others of this user may read the memory", "Give the terminal its own user."),
            (self.swap, "Memory may be swapped out", "Set LimitMEMLOCK=infinity or MemorySwapMax=0 in the service."),
        )
        return tuple(f"{what}: {reason}. {remedy}" for reason, what, remedy in known if reason)


def harden() -> Hygiene:
    """Do all three for this process; never fails, says what could not be done."""
    library = ctypes.CDLL(None, use_errno=True)
    return Hygiene(_no_core(), _not_dumpable(library), _locked(library))


def _no_core() -> str:
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError) as error:
        return str(error)
    return ""


def _not_dumpable(library: ctypes.CDLL) -> str:
    return "" if library.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 else os.strerror(ctypes.get_errno())


def _locked(library: ctypes.CDLL) -> str:
    """Lock present and future pages, but only without a limit: at a limit a later allocation would fail instead."""
    limit, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if limit != resource.RLIM_INFINITY and os.geteuid() != 0:
        return f"the limit for locked memory is {limit} bytes"
    if library.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) != 0:
        return os.strerror(ctypes.get_errno())
    return ""
