"""Every command in a document's fenced blocks is run here, or stands in a table with the reason why it is not.

A document gains a command: add it to ``RUN`` (with the set-ups it needs and its exit code), to ``SERVES`` (it runs
until it is stopped) or to ``NOT_RUN`` (a reason of one sentence). What is not run must still exist, with its options.
"""

import atexit
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tools.rig.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
THIS = "tests/project/test_document_commands.py"
COMMAND_S = 60.0 * PATIENCE


# --- what a command may find in its folder -----------------------------------------------------------------------


def a_configuration(folder):
    """``terminal.toml``, as ``config new`` writes it, with numbers in it and a state folder of its own."""
    text = countertop(folder, "config", "new").stdout
    (folder / "terminal.toml").write_text(text, "utf-8")


def a_change(folder):
    """A changed parameter, number 1, at a terminal that has run."""
    (folder / "state").mkdir(mode=0o700)
    countertop(folder, "config", "set", "terminal.toml", "connect_s=5")


def an_author(folder):
    """``signer.pem``, ``values.toml``, and a terminal that has run and trusts the author."""
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", "signer.pem"], cwd=folder, check=True)
    text = 'version = 7\nterminals = ["10000001"]\n[parameters]\nhost.address = "tcp:10.0.0.2:8583"\n'
    (folder / "values.toml").write_text(text, "utf-8")
    (folder / "state").mkdir(mode=0o700)


def a_bundle(folder):
    """``host-7.bundle`` of the author."""
    made = ("bundle", "make", "values.toml", "--key", "signer.pem", "--out", "host-7.bundle")
    told = countertop(folder, "config", *made).stdout
    trust = told.partition("profile:  ")[2].strip()
    file = folder / "terminal.toml"
    text = file.read_text("utf-8").replace("# overrides = { response_s = 30 }", f"overrides = {{ {trust} }}")
    file.write_text(text, "utf-8")


def two_messages(folder):
    """``capture.bin``, ``message.toml``, ``sent.bin`` and ``expected.bin``: an echo test in several forms."""
    text = 'dialect = "unionpay-pos"\nmti = "0820"\n[elements]\n11 = "000001"\n41 = "10000001"\n'
    (folder / "message.toml").write_text(text, "utf-8")
    packed = countertop(folder, "encode", "message.toml", "--output", "binary", binary=True).stdout
    for name in ("capture.bin", "sent.bin", "expected.bin"):
        (folder / name).write_bytes(packed)


def a_master_key(folder):
    """``tmk.hex`` for the host simulator."""
    (folder / "tmk.hex").touch(mode=0o600)
    (folder / "tmk.hex").write_text(os.urandom(16).hex(), "ascii")


def a_story(folder):
    """``mine.toml``: one of the stories that come along, as somebody would copy it."""
    story = (ROOT / "tools" / "counter" / "stories" / "decline.toml").read_text("utf-8")
    (folder / "mine.toml").write_text(story, "utf-8")


def a_recording(folder):
    """``recorder/`` of a session with faults, and the recording of one of its lives as ``00000007.ctr``."""
    shutil.copytree(_recorded(), folder / "recorder")
    first, *_ = sorted((folder / "recorder").glob("*.ctr"))
    shutil.copyfile(first, folder / "00000007.ctr")


