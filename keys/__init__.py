"""What a terminal does with keys: pure algorithms; and the vault, which works on key ids and gives out no key.

Algorithms take keys and data as bytes-like objects and return bytes; a key or PIN that comes out is a ``Secret``, which
its receiver wipes. Names of ciphers are ``tdes`` (8, 16 or 24 bytes), ``aes``, ``sm4``. ``random`` is a function of a
number of bytes, such as ``os.urandom``.

====================  ============================================================================================
Check values          ``kcv(key, algorithm, method="legacy", length=3)``, ``kcv_matches(key, algorithm, expected,
                      method="legacy")``; methods ``legacy`` and ``cmac``
PIN blocks            ``format_0(pin, pan)`` to ``format_3``, ``format_4_pin_field``, ``format_4_pan_field``;
                      ``encrypt_pin(key, algorithm, pin, pan, format, random)``, ``decrypt_pin``
MACs                  ``x9_9(key, data, padding=1)``, ``x9_19``, ``tdes_cbc_mac``, ``cmac(algorithm, key, data)``,
                      ``hmac_sha256``, ``unionpay_ecb(key, data, sm4=False)``, ``sm4_cbc_mac``
Components            ``combine(components)``, ``split``, ``generate``, ``key_faults``
Master/session        ``unwrap_key(master, cryptogram, check_value)``, ``unwrap_sign_on(master, field, form)``
Track data            ``encrypt_track(key, algorithm, track)``, ``decrypt_track``
DUKPT, terminal       modules ``dukpt_tdes``, ``dukpt_aes``: ``load_initial_key``, ``advance(state)``, ``key_for``
DUKPT, host           module ``dukpt_host``: ``tdes_initial_key(bdk, ksn)``, ``tdes_transaction_key(initial, ksn)``,
                      ``aes_initial_key(bdk, key_id)``, ``aes_transaction_key``
Key blocks (X9.143)   ``unwrap_key_block(protection, text, policy)``, ``wrap_key_block(protection, header, key,
                      random)``
TR-34                 modules ``tr34``, ``tr34_station`` (terminal, pure and on a vault), ``tr34_host``
Self-tests            module ``self_test``
Vault                 ``open_vault``, ``create_vault``, ``Vault``; protectors; ``backends`` for chips and tokens
====================  ============================================================================================

More words and examples: docs/integrator/keys.md.
"""

from keys.backends.protectors import CredentialProtector, PassphraseProtector, Protector
from keys.ceremony_plan import Plan, Way
from keys.ceremony_states import State, View
from keys.ciphers import AES, SM4, TDES
from keys.components import combine, generate, key_faults, split
from keys.errors import KeysError
from keys.hygiene import Hygiene, harden
from keys.kcv import kcv, kcv_matches
from keys.key_block import ANY_KEY, TERMINAL_POLICY, KeyBlock, KeyBlockRefused, Policy
from keys.key_block import unwrap as unwrap_key_block
from keys.key_block import wrap as wrap_key_block
from keys.key_block_header import Header, OptionalBlock
from keys.loading import KeyRoom, Loading, create_key_room, furnished, open_key_room
from keys.mac import cmac, hmac_sha256, sm4_cbc_mac, tdes_cbc_mac, unionpay_ecb, x9_9, x9_19
from keys.master_session import SignOnForm, unwrap_key, unwrap_sign_on
from keys.pin_block import format_0, format_1, format_2, format_3, format_4_pan_field, format_4_pin_field
from keys.pin_block_formats import decrypt_pin, encrypt_pin
from keys.records import Kcv, KeyId, KeyRecord, KeyState
from keys.secret import Secret
from keys.self_test import run_self_tests
from keys.track import decrypt_track, encrypt_track
from keys.vault import Vault
from keys.vault_intake import Cryptogram
from keys.vault_open import create_vault, open_vault, provision

__all__ = [
    "AES",
    "ANY_KEY",
    "CredentialProtector",
    "Cryptogram",
    "Header",
    "Hygiene",
    "Kcv",
    "KeyBlock",
    "KeyBlockRefused",
    "KeyId",
    "KeyRecord",
    "KeyRoom",
    "KeyState",
    "KeysError",
    "Loading",
    "OptionalBlock",
    "PassphraseProtector",
    "Plan",
    "Policy",
    "Protector",
    "SM4",
    "Secret",
    "SignOnForm",
    "State",
    "TDES",
    "TERMINAL_POLICY",
    "Vault",
    "View",
    "Way",
    "cmac",
    "combine",
    "create_key_room",
    "create_vault",
    "decrypt_pin",
    "decrypt_track",
    "encrypt_pin",
    "encrypt_track",
    "format_0",
    "format_1",
    "format_2",
    "format_3",
    "format_4_pan_field",
    "format_4_pin_field",
    "furnished",
    "generate",
    "harden",
    "hmac_sha256",
    "kcv",
    "kcv_matches",
    "key_faults",
    "open_key_room",
    "open_vault",
    "provision",
    "run_self_tests",
    "sm4_cbc_mac",
    "split",
    "tdes_cbc_mac",
    "unionpay_ecb",
    "unwrap_key",
    "unwrap_key_block",
    "unwrap_sign_on",
    "wrap_key_block",
    "x9_19",
    "x9_9",
]
