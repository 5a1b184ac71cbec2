"""A session with faults at a real counter, recorded by the real process, lived again: what a technician relies on."""

import asyncio
import hashlib
import shutil
import sqlite3
import zlib
from pathlib import Path

import pytest

from terminal.recording.ring import LifeFile, read_records
from terminal.recording.seam import Record
from tools.cli import main as countertop
from tools.replay.frames import frame_of
from tools.replay.player import play
from tools.replay.recording import lives_of
from tools.replay.session import CARDS, CODE, Session
from tools.replay.verdict import verdict
from tools.rig import ACCOUNTS
from tools.simulation.canaries import forms_of, found_in, key_forms

TIMES = 5
NOT_REPLAYED = {"sealed"}
"""What the vault sealed comes out of a replay as zeros."""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The recordings of one session, the journal it came to, and the keys that were in play."""
    return recording_in(tmp_path_factory.mktemp("recorded"))


def recording_in(folder, **options):
    folder.mkdir(exist_ok=True)

    async def story():
        session = Session(**options)
        async with session.rig as rig:
            await session.play()
            shutil.copytree(session.recorder, folder / "recorder")
            shutil.copyfile(rig.terminal.journal, folder / "journal.db")
            return rig.master_key

    (folder / "master-key").write_text(asyncio.run(story()), "ascii")
    return folder


@pytest.fixture(scope="module")
def lives(recorded):
    found = lives_of([recorded / "recorder"])
    assert len(found) == 2, "before the kill and after it"
    return found


def rows_of(path):
    with sqlite3.connect(path) as database:
        database.row_factory = sqlite3.Row
        tables = ("txn", "event", "print_job", "settlement", "setting")
        rows = {table: [dict(row) for row in database.execute(f"SELECT * FROM {table} ORDER BY 1")] for table in tables}
    database.close()
    rows["txn"] = [{name: value for name, value in row.items() if name not in NOT_REPLAYED} for row in rows["txn"]]
    rows["setting"] = [row for row in rows["setting"] if row["name"] != "pin_key"]
    return rows


def test_every_replay_comes_to_the_same_journal_screens_and_frames(lives, tmp_path):
    runs = set()
    for number in range(TIMES):
        for life, following in zip(lives, [*lives[1:], None], strict=True):
            folder = tmp_path / f"{number}-{life.path.stem}"
            folder.mkdir()
            played = play(life, folder)
            found = verdict(played, following, whole=True)
            assert found.right, found.text
            assert "the same journal" in found.text
            frames = hashlib.sha256(b"".join(frame_of(screen) for screen in dict.fromkeys(played.screens))).hexdigest()
            runs.add((life.path.stem, played.journal, tuple(screen.name for screen in played.screens), frames))
    assert len(runs) == len(lives)


def test_a_session_over_http_on_a_kept_connection_is_replayed_too(tmp_path):
    recorded = recording_in(tmp_path / "recorded", http=True)
    lives = lives_of([recorded / "recorder"])
    for life, following in zip(lives, [*lives[1:], None], strict=True):
        folder = tmp_path / life.path.stem
        folder.mkdir()
        found = verdict(play(life, folder), following, whole=True)
        assert found.right, found.text
    there, here = rows_of(recorded / "journal.db"), rows_of(folder / "journal.db")
    assert here == there
    assert [row["state"] for row in there["txn"]].count("reversed") == 2, "the page of a proxy and the kill"


def test_the_journal_of_the_replay_is_the_journal_of_the_counter_row_by_row(recorded, lives, tmp_path):
    play(lives[-1], tmp_path)
    there, here = rows_of(recorded / "journal.db"), rows_of(tmp_path / "journal.db")
    assert here == there
    states = [row["state"] for row in there["txn"]]
    assert states.count("approved") >= 4
    assert states.count("reversed") == 2, "the lost answer and the kill"


def test_the_session_had_every_fault_that_it_is_to_show(lives):
    kinds = {event[0] for life in lives for event in inputs_of(life)}
    assert {"swipe", "mis-swipe", "scan", "key", "device"} <= kinds
    screens = [values[2] for life in lives for kind, *values in life.records if kind == Record.OUTPUT]
    assert "outcome.not-charged" in screens
    assert lives[0].ended == "", "killed: nobody could write how it ended"
    assert lives[1].ended == "stopped"


def test_no_card_no_pin_and_no_key_is_in_the_recording(recorded, lives):
    plain = b""
    for life in lives:
        plain += life.path.read_bytes() + b"".join(told(record) for record in read_records(life.path)) + _clear(life)
    master = bytes.fromhex((recorded / "master-key").read_text("ascii"))
    canaries = key_forms("master key", master)
    canaries |= {f"payment code, {form}": text for form, text in forms_of(CODE).items()}
    for name in CARDS:
        card = ACCOUNTS[name]
        canaries |= {f"card {name}, {form}": text for form, text in forms_of(card.pan).items()}
        canaries[f"track of {name}"] = f"{card.pan}={card.expiry}".encode()
        canaries[f"clear PIN block of {name}"] = bytes.fromhex(f"06{card.pin}FFFFFF")
    assert set(found_in(plain, canaries)) == set()
    # The search finds what is there: the truncated number, as screens and slips show it, in each life.
    assert plain.count(b"621234") > 4
    assert b"621234*********0012" in plain


def test_of_a_pin_and_a_typed_card_number_only_the_number_of_their_digits_is_in_the_recording(lives):
    # Six digits stand by chance in any file of this size, so the keys themselves are looked at.
    keys = "".join(
        event[1] if len(event[1]) == 1 else " " for life in lives for event in inputs_of(life) if event[0] == "key"
    )
    entries = [entry for entry in keys.split() if set(entry) == {"0"}]
    assert len(entries) == 8, "one for each sale with a card, and the card number that was typed"
    assert "0" * len(ACCOUNTS[CARDS[0]].pan) in entries
    assert all(ACCOUNTS[name].pin not in keys for name in CARDS)


def told(value):
    """Every text and all bytes of a record, one after the other, as a reader of the file would find them."""
    match value:
        case list() | tuple():
            return b"\0".join(told(item) for item in value)
        case dict():
            return told(list(value.items()))
        case bytes():
            return value + b"\0" + value.hex().encode()
        case _:
            return str(value).encode()


def inputs_of(life):
    """Every event of a device, with the record it stands in."""
    for record in life.records:
        for one in record[2] if record[0] == Record.TURN and len(record) > 2 else ():
            if isinstance(one[-1], list) and one[-1] and isinstance(one[-1][0], str):
                yield one[-1]


def _clear(life):
    return zlib.decompress(life.copy) if life.copy else b""


def test_the_same_card_is_the_same_token_before_and_after_the_restart(lives):
    tokens = {}
    for event in (event for life in lives for event in inputs_of(life) if event[0] == "swipe"):
        number = bytes(event[3]).partition(b"=")[0]
        tokens.setdefault(number[-4:], set()).add(number)
    assert {last.decode() for last in tokens} == {ACCOUNTS[name].pan[-4:] for name in CARDS}
    assert all(len(found) == 1 for found in tokens.values())


def test_a_replay_that_goes_another_way_says_where(lives, tmp_path):
    life = lives_of([lives[0].path])[0]
    keys = [event for event in inputs_of(life) if event[0] == "key"]
    keys[2][1] = "7"  # another amount than was typed
    found = verdict(play(life, tmp_path), None, whole=True)
    assert not found.right
    assert "It differs at" in found.text
    assert "sale.amount" in found.text


def test_a_recording_without_its_end_is_played_as_far_as_it_goes(lives, tmp_path):
    torn = tmp_path / "00000001.ctr"
    data = lives[0].path.read_bytes()
    torn.write_bytes(data[: len(data) * 2 // 3])
    (tmp_path / "state").mkdir()
    played = play(lives_of([torn])[0], tmp_path / "state")
    assert played.difference is None
    assert 0 < played.turns < len(lives[0].records)


def test_a_replay_stops_where_it_is_told_to(lives, tmp_path):
    (tmp_path / "whole").mkdir()
    (tmp_path / "part").mkdir()
    times = []
    whole = play(lives[0], tmp_path / "whole", told=lambda at_us, what, value: times.append(at_us))
    middle = times[len(times) // 2]
    times.clear()
    part = play(lives[0], tmp_path / "part", until_us=middle, told=lambda at_us, what, value: times.append(at_us))
    assert max(times) <= middle
    assert 0 < part.turns < whole.turns
    assert part.screens == whole.screens[: len(part.screens)]


def test_the_command_compares_and_its_exit_code_says_how_it_went(recorded, capsys):
    assert countertop(["replay", str(recorded / "recorder"), "--check", "--times", "2"]) == 0
    assert "4 of 4 replays came to what was recorded." in capsys.readouterr().out


def test_the_command_tells_what_happened(recorded, capsys):
    assert countertop(["replay", str(recorded / "recorder")]) == 0
    out = capsys.readouterr().out
    for line in (
        "swipe    msr",
        "mis-swipe msr",
        "host     connected",
        "screen   outcome.not-charged",
        "machine  stop",
    ):
        assert line in out
    assert "key      0" in out


def test_pictures_and_journal_are_kept_where_they_are_wanted(recorded, tmp_path, capsys):
    first = str(min((recorded / "recorder").glob("*.ctr")))
    argv = [
        "replay",
        first,
        "--until",
        "1000",
        "--frames",
        str(tmp_path / "frames"),
        "--journal",
        str(tmp_path / "j.db"),
    ]
    assert countertop(argv) == 0
    assert list((tmp_path / "frames").rglob("00001-*.png"))
    assert (tmp_path / "j.db").exists()
    assert "as far as it was played" in capsys.readouterr().out
    assert countertop(argv) == 1, "an earlier journal is never overwritten"


def test_what_is_no_recording_is_refused_with_a_remedy(tmp_path, capsys):
    (tmp_path / "note.ctr").write_text("no recording", "ascii")
    assert countertop(["replay", str(tmp_path / "note.ctr")]) == 1
    error = capsys.readouterr().err
    assert "note.ctr is no recording" in error
    (tmp_path / "empty").mkdir()
    assert countertop(["replay", str(tmp_path / "empty")]) == 1
    LifeFile(tmp_path / "empty" / "00000001.ctr").close()
    assert countertop(["replay", str(tmp_path / "empty")]) == 1
    assert "is empty" in capsys.readouterr().err


def test_the_recordings_are_this_users_alone(recorded):
    files = list((recorded / "recorder").glob("*.ctr"))
    assert all(Path(file).stat().st_mode & 0o077 == 0 for file in files)
