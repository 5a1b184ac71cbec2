"""Names of the dialects that come with generated codecs."""

__all__ = ["CODECS"]

CODECS = {
    "unionpay-pos": "unionpay_pos",
    "unionpay-host": "unionpay_host",
    "unionpay-host-hex": "unionpay_host_hex",
    "iso87-ascii": "iso87_ascii",
    "iso87-ascii-binary-bitmap": "iso87_ascii_binary_bitmap",
    "iso87-binary": "iso87_binary",
    "iso87-ebcdic": "iso87_ebcdic",
    "iso93-ascii": "iso93_ascii",
    "iso93-ascii-binary-bitmap": "iso93_ascii_binary_bitmap",
    "iso93-binary": "iso93_binary",
    "iso93-ebcdic": "iso93_ebcdic",
}
"""Module in ``iso8583.codecs`` by dialect."""
