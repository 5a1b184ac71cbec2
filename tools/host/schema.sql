-- The host's own book: accounts, what was really charged, and everything that arrived.
-- Rows are keyed by numbers the host gives; what a terminal chooses (STAN, batch) is only data here,
-- so that a terminal which uses a number twice cannot hide the damage.

CREATE TABLE terminal (
    id        TEXT PRIMARY KEY,
    merchant  TEXT    NOT NULL,
    batch     INTEGER NOT NULL CHECK (batch BETWEEN 1 AND 999999),
    signed_on INTEGER NOT NULL
) STRICT;

-- Demonstration accounts. Their card numbers are invented; no bank has issued them.
CREATE TABLE account (
    id            INTEGER PRIMARY KEY,
    name          TEXT    NOT NULL,
    pan           TEXT    NOT NULL UNIQUE,
    expiry        TEXT    NOT NULL,
    pin           TEXT    NOT NULL,
    refusal       TEXT    NOT NULL,
    pin_required  INTEGER NOT NULL,
    limit_minor   INTEGER NOT NULL,
    opening_minor INTEGER NOT NULL,
    wrong_pins    INTEGER NOT NULL,
    organisation  TEXT    NOT NULL DEFAULT 'CUP'
) STRICT;

CREATE TABLE payment_code (
    code       TEXT PRIMARY KEY,
    account    INTEGER NOT NULL REFERENCES account (id),
    single_use INTEGER NOT NULL,
    confirmed_after INTEGER NOT NULL
) STRICT;

CREATE TABLE txn (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    at           TEXT    NOT NULL,
    terminal     TEXT    NOT NULL REFERENCES terminal (id),
    batch        INTEGER NOT NULL,
    stan         INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    total        TEXT    NOT NULL CHECK (total IN ('debit', 'credit', 'none')),
    amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),
    account      INTEGER REFERENCES account (id),
    payment_code TEXT    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('open', 'approved', 'declined', 'reversed')),
    code         TEXT    NOT NULL,
    rrn          TEXT    NOT NULL UNIQUE,
    auth_code    TEXT    NOT NULL,
    original     INTEGER REFERENCES txn (id),
    code_voucher TEXT    NOT NULL,
    asked        INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX txn_identity ON txn (terminal, batch, stan);
CREATE INDEX txn_original ON txn (original) WHERE original IS NOT NULL;

-- Movements on accounts; an account's balance is its opening balance and the sum of these.
CREATE TABLE entry (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    at           TEXT    NOT NULL,
    txn          INTEGER NOT NULL REFERENCES txn (id),
    account      INTEGER NOT NULL REFERENCES account (id),
    amount_minor INTEGER NOT NULL,
    held_minor   INTEGER NOT NULL,
    why          TEXT    NOT NULL
) STRICT;

CREATE INDEX entry_account ON entry (account);
CREATE INDEX entry_txn ON entry (txn);

-- Every financial message, in the order it came, with what became of it: also repeats and refusals.
CREATE TABLE arrival (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    at           TEXT    NOT NULL,
    mti          TEXT    NOT NULL,
    terminal     TEXT    NOT NULL,
    batch        INTEGER NOT NULL,
    stan         INTEGER NOT NULL,
    amount_minor INTEGER NOT NULL,
    code         TEXT    NOT NULL,
    note         TEXT    NOT NULL,
    txn          INTEGER REFERENCES txn (id)
) STRICT;

-- Reversals whose original has not come: when it comes after all, it is refused.
CREATE TABLE early_reversal (
    terminal     TEXT    NOT NULL,
    batch        INTEGER NOT NULL,
    stan         INTEGER NOT NULL,
    at           TEXT    NOT NULL,
    PRIMARY KEY (terminal, batch, stan)
) STRICT;

CREATE TABLE settlement (
    terminal TEXT    NOT NULL,
    batch    INTEGER NOT NULL,
    at       TEXT    NOT NULL,
    told     TEXT    NOT NULL,
    result   TEXT    NOT NULL,
    closed   INTEGER NOT NULL,
    PRIMARY KEY (terminal, batch)
) STRICT;

-- What a terminal uploads of a batch that did not balance; the card number truncated.
CREATE TABLE upload (
    terminal     TEXT    NOT NULL,
    batch        INTEGER NOT NULL,
    trace        INTEGER NOT NULL,
    account      TEXT    NOT NULL,
    amount_minor INTEGER NOT NULL,
    at           TEXT    NOT NULL,
    PRIMARY KEY (terminal, batch, trace)
) STRICT;
