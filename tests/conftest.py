"""For all tests: a test that this machine promised to run may not be skipped."""

import os

import pytest
from hypothesis import HealthCheck, settings

MUST_RUN = tuple(os.environ.get("CI_MUST_RUN", "").lower().split())
"""Names of tools, such as ``swtpm softhsm``, that are installed here; a skip whose reason names one is a failure."""


settings.register_profile("ours", deadline=None)  # a busy machine is no failure: timings are for benchmarks
settings.load_profile("ours")
settings.register_profile("emulated", max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
if os.environ.get("COUNTERTOP_EMULATED") == "1":
    # A foreign processor in software is fifty times slower: fewer examples of each law.
    settings.load_profile("emulated")


def broken_promise(report):
    if not report.skipped or hasattr(report, "wasxfail") or not isinstance(report.longrepr, tuple):
        return
    reason = report.longrepr[2]
    named = [name for name in MUST_RUN if name in reason.lower()]
    if named:
        report.outcome = "failed"
        report.longrepr = f"{', '.join(named)} must run here (CI_MUST_RUN), but was skipped: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    broken_promise(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    broken_promise(report)
    return report
