"""The audit log: what was written stays provable, a power cut loses nothing, and a broken line is named."""

import json

import pytest

from keys import KeysError, create_vault, open_vault
from keys.audit import CEREMONY_BYTES, AuditLog, audit_path, verify
from keys.audit_chain import LINE_BYTES_MAX, check, first_link, next_line, next_seed
from keys.errors import AuditBroken, AuditFull
from keys.secret import Secret


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys.vault"


@pytest.fixture
def vault(path, protector, clock):
    vault = create_vault(path, protector, "lab", now=clock.now)
    yield vault
    vault.close()


@pytest.fixture
def log(path, vault, clock):
    return AuditLog(audit_path(path), vault, clock.now, clock.monotonic)


def lines_of(path):
    return audit_path(path).read_bytes().splitlines()


def test_what_happens_to_keys_is_in_the_log_without_any_key(path, log, vault, incoming):
    secret = bytes(range(16, 32))
    vault.install([incoming("tmk", key=secret)])
    vault.destroy("tmk")
    events = [(line.number, line.event) for line in log.lines()]
    assert events == [(1, "log-begun"), (2, "keys-stored"), (3, "key-destroyed")]
    content = audit_path(path).read_bytes().lower()
    assert secret.hex().encode() not in content and secret not in content
    assert audit_path(path).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("at", range(0, 2000, 97))
def test_a_flipped_character_is_found_and_its_line_is_named(path, log, vault, at):
    for number in range(5):
        log.note("test", number=number)
    content = bytearray(audit_path(path).read_bytes())
    at %= len(content)
    if content[at] == 10:
        at += 1
    content[at] ^= 1
    audit_path(path).write_bytes(content)
    broken = bytes(content).replace(b"\n", b"\n")[: at + 1].count(b"\n") + (0 if content[at] == 10 else 1)
    with pytest.raises(AuditBroken, match=f"line {broken} "):
        verify(audit_path(path), vault)


@pytest.mark.parametrize("change", ["first", "middle", "swap", "doubled"])
def test_lines_removed_doubled_or_exchanged_are_found(path, log, vault, change):
    for number in range(5):
        log.note("test", number=number)
    lines = lines_of(path)
    broken, lines = {
        "first": (1, lines[1:]),
        "middle": (3, lines[:2] + lines[3:]),
        "swap": (2, [lines[0], lines[2], lines[1], *lines[3:]]),
        "doubled": (3, [*lines[:2], lines[1], *lines[2:]]),
    }[change]
    audit_path(path).write_bytes(b"".join(line + b"\n" for line in lines))
    with pytest.raises(AuditBroken, match=f"line {broken} "):
        verify(audit_path(path), vault)


def test_lines_missing_at_the_end_are_found(path, log, vault):
    log.note("one")
    log.note("two")
    audit_path(path).write_bytes(b"".join(line + b"\n" for line in lines_of(path)[:-1]))
    with pytest.raises(AuditBroken, match=r"line 3 .*missing"):
        verify(audit_path(path), vault)


def test_whoever_takes_the_terminal_today_cannot_rewrite_yesterday():
    """The key of line 3 signs line 3 and those after it; with it in hand line 2 cannot be made anew."""
    seed = Secret(bytearray(range(32)))
    begin = link = first_link("ab" * 16, seed)
    lines = []
    for number in range(3):
        line, link = next_line(link, seed, {"at": "now", "event": f"event-{number}"})
        lines.append(line)
        seed = next_seed(seed)
    check(begin, lines, "log")
    after_first = check(begin, lines[:1], "log")[1]
    forged, _ = next_line(after_first, seed, {"at": "now", "event": "something else"})
    with pytest.raises(AuditBroken, match=r"line 2 \(number 2\): its signature is wrong"):
        check(begin, [lines[0], forged, lines[2]], "log")


def test_a_log_goes_on_after_a_restart(path, protector, log, vault, clock):
    log.note("before")
    vault.close()
    again = open_vault(path, protector, "lab", now=clock.now)
    log = AuditLog(audit_path(path), again, clock.now, clock.monotonic)
    log.note("after")
    assert [line.event for line in log.lines()] == ["log-begun", "before", "after"]
    assert log.trouble is None
    again.close()


