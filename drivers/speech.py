"""A voice: espeak-ng where it is installed, silence where it is not; nobody waits for it."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import suppress

__all__ = ["VOICES", "Voice"]

VOICES = {"zh": "cmn", "en": "en", "fi": "fi"}
"""Languages of the screens, and what espeak-ng calls them."""
_PROGRAM = "espeak-ng"
WORDS_A_MINUTE = 150
TEXT_MAX = 300
STOP_S = 1.0


class Voice:
    """Says one text at a time; a newer one interrupts an older."""

    def __init__(self, program: str = _PROGRAM) -> None:
        self._program = shutil.which(program)
        self._saying: asyncio.Task[None] | None = None

    @property
    def there(self) -> bool:
        """Whether anything can be heard."""
        return self._program is not None

    def say(self, text: str, language: str) -> None:
        """Begin to say a text. Call it on the loop."""
        if self._program is None:
            return
        if self._saying is not None:
            self._saying.cancel()
        voice = VOICES.get(language, VOICES["en"])
        self._saying = asyncio.get_running_loop().create_task(self._say(self._program, text[:TEXT_MAX], voice))

    def close(self) -> None:
        """Be silent."""
        if self._saying is not None:
            self._saying.cancel()

    async def _say(self, program: str, text: str, voice: str) -> None:
        with suppress(OSError):
            process = await asyncio.create_subprocess_exec(
                program, "-v", voice, "-s", str(WORDS_A_MINUTE), "--", text,
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            try:
                await process.wait()
            except asyncio.CancelledError:
                with suppress(ProcessLookupError):
                    process.kill()
                # A killed process ends at once; without this it would stay a zombie.
                with suppress(TimeoutError):
                    async with asyncio.timeout(STOP_S):
                        await process.wait()
                raise
