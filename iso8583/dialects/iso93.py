"""ISO 8583:1993: what differs from 1987, and the same four ways to write it (facts/unionpay.md §12)."""

from __future__ import annotations

from iso8583.declaration import Declaration, Wire
from iso8583.dialects.iso87 import ELEMENTS as ISO87
from iso8583.elements import AN, ANS, LL, LLL, TLV, B, Element, N, X

__all__ = ["DECLARATIONS", "ELEMENTS"]

ELEMENTS: dict[int, Element] = {
    **ISO87,
    12: Element("Date and time, local transaction", "受卡方所在地日期时间", N(12)),
    13: Element("Date, effective", "生效日期", N(4)),
    15: Element("Date, settlement", "清算日期", N(6)),
    22: Element("Point of service data code", "服务点数据码", AN(12)),
    24: Element("Function code", "功能码", N(3)),
    25: Element("Message reason code", "报文原因码", N(4)),
    26: Element("Card acceptor business code", "商户类别码", N(4)),
    27: Element("Approval code length", "批准码长度", N(1)),
    28: Element("Date, reconciliation", "对账日期", N(6)),
    29: Element("Reconciliation indicator", "对账指示符", N(3)),
    30: Element("Amounts, original", "原始金额", N(24)),
    31: Element("Acquirer reference data", "受理方参考数据", ANS(LL(99))),
    38: Element("Approval code", "批准码", AN(6)),
    39: Element("Action code", "动作码", N(3)),
    40: Element("Service code", "服务码", N(3)),
    43: Element("Card acceptor name and location", "受卡方名称地址", ANS(LL(99))),
    44: Element("Additional response data", "附加响应数据", ANS(LL(99))),
    46: Element("Amounts, fees", "费用金额", ANS(LLL(204))),
    53: Element("Security related control information", "安全控制信息", B(LL(48), coding="raw"), "hidden"),
    54: Element("Amounts, additional", "附加金额", ANS(LLL(120))),
    55: Element("Integrated circuit card system related data", "IC卡数据域", TLV(LLL(255), coding="raw"), "tlv"),
    56: Element("Original data elements", "原始数据元", ANS(LL(35))),
    57: Element("Authorization life cycle code", "授权生命周期码", N(3)),
    58: Element("Authorizing agent institution identification code", "授权代理机构标识码", N(LL(11))),
    66: Element("Amounts, original fees", "原始费用金额", ANS(LLL(204))),
    71: Element("Message number", "报文编号", N(8)),
    72: Element("Data record", "数据记录", ANS(LLL(999))),
    82: Element("Inquiries, reversal number", "冲正查询笔数", N(10)),
    83: Element("Payments, number", "付款笔数", N(10)),
    84: Element("Payments, reversal number", "冲正付款笔数", N(10)),
    85: Element("Fee collections, number", "收费笔数", N(10)),
    90: Element("Authorizations, reversal number", "冲正授权笔数", N(10)),
    91: Element("Country code, transaction destination institution", "交易目的机构国家代码", N(3)),
    92: Element("Country code, transaction originator institution", "交易发起机构国家代码", N(3)),
    93: Element("Transaction destination institution identification code", "交易目的机构标识码", N(LL(11))),
    94: Element("Transaction originator institution identification code", "交易发起机构标识码", N(LL(11))),
    95: Element("Card issuer reference data", "发卡方参考数据", ANS(LL(99))),
    96: Element("Key management data", "密钥管理数据", B(LLL(999), coding="raw"), "hidden"),
    97: Element("Amount, net reconciliation", "净对账金额", X(17)),
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
ISO93_BINARY = Declaration(
    "iso93-binary",
    Wire(digits="bcd", text="ascii", binary="raw", bitmap="raw", lengths="bcd"),
    ELEMENTS,
    SHAPES,
    title="ISO 8583:1993, binary",
)
ISO93_EBCDIC = Declaration(
    "iso93-ebcdic",
    Wire(digits="ebcdic", text="ebcdic", binary="raw", bitmap="raw", lengths="ebcdic"),
    ELEMENTS,
    title="ISO 8583:1993, EBCDIC (code page 037)",
)

DECLARATIONS = (ISO93_ASCII, ISO93_ASCII_BINARY_BITMAP, ISO93_BINARY, ISO93_EBCDIC)
