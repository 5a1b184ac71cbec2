"""``make hardware-bench``: boot, test, tell."""

from __future__ import annotations

import argparse
import fcntl
import os
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

from tools.hardware_bench.image import Image, build
from tools.hardware_bench.machine import Machine, Run
from tools.hardware_bench.packages import Unavailable, cache_folder, kernel, programs

__all__ = ["main"]

ROOT = Path(__file__).resolve().parents[2]
TESTS = "tests/hardware"
EXIT_GREEN, EXIT_RED, EXIT_SKIPPED_IN_CI = 0, 1, 1
HANG_SHARE = 0.25
"""Of the deadline: longer than a hundred pulls take within theirs."""
DEADLINE_S = 1800.0
UNPLUGS, TIMES = 2, 100
PATIENCE = 10
"""An emulated processor is so many times slower, and may have to share the real one."""
MUST_RUN_VARIABLE, MUST_RUN_WORD = "CI_MUST_RUN", "qemu"
KERNEL_LOG_LINES = 25
_EXAMPLES = """\
examples:
  make hardware-bench                               all tests that are marked "hardware"
  make hardware-bench ARGS="-k printer -x"          arguments of pytest go through
  make hardware-bench ARGS="--times 500 --strict tests/hardware/test_load.py"
  make hardware-bench ARGS="--unplugs 100 --deadline 7200 -k pin-pad tests/hardware/test_sale.py"   a whole campaign
  python -m tools.hardware_bench --command sh -c "ls /dev/input"   any command in the guest
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """What pytest's report says."""

    tests: int = 0
    failures: int = 0
    errors: int = 0
    skipped: int = 0

    @property
    def green(self) -> bool:
        """Something ran, all of it, and well."""
        return self.tests > 0 and not (self.failures or self.errors or self.skipped)


