"""The recorder never gets in the terminal's way: not with a full disk, a full ring, nor one that stands still."""

import asyncio
import logging
from dataclasses import replace

import pytest
from msgspec import structs

from config import default_file, load
from terminal.outside import MACHINE
from terminal.recording import life as life_module
from terminal.recording import recorder as recorder_module
from terminal.recording.recorder import Recorder
from terminal.recording.ring import FOLDER, life_files, read_records
from terminal.recording.seam import Codec, Record
from terminal.screens.face import Face
from terminal.screens.screen import Screen

SIZE_MIB = 2


@pytest.fixture
def settings(tmp_path):
    found = load(default_file())
    return structs.replace(found, terminal=structs.replace(found.terminal, state_dir=str(tmp_path)))


def lived(settings, story):
    """One recorded life whose story gets the life."""
    recorder = Recorder(settings, SIZE_MIB)

    async def live():
        with recorder.life(settings, replace(MACHINE), lambda: None) as life:
            await story(life)

    with asyncio.Runner(loop_factory=recorder.loop) as runner:
        runner.run(live())


def recorded(tmp_path):
    (path,) = life_files(tmp_path / FOLDER)
    return list(read_records(path))


def test_a_life_is_written_from_its_beginning_to_its_end(settings, tmp_path):
    shown = []

    async def story(life):
        life.face(Face([shown.append])).show(Screen("idle", "Shop"))
        await asyncio.sleep(0.01)

    lived(settings, story)
    kinds = [record[0] for record in recorded(tmp_path)]
    assert kinds[0] == Record.LIFE
    assert Record.OUTPUT in kinds
    assert Record.TURN in kinds
    assert kinds[-1] == Record.END
    assert [screen.name for screen in shown] == ["idle"]


def test_without_room_on_the_disk_the_terminal_goes_on_and_says_so_once(settings, tmp_path, caplog):
    (tmp_path / FOLDER).write_text("a file where the folder should be", "ascii")

    async def story(life):
        for number in range(5):
            life.seam.output("screen", b"", str(number))
            life._flush()
            await asyncio.sleep(0)
        assert not life.seam.recording

    with caplog.at_level(logging.WARNING):
        lived(settings, story)
    assert [record.message for record in caplog.records].count(
        "This life is not recorded any further: File exists."
    ) == 1


def test_a_life_takes_no_more_than_its_share_of_the_ring(settings, tmp_path):
    import random

    noise = random.Random(1)  # the same bytes every time, and none that zlib could shorten

    async def story(life):
        for _ in range(300):
            life.seam.output("to printer", noise.randbytes(10_000))
            life._flush()
        assert not life.seam.recording

    lived(settings, story)
    (path,) = life_files(tmp_path / FOLDER)
    assert path.stat().st_size < (SIZE_MIB << 20) * 0.52
    assert recorded(tmp_path)[-1][0] == Record.LEFT


def test_a_disk_that_stands_still_costs_bounded_memory(settings, monkeypatch):
    monkeypatch.setattr(life_module, "WAITING_MAX", 1000)

    async def story(life):
        with life._writing:  # what a disk does that takes nothing
            for number in range(5000):
                life.seam.output("screen", b"", str(number))
        assert len(life._records) <= 1002
        assert not life.seam.recording

    lived(settings, story)


def test_at_night_a_life_that_was_long_recorded_gives_way_to_a_new_one(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(recorder_module, "RENEWAL_LOOK_S", 0.01)
    monkeypatch.setattr(life_module, "QUIET_S", 0.0)
    monkeypatch.setattr(life_module, "RENEWED_AT", 0.0)
    recorder, begun, third = Recorder(settings, SIZE_MIB), [], asyncio.Event()

    async def live(life):
        begun.append(life)
        life.face(Face([])).show(Screen("idle" if len(begun) < 3 else "sale.amount", "Shop"))
        life._flush()
        if len(begun) == 3:
            third.set()
        await asyncio.sleep(3600)

    async def story():
        living = asyncio.ensure_future(recorder.lives(settings, replace(MACHINE), live))
        async with asyncio.timeout(60):
            await third.wait()
        assert not begun[2].may_end(1e9), "nobody is sent away from a sale"
        recorder.stop(living.cancel)
        await asyncio.wait([living])
        return living.cancelled()

    with asyncio.Runner(loop_factory=recorder.loop) as runner:
        assert runner.run(story())
    ends = [list(read_records(path))[-1][:2] for path in life_files(tmp_path / FOLDER)]
    assert ends == [[Record.END, "stopped"]] * 3


def test_a_password_screen_hides_what_is_typed_until_the_next_screen(settings):
    async def story(life):
        face = life.face(Face([]))
        face.show(Screen("operator.password", "", secret=True))
        assert life.kept.secret
        face.show(Screen("idle", ""))
        assert not life.kept.secret

    lived(settings, story)


def test_a_fault_of_the_recorder_costs_the_recording_and_nothing_else(settings, tmp_path, caplog):
    heard = []

    def fails(value):
        raise UnicodeEncodeError("ascii", "", 0, 1, "of a text that nobody thought of")

    async def story(life):
        post = life.seam.source("keypad", heard.append, Codec(fails, lambda plain: plain))
        post("1")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert life.seam.reading("wall", lambda: 5) == 5

    lived(settings, story)
    assert heard == ["1"]
    assert [record[:2] for record in recorded(tmp_path)][-1] == [Record.LEFT, "the recorder failed: UnicodeEncodeError"]


def test_what_cannot_be_written_down_never_reaches_the_journals_thread(settings, caplog):
    async def story(life):
        life.seam.output("screen", object())
        life._flush()
        assert not life.seam.recording

    with caplog.at_level(logging.WARNING):
        lived(settings, story)
    assert "This life is not recorded any further: TypeError." in [record.message for record in caplog.records]