def test_a_log_that_was_changed_stops_ceremonies_and_nothing_else(path, protector, log, vault, clock, incoming):
    log.note("before")
    audit_path(path).write_bytes(audit_path(path).read_bytes()[:40] + b"X\n")
    vault.close()
    again = open_vault(path, protector, "lab", now=clock.now)
    log = AuditLog(audit_path(path), again, clock.now, clock.monotonic)
    with pytest.raises(AuditBroken):
        log.check_ceremony()
    again.install([incoming("tmk")])
    assert again.has("tmk")
    again.close()


def test_a_full_log_refuses_ceremonies_keeps_trading_and_counts_what_it_could_not_write(
    path, vault, clock, incoming, tmp_path
):
    log = AuditLog(audit_path(path), vault, clock.now, clock.monotonic, bytes_max=LINE_BYTES_MAX + 3000)
    with pytest.raises(AuditFull, match="full"):
        log.check_ceremony()
    while log.note("something", detail="x" * 300):
        pass
    vault.install([incoming("tmk")])
    assert vault.has("tmk"), "keys of a sign-on are still taken over"
    written = log.archive(tmp_path / "archive.audit")
    assert written == len((tmp_path / "archive.audit").read_bytes().splitlines())
    lines = log.lines()
    assert [line.event for line in lines] == ["log-archived"]
    assert lines[0].fields["not_written_before"] == 2
    assert CEREMONY_BYTES > LINE_BYTES_MAX


def test_an_archive_is_never_written_over(path, log, tmp_path):
    target = tmp_path / "archive.audit"
    target.write_text("mine")
    with pytest.raises(KeysError, match="cannot be written"):
        log.archive(target)
    assert target.read_text() == "mine"


def test_the_log_of_a_vault_that_is_gone_is_kept(path, protector, log, vault, clock):
    old = audit_path(path).read_bytes()
    vault.close()
    fresh = create_vault(path, protector, "lab", now=clock.now)
    AuditLog(audit_path(path), fresh, clock.now, clock.monotonic)
    assert audit_path(path).with_name("keys.vault.audit.1").read_bytes() == old
    assert json.loads(lines_of(path)[0])["kept_aside"] is True
    fresh.close()


def test_a_refused_use_is_noted_with_the_next_line(log, vault, incoming):
    vault.install([incoming("tmk")])
    with pytest.raises(KeysError):
        vault.mac("tmk", b"data")
    assert log.waiting
    log.flush()
    line = log.lines()[-1]
    assert (line.event, line.fields["key"], line.fields["wanted"]) == ("use-refused", "tmk/1", "make a MAC")


def test_a_power_cut_at_any_step_leaves_a_log_that_proves_itself(simulated_disk, power_cut, protector, clock, tmp_path):
    """Whatever reached the disk, the log opens, says what was durable, and goes on."""
    place = tmp_path / "sim" / "keys.vault"
    disk = simulated_disk()
    vault = create_vault(place, protector, "lab", disk=disk, now=clock.now)
    AuditLog(audit_path(place), vault, clock.now, clock.monotonic, disk=disk).note("before")
    before = disk.files()
    fuse, cuts = 0, 0
    while True:
        disk = simulated_disk(before)
        vault = open_vault(place, protector, "lab", disk=disk, now=clock.now)
        log = AuditLog(audit_path(place), vault, clock.now, clock.monotonic, disk=disk)
        disk.fuse, disk.steps = fuse, 0
        try:
            log.note("cut", detail="off")
        except power_cut:
            cuts += 1
        else:
            break
        for files in disk.platters():
            after = simulated_disk(files)
            again = open_vault(place, protector, "lab", disk=after, now=clock.now)
            log = AuditLog(audit_path(place), again, clock.now, clock.monotonic, disk=after)
            assert log.trouble is None, (fuse, log.trouble)
            log.note("after")
            events = [line.event for line in log.lines()]
            assert events in (["log-begun", "before", "after"], ["log-begun", "before", "cut", "after"])
        fuse += 1
    assert cuts > 8