@cache
def _recorded():
    folder = Path(tempfile.mkdtemp(prefix="countertop-recorded-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    command = [sys.executable, "-m", "tools.replay.session", str(folder / "recorder")]
    subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, check=True, timeout=3 * COMMAND_S)
    return folder / "recorder"


RUN = {
    "countertop --help": ((), 0),
    "countertop config new > terminal.toml": ((), 0),
    "countertop config new unionpay-lab > bank.toml": ((), 0),
    "countertop config check terminal.toml": ((a_configuration,), 0),
    "countertop config explain devices.printer": ((), 0),
    "countertop config show terminal.toml": ((a_configuration,), 0),
    "countertop config set terminal.toml response_s=45 host.address=tcp:10.0.0.2:8583": (
        (a_configuration, a_change), 0
    ),
    "countertop config diff terminal.toml": ((a_configuration, a_change), 0),
    "countertop config history terminal.toml": ((a_configuration, a_change), 0),
    "countertop config revert terminal.toml 1": ((a_configuration, a_change), 0),
    "countertop config bundle make values.toml --key signer.pem --out host-7.bundle": ((an_author,), 0),
    "countertop config bundle verify host-7.bundle --config terminal.toml": (
        (a_configuration, an_author, a_bundle), 0
    ),
    "countertop config bundle install terminal.toml host-7.bundle": ((a_configuration, an_author, a_bundle), 0),
    "countertop config bundle status terminal.toml": ((a_configuration, an_author, a_bundle), 0),
    "countertop devices": ((), 0),
    "countertop devices --config terminal.toml": ((a_configuration,), 0),
    "countertop devices --config terminal.toml --check internal": ((a_configuration,), 0),
    "countertop install --dry-run": ((), 0),
    "countertop doctor --config terminal.toml": ((a_configuration,), 1),
    "countertop doctor --config terminal.toml --only host": ((a_configuration,), 1),
    "countertop doctor --config terminal.toml --only printer --only msr": ((a_configuration,), 1),
    "countertop doctor --config terminal.toml --interactive": ((a_configuration,), 1),
    "countertop doctor --config terminal.toml --bundle found.zip": ((a_configuration,), 1),
    "countertop doctor --config terminal.toml --language zh": ((a_configuration,), 1),
    "countertop doctor --config terminal.toml --json": ((a_configuration,), 1),
    "countertop decode capture.bin": ((two_messages,), 0),
    "countertop encode message.toml": ((two_messages,), 0),
    "countertop diff sent.bin expected.bin": ((two_messages,), 0),
    "countertop demo --list": ((), 0),
    "countertop demo --script power-cut --out pictures": ((), 0),
    "countertop demo --script mine.toml --out pictures": ((a_story,), 0),
    "countertop replay recorder/": ((a_recording,), 0),
    "countertop replay recorder/ --check": ((a_recording,), 0),
    "countertop replay 00000007.ctr --until 83.5": ((a_recording,), 0),
    "countertop replay 00000007.ctr --frames frames/": ((a_recording,), 0),
    "countertop replay 00000007.ctr --journal j.db": ((a_recording,), 0),
    "countertop simulate --help": ((), 0),
    "countertop simulate --seed 42 --trace": ((), 0),
}  # fmt: skip
"""Command → set-ups, exit code."""

SERVES = {
    "countertop host --state host-state --port 8583 --control host.sock --terminal 10000001:999290054110001:tmk.hex": (
        (a_master_key,), ("8583", "0"), "ready"
    ),
}  # fmt: skip
"""Command → set-ups, a port of the document and the free one that is taken here, how its first line begins."""

_HARDWARE = "it needs devices that a machine for tests does not have; tests/drivers and the hardware bench have them"
_CUSTODIANS = "two custodians type at it, or files of an acquirer are needed; tests/keys/loading plays them"
_LONG = "it takes minutes to days"
_CI = "continuous integration runs it as a step of its own"
_BENCH = "it serves a browser; tests/tools/bench starts the same bench"
NOT_RUN = (
    (r"countertop install", "it changes a machine; tests/tools/test_install.py gives it one of its own"),
    (r"countertop gate", "it asks for this machine's terminal; tests/tools/test_gate.py asks for others"),
    (r"countertop config check /etc/countertop/terminal\.toml", "only a machine with the service has it"),
    (r"make (test|check|interop|hardware-bench|format|demo|gallery|bench|lock)\b.*", _CI),
    (r"make deb|python -m tools\.deb .*", "tests/interop/test_debian_package.py builds one and installs it"),
    (r"make \.venv", "it makes the environment that this test runs in"),
    (r"make browser\b.*", _BENCH),
    (r"countertop run --config terminal\.toml", "tools/rig starts it for hundreds of tests, with devices"),
    (r"countertop devices (--watch|--config .* --check interactive)", _HARDWARE),
    (r"countertop keys (load|import|serve-loader|tr34)\b.*", _CUSTODIANS),
    (r"countertop network .*", "it needs NetworkManager; tests/tools/test_network.py plays one and runs each"),
    (r"countertop keyloader .*", "it needs a terminal at the other end of the line: tests/tools/test_key_loading.py"),
    (r"countertop till .*", "it needs a terminal; tests/terminal/ecr runs it at one"),
    (r"countertop replay recorder/ --check --times 100", _LONG),
    (r"python -m tools\.replay\.session .*", "what is replayed here is made by it"),
    (r"countertop simulate( --(transactions|exhaustive|year).*)?", _LONG),
    (r"python -m tools\.(till\.)?kill_campaign .*", _LONG),
)  # fmt: skip
"""Pattern of the whole command, and why it is not run here."""


# --- reading the documents ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    page: str
    line: int
    command: str

    def __str__(self):
        return f"{self.page}:{self.line}: {self.command}"


def commands_of(text, page="page"):
    """Commands in fenced blocks without a language, or of a shell; comments and explanations are taken off."""
    found, fence, pending = [], None, ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fence = line.strip().strip("`") if fence is None else None
            continue
        if fence is None or fence not in ("", "sh", "bash", "shell", "console"):
            continue
        if line.endswith("\\"):
            pending += line[:-1].strip() + " "
            continue
        command = normal(pending + line.strip())
        pending = ""
        if re.match(r"(countertop|make|python3? -m tools)\b", command):
            found.append(Shown(page, number, command))
    return found


def normal(line):
    """A command as somebody means it: without prompt, path, priority and explanation."""
    line = re.split(r"\s+#\s|\s{3,}", line)[0].strip()
    line = re.sub(r"^(\$ |sudo )", "", line)
    return re.sub(r"^(nice -n \d+ )?(\.venv/bin/)?", "", line)


ALL = [shown for page in PAGES for shown in commands_of(page.read_text("utf-8"), str(page.relative_to(ROOT)))]
TYPED = sorted({shown.command for shown in ALL})


def reason(command):
    return next((why for pattern, why in NOT_RUN if re.fullmatch(pattern, command)), None)


# --- running -----------------------------------------------------------------------------------------------------


def environment():
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def countertop(folder, *arguments, binary=False, **options):
    return subprocess.run(
        [sys.executable, "-m", "tools", *arguments],
        cwd=folder, env=environment(), capture_output=True, text=not binary, check=False, timeout=COMMAND_S,
        stdin=subprocess.DEVNULL, **options,
    )  # fmt: skip


def test_every_command_a_document_shows_is_run_or_has_a_reason():
    unknown = [
        str(shown)
        for shown in ALL
        if shown.command not in RUN and shown.command not in SERVES and reason(shown.command) is None
    ]
    assert unknown == [], f"add each of these to RUN, SERVES or NOT_RUN of {THIS}"


def test_no_row_of_the_tables_is_left_over():
    left = [command for command in (*RUN, *SERVES) if command not in TYPED]
    left += [pattern for pattern, _ in NOT_RUN if not any(re.fullmatch(pattern, command) for command in TYPED)]
    assert left == [], f"no document shows these any more: take them out of {THIS}"


@pytest.mark.parametrize("command", [command for command in TYPED if command in RUN])
def test_a_command_of_the_documents_does_what_it_says(command, tmp_path):
    setups, expected = RUN[command]
    for setup in setups:
        setup(tmp_path)
    typed = command.partition(" > ")[0]
    ran = countertop(tmp_path, *shlex.split(typed)[1:])
    assert (ran.returncode, "Traceback" in ran.stderr) == (expected, False), ran.stderr[-2000:]
    assert ran.stdout.strip()


@pytest.mark.parametrize("command", [command for command in TYPED if command in SERVES])
def test_a_server_of_the_documents_starts_and_ends(command, tmp_path):
    setups, (port, free), begins = SERVES[command]
    for setup in setups:
        setup(tmp_path)
    arguments = [free if word == port else word for word in shlex.split(command)[1:]]
    with subprocess.Popen(
        [sys.executable, "-m", "tools", *arguments], cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True
    ) as server:
        guard = threading.Timer(COMMAND_S, server.kill)  # one that says nothing ends, and its line is empty
        guard.start()
        try:
            assert server.stdout is not None
            assert server.stdout.readline().startswith(begins)
            server.send_signal(signal.SIGTERM)
            assert server.wait(COMMAND_S) == 0
        finally:
            guard.cancel()
            server.kill()


@pytest.mark.parametrize(
    "command",
    [c for c in TYPED if c.startswith("countertop ") and c not in RUN and c not in SERVES and reason(c) is not None],
)
def test_a_command_that_is_not_run_still_has_every_option_it_shows(command, tmp_path):
    words = shlex.split(command)[1:]
    options = {word.partition("=")[0] for word in words if word.startswith("--")}
    inner = next((word for word in words[1:2] if re.fullmatch(r"[a-z][a-z0-9-]*", word)), None)
    helps = [countertop(tmp_path, words[0], "--help")]
    if inner is not None:
        helps.append(countertop(tmp_path, words[0], inner, "--help"))
    told = " ".join(ran.stdout for ran in helps if ran.returncode == 0)
    assert options - set(re.findall(r"--[a-z0-9-]+", told)) == set()


def test_a_document_with_an_unknown_command_is_noticed():
    fenced = "```\n.venv/bin/countertop fly --high \\\n    --far      # no such thing\n```\n"
    text = f"{fenced}```python\ncountertop = 1\n```\n"
    assert [shown.command for shown in commands_of(text)] == ["countertop fly --high --far"]
    assert reason("countertop fly --high --far") is None
