"""The runtime: one life of the terminal after another, until it is stopped.

Stopping is a power cut and starting is recovery; there is no other way in or out. What a life cannot go on
with – storage that fails, keys that are not there – is said on the screen, and the next life tries again.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from config import ConfigError, Settings
from keys import KeysError, harden
from keys.errors import SelfTestFailed
from terminal.assembly import live
from terminal.journal import JournalError, JournalFault
from terminal.journal.database import JOURNAL_NAME
from terminal.outside import MACHINE, Outside
from terminal.screens.displays import displays_of, player_of
from terminal.screens.face import Face
from terminal.screens.screen import Screen, Tone
from terminal.screens.texts import Translator
from terminal.service.gate import settled
from terminal.service.monitor import Monitor
from terminal.service.parameters import Parameters, ParametersError
from terminal.service.parameters.keeper import NewParameters
from terminal.service.stall import MeteredSelector
from terminal.service.supervision import OUT_OF_SERVICE, PresentWriter, Supervisor
from terminal.service.watching import told_self_test, watched

if TYPE_CHECKING:
    from terminal.recording.recorder import Recorder

__all__ = ["run", "serve"]

_LOG = logging.getLogger("countertop")
Trouble = JournalError | KeysError | ParametersError | ConfigError
RETRY_S = 5.0
"""Between two lives: long enough to read the screen, short enough to wait for."""


def run(parameters: Parameters) -> None:
    """Serve until cancelled. Raises JournalError when another process has the journal."""
    for complaint in harden().complaints:
        _LOG.warning("%s", complaint)
    recorder = _recorder(parameters.base)
    selector = recorder.selector if recorder is not None else MeteredSelector()
    with (
        suppress(asyncio.CancelledError),
        asyncio.Runner(loop_factory=recorder.loop if recorder else lambda: _loop(selector)) as runner,
    ):
        runner.run(serve(parameters, selector, recorder))


def _loop(selector: MeteredSelector) -> asyncio.AbstractEventLoop:
    return asyncio.SelectorEventLoop(selector)


def _recorder(settings: Settings) -> Recorder | None:
    if settings.recorder is None:
        return None
    from terminal.recording.recorder import Recorder  # not in the memory of those who do without

    return Recorder(settings, settings.recorder.size_mib)


async def serve(parameters: Parameters, selector: MeteredSelector, recorder: Recorder | None = None) -> NoReturn:
    """Live, and live again. SIGTERM ends it at once: what is open is finished at the next start."""
    settings, trouble = _begin(parameters, starting=True)
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, *((task.cancel,) if recorder is None else (recorder.stop, task.cancel)))
    monitor = Monitor(selector.take_longest_s)
    selector.stalled = lambda seconds: monitor.tell("stall", ms=round(seconds * 1000, 1))
    # The monitor last: who hears of a screen finds it on the panel.
    displays = displays_of(settings.connected, settings.terminal.language)
    supervisor, writer = Supervisor(), PresentWriter()
    face = Face([*displays, supervisor.screen, monitor.screen], player_of(settings.display))
    watching = asyncio.ensure_future(supervisor.watch(writer.answers))
    outside = replace(MACHINE, writer=writer, self_test=told_self_test(MACHINE.self_test, monitor))
    async with AsyncExitStack() as closing:
        closing.push_async_callback(monitor.close)
        closing.callback(watching.cancel)
        await closing.enter_async_context(watched(settings, monitor, selector))
        if settings.monitor is not None:
            await monitor.serve(settings.monitor.path)
        while True:
            if trouble is None:
                monitor.tell("service", in_service=True)
                trouble = await _live(settings, face, monitor, outside, parameters, recorder)
            if isinstance(trouble, JournalError) and trouble.fault is JournalFault.HELD:
                raise trouble  # the other process serves this counter; its screen is not ours
            if trouble is not None:
                _LOG.error("%s %s", trouble, trouble.remedy)
                monitor.tell("service", in_service=False, reason=type(trouble).__name__)
                face.show(out_of_service(Translator(settings.terminal.language), trouble))
                await asyncio.sleep(RETRY_S)
            settings, trouble = _begin(parameters, starting=False)


def _begin(parameters: Parameters, *, starting: bool) -> tuple[Settings, Trouble | None]:
    """What the next life is to live by; beside a trouble, what the file says, for a screen that tells of it."""
    journal = Path(parameters.base.terminal.state_dir) / JOURNAL_NAME
    try:
        return parameters.begin(lambda: settled(journal), starting=starting), None
    except (ParametersError, ConfigError) as error:
        return parameters.base, error


async def _live(
    settings: Settings,
    face: Face,
    monitor: Monitor,
    outside: Outside,
    parameters: Parameters,
    recorder: Recorder | None,
) -> Trouble | None:
    """One life; what ended it, None when it is to go on with other parameters."""
    troubles: list[Trouble] = []
    renewed = False
    try:
        if recorder is None:
            await live(settings, face, monitor, outside, parameters)
        else:
            await recorder.lives(
                settings,
                outside,
                lambda life: live(settings, life.face(face), monitor, life.outside, life.parameters(parameters)),
            )
    except* (JournalError, KeysError) as group:
        troubles += _leaves(group)
    except* NewParameters:
        renewed = True
    assert troubles or renewed, "a life ends by cancellation, by trouble or for new parameters"
    return troubles[0] if troubles else None


def _leaves(group: BaseExceptionGroup[Trouble]) -> list[Trouble]:
    found: list[Trouble] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


def out_of_service(texts: Translator, trouble: Trouble) -> Screen:
    """What cannot be done, why, what becomes of an open payment, and who can mend it."""
    what = "keys"
    if isinstance(trouble, JournalError):
        what = f"journal.{trouble.fault}"
    elif isinstance(trouble, SelfTestFailed):
        what = "self-test"
    elif isinstance(trouble, ParametersError | ConfigError):
        what = "parameters"
    return Screen(
        OUT_OF_SERVICE,
        texts.text("out-of-service.title"),
        texts.text(f"out-of-service.{what}"),
        lines=(texts.text("out-of-service.open-payment"), texts.text("out-of-service.retry")),
        tone=Tone.BAD,
    )
