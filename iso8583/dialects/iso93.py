"""ISO 8583:1993: what differs from 1987, and the same four ways to write it (facts/unionpay.md §12).

Where published implementations disagree with each other, the binary form follows the bytes that they published.
"""

from __future__ import annotations

from iso8583.declaration import Declaration, Wire
from iso8583.dialects.iso87 import AMOUNTS
from iso8583.dialects.iso87 import ELEMENTS as ISO87
from iso8583.elements import AN, ANS, LEFT, LL, LLL, RIGHT, TLV, B, BerTlv, Element, N, Positional, X, Z

__all__ = ["DECLARATIONS", "ELEMENTS"]

_ORIGINAL_AMOUNTS = Positional(
    (
        Element("Original amount, transaction", "原始交易金额", N(12)),
        Element("Original amount, reconciliation", "原始对账金额", N(12)),
    )
)

ELEMENTS: dict[int, Element] = {
    **ISO87,
    5: Element("Amount, reconciliation", "对账金额", N(12)),
    9: Element("Conversion rate, reconciliation", "对账汇率", N(8)),
    12: Element("Date and time, local transaction", "受卡方所在地日期时间", N(12)),
    13: Element("Date, effective", "生效日期", N(4)),
    15: Element("Date, settlement", "清算日期", N(6)),
    19: Element("Country code, acquiring institution", "受理方国家代码", N(3)),
    20: Element("Country code, primary account number", "主账号国家代码", N(3)),
    21: Element("Country code, forwarding institution", "发送方国家代码", N(3)),
    22: Element("Point of service data code", "服务点数据码", AN(12)),
    24: Element("Function code", "功能码", N(3)),
    25: Element("Message reason code", "报文原因码", N(4)),
    26: Element("Card acceptor business code", "商户类别码", N(4)),
    27: Element("Approval code length", "批准码长度", N(1)),
    28: Element("Date, reconciliation", "对账日期", N(6)),
    29: Element("Reconciliation indicator", "对账指示符", N(3)),
    30: Element("Amounts, original", "原始金额", N(24), inside=(_ORIGINAL_AMOUNTS,)),
    31: Element("Acquirer reference data", "受理方参考数据", ANS(LL(99)), "digits"),
    38: Element("Approval code", "批准码", AN(6)),
    39: Element("Action code", "动作码", N(3)),
    40: Element("Service code", "服务码", N(3)),
    43: Element("Card acceptor name and location", "受卡方名称地址", ANS(LL(99)), "digits"),
    44: Element("Additional response data", "附加响应数据", ANS(LL(99)), "digits"),
    46: Element("Amounts, fees", "费用金额", ANS(LLL(204)), "digits"),
    50: Element("Currency code, reconciliation", "对账货币代码", AN(3)),
    53: Element("Security related control information", "安全控制信息", B(LL(48), coding="raw"), "hidden"),
    54: Element("Amounts, additional", "附加金额", ANS(LLL(120)), inside=(AMOUNTS,)),
    55: Element(
        "Integrated circuit card system related data", "IC卡数据域", TLV(LLL(255), coding="raw"), "tlv", (BerTlv(),)
    ),
    56: Element("Original data elements", "原始数据元", ANS(LL(35))),
    57: Element("Authorization life cycle code", "授权生命周期码", N(3)),
    58: Element("Authorizing agent institution identification code", "授权代理机构标识码", N(LL(11))),
    59: Element("Transport data", "传输数据", ANS(LLL(999)), "digits"),
    60: Element("Reserved, national", "国家保留", ANS(LLL(999)), "digits"),
    61: Element("Reserved, national", "国家保留", ANS(LLL(999)), "digits"),
    66: Element("Amounts, original fees", "原始费用金额", ANS(LLL(204)), "digits"),
    68: Element("Country code, receiving institution", "接收方国家代码", N(3)),
    69: Element("Country code, settlement institution", "清算方国家代码", N(3)),
    70: Element("Country code, authorizing agent institution", "授权代理方国家代码", N(3)),
    71: Element("Message number", "报文编号", N(8)),
    72: Element("Data record", "数据记录", ANS(LLL(999)), "digits"),
    82: Element("Inquiries, reversal number", "冲正查询笔数", N(10)),
    83: Element("Payments, number", "付款笔数", N(10)),
    84: Element("Payments, reversal number", "冲正付款笔数", N(10)),
    85: Element("Fee collections, number", "收费笔数", N(10)),
    90: Element("Authorizations, reversal number", "冲正授权笔数", N(10)),
    91: Element("Country code, transaction destination institution", "交易目的机构国家代码", N(3)),
    92: Element("Country code, transaction originator institution", "交易发起机构国家代码", N(3)),
    93: Element("Transaction destination institution identification code", "交易目的机构标识码", N(LL(11))),
    94: Element("Transaction originator institution identification code", "交易发起机构标识码", N(LL(11))),
    95: Element("Card issuer reference data", "发卡方参考数据", ANS(LL(99)), "digits"),
    96: Element("Key management data", "密钥管理数据", B(LLL(999), coding="raw"), "hidden"),
    97: Element("Amount, net reconciliation", "净对账金额", X(17)),
    99: Element("Settlement institution identification code", "清算方标识码", AN(LL(11))),
    105: Element("Credits, chargeback amount", "贷记退单金额", N(16)),
    106: Element("Debits, chargeback amount", "借记退单金额", N(16)),
    107: Element("Credits, chargeback number", "贷记退单笔数", N(10)),
    108: Element("Debits, chargeback number", "借记退单笔数", N(10)),
    109: Element("Credits, fee amounts", "贷记费用金额", ANS(LL(84)), "digits"),
    110: Element("Debits, fee amounts", "借记费用金额", ANS(LL(84)), "digits"),
    **{n: Element("Reserved, ISO", "ISO保留", ANS(LLL(999)), "digits") for n in range(111, 116)},
    **{n: Element("Reserved, national", "国家保留", ANS(LLL(999)), "digits") for n in range(116, 123)},
    128: Element("Message authentication code", "报文鉴别码", B(8)),
}

