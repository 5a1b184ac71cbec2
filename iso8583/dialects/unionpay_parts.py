"""What is inside the private elements of the UnionPay POS dialect (facts/unionpay.md §2, §3)."""

from __future__ import annotations

from iso8583.elements import AN, ANS, BerTlv, Element, N, Positional, Tagged

__all__ = ["BALANCES", "CHIP", "INSTITUTIONS", "KIND", "ORIGINAL", "SECURITY", "TAGGED", "TEXTS", "TOTALS"]

_AMOUNT = Element("Amount", "金额", N(12))
_TRACE = Element("Trace number", "流水号", N(6))
_BATCH = Element("Batch number", "批次号", N(6))

INSTITUTIONS = (
    Positional(
        (Element("Issuer", "发卡行标识码", ANS(11)), Element("Acquirer", "收单行标识码", ANS(11))),
        least=1,
    ),
)
"""Element 44 of answers."""

_TOTAL = (
    Element("Debit amount", "借记总金额", N(12)),
    Element("Debit count", "借记总笔数", N(3)),
    Element("Credit amount", "贷记总金额", N(12)),
    Element("Credit count", "贷记总笔数", N(3)),
    Element("Result", "对账应答代码", N(1)),
)
TOTALS = (
    Positional((*_TOTAL, *_TOTAL)),
    Positional((Element("Number of records", "上送总笔数", N(4)),)),
    Positional(
        (Element("Number of records", "笔数", N(2)),),
        (
            Element("Card kind", "卡类别", N(2)),
            _TRACE,
            Element("Primary account number", "主账号", N(20), "pan"),
            _AMOUNT,
        ),
    ),
)
"""Element 48: totals of cards of the country and of others (§3.2), end of an upload, records of an upload (§3.3)."""

SECURITY = (
    Positional(
        (
            Element("PIN block format", "PIN格式", N(1)),
            Element("Cipher", "加密算法标志", N(1)),
            Element("Track encrypted", "磁道加密标志", N(1)),
            Element("Reserved", "保留", N(13)),
        )
    ),
)
"""Element 53."""

BALANCES = (
    Positional(
        (),
        (
            Element("Account type", "账户类型", N(2)),
            Element("Amount type", "余额类型", N(2)),
            Element("Currency", "货币代码", AN(3)),
            Element("Sign", "余额符号", AN(1)),
            _AMOUNT,
        ),
    ),
)
"""Element 54: any number of balances."""

CHIP = (BerTlv(),)
"""Element 55."""

TAGGED = (
    Tagged(
        {
            "A1": Element("PIN block, SM4", "国密PIN", ANS(0), "hidden"),
            "A2": Element("Terminal serial, enciphered", "终端序列号密文", ANS(0), "hidden"),
            "A3": Element("Scanned code", "扫码付码", ANS(0), "hidden"),
            "A4": Element("Payment voucher number", "付款凭证码", ANS(0), "digits"),
        }
    ),
    Tagged(length_digits=2),
)
"""Element 59; the digits of the length differ between acquirers (§13.3)."""

KIND = (
    Positional(
        (
            Element("Transaction type", "交易类型码", N(2)),
            _BATCH,
            Element("Network management code", "网络管理信息码", N(3)),
            Element("Terminal capability", "终端读取能力", N(1)),
            Element("Chip condition", "IC卡条件代码", N(1)),
            Element("Partial approval", "部分扣款标志", N(1)),
            Element("Account type", "账户类型", N(3)),
        ),
        least=2,
    ),
)
"""Element 60: ends after 60.2 or any later part."""

ORIGINAL = (
    Positional(
        (
            Element("Original batch number", "原始批次号", N(6)),
            Element("Original trace number", "原始流水号", N(6)),
            Element("Original date", "原始交易日期", N(4)),
            Element("Authorization mode", "原交易授权方式", N(2)),
            Element("Authorizing institution", "原授权机构代码", N(11)),
        ),
        least=2,
    ),
)
"""Element 61."""

TEXTS = (
    Positional((Element("Operator", "操作员号", ANS(3)),)),
    Positional((Element("Operator", "操作员号", ANS(2)),)),
    Positional(
        (
            Element("Card organisation", "国际信用卡公司代码", ANS(3)),
            Element("Text of the issuer", "发卡方保留域", ANS(20), "digits"),
            Element("Text of the centre", "中国银联保留域", ANS(20), "digits"),
            Element("Text of the acquirer", "受理机构保留域", ANS(20), "digits"),
        ),
        least=1,
    ),
)
"""Element 63: the operator in requests; texts, in GBK, in answers."""
