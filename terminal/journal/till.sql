-- What tills have asked for, beside the transactions: a request is a row before anything is begun for it, so that the
-- same request asked twice has one effect. Kept as long as the transactions are.
CREATE TABLE IF NOT EXISTS till_request (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    sale_id      TEXT    NOT NULL,
    service_id   TEXT    NOT NULL,
    digest       BLOB    NOT NULL,
    category     TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor BETWEEN 0 AND 999999999999),
    reference    TEXT    NOT NULL,
    asked_at     TEXT    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('asked', 'ended')),
    reason       TEXT    NOT NULL,
    UNIQUE (sale_id, service_id)
) STRICT;

CREATE INDEX IF NOT EXISTS till_request_asked ON till_request (id) WHERE state = 'asked';

-- The transactions that were begun for a request, written with the row itself. A wrong PIN makes a second one.
CREATE TABLE IF NOT EXISTS till_payment (
    txn     INTEGER PRIMARY KEY REFERENCES txn (id),
    request INTEGER NOT NULL REFERENCES till_request (id)
) STRICT;

CREATE INDEX IF NOT EXISTS till_payment_request ON till_payment (request);

CREATE TRIGGER IF NOT EXISTS till_request_ends BEFORE UPDATE ON till_request
WHEN OLD.state = 'ended' OR NEW.state != 'ended' OR OLD.digest != NEW.digest OR OLD.sale_id != NEW.sale_id
    OR OLD.service_id != NEW.service_id
BEGIN
    SELECT RAISE(ABORT, 'a request ends once and is not changed');
END;

CREATE TRIGGER IF NOT EXISTS till_request_kept BEFORE DELETE ON till_request
BEGIN
    SELECT RAISE(ABORT, 'a request is never forgotten');
END;

CREATE TRIGGER IF NOT EXISTS till_payment_begun BEFORE INSERT ON till_payment
WHEN (SELECT state FROM till_request WHERE id = NEW.request) IS NOT 'asked'
BEGIN
    SELECT RAISE(ABORT, 'nothing is begun for a request that has ended');
END;
