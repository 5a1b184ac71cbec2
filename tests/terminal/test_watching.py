"""Log and numbers never keep a terminal from its work, and a self-test is told whatever comes of it."""

import asyncio
import logging
import socket

import pytest
from msgspec.structs import replace

from config import default_file, load
from config.watching import Log, Metrics
from keys.errors import SelfTestFailed
from terminal.service.monitor import Monitor
from terminal.service.stall import MeteredSelector
from terminal.service.watching import told_self_test, watched


@pytest.fixture
def settings():
    return load(default_file())


def watch(settings, during=lambda monitor: None):
    """What a listener hears while log and numbers are as these settings want them."""

    async def play():
        monitor, heard = Monitor(), []
        with MeteredSelector() as selector:
            async with watched(settings, monitor, selector):
                monitor.listeners.append(lambda event, values: heard.append(event))
                monitor.tell("service", in_service=True)
                during(monitor)
        assert monitor.listeners == []
        return heard

    return asyncio.run(play())


def test_without_either_section_nothing_listens(settings):
    listeners = []
    assert watch(settings, lambda monitor: listeners.append(len(monitor.listeners))) == ["service"]
    assert listeners == [1], "the test itself"


def test_a_port_that_is_taken_is_a_warning(settings, caplog):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        metrics = Metrics(f"tcp:127.0.0.1:{taken.getsockname()[1]}")
        assert watch(replace(settings, metrics=metrics)) == ["service"]
    assert "No numbers are told" in caplog.text and "in use" in caplog.text


def test_a_log_without_its_folder_is_a_warning(settings, tmp_path, caplog):
    assert watch(replace(settings, log=Log(str(tmp_path / "none" / "events.log")))) == ["service"]
    assert "Check its folder" in caplog.text


def test_the_logger_is_left_as_it_was(settings, tmp_path):
    logger = logging.getLogger("countertop")
    before = (logger.level, logger.propagate, list(logger.handlers))
    watch(replace(settings, log=Log(str(tmp_path / "events.log"))))
    assert (logger.level, logger.propagate, list(logger.handlers)) == before


@pytest.mark.parametrize("address", ["tcp:0.0.0.0:9464", "tcp:192.0.2.1:9464", "tcp:localhost:9464", "tcp:127.0.0.1:0"])
def test_numbers_are_for_this_machine_only(tmp_path, address):
    from config import ConfigError

    file = tmp_path / "terminal.toml"
    file.write_text(default_file().read_text("utf-8") + f'\n[metrics]\naddress = "{address}"\n', "utf-8")
    with pytest.raises(ConfigError, match=r"metrics\.address"):
        load(file)


@pytest.mark.parametrize("passes", [True, False])
def test_the_result_of_a_self_test_is_told_from_whichever_thread_it_ran_in(passes):
    def test():
        if not passes:
            raise SelfTestFailed("aes")

    async def play():
        monitor, told = Monitor(), asyncio.Queue()
        monitor.listeners.append(lambda event, values: told.put_nowait((event, dict(values))))
        failed = None
        try:
            await asyncio.to_thread(told_self_test(test, monitor))
        except SelfTestFailed as error:
            failed = error
        assert (failed is None) is passes
        async with asyncio.timeout(60):
            return await told.get()

    assert asyncio.run(play()) == ("self-test", {"passed": passes})
