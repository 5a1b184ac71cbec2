-- The journal: every row is durable before the byte, the line of paper or the word on the screen it stands for.
-- Card data only truncated; track data, PIN blocks and keys have no column.

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE txn (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    kind            TEXT    NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN (
        'sent', 'approved', 'declined', 'reversing', 'reversed', 'advising', 'dropped')),
    stan            INTEGER NOT NULL CHECK (stan BETWEEN 1 AND 999999),
    batch           INTEGER NOT NULL CHECK (batch BETWEEN 1 AND 999999),
    amount_minor    INTEGER NOT NULL CHECK (amount_minor BETWEEN 0 AND 999999999999),
    currency        TEXT    NOT NULL,
    entry_mode      TEXT    NOT NULL,
    account         TEXT    NOT NULL,
    started_at      TEXT    NOT NULL,
    operator        TEXT    NOT NULL,
    training        INTEGER NOT NULL,
    pin_entered     INTEGER NOT NULL,
    expiry          TEXT    NOT NULL,
    undo_cause      TEXT    NOT NULL,
    reversal_reason TEXT    NOT NULL,
    reversal_tries  INTEGER NOT NULL,
    response_code   TEXT    NOT NULL,
    rrn             TEXT    NOT NULL,
    auth_code       TEXT    NOT NULL,
    host_date       TEXT    NOT NULL,
    host_time       TEXT    NOT NULL,
    settlement_date TEXT    NOT NULL,
    issuer          TEXT    NOT NULL,
    acquirer        TEXT    NOT NULL,
    card_organisation TEXT  NOT NULL,
    host_message    TEXT    NOT NULL,
    code_voucher    TEXT    NOT NULL,
    original        INTEGER REFERENCES txn (id),
    original_batch  INTEGER NOT NULL,
    original_stan   INTEGER NOT NULL,
    original_date   TEXT    NOT NULL,
    original_rrn    TEXT    NOT NULL,
    original_auth   TEXT    NOT NULL,
    original_code_voucher TEXT NOT NULL,
    sealed          BLOB    NOT NULL,
    tender          TEXT    NOT NULL,
    cvm             TEXT    NOT NULL,
    target          TEXT    NOT NULL,
    uploaded        INTEGER NOT NULL DEFAULT 0,
    language        TEXT    NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX txn_open ON txn (state) WHERE state IN ('sent', 'reversing', 'advising');
CREATE INDEX txn_batch ON txn (batch, stan);
CREATE INDEX txn_original ON txn (original) WHERE original IS NOT NULL;
CREATE INDEX txn_rrn ON txn (rrn);

-- A state is left only for a later one: nothing revives what was undone, nothing undoes what was concluded.
CREATE TRIGGER txn_one_way BEFORE UPDATE OF state ON txn
WHEN (OLD.state || '>' || NEW.state) NOT IN (
    'sent>approved', 'sent>declined', 'sent>reversing', 'sent>advising', 'sent>dropped',
    'reversing>reversed', 'reversing>reversing', 'advising>approved', 'advising>declined')
BEGIN
    SELECT RAISE(ABORT, 'a transaction never leaves its final state');
END;

CREATE TRIGGER txn_kept BEFORE DELETE ON txn WHEN OLD.state IN ('sent', 'reversing', 'advising')
BEGIN
    SELECT RAISE(ABORT, 'an open transaction is never deleted');
END;

-- A settlement is a row from its first message to its last; while one is open, nothing new begins.
CREATE TABLE settlement (
    batch        INTEGER PRIMARY KEY,
    state        TEXT    NOT NULL CHECK (state IN ('comparing', 'uploading', 'ending', 'done')),
    started_at   TEXT    NOT NULL,
    debit_count  INTEGER NOT NULL,
    debit_minor  INTEGER NOT NULL,
    credit_count INTEGER NOT NULL,
    credit_minor INTEGER NOT NULL,
    domestic     TEXT    NOT NULL,
    "foreign"    TEXT    NOT NULL,
    foreign_debit_count  INTEGER NOT NULL DEFAULT 0,
    foreign_debit_minor  INTEGER NOT NULL DEFAULT 0,
    foreign_credit_count INTEGER NOT NULL DEFAULT 0,
    foreign_credit_minor INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX settlement_open ON settlement (state != 'done') WHERE state != 'done';

CREATE TRIGGER settlement_one_way BEFORE UPDATE OF state ON settlement
WHEN (OLD.state || '>' || NEW.state) NOT IN (
    'comparing>uploading', 'uploading>ending', 'ending>done')
BEGIN
    SELECT RAISE(ABORT, 'a settlement only goes forward');
END;

-- Who may stand at the counter; passwords only as salted scrypt.
CREATE TABLE operator (
    number   TEXT PRIMARY KEY,
    role     TEXT    NOT NULL CHECK (role IN ('cashier', 'supervisor', 'administrator')),
    salt     BLOB    NOT NULL,
    verifier BLOB    NOT NULL,
    failures INTEGER NOT NULL,
    changed  TEXT    NOT NULL
) STRICT;

-- Paper: a slip is a job here first; what came out of the printer is counted as it comes.
CREATE TABLE print_job (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    txn        INTEGER REFERENCES txn (id),
    batch      INTEGER NOT NULL,
    what       TEXT    NOT NULL,
    reprint    INTEGER NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('waiting', 'started', 'done')),
    bytes_done INTEGER NOT NULL,
    total      INTEGER NOT NULL
) STRICT;

CREATE INDEX print_job_open ON print_job (id) WHERE state != 'done';

-- What happened, for whoever asks later; append-only.
CREATE TABLE event (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at     TEXT NOT NULL,
    what   TEXT NOT NULL,
    txn    INTEGER REFERENCES txn (id),
    detail TEXT NOT NULL
) STRICT;

CREATE TRIGGER event_kept BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END;
CREATE TRIGGER event_stays BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END;

-- What the host has given for later: parameters, chip applications, CA keys, card lists; replaced as a whole.
CREATE TABLE download (
    name    TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    at      TEXT    NOT NULL,
    content BLOB    NOT NULL
) STRICT;
