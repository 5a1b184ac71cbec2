"""The log of events: one schema, bounded files, nothing that looks like a card, and never in a payment's way."""

import json
import logging
import re
import threading
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.service import event_log
from terminal.service.event_log import EVENTS, EventLog
from terminal.service.monitor import Monitor

LOGGER = logging.getLogger("countertop")
ROW = {"kind": "sale", "state": "approved", "batch": 1, "stan": 7, "amount_minor": 12850, "currency": "156",
       "account": "622848******1234", "rrn": "123456789012"}  # fmt: skip


@pytest.fixture
def written(tmp_path):
    """``written(story)``: play it with a log, and read the log."""

    def play(story, size_kib=1024, keep=5):
        log = EventLog.of(tmp_path / "events.log", size_kib, keep)
        log.open()
        try:
            story(log)
        finally:
            log.close()
        return [json.loads(line) for line in (tmp_path / "events.log").read_text("utf-8").splitlines()]

    return play


def test_a_line_says_when_what_and_the_fields_of_its_event(written):
    (line,) = written(lambda log: log.hear("transaction", {**ROW, "sealed": b"x", "expiry": "3012"}))
    assert datetime.fromisoformat(line.pop("at")).tzinfo is not None
    assert line == {"level": "info", "event": "transaction", **ROW}


def test_words_of_the_program_come_with_the_same_schema(written):
    (line,) = written(lambda log: LOGGER.warning("The disk is %s.", "slow"))
    assert (line["level"], line["event"], line["text"]) == ("warning", "message", "The disk is slow.")


def test_what_is_no_event_of_the_table_is_not_written(written):
    lines = written(lambda log: [log.hear(name, {"text": "1234"}) for name in ("screen", "loop", "print")])
    assert [(line["event"], "text" in line) for line in lines] == [("print", False)]


def test_every_event_of_the_table_can_be_written(written):
    def story(log):
        for event, (_, fields) in EVENTS.items():
            log.hear(event, dict.fromkeys(fields, "x"))

    lines = written(story)
    assert [line["event"] for line in lines] == list(EVENTS)
    assert [set(line) - {"at", "level", "event"} for line in lines] == [set(fields) for _, fields in EVENTS.values()]


@given(st.from_regex(r"[0-9]{13,19}", fullmatch=True), st.text(alphabet="ab :=^;%", max_size=5))
def test_a_number_as_long_as_a_cards_is_never_written_whole(number, around):
    """Law, wherever it stands in a text."""
    cut = event_log._cut(f"{around}{number}{around}")
    assert number not in cut
    assert number[6:-4] not in cut or number[6:-4] in number[:6] + number[-4:] + around


def test_references_and_amounts_stay_readable():
    assert event_log._cut("123456789012") == "123456789012"
    assert event_log._cut(123456789012345) == 123456789012345


def test_files_are_bounded_in_size_and_number(written, tmp_path):
    def story(log):
        for number in range(3000):
            LOGGER.info("line %d %s", number, "x" * 100)
            if number % 500 == 0:
                while log._lines.lines.qsize() > 0:
                    threading.Event().wait(0.01)

    written(story, size_kib=16, keep=3)
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == ["events.log", "events.log.1", "events.log.2", "events.log.3"]
    for file in tmp_path.iterdir():
        assert file.stat().st_size <= 16 * 1024
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_disk_that_stands_still_holds_nobody_and_what_was_left_out_is_said(written, monkeypatch, tmp_path):
    monkeypatch.setattr(event_log, "QUEUE_MAX", 10)
    log = EventLog.of(tmp_path / "slow.log", 1024, 1)
    held = threading.Event()
    (handler,) = log._listener.handlers
    emit = handler.emit
    monkeypatch.setattr(handler, "emit", lambda record: (held.wait(60), emit(record)))
    log.open()
    for number in range(50):
        LOGGER.info("line %d", number)  # comes back at once, fifty times
    held.set()
    while log._lines.lines.qsize() > 0:
        threading.Event().wait(0.01)
    LOGGER.info("the last one")
    log.close()
    texts = [json.loads(line)["text"] for line in (tmp_path / "slow.log").read_text("utf-8").splitlines()]
    assert texts[0] == "line 0"
    assert "the last one" in texts
    assert any("lines were left out" in text for text in texts)


def test_a_full_disk_costs_lines_and_nothing_else(tmp_path, capsys):
    log = EventLog.of(tmp_path / "events.log", 1024, 1)
    (handler,) = log._listener.handlers
    handler.stream.close()
    handler.stream = open("/dev/full", "w")  # noqa: SIM115 - closed by the handler
    log.open()
    LOGGER.info("lost")
    while log._lines.lines.qsize() > 0:
        threading.Event().wait(0.01)
    LOGGER.info("kept")
    log.close()
    assert "kept" in (tmp_path / "events.log").read_text("utf-8")
    assert "Traceback" not in capsys.readouterr().err


def test_under_the_service_manager_each_line_has_its_priority(tmp_path, monkeypatch):
    with (tmp_path / "stderr").open("w", encoding="utf-8") as stderr:
        status = (tmp_path / "stderr").stat()
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        log = EventLog.of(None, 0, 0, stderr)
        log.open()
        log.hear("self-test", {"passed": True})
        LOGGER.error("Out of order.")
        log.close()
    first, second = (tmp_path / "stderr").read_text("utf-8").splitlines()
    assert first.startswith("<6>{") and json.loads(first[3:])["passed"] is True
    assert second.startswith("<3>{")


def test_without_file_and_service_manager_there_is_no_log(tmp_path, monkeypatch):
    monkeypatch.setenv("JOURNAL_STREAM", "1:1")
    with (tmp_path / "stderr").open("w") as stderr:
        assert EventLog.of(None, 0, 0, stderr) is None


def test_a_listener_of_the_monitor_hears_without_any_watcher():
    monitor, heard = Monitor(), []
    monitor.listeners.append(lambda event, values: heard.append((event, dict(values))))
    monitor.tell("self-test", passed=True)
    assert heard == [("self-test", {"passed": True})]


def test_the_page_for_technicians_has_every_event_with_its_fields():
    page = (Path(__file__).resolve().parents[2] / "docs" / "technician" / "watching.md").read_text("utf-8")
    rows = re.findall(r"(?m)^\| `([a-z-]+)` \| (.*?) \|", page)
    assert {event: tuple(re.findall(r"`(\w+)`", fields)) for event, fields in rows} == {
        event: fields for event, (_, fields) in EVENTS.items()
    }
