"""ISO 8583:1987: one table, written in ASCII, on BCD, or in EBCDIC.

Lengths follow the standard's table of data elements; the binary form has jPOS 87B's conventions,
the ASCII form jPOS 87A's (facts/unionpay.md §12).
"""

from __future__ import annotations

from iso8583.declaration import Declaration, Wire
from iso8583.elements import AN, ANS, LL, LLL, B, Element, N, Positional, X, Z

__all__ = ["AMOUNTS", "DECLARATIONS", "ELEMENTS", "ORIGINAL"]

_RESERVED = {
    **dict.fromkeys((55, 56, 105, 106, 107, 108, 109, 110, 111), ("Reserved, ISO", "ISO保留")),
    **dict.fromkeys((57, 58, 59, *range(112, 120)), ("Reserved, national", "国家保留")),
    **dict.fromkeys((60, 61, 62, 63, *range(120, 128)), ("Reserved, private", "自定义保留")),
}

AMOUNTS = Positional(
    (),
    (
        Element("Account type", "账户类型", AN(2)),
        Element("Amount type", "金额类型", AN(2)),
        Element("Currency", "货币代码", AN(3)),
        Element("Sign", "借贷记符号", AN(1)),
        Element("Amount", "金额", N(12)),
    ),
)
"""Element 54: any number of amounts."""

ORIGINAL = Positional(
    (
        Element("Original message type", "原始报文类型", N(4)),
        Element("Original trace number", "原始系统跟踪号", N(6)),
        Element("Original transmission date and time", "原始交易传输时间", N(10)),
        Element("Original acquirer", "原始受理方标识码", N(11)),
        Element("Original forwarder", "原始发送方标识码", N(11)),
    )
)
"""Element 90."""

ELEMENTS: dict[int, Element] = {
    2: Element("Primary account number", "主账号", N(LL(19)), "pan"),
    3: Element("Processing code", "交易处理码", N(6)),
    4: Element("Amount, transaction", "交易金额", N(12)),
    5: Element("Amount, settlement", "清算金额", N(12)),
    6: Element("Amount, cardholder billing", "持卡人扣账金额", N(12)),
    7: Element("Transmission date and time", "交易传输时间", N(10)),
    8: Element("Amount, cardholder billing fee", "持卡人扣账手续费", N(8)),
    9: Element("Conversion rate, settlement", "清算汇率", N(8)),
    10: Element("Conversion rate, cardholder billing", "持卡人扣账汇率", N(8)),
    11: Element("Systems trace audit number", "系统跟踪号", N(6)),
    12: Element("Time, local transaction", "受卡方所在地时间", N(6)),
    13: Element("Date, local transaction", "受卡方所在地日期", N(4)),
    14: Element("Date, expiration", "卡有效期", N(4), "hidden"),
    15: Element("Date, settlement", "清算日期", N(4)),
    16: Element("Date, conversion", "兑换日期", N(4)),
    17: Element("Date, capture", "获取日期", N(4)),
    18: Element("Merchant type", "商户类型", N(4)),
    19: Element("Acquiring institution country code", "受理方国家代码", N(3)),
    20: Element("Primary account number, country code", "主账号国家代码", N(3)),
    21: Element("Forwarding institution country code", "发送方国家代码", N(3)),
    22: Element("Point of service entry mode", "服务点输入方式码", N(3)),
    23: Element("Card sequence number", "卡序列号", N(3)),
    24: Element("Network international identifier", "网络国际标识", N(3)),
    25: Element("Point of service condition code", "服务点条件码", N(2)),
    26: Element("Point of service PIN capture code", "服务点PIN获取码", N(2)),
    27: Element("Authorization identification response length", "授权码长度", N(1)),
    28: Element("Amount, transaction fee", "交易费", X(9)),
    29: Element("Amount, settlement fee", "清算费", X(9)),
    30: Element("Amount, transaction processing fee", "交易处理费", X(9)),
    31: Element("Amount, settlement processing fee", "清算处理费", X(9)),
    32: Element("Acquiring institution identification code", "受理方标识码", N(LL(11))),
    33: Element("Forwarding institution identification code", "发送方标识码", N(LL(11))),
    34: Element("Primary account number, extended", "扩展主账号", ANS(LL(28)), "pan"),
    35: Element("Track 2 data", "2磁道数据", Z(LL(37)), "track"),
    36: Element("Track 3 data", "3磁道数据", ANS(LLL(104)), "track"),
    37: Element("Retrieval reference number", "检索参考号", AN(12)),
    38: Element("Authorization identification response", "授权码", AN(6)),
    39: Element("Response code", "应答码", AN(2)),
    40: Element("Service restriction code", "服务限制代码", AN(3)),
    41: Element("Card acceptor terminal identification", "受卡机终端标识码", ANS(8)),
    42: Element("Card acceptor identification code", "受卡方标识码", ANS(15)),
    43: Element("Card acceptor name and location", "受卡方名称地址", ANS(40), "digits"),
    44: Element("Additional response data", "附加响应数据", ANS(LL(25)), "digits"),
    45: Element("Track 1 data", "1磁道数据", ANS(LL(76)), "track"),
    46: Element("Additional data, ISO", "附加数据-ISO", ANS(LLL(999)), "digits"),
    47: Element("Additional data, national", "附加数据-国家", ANS(LLL(999)), "digits"),
    48: Element("Additional data, private", "附加数据-私有", ANS(LLL(999)), "digits"),
    49: Element("Currency code, transaction", "交易货币代码", AN(3)),
    50: Element("Currency code, settlement", "清算货币代码", AN(3)),
    51: Element("Currency code, cardholder billing", "持卡人账户货币代码", AN(3)),
    52: Element("Personal identification number data", "个人标识码数据", B(8), "hidden"),
    53: Element("Security related control information", "安全控制信息", N(16)),
    54: Element("Additional amounts", "附加金额", ANS(LLL(120)), inside=(AMOUNTS,)),
    64: Element("Message authentication code", "报文鉴别码", B(8)),
    66: Element("Settlement code", "清算代码", N(1)),
    67: Element("Extended payment code", "扩展付款代码", N(2)),
    68: Element("Receiving institution country code", "接收方国家代码", N(3)),
    69: Element("Settlement institution country code", "清算方国家代码", N(3)),
    70: Element("Network management information code", "网络管理信息码", N(3)),
    71: Element("Message number", "报文编号", N(4)),
    72: Element("Message number, last", "最后报文编号", N(4)),
    73: Element("Date, action", "动作日期", N(6)),
    **{
        number: Element(name, name_zh, N(10))
        for number, name, name_zh in (
            (74, "Credits, number", "贷记交易笔数"),
            (75, "Credits, reversal number", "冲正贷记笔数"),
            (76, "Debits, number", "借记交易笔数"),
            (77, "Debits, reversal number", "冲正借记笔数"),
            (78, "Transfer, number", "转账笔数"),
            (79, "Transfer, reversal number", "冲正转账笔数"),
            (80, "Inquiries, number", "查询笔数"),
            (81, "Authorizations, number", "授权笔数"),
        )
    },
    **{
        number: Element(name, name_zh, N(12))
        for number, name, name_zh in (
            (82, "Credits, processing fee amount", "贷记处理费金额"),
            (83, "Credits, transaction fee amount", "贷记交易费金额"),
            (84, "Debits, processing fee amount", "借记处理费金额"),
            (85, "Debits, transaction fee amount", "借记交易费金额"),
        )
    },
    **{
        number: Element(name, name_zh, N(16))
        for number, name, name_zh in (
            (86, "Credits, amount", "贷记交易金额"),
            (87, "Credits, reversal amount", "冲正贷记金额"),
            (88, "Debits, amount", "借记交易金额"),
            (89, "Debits, reversal amount", "冲正借记金额"),
        )
    },
    90: Element("Original data elements", "原始数据元", N(42), inside=(ORIGINAL,)),
    91: Element("File update code", "文件更新码", AN(1)),
    92: Element("File security code", "文件安全码", AN(2)),
    93: Element("Response indicator", "响应指示符", N(5)),
    94: Element("Service indicator", "服务指示符", AN(7)),
    95: Element("Replacement amounts", "替换金额", AN(42)),
    96: Element("Message security code", "报文安全码", B(8), "hidden"),
    97: Element("Amount, net settlement", "净清算金额", X(17)),
    98: Element("Payee", "收款人", ANS(25), "digits"),
    99: Element("Settlement institution identification code", "清算方标识码", N(LL(11))),
    100: Element("Receiving institution identification code", "接收方标识码", N(LL(11))),
    101: Element("File name", "文件名", ANS(LL(17))),
    102: Element("Account identification 1", "账户标识1", ANS(LL(28)), "pan"),
    103: Element("Account identification 2", "账户标识2", ANS(LL(28)), "pan"),
    104: Element("Transaction description", "交易描述", ANS(LLL(100)), "digits"),
    **{number: Element(name, name_zh, ANS(LLL(999)), "digits") for number, (name, name_zh) in _RESERVED.items()},
    128: Element("Message authentication code 2", "报文鉴别码2", B(8)),
}

