"""What the rig says when the world under test does not do what was asked of it."""

from __future__ import annotations

__all__ = ["RigError"]


class RigError(Exception):
    """A process, screen or event did not come in time. ``remedy`` says where to look."""

    def __init__(self, text: str, remedy: str = "Read the process's log in the rig's folder.") -> None:
        super().__init__(text)
        self.remedy = remedy
