"""One life's recording: its seam, what stands behind it, and the thread that writes its file."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import sqlite3
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec

from config import Settings
from iso8583 import derived_dialect
from keys import KeyRoom, KeysError
from terminal import VERSION
from terminal.journal.database import JOURNAL_NAME
from terminal.outside import Outside
from terminal.recording.host_bytes import HostBytes
from terminal.recording.journal_copy import COPY_BYTES_MAX, changes_of, copy_of, digest_of
from terminal.recording.key_room import tokens_of
from terminal.recording.loop import Inbox
from terminal.recording.outside import Kept, behind
from terminal.recording.parameters import RecordedParameters, without_secrets
from terminal.recording.recording_seam import RecordingSeam
from terminal.recording.ring import LifeFile, make_room
from terminal.recording.seam import Post, Record, Seam
from terminal.recording.tokens import KEY_BYTES, Tokens
from terminal.screens.face import Face
from terminal.screens.screen import Screen

if TYPE_CHECKING:
    from terminal.service.parameters.parameters import Parameters

__all__ = ["Life", "RecordedFace", "digest_of_screen", "name_of"]

_LOG = logging.getLogger("countertop")
FLUSH_S, SYNC_EVERY, SYNC_S = 0.25, 4, 1.0
"""How long a record waits on its way to the kernel; after how many such ways, or how much silence, the disk is asked
to keep them."""
QUIET_S, RENEWED_AT = 3 * 3600.0, 1 / 16
"""When a new life may begin: so long nobody has been there, and so much of the ring is used."""
END_S = 5.0
"""How long the end of a life waits for its last records to be written."""
WAITING_MAX = 100_000
"""Records that may wait for the disk; beyond it the life is recorded no further."""
_ENCODER = msgspec.msgpack.Encoder(enc_hook=str)


def digest_of_screen(screen: Screen) -> bytes:
    """Names a picture: it is drawn from the screen and nothing else."""
    return hashlib.sha256(_ENCODER.encode(screen)).digest()[:8]


def name_of(error: BaseException) -> str:
    """Name of the first fault of a group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return type(error).__name__


class RecordedFace(Face):
    """A face whose screens are outputs of the life, and say whether what is typed is a secret."""

    def __init__(self, face: Face, seam: Seam, kept: Kept) -> None:
        self._face = face
        self._seam = seam
        self._kept = kept
        self.last: Screen | None = None
        """The screen that is up."""

    def show(self, screen: Screen) -> None:
        """Show, and say what was shown."""
        self._kept.secret = screen.secret or screen.hides_digits
        if screen.secret and screen.character_set:
            # How often a key is pressed makes the letter: zeros for digits would not be the same page again.
            self._seam.leave("a password of letters is typed, which is not recorded")
        if screen != self.last:
            self.last = screen
            self._seam.output("screen", digest_of_screen(screen), screen.name)
        self._face.show(screen)

    def pressed(self) -> None:
        """A key went down."""
        self._face.pressed()


