"""Element 39 in words (facts/unionpay.md §7)."""

__all__ = ["RESPONSE_CODES"]

RESPONSE_CODES = {
    "00": "approved", "01": "refer to issuer", "02": "refer to issuer, special", "03": "invalid merchant",
    "04": "capture card", "05": "do not honour", "06": "error", "07": "capture card, special",
    "09": "in progress", "10": "partial approval", "11": "approved, VIP", "12": "invalid transaction",
    "13": "invalid amount", "14": "invalid card number", "15": "no such issuer", "19": "re-enter",
    "20": "invalid response", "21": "card not initialised", "22": "suspected malfunction",
    "23": "fee unacceptable", "25": "original not found", "30": "format error",
    "31": "bank not supported", "33": "expired card, capture", "34": "suspected fraud, capture",
    "35": "contact acquirer, capture", "36": "restricted card, capture", "37": "contact security, capture",
    "38": "PIN tries exceeded, capture", "40": "function not supported", "41": "lost card, capture",
    "42": "no universal account", "43": "stolen card, capture", "51": "insufficient funds",
    "54": "expired card", "55": "wrong PIN", "57": "not permitted to card", "58": "not permitted to terminal",
    "59": "suspected fraud", "61": "over limit", "62": "restricted card", "64": "amount mismatch",
    "65": "count limit", "67": "capture card at machine", "68": "answer too late",
    "75": "PIN tries exceeded", "77": "sign on again", "79": "batch already open", "80": "batch mismatch",
    "89": "bad terminal", "90": "cut-over in progress", "91": "issuer unavailable", "92": "route error",
    "94": "duplicate", "95": "reconcile error", "96": "system malfunction", "97": "terminal not registered",
    "98": "issuer timed out", "99": "PIN format error, sign on", "A0": "MAC error, sign on",
    "A1": "currency mismatch", "A2": "approved, confirm with issuer", "A3": "wrong account",
    "A4": "approved, confirm with issuer", "A5": "approved, confirm with issuer",
    "A6": "approved, confirm with issuer", "A7": "refused, switch malfunction",
}  # fmt: skip
