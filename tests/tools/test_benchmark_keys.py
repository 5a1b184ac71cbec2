"""The measurements of keys run, compare equal with equal, and say what they could not measure."""

import json

import pytest

from tools.benchmarks import keys
from tools.benchmarks.unlocking import unlock

pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")


def test_every_operation_is_measured_beside_its_peer(capsys):
    assert keys.main(["--rounds", "1", "--seconds", "0.0001", "--unlocks", "0", "--json"]) == 0
    rows = {row["operation"]: row for row in json.loads(capsys.readouterr().out)["operations"]}
    assert all(row["us"] > 0 for row in rows.values())
    with_peer = {name for name, row in rows.items() if row["ratio"] > 0}
    assert {"PIN block 0, enciphered", "X9.19 over 204 bytes", "key block D, unwrapped"} <= with_peer
    assert any("DUKPT" in name for name in rows) and any(name.startswith("vault") for name in rows)


@pytest.mark.parametrize("name", ["credential", "passphrase"])
def test_a_cold_unlock_is_measured_in_a_process_of_its_own(name):
    found = unlock(name, 1)
    assert found.ms > 0 and found.mib > 5 and not found.missing
