"""What every key command needs: the configuration, the vault, and how a fault is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from config import ConfigError, Settings
from keys import KeyRoom, KeysError, Vault, create_key_room, open_key_room, open_vault, run_self_tests
from keys.errors import VaultAbsent, VaultErased
from terminal.keyring import protector_for
from terminal.screens.texts import Translator
from terminal.service.parameters import Parameters

__all__ = ["Office"]

_NOW = partial(datetime.now, UTC)


@dataclass(frozen=True, slots=True)
class Office:
    """A terminal's keys as its configuration names them."""

    settings: Settings
    texts: Translator
    say: Callable[[str], None] = print

    @classmethod
    def of(cls, file: str) -> Office:
        """From a configuration file. Raises KeysError, which tells everything that is wrong with it."""
        try:
            settings = Parameters(file).settings()
        except ConfigError as error:
            raise KeysError(str(error), f"See: countertop config check {file}") from None
        return cls(settings, Translator(settings.terminal.language))

    @property
    def path(self) -> Path:
        """The vault's file."""
        return Path(self.settings.keys.path)

    @property
    def environment(self) -> str:
        """``lab`` or ``production``."""
        return self.settings.terminal.environment

    @contextmanager
    def look(self) -> Iterator[Vault]:
        """The vault for reading, also while the terminal runs."""
        run_self_tests()
        vault = open_vault(self.path, protector_for(self.settings.keys), self.environment, now=_NOW, read_only=True)
        try:
            yield vault
        finally:
            vault.close()

    @contextmanager
    def room(self, *, fresh: bool = False) -> Iterator[KeyRoom]:
        """The vault for writing, with its log. ``fresh``: a new one where there is none, or an erased one."""
        run_self_tests()
        protector = protector_for(self.settings.keys)
        try:
            room = open_key_room(self.path, protector, self.environment, _NOW, time.monotonic)
        except (VaultAbsent, VaultErased) as fault:
            if not fresh:
                raise type(fault)(str(fault), "Begin a new vault: countertop keys load --fresh") from None
            room = create_key_room(self.path, protector, self.environment, _NOW, time.monotonic)
        try:
            yield room
        finally:
            room.close()
