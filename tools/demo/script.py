"""``countertop demo --script``: plays a story headless against the real terminal and keeps its pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tools.counter.counter import Choices, Counter
from tools.counter.panel import size_of
from tools.counter.story import STORIES, load, named, play
from tools.demo.recorder import Recorder
from tools.rig import RigError

__all__ = ["listed", "play_script"]

SIGN_ON_S = 30.0


def listed() -> list[tuple[str, str]]:
    """Stories that come with the project: name and title."""
    return [(path.stem, load(path).title) for path in sorted(STORIES.glob("*.toml"))]


async def play_script(script: str, output: Path, choices: Choices) -> Recorder:
    """Play a story by its name or file. Raises StoryError and RigError."""
    story = load(named(script))
    recorder = Recorder(output, size_of(choices.panel))
    recorder.prepare()
    counter = Counter(replace(choices, response_s=story.response_s), recorder.hear)

    def say(text: str) -> None:
        recorder.say(text)
        print(f"   {text}", flush=True)

    print(story.title, flush=True)
    try:
        await counter.start()
        await counter.seen.until_signed_on(SIGN_ON_S)
        await play(counter, story, say, after=lambda step: recorder.step(counter, step))
    except RigError:
        picture = counter.panel.picture()
        if picture is not None:
            picture.save(output / "where-it-stopped.png")
        raise
    finally:
        await counter.close()
        recorder.finish()
    return recorder
