"""China UnionPay: the POS dialect on BCD, and the host link on ASCII (facts/unionpay.md §2, §12)."""

from __future__ import annotations

from iso8583.declaration import Declaration, Wire
from iso8583.dialects import unionpay_parts as parts
from iso8583.dialects.iso87 import ELEMENTS as ISO87
from iso8583.elements import AN, ANS, LEFT, LL, LLL, RIGHT, TLV, B, Element, N, Z

__all__ = ["DECLARATIONS", "UNIONPAY_POS"]

_TEXT = {"coding": "latin-1"}
"""Text that hosts fill with GBK: every byte is kept as the character of its number."""

UNIONPAY_POS = Declaration(
    "unionpay-pos",
    Wire(
        digits="bcd", text="ascii", binary="raw", bitmap="raw", lengths="bcd",
        fixed_pad=LEFT, separator="D", bitmaps_max=1,
    ),
    {
        2: Element("Primary account number", "主账号", N(LL(19)), "pan"),
        3: Element("Processing code", "交易处理码", N(6)),
        4: Element("Amount, transaction", "交易金额", N(12)),
        11: Element("Systems trace audit number", "受卡方系统跟踪号", N(6)),
        12: Element("Time, local transaction", "受卡方所在地时间", N(6)),
        13: Element("Date, local transaction", "受卡方所在地日期", N(4)),
        14: Element("Date, expiration", "卡有效期", N(4), "hidden"),
        15: Element("Date, settlement", "清算日期", N(4)),
        22: Element("Point of service entry mode", "服务点输入方式码", N(3, pad=RIGHT)),
        23: Element("Card sequence number", "卡序列号", N(3)),
        25: Element("Point of service condition code", "服务点条件码", N(2)),
        26: Element("Point of service PIN capture code", "服务点PIN获取码", N(2)),
        32: Element("Acquiring institution identification code", "受理方标识码", N(LL(11))),
        35: Element("Track 2 data", "2磁道数据", Z(LL(37)), "track"),
        36: Element("Track 3 data", "3磁道数据", Z(LLL(104)), "track"),
        37: Element("Retrieval reference number", "检索参考号", AN(12)),
        38: Element("Authorization identification response", "授权标识应答码", AN(6)),
        39: Element("Response code", "应答码", AN(2)),
        41: Element("Card acceptor terminal identification", "受卡机终端标识码", ANS(8)),
        42: Element("Card acceptor identification code", "受卡方标识码", ANS(15)),
        44: Element("Additional response data", "附加响应数据", ANS(LL(25), **_TEXT), inside=parts.INSTITUTIONS),
        48: Element("Additional data, private", "附加数据-私有", N(LLL(322)), "digits", parts.TOTALS),
        49: Element("Currency code, transaction", "交易货币代码", AN(3)),
        52: Element("Personal identification number data", "个人标识码数据", B(8), "hidden"),
        53: Element("Security related control information", "安全控制信息", N(16), inside=parts.SECURITY),
        54: Element("Additional amounts", "附加金额", ANS(LLL(20)), inside=parts.BALANCES),
        55: Element("Integrated circuit card data", "IC卡数据域", TLV(LLL(255)), "tlv", parts.CHIP),
        57: Element("Reserved, national", "自定义域", ANS(LLL(100), **_TEXT), "hidden"),
        58: Element("Electronic purse data", "电子钱包标准的交易信息", ANS(LLL(100), **_TEXT), "hidden"),
        59: Element("Detailed inquiry data", "明细查询数据", ANS(LLL(999), **_TEXT), "hidden", parts.TAGGED),
        60: Element("Reserved, private", "自定义域", N(LLL(17)), inside=parts.KIND),
        61: Element("Original message", "原始信息域", N(LLL(29)), inside=parts.ORIGINAL),
        62: Element("Reserved, private", "自定义域", B(LLL(999)), "hidden"),
        63: Element("Reserved, private", "自定义域", ANS(LLL(163), **_TEXT), "digits", parts.TEXTS),
        64: Element("Message authentication code", "报文鉴别码", B(8)),
    },
    shapes=(
        (11, 41, 42, 60),
        (11, 41, 42, 60, 62, 63),
        (11, 12, 13, 32, 37, 39, 41, 42, 60, 62),
        (3, 4, 11, 22, 25, 35, 41, 42, 49, 53, 60, 64),
        (3, 4, 11, 22, 25, 26, 35, 41, 42, 49, 52, 53, 60, 64),
        (2, 3, 4, 11, 22, 23, 25, 26, 35, 41, 42, 49, 52, 53, 55, 60, 64),
        (3, 4, 11, 22, 25, 41, 42, 49, 59, 60, 64),
        (3, 4, 11, 22, 25, 39, 41, 42, 49, 60, 63, 64),
        (3, 4, 11, 12, 13, 25, 32, 37, 38, 39, 41, 42, 49, 60, 64),
        (3, 4, 11, 12, 13, 15, 25, 32, 37, 39, 41, 42, 44, 49, 60, 63, 64),
        (3, 4, 11, 12, 13, 15, 25, 32, 37, 38, 39, 41, 42, 44, 49, 60, 63, 64),
        (2, 3, 4, 11, 12, 13, 14, 15, 22, 25, 32, 37, 38, 39, 41, 42, 44, 49, 55, 60, 63, 64),
        (2, 3, 4, 11, 12, 13, 15, 25, 32, 37, 38, 39, 41, 42, 44, 49, 60, 63, 64),
        (2, 3, 4, 11, 12, 13, 14, 15, 25, 32, 37, 38, 39, 41, 42, 44, 49, 60, 63, 64),
    ),
    title="China UnionPay POS, ISO 8583:1987 on BCD",
)  # fmt: skip

_HOST_ELEMENTS = {
    **ISO87,
    33: Element("Forwarding institution identification code", "发送机构标识码", AN(LL(11))),
    48: Element("Additional data, private", "附加数据-私有", ANS(LLL(512)), "digits"),
    103: Element("Account identification 2", "账户标识2", ANS(LL(28)), "pan"),
    128: Element("Message authentication code", "报文鉴别码", B(8)),
}

UNIONPAY_HOST = Declaration(
    "unionpay-host",
    Wire(digits="ascii", text="ascii", binary="raw", bitmap="raw", lengths="ascii"),
    _HOST_ELEMENTS,
    title="China UnionPay host link, ASCII with binary bitmaps",
)
UNIONPAY_HOST_HEX = UNIONPAY_HOST.derive("unionpay-host-hex", binary="hex", bitmap="hex")

DECLARATIONS = (UNIONPAY_POS, UNIONPAY_HOST, UNIONPAY_HOST_HEX)
