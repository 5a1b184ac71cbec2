"""A story: what is done at the counter, step by step, and what must be seen. Read from TOML, played on a Counter.

In a step the sentence comes first, then the deed, then what is waited for; docs/integrator/stories.md has the keys.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from drivers.simulated import SIMULATED_KEYS
from tools.counter.commands import FAULTS
from tools.counter.counter import Counter
from tools.counter.network import MODES
from tools.counter.tray import CARDS, CODES
from tools.rig import RigError

__all__ = ["STORIES", "Pace", "Step", "Story", "StoryError", "load", "named", "play"]

STORIES = Path(__file__).parent / "stories"
STORY_BYTES_MAX = 65_536
STEPS_MAX = 500
WAIT_S = 30.0
PAUSE_MAX_S = 60.0
Device = Literal["keypad", "reader", "scanner", "printer"]
Words = Annotated[str, Meta(min_length=1, max_length=200)]


class StoryError(Exception):
    """A story that cannot be read. ``remedy`` says where to look."""

    remedy = "countertop demo --list    shows stories to start from; docs/integrator/stories.md has every key"


class Step(Struct, frozen=True, forbid_unknown_fields=True):
    """One step. Deeds: ``press`` to ``answer``. What is waited for: ``wait`` to ``books``."""

    say: Words = ""
    press: Words = ""
    """Names of keys with blanks between them, such as ``cancel`` or ``1 2 00 enter``."""
    type: Annotated[str, Meta(pattern=r"^[0-9]{1,19}$")] | None = None
    """Digits, and the green key after them."""
    swipe: Words = ""
    scan: Words = ""
    unplug: Device | None = None
    plug: Device | None = None
    paper: Literal["out", "ending", "new", "open", "closed"] | None = None
    network: Words = ""
    power: Literal["on", "off"] | None = None
    answer: Words = ""
    """What the next payment meets at the host, such as ``no-answer`` or ``decline 51``."""
    pause_s: Annotated[float, Meta(ge=0, le=PAUSE_MAX_S)] = 0.0
    """For eyes: left out when nobody looks."""
    wait: Words = ""
    """Name of the screen that must come."""
    slips: Annotated[int, Meta(ge=1, le=10)] | None = None
    """So many whole slips more must come out."""
    roll_ends: bool = False
    charged: Annotated[int, Meta(ge=0)] | None = None
    """What the host must have charged in all, in minor units; also what is still to be undone."""
    books: Annotated[int, Meta(ge=0)] | None = None
    """Both books must be equal and whole, and come to so much in minor units."""
    timeout_s: Annotated[float, Meta(gt=0, le=300)] = WAIT_S


class Story(Struct, frozen=True, forbid_unknown_fields=True):
    """A title and steps."""

    title: Words
    steps: Annotated[tuple[Step, ...], Meta(min_length=1, max_length=STEPS_MAX)]
    language: Literal["zh", "en", "fi"] = "en"
    response_s: Annotated[float, Meta(ge=1, le=60)] = 15.0
    """The terminal's patience with the host."""


class Pace(Struct, frozen=True):
    """How fast a story is played: for eyes, or as fast as the terminal can."""

    key_s: float = 0.0
    look_s: float = 0.0
    pauses: bool = False


AT_ONCE = Pace()


def load(path: Path) -> Story:
    """A story from a TOML file. Raises StoryError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StoryError(f"{path} cannot be read: {error.strerror}.") from None
    if len(data) > STORY_BYTES_MAX:
        raise StoryError(f"{path} is longer than {STORY_BYTES_MAX} bytes.")
    try:
        story = msgspec.toml.decode(data, type=Story)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StoryError(f"{path} is no story: {error}.") from None
    for number, step in enumerate(story.steps, 1):
        for what, given, known in _lists(step):
            if given not in known:
                raise StoryError(
                    f"{path}, step {number}: {what} = {given!r} is not one of: {', '.join(sorted(known))}."
                )
    return story


def named(name: str) -> Path:
    """The file of a story that comes with the project, or the path itself."""
    shipped = STORIES / f"{name}.toml"
    return shipped if "/" not in name and shipped.is_file() else Path(name)


async def play(
    counter: Counter,
    story: Story,
    say: Callable[[str], None],
    pace: Pace = AT_ONCE,
    after: Callable[[Step], Awaitable[None]] | None = None,
) -> None:
    """Play a story; ``after`` is called when a step has come to its end. Raises RigError when it does not."""
    counter.seen.from_here()
    for number, step in enumerate(story.steps, 1):
        if step.say:
            say(step.say)
        try:
            slips = counter.seen.slips
            await _do(counter, step, pace)
            await _see(counter, step, slips)
        except RigError as error:
            raise RigError(f"Step {number} of {story.title!r}: {error}", error.remedy) from None
        if after is not None:
            await after(step)
        await asyncio.sleep(step.pause_s if pace.pauses and step.pause_s else pace.look_s)


def _lists(step: Step) -> list[tuple[str, str, frozenset[str]]]:
    """What a step names, with what there is of it."""
    fault, _, _ = step.answer.partition(" ")
    return [
        *(("press", key, SIMULATED_KEYS) for key in step.press.split()),
        *((what, given, frozenset(known)) for what, given, known in (
            ("swipe", step.swipe, CARDS), ("scan", step.scan, CODES), ("network", step.network, MODES),
            ("answer", fault, FAULTS),
        ) if given),
    ]  # fmt: skip


async def _do(counter: Counter, step: Step, pace: Pace) -> None:
    keys = [*step.press.split(), *([*step.type, "enter"] if step.type else [])]
    for device, used in (("keypad", keys), ("reader", step.swipe), ("scanner", step.scan)):
        if used:
            await counter.ready(device)
    for key in keys:
        await counter.press(key)
        await asyncio.sleep(pace.key_s)
    if step.swipe:
        await counter.swipe(step.swipe)
    if step.scan:
        await counter.scan(step.scan)
    if step.unplug:
        await counter.plug(step.unplug, False)
    if step.plug:
        await counter.plug(step.plug, True)
    if step.paper:
        await counter.paper(step.paper)
    if step.network:
        await counter.network(step.network)
    if step.power:
        await counter.power(step.power == "on")
    if step.answer:
        fault, _, code = step.answer.partition(" ")
        await counter.next_answer(fault, code)


async def _see(counter: Counter, step: Step, slips_before: int) -> None:
    seen = counter.seen
    if step.wait:
        await seen.until_screen(step.wait, step.timeout_s)
    if step.slips:
        await seen.until_slips(slips_before + step.slips, step.timeout_s)
    if step.roll_ends:
        await seen.until_roll_ended(step.timeout_s)
    if step.charged is not None:
        await seen.until_charged(step.charged, step.timeout_s)
    if step.books is not None:
        found = await counter.books()
        sums = (found.terminal_minor, found.host_minor)
        if found.faults or sums != (step.books, step.books):
            faults = " ".join(found.faults)
            raise RigError(f"The books come to {sums[0]} and {sums[1]}, not {step.books}. {faults}")
