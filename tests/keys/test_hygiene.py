"""A process with keys leaves no core file and lets no neighbour read its memory."""

import subprocess
import sys
from pathlib import Path

from keys.hygiene import Hygiene

PROBE = """
import os, resource, ctypes
from keys.hygiene import harden
done = harden()
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), repr(done.swap))
locked = next(line for line in open("/proc/self/status") if line.startswith("VmLck")).split()[1]
print(int(locked) > 0)
"""


def test_a_hardened_process_dumps_no_core_and_is_not_dumpable():
    run = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    first, locked = run.stdout.splitlines()
    assert first.startswith("(0, 0) 0 ")
    assert locked == "True" or not first.endswith("''"), "memory is locked, or it is said why not"


def test_a_hardened_process_that_crashes_leaves_no_core_file(tmp_path):
    code = "import os, signal; from keys.hygiene import harden; harden(); os.kill(os.getpid(), signal.SIGSEGV)"
    root = str(Path(__file__).resolve().parents[2])
    run = subprocess.run([sys.executable, "-c", code], check=False, cwd=tmp_path, env={"PYTHONPATH": root})
    assert run.returncode == -11
    assert list(tmp_path.iterdir()) == []


def test_what_could_not_be_done_is_said_with_its_remedy():
    (complaint,) = Hygiene(swap="the limit for locked memory is 65536 bytes").complaints
    assert "65536" in complaint and "LimitMEMLOCK" in complaint
    assert Hygiene().complaints == ()