SHAPES = (
    (2, 3, 4, 7, 11, 12, 13, 22, 25, 35, 37, 41, 42, 49, 52, 64),
    (2, 3, 4, 7, 11, 12, 13, 22, 25, 35, 37, 41, 42, 49, 64),
    (3, 4, 7, 11, 12, 13, 37, 38, 39, 41, 42, 49, 64),
    (3, 4, 7, 11, 12, 13, 37, 39, 41, 42, 49, 64),
)
"""A sale by stripe with and without PIN, approved and declined."""

_ASCII = Wire(digits="ascii", text="ascii", binary="hex", bitmap="hex", lengths="ascii")

ISO87_ASCII = Declaration(
    "iso87-ascii",
    _ASCII,
    ELEMENTS,
    SHAPES,
    title="ISO 8583:1987, ASCII, hexadecimal bitmap",
)
ISO87_ASCII_BINARY_BITMAP = ISO87_ASCII.derive("iso87-ascii-binary-bitmap", binary="raw", bitmap="raw")
ISO87_BINARY = Declaration(
    "iso87-binary",
    Wire(digits="bcd", text="ascii", binary="raw", bitmap="raw", lengths="bcd"),
    {
        **ELEMENTS,
        93: Element("Response indicator", "响应指示符", AN(6)),
        96: Element("Message security code", "报文安全码", B(16), "hidden"),
    },
    SHAPES,
    title="ISO 8583:1987, binary (jPOS 87B)",
)
ISO87_EBCDIC = Declaration(
    "iso87-ebcdic",
    Wire(digits="ebcdic", text="ebcdic", binary="raw", bitmap="raw", lengths="ebcdic"),
    ELEMENTS,
    SHAPES,
    title="ISO 8583:1987, EBCDIC (code page 037)",
)

DECLARATIONS = (ISO87_ASCII, ISO87_ASCII_BINARY_BITMAP, ISO87_BINARY, ISO87_EBCDIC)