class Life:
    """One life: its seam, what stands behind it, and the thread that writes its file."""

    def __init__(
        self,
        folder: Path,
        size_bytes: int,
        inbox: Inbox,
        settings: Settings,
        outside: Outside,
        cancel: Callable[[], object],
        now_us: int,
    ) -> None:
        self._began = {
            "version": VERSION,
            "python": "{}.{}".format(*sys.version_info[:2]),
            "wall": outside.wall().isoformat(timespec="seconds"),
            "now_us": now_us,
            "settings": without_secrets(msgspec.to_builtins(settings)),
        }
        self._folder = folder
        self._size_bytes = size_bytes
        self._journal = Path(settings.terminal.state_dir) / JOURNAL_NAME
        self._records: deque[object] = deque()
        self._file: LifeFile | None = None
        self._face: RecordedFace | None = None
        self._began_s = asyncio.get_running_loop().time()
        self._writing = threading.Lock()
        self._awake, self._ended = threading.Event(), threading.Event()
        self.seam = RecordingSeam(inbox, self._take, self._flush, now_us)
        self._shop_prefixes = settings.ecr.loyalty_cards if settings.ecr is not None else ()
        self.kept = Kept(Tokens(os.urandom(KEY_BYTES), self._shop_prefixes), connected=self._connected)

        def stop(_: None) -> None:
            cancel()

        self.stop: Post[None] = self.seam.source("stop", stop)
        profile = settings.acquirer_profile
        dialect = derived_dialect("acquirer", profile.dialect, profile.dialect_changes)
        http = settings.host.transport == "http"
        self.kept.room = lambda room: self._tokens_of(room, outside)
        self.outside = behind(
            self.seam,
            outside,
            self.kept,
            lambda: HostBytes(dialect, profile.element_59_length_digits, lambda: self.kept.tokens, http=http),
        )
        self._thread = threading.Thread(target=self._write, name="recorder", daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """What the life begins with is the first record."""
        self.seam.note(Record.LIFE, self._began)

    def face(self, face: Face) -> Face:
        """The face of this life."""
        self._face = RecordedFace(face, self.seam, self.kept)
        return self._face

    def parameters(self, parameters: Parameters) -> Parameters:
        """The parameters of this life."""
        return cast("Parameters", RecordedParameters(self.seam, parameters))

    def may_end(self, now_s: float) -> bool:
        """Whether a new life may take the place of this one: it is long, nothing is open, and nobody is there."""
        shown = self._face.last if self._face is not None else None
        long = self._file is not None and self._file.size_bytes > self._size_bytes * RENEWED_AT
        return (
            (long or not self.seam.recording)
            and shown is not None
            and shown.name == "idle"
            and not (shown.status.reversals or shown.status.offline)
            and now_s - max(self.kept.touched_s, self._began_s) > QUIET_S
        )

    def end(self, how: str) -> None:
        """The life is over and its journal closed."""
        digest = None
        with suppress(sqlite3.Error):
            database = sqlite3.connect(f"file:{self._journal}?mode=ro", uri=True)
            try:
                digest = digest_of(database)
            finally:
                database.close()
        self.seam.note(Record.END, how, digest)
        self.seam.recording = False
        self._ended.set()
        self._awake.set()
        self._thread.join(END_S)

    # --- where the journal is written ----------------------------------------------------

    def _connected(self, database: sqlite3.Connection) -> None:
        """The journal as it is found; a damaged one is the terminal's own business to refuse."""
        self.seam.changes = lambda: changes_of(database)
        try:
            copy = copy_of(database)
            digest = digest_of(database) if copy else b""
        except Exception:  # noqa: BLE001 - what is wrong with a journal is the terminal's own business to tell
            self.seam.leave("the journal could not be copied")
            return
        if len(copy) > COPY_BYTES_MAX:
            self.seam.leave("the journal is too large to be kept with the recording")
            return
        self.seam.note(Record.JOURNAL, copy, digest)

    def _tokens_of(self, room: KeyRoom, outside: Outside) -> None:
        with suppress(KeysError, OSError):  # a vault that takes nothing: tokens of this life alone
            self.kept.tokens = tokens_of(room, outside.random, self._shop_prefixes)

    # --- the file ------------------------------------------------------------------------

    def _take(self, record: object) -> None:
        self._records.append(record)
        if not self._awake.is_set():
            self._awake.set()
        if len(self._records) > WAITING_MAX:
            self.seam.recording = False  # the disk stands still: better no recording than no memory

    def _flush(self) -> None:
        """Hand what waits to the kernel; not on the loop."""
        with self._writing:
            records: list[object] = []
            with suppress(IndexError):
                while True:
                    records.append(self._records.popleft())
            if not records:
                return
            try:
                if self._file is None:
                    self._file = LifeFile(make_room(self._folder, self._size_bytes // 2))
                self._file.append(records)
                if self._file.size_bytes > self._size_bytes // 2 and self.seam.recording:
                    self.seam.recording = False
                    self._file.append([(Record.LEFT, "its share of the ring is full")])
            except Exception as error:  # noqa: BLE001 - the journal's thread comes by here: nothing may go through
                self._records.clear()
                if self.seam.recording:
                    self.seam.recording = False
                    why = error.strerror if isinstance(error, OSError) else type(error).__name__
                    _LOG.warning("This life is not recorded any further: %s.", why)

    def _write(self) -> None:
        """The recorder's thread."""
        dirty, flushes = False, 0
        while not self._ended.is_set():
            if self._awake.wait(SYNC_S if dirty else None):
                self._ended.wait(FLUSH_S)
                self._awake.clear()
                self._flush()
                dirty, flushes = True, flushes + 1
                if flushes % SYNC_EVERY:
                    continue
            self._sync()
            dirty = False
        self._flush()
        self._sync()
        if self._file is not None:
            self._file.close()

    def _sync(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.sync()