def main(argv: list[str]) -> int:
    """Run the bench; 0 when everything that was promised ran and held."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.hardware_bench",
        description="Run the tests of real devices in a virtual machine.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--refresh", action="store_true", help="fetch the kernel again, also when one is cached")
    parser.add_argument("--deadline", type=float, default=DEADLINE_S, metavar="SECONDS", help="end a run that hangs")
    parser.add_argument(
        "--unplugs", type=int, default=UNPLUGS, metavar="N", help="pull each device out N times during sales"
    )
    parser.add_argument("--times", type=int, default=TIMES, metavar="N", help="swipes and scans one after the other")
    parser.add_argument(
        "--strict", action="store_true", help="on a calm machine: no swipe or scan may have to be done again"
    )
    parser.add_argument(
        "--again", action="store_true", help="try the tests that were red once more, in a machine started anew"
    )
    parser.add_argument("--seed", type=int, default=1, help="decides when; the same seed, the same moments")
    parser.add_argument("--command", nargs=argparse.REMAINDER, help="run this in the guest instead of the tests")
    arguments, passed_on = parser.parse_known_args(argv)
    cache = cache_folder()
    try:
        programs()
        cache.mkdir(parents=True, exist_ok=True)
        image = build(kernel(cache, refresh=arguments.refresh), cache)
    except Unavailable as error:
        return _unavailable(error)
    folder = ROOT / ".cache" / "hardware-bench"
    folder.mkdir(parents=True, exist_ok=True)
    turn = (folder / "lock").open("w")  # one run at a time: they share this folder; the kernel lets go at our end
    fcntl.flock(turn, fcntl.LOCK_EX)
    status = _boot(image, folder, arguments, _tests(passed_on))
    red = _red(folder / "result.xml") if arguments.again and status != EXIT_GREEN else []
    return _boot(image, folder, arguments, red) if red else status


def _boot(image: Image, folder: Path, arguments: argparse.Namespace, tests: list[str]) -> int:
    """One machine, from its start to its verdict."""
    for stale in ("ready", "result.xml"):
        (folder / stale).unlink(missing_ok=True)
    command = arguments.command or [sys.executable, "-m", "tools.hardware_bench.guest", *tests]
    print(f"Booting Linux {image.release} ...", flush=True)
    with (folder / "run.log").open("w", encoding="utf-8") as log:

        def tell(line: str) -> None:
            log.write(line + "\n")
            log.flush()
            print(f"  | {line}", flush=True)

        machine = Machine(image, folder, deadline_s=arguments.deadline)
        run = machine.run(command, ROOT, _environment(folder, arguments), tell)
    return _verdict(run, folder, tests=not arguments.command)


def _tests(passed_on: list[str]) -> list[str]:
    """Arguments of pytest; without a path among them, all tests of the bench."""
    return passed_on if any("tests/" in argument for argument in passed_on) else [*passed_on, TESTS]


def _environment(folder: Path, arguments: argparse.Namespace) -> dict[str, str]:
    """What the command inside finds in its environment."""
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/sbin", "/usr/bin", "/sbin", "/bin"]),
        "HOME": "/run",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "COUNTERTOP_BENCH": "1",
        "COUNTERTOP_BENCH_FOLDER": str(folder),
        "COUNTERTOP_PATIENCE": str(PATIENCE),
        "COUNTERTOP_BENCH_UNPLUGS": str(arguments.unplugs),
        "COUNTERTOP_BENCH_TIMES": str(arguments.times),
        "COUNTERTOP_BENCH_STRICT": str(int(arguments.strict)),
        "COUNTERTOP_BENCH_SEED": str(arguments.seed),
        "COUNTERTOP_BENCH_HANG_S": str(int(arguments.deadline * HANG_SHARE)),
    }


def _unavailable(error: Unavailable) -> int:
    promised = MUST_RUN_WORD in os.environ.get(MUST_RUN_VARIABLE, "").lower().split()
    print(f"hardware-bench {'must run here and cannot' if promised else 'skipped'}: {error}\n    {error.remedy}")
    return EXIT_SKIPPED_IN_CI if promised else EXIT_GREEN


def _verdict(run: Run, folder: Path, *, tests: bool) -> int:
    if len(run.marks) == 3:
        began, loaded, ready = run.marks
        print(f"kernel {began:.1f} s, modules {loaded - began:.1f} s, file tree {ready - loaded:.1f} s", end="")
        udev = _number(folder / "ready")
        print(f", udev {udev - ready:.1f} s" if udev is not None else "", end="")
        print(f"; {run.seconds:.1f} s in all")
    if run.status is None:
        print(f"RED: the machine ended after {run.seconds:.0f} s without a result. Its kernel said last:")
        print("\n".join(run.kernel_log.splitlines()[-KERNEL_LOG_LINES:]))
        return EXIT_RED
    if not tests:
        return run.status
    counts = _counts(folder / "result.xml")
    for name, value in _figures(folder / "result.xml"):
        print(f"{name}: {value}")
    said = f"{counts.tests} tests, {counts.failures} failed, {counts.errors} errors, {counts.skipped} skipped"
    green = run.status == 0 and counts.green
    print(f"hardware-bench {'green' if green else 'RED'}: {said}; log in {(folder / 'run.log').relative_to(ROOT)}")
    return EXIT_GREEN if green else EXIT_RED


def _counts(path: Path) -> Counts:
    if not path.exists():
        return Counts()
    suites = ET.parse(path).getroot().iter("testsuite")  # noqa: S314 – pytest wrote it for us
    numbers = [[int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")] for suite in suites]
    return Counts(*(sum(column) for column in zip(*numbers, strict=True)))


def _red(path: Path) -> list[str]:
    """The tests of a report that did not hold, as pytest names them."""
    if not path.exists():
        return []
    cases = ET.parse(path).getroot().iter("testcase")  # noqa: S314 – pytest wrote it for us
    return [
        f"{case.get('file')}::{case.get('name')}"
        for case in cases
        if case.find("failure") is not None or case.find("error") is not None
    ]


def _figures(path: Path) -> list[tuple[str, str]]:
    """What tests measured and recorded with pytest's ``record_property``."""
    if not path.exists():
        return []
    found = ET.parse(path).getroot().iter("property")  # noqa: S314 – pytest wrote it for us
    return [(each.get("name", ""), each.get("value", "")) for each in found]


def _number(path: Path) -> float | None:
    return float(path.read_text("ascii")) if path.exists() else None
