"""What is wrong with a configuration, all of it at once, in sentences for whoever edits the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["CHANGE", "ConfigError", "Problem"]

CHANGE = "the change"
"""Stands for the file in a problem with a value that somebody proposes."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend. It never holds a value of the file: values may be secret."""

    file: str
    key: str
    """Dotted path of the key, ``terminal.id``; empty when the file as a whole is meant."""
    expected: str
    found: str
    """What is there, by its kind: ``text of 5 characters``, ``nothing``."""
    remedy: str
    """The line to write, or what to do."""

    def __str__(self) -> str:
        where = f"{self.file}: {self.key}" if self.key else self.file
        return f"{where}: expected {self.expected}, found {self.found}.\n    {self.remedy}"


class ConfigError(Exception):
    """A configuration that cannot be used; ``problems`` lists everything that was found wrong."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        super().__init__(f"The configuration has {head}.\n" + "\n".join(f"  {problem}" for problem in self.problems))

    @property
    def remedy(self) -> str:
        """What to do after mending: a change that was refused has left nothing behind."""
        if all(problem.file == CHANGE for problem in self.problems):
            return "Nothing has changed. Mend it and give the command again."
        return "Mend it, then look again: countertop config check FILE"
