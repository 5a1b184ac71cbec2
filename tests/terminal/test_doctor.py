"""The doctor against faults that are really there: it names each by its code, and what follows is not tried."""

import asyncio
import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from config import load
from keys import CredentialProtector, provision
from terminal.journal.database import JOURNAL_NAME
from terminal.screens.texts import LANGUAGES, Translator
from terminal.service.doctor import Patient, State, examine
from terminal.service.doctor_faults import FAULTS
from terminal.service.doctor_host import HOST_STEPS
from terminal.service.doctor_machine import MACHINE_STEPS
from tools.rig import HostProcess, TerminalOptions, TerminalProcess
from tools.rig.patience import PATIENCE
from tools.rig.terminal import MERCHANT, TERMINAL

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 8.0 * PATIENCE
NOBODY = 1


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def terminal(tmp_path):
    """A terminal whose files are all in order, with a host that is not there."""
    (tmp_path / "tmk.hex").write_text(os.urandom(16).hex(), "ascii")
    process = TerminalProcess(tmp_path, TerminalOptions())
    process.prepare(free_port(), tmp_path / "tmk.hex")
    return process


def configuration(terminal):
    return terminal.folder / "terminal.toml"


def change(terminal, *pairs):
    text = configuration(terminal).read_text("utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    configuration(terminal).write_text(text, "utf-8")


def host_is(terminal, address, tls=""):
    text = configuration(terminal).read_text("utf-8")
    lines = [f'address = "{address}"' if line.startswith('address = "tcp:') else line for line in text.splitlines()]
    configuration(terminal).write_text("\n".join([*lines, tls, ""]), "utf-8")


async def findings(terminal, wall=datetime.now, patience_s=PATIENCE_S):
    patient = Patient(load(configuration(terminal)), wall, patience_s)
    return {finding.step.name: finding async for finding in examine(patient, (*MACHINE_STEPS, *HOST_STEPS))}


def codes(found):
    return [finding.fault.code for finding in found.values() if finding.fault is not None]


def examined(terminal, **more):
    return asyncio.run(findings(terminal, **more))


def with_host(terminal, *orders, wall=datetime.now, options=()):
    """What is found with the host simulator running, after its orders."""

    async def story():
        host = HostProcess(terminal.folder, TERMINAL, MERCHANT, terminal.folder / "tmk.hex", *options)
        await host.start()
        try:
            host_is(terminal, f"tcp:127.0.0.1:{host.port}")
            for order in orders:
                await host.do("next-answer", **order)
            return await findings(terminal, wall)
        finally:
            await host.stop()

    return asyncio.run(story())


# --- the way to the host ------------------------------------------------------------------------


def test_a_terminal_that_is_well_signs_on_and_nothing_is_found(terminal):
    found = with_host(terminal)
    assert codes(found) == []
    assert found["sign-on"].state is State.GOOD


def test_a_wrong_port_is_named_and_what_follows_is_not_tried(terminal):
    found = examined(terminal)
    assert codes(found) == ["N04"]
    assert {found[name].state for name in ("echo", "sign-on", "host-clock")} == {State.NOT_TRIED}


def test_a_name_that_does_not_exist_is_told_before_any_connection(terminal):
    host_is(terminal, "tcp:pos.invalid:8583")
    found = examined(terminal)
    assert codes(found) in (["N02"], ["N03"])  # N03 where this machine has no name server at all
    assert found["connect"].state is State.NOT_TRIED


def test_an_echo_that_the_host_declines_is_told_with_its_answer(terminal):
    found = with_host(terminal, {"fault": "decline", "code": "91", "mti": "0820"})
    assert codes(found)[0] == "H04"
    assert found["echo"].what.startswith("91 ")


def test_a_sign_on_that_the_host_declines_is_told_with_its_answer(terminal):
    found = with_host(terminal, {"fault": "decline", "code": "97", "mti": "0800"})
    assert codes(found) == ["H05"]
    assert found["sign-on"].what.startswith("97 ")


@pytest.mark.parametrize(("fault", "code"), [("garbage", "H03"), ("drop", "H02")])
def test_an_answer_that_is_none_is_told_apart(terminal, fault, code):
    found = with_host(terminal, {"fault": fault, "mti": "0820"})
    assert codes(found) == [code]
    assert found["sign-on"].state is State.NOT_TRIED


@pytest.mark.parametrize(("path", "expected"), [("/pay", []), ("/other", ["H07"])])
def test_the_doctor_goes_through_http_and_names_a_path_that_the_host_does_not_have(terminal, path, expected):
    change(terminal, ("[host]\n", f'[host]\ntransport = "http"\npath = "{path}"\n'))
    found = with_host(terminal, options=("--http", "/pay"))
    assert codes(found) == expected
    assert found["echo"].what == ("404" if expected else "")


def test_a_wrong_master_key_shows_in_the_check_values_of_the_working_keys(terminal):
    other = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    shutil.rmtree(terminal.state)
    terminal.state.mkdir(0o700)
    protector = CredentialProtector(terminal.folder / "vault.credential")
    provision(terminal.state / "keys.vault", protector, "lab", {"tmk": other})
    assert codes(with_host(terminal)) == ["K06"]


def test_no_way_to_the_network_is_told(terminal):
    if subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode:
        pytest.skip("this machine gives no network namespace")
    host_is(terminal, "tcp:192.0.2.1:8583")
    assert "N01" in told(terminal, "unshare", "-rn")


# --- TLS ----------------------------------------------------------------------------------------

TLS = {
    # server's person and options, terminal's certificate, name, pinned person, code
    "another authority": ("strange-host", [], "terminal", "pos.example", None, "S03"),
    "another name": ("host", [], "terminal", "other.example", None, "S04"),
    "an expired certificate": ("expired-host", [], "terminal", "pos.example", None, "S05"),
    "a wrong pin": ("next-host", [], "terminal", "pos.example", "host", "S06"),
    "no certificate of ours in TLS 1.3": (
        "host", ["-tls1_3", "-Verify", "1", "-verify_return_error"], None, "pos.example", None, "S07",
    ),
    "a strange certificate of ours in TLS 1.3": (
        "host", ["-tls1_3", "-Verify", "1", "-verify_return_error"], "strange-terminal", "pos.example", None, "S07",
    ),
    "no certificate of ours in TLS 1.2": (
        "host", ["-tls1_2", "-Verify", "1", "-verify_return_error"], None, "pos.example", None, "S07",
    ),
}  # fmt: skip


def section(people, own, name, pinned):
    lines = ["[host.tls]", f'ca = "{people.file("authority.pem")}"', f'name = "{name}"']
    if own:
        lines += [f'certificate = "{people.file(own)}.pem"', f'key = "{people.file(own)}.key"']
    if pinned:
        lines.append(f'pins = ["{people.pin(people.host)}"]')
    return "\n".join(lines)


@pytest.mark.parametrize("case", TLS)
def test_a_line_under_tls_that_is_not_right_is_named(terminal, people, server, case):
    person, options, own, name, pinned, code = TLS[case]
    host_is(terminal, f"tcp:127.0.0.1:{server(person, *options)}", section(people, own, name, pinned))
    found = examined(terminal)
    assert codes(found) == [code]


def test_a_host_that_speaks_no_tls_is_told(terminal, people):
    async def plain(reader, writer):
        writer.write(b"220 no TLS here\r\n")
        writer.close()

    async def story():
        async with await asyncio.start_server(plain, "127.0.0.1", 0) as listening:
            port = listening.sockets[0].getsockname()[1]
            host_is(terminal, f"tcp:127.0.0.1:{port}", section(people, None, "pos.example", None))
            return await findings(terminal)

    assert codes(asyncio.run(story())) == ["S01"]


def test_certificate_files_that_are_absent_or_expired_are_told(terminal, people):
    ca = terminal.folder / "absent.pem"
    port = free_port()
    host_is(terminal, f"tcp:127.0.0.1:{port}", f'[host.tls]\nca = "{ca}"')
    assert codes(examined(terminal))[0] == "T01"
    ca.write_bytes(Path(people.file("expired-host.pem")).read_bytes())
    assert codes(examined(terminal))[0] == "T02"


# --- the machine --------------------------------------------------------------------------------


def test_a_clock_a_year_behind_is_noticed_by_what_was_written_since(terminal):
    found = examined(terminal, wall=lambda: datetime.now() - timedelta(days=365))
    assert "C01" in codes(found)


def test_a_clock_a_year_ahead_is_suspected_by_how_long_nothing_was_written(terminal):
    found = examined(terminal, wall=lambda: datetime.now() + timedelta(days=365))
    assert codes(found)[0] == "C03"
    assert found["clock"].state is State.WARNING, "the terminal may have been out of use"


def test_several_silent_addresses_take_no_longer_than_one(terminal):
    """Nobody accepts: the connections stand in a full queue until the doctor's patience ends."""
    with contextlib.ExitStack() as closing:
        full = closing.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(2):
            waiting = closing.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        address = f"tcp:127.0.0.1:{full.getsockname()[1]}"
        host_is(terminal, '", "'.join([address] * 3))
        change(terminal, ('address = "tcp', 'address = ["tcp'), (f'{address}"\n', f'{address}"]\n'))
        assert codes(examined(terminal, patience_s=1.0)) == ["N05"]


def test_a_clock_that_differs_from_the_hosts_by_days_is_told(terminal):
    assert codes(with_host(terminal, wall=lambda: datetime.now() + timedelta(days=40))) == ["C02"]


def test_a_state_folder_that_is_absent_open_or_anothers_is_told(terminal):
    terminal.state.chmod(0o755)
    assert codes(examined(terminal))[0] == "F04"
    if os.geteuid() == 0:
        os.chown(terminal.state, NOBODY, NOBODY)
        before = sorted(os.listdir(terminal.state))
        assert codes(examined(terminal))[0] == "F03"
        assert sorted(os.listdir(terminal.state)) == before, "a file of root's would lock the terminal out"
    shutil.rmtree(terminal.state)
    assert codes(examined(terminal))[0] == "F02"


def test_a_full_disk_is_told(terminal):
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("this machine gives no mount namespace")
    mount = f'mount -t tmpfs -o size=1m,mode=0700 none "{terminal.state}" && exec "$@"'
    assert "D01" in told(terminal, "unshare", "-rm", "sh", "-c", mount, "sh")


def test_a_damaged_journal_is_told(terminal):
    (terminal.state / JOURNAL_NAME).write_bytes(b"no database" * 1000)
    (terminal.state / JOURNAL_NAME).chmod(0o600)
    assert "D03" in codes(examined(terminal))


def test_a_vault_that_is_absent_open_or_cannot_be_opened_is_told(terminal):
    vault, credential = terminal.state / "keys.vault", terminal.folder / "vault.credential"
    vault.chmod(0o644)
    assert "K03" in codes(examined(terminal))
    vault.chmod(0o600)
    kept = credential.read_bytes()
    credential.unlink()
    assert "K01" in codes(examined(terminal))
    credential.write_bytes(kept)
    credential.chmod(0o600)
    for copy in terminal.state.glob("keys.vault*"):
        copy.unlink()
    assert "K02" in codes(examined(terminal))


def test_a_vault_without_the_master_key_is_told(terminal):
    protector = CredentialProtector(terminal.folder / "vault.credential")
    for copy in terminal.state.glob("keys.vault*"):
        copy.unlink()
    provision(terminal.state / "keys.vault", protector, "lab", {"other": os.urandom(16)})
    assert "K05" in codes(examined(terminal))


def test_a_terminal_that_runs_is_left_alone_and_its_line_is_still_looked_at(terminal):
    async def story():
        await terminal.start()
        try:
            await terminal.monitor.until_screen("idle", 30.0 * PATIENCE)  # it has its journal now
            return await findings(terminal)
        finally:
            await terminal.stop()

    found = asyncio.run(story())
    assert codes(found) == ["N04"]
    assert {found[name].what for name in ("journal", "echo", "sign-on")} == {"doctor.running"}


# --- what a person and a program read -----------------------------------------------------------


def told(terminal, *under):
    ran = subprocess.run(
        [*under, sys.executable, "-m", "tools", "doctor", "--config", str(configuration(terminal)), "--language", "en"],
        capture_output=True, text=True, timeout=60 * PATIENCE, cwd=ROOT,
    )  # fmt: skip
    assert ran.returncode == 1, ran.stderr
    return ran.stdout


def test_every_fault_has_one_code_and_words_in_every_language():
    assert len({fault.code for fault in FAULTS.values()}) == len(FAULTS)
    for language in LANGUAGES:
        texts = Translator(language)
        for fault in FAULTS.values():
            assert fault.cause(texts, "it")
            assert fault.instruction(texts, "it")


def test_the_page_for_technicians_lists_every_fault_with_its_words():
    page = (ROOT / "docs" / "technician" / "doctor.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if re.match(r"\| [A-Z]\d\d \|", line)]
    texts = Translator("en")
    assert rows == [f"| {f.code} | {f.cause(texts, '…')} | {f.instruction(texts, '…')} |" for f in FAULTS.values()]