SHAPES = (
    (2, 3, 4, 7, 11, 12, 22, 24, 26, 37, 41, 42, 49, 52, 64),
    (3, 4, 7, 11, 12, 24, 37, 38, 39, 41, 42, 49, 64),
)
"""A sale with PIN and its approval."""

ISO93_ASCII = Declaration(
    "iso93-ascii",
    Wire(digits="ascii", text="ascii", binary="hex", bitmap="hex", lengths="ascii"),
    ELEMENTS,
    SHAPES,
    title="ISO 8583:1993, ASCII, hexadecimal bitmap",
)
ISO93_ASCII_BINARY_BITMAP = ISO93_ASCII.derive("iso93-ascii-binary-bitmap", binary="raw", bitmap="raw")
# jPOS's 93B message pads fixed digits on the right (element 19 is 8580) and keeps tracks as text; the one other
# published message has element 39 padded on the left (0004).
_BINARY = {
    **ELEMENTS,
    35: Element("Track 2 data", "2磁道数据", Z(LL(37), coding="ascii"), "track"),
    39: Element("Action code", "动作码", N(3, pad=LEFT)),
    56: Element("Original data elements", "原始数据元", N(LL(35))),
}

ISO93_BINARY = Declaration(
    "iso93-binary",
    Wire(digits="bcd", text="ascii", binary="raw", bitmap="raw", lengths="bcd", fixed_pad=RIGHT),
    _BINARY,
    SHAPES,
    title="ISO 8583:1993, binary",
)
ISO93_EBCDIC = Declaration(
    "iso93-ebcdic",
    Wire(digits="ebcdic", text="ebcdic", binary="raw", bitmap="raw", lengths="ebcdic"),
    ELEMENTS,
    SHAPES,
    title="ISO 8583:1993, EBCDIC (code page 037)",
)

DECLARATIONS = (ISO93_ASCII, ISO93_ASCII_BINARY_BITMAP, ISO93_BINARY, ISO93_EBCDIC)
