"""The rooms stay apart: rules about imports that the import linter's contracts cannot say."""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("iso8583", "keys", "drivers", "config", "terminal", "tools")
IO_MODULES = {"asyncio", "logging", "os", "random", "secrets", "select", "socket", "subprocess", "threading", "time"}
HARDWARE = {"evdev", "escpos", "serial", "usb"}
ALGORITHMS = {
    "ciphers", "components", "dukpt", "dukpt_aes", "dukpt_tdes", "kcv", "key_block", "mac", "pin_block", "tr34",
    "usage",
}  # fmt: skip


def sources(*rooms):
    return [path for room in rooms for path in sorted((ROOT / room).rglob("*.py"))]


def imports(path):
    """Every module a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""


def tops(path):
    return {name.partition(".")[0] for name in imports(path)}


def breaking(rule, *rooms):
    """Names of the files that break a rule."""
    return [str(path.relative_to(ROOT)) for path in sources(*rooms) if rule(path)]


def test_nothing_imports_the_tests():
    assert not breaking(lambda path: "tests" in tops(path), *ROOMS)


def test_imports_are_absolute_so_that_the_rules_can_be_read():
    def relative(path):
        return any(
            isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(ast.parse(path.read_text("utf-8")))
        )

    assert not breaking(relative, *ROOMS)


def test_the_host_simulator_shares_only_messages_and_keys_with_the_terminal():
    def shares_more(path):
        tools = [name for name in imports(path) if name.startswith("tools")]
        return tops(path) & {"terminal", "drivers", "config"} or not all(n.startswith("tools.host") for n in tools)

    assert not breaking(shares_more, "tools/host")


def test_messages_know_no_clock_no_network_and_no_hardware():
    assert not breaking(lambda path: tops(path) & (IO_MODULES | HARDWARE), "iso8583")


def test_key_algorithms_know_no_clock_no_file_and_no_randomness_of_their_own():
    forbidden = IO_MODULES | HARDWARE | {"pathlib", "sqlite3"}
    assert not breaking(lambda path: path.stem in ALGORITHMS and tops(path) & forbidden, "keys")


def test_generated_codecs_import_nothing_but_two_modules_of_c():
    def imports_something(path):
        return path.name != "__init__.py" and tops(path) - {"__future__", "binascii", "operator"}

    assert not breaking(imports_something, "iso8583/codecs")


def test_the_domain_is_free_of_devices_files_and_network():
    assert not breaking(lambda path: tops(path) & (IO_MODULES | HARDWARE | {"drivers", "sqlite3"}), "terminal/domain")


def test_what_is_imported_is_declared():
    """Names from setup.cfg, by the names they are imported under; apsw only where storage is simulated."""
    declared = {
        "aiohttp", "barcode", "construct", "cryptography", "escpos", "evdev", "jeepney", "msgspec", "PIL", "pkcs11",
        "segno", "serial", "tpm2_pytss", "usb",
    }  # fmt: skip

    def undeclared(path):
        extra = {"apsw"} if "simulation" in path.parts else set()
        return tops(path) - sys.stdlib_module_names - set(ROOMS) - declared - extra

    assert not breaking(undeclared, *ROOMS)
