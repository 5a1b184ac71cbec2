-- Changed parameters of one terminal. A row of change is never rewritten but for its way to an end, and never removed.

CREATE TABLE change (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    at         TEXT    NOT NULL,
    who        TEXT    NOT NULL,
    source     TEXT    NOT NULL CHECK (source IN ('command', 'menu', 'bundle', 'host', 'revert')),
    note       TEXT    NOT NULL,
    reverts    INTEGER REFERENCES change (number),
    bundle     INTEGER CHECK (bundle > 0),
    effective  TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('waiting', 'applied', 'withdrawn', 'failed')),
    decided_at TEXT    NOT NULL,
    told       INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Old and new value of each key as JSON; an empty text: the file's own value.
CREATE TABLE value (
    change INTEGER NOT NULL REFERENCES change (number),
    key    TEXT    NOT NULL,
    old    TEXT    NOT NULL,
    new    TEXT    NOT NULL,
    PRIMARY KEY (change, key)
) STRICT;

-- Two complete sets: one is in force, the other is what was in force before it. A new set begins as a trial.
CREATE TABLE slot (
    name    TEXT PRIMARY KEY CHECK (name IN ('a', 'b')),
    content TEXT    NOT NULL,
    sum     TEXT    NOT NULL,
    changes TEXT    NOT NULL,
    state   TEXT    NOT NULL CHECK (state IN ('good', 'trial', 'failed')),
    tries   INTEGER NOT NULL
) STRICT;

-- Which slot is in force, and the highest version of a bundle that a terminal has started with.
CREATE TABLE present (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    slot   TEXT    NOT NULL REFERENCES slot (name),
    bundle INTEGER NOT NULL
) STRICT;

CREATE TRIGGER change_kept BEFORE DELETE ON change BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
CREATE TRIGGER value_kept BEFORE DELETE ON value BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
CREATE TRIGGER value_same BEFORE UPDATE ON value BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
CREATE TRIGGER change_same BEFORE UPDATE OF number, at, who, source, note, reverts, bundle, effective ON change
BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
CREATE TRIGGER change_one_way BEFORE UPDATE OF state ON change
WHEN (OLD.state || '>' || NEW.state) NOT IN (
    'waiting>applied', 'waiting>withdrawn', 'waiting>failed', 'applied>failed')
BEGIN SELECT RAISE(ABORT, 'a change only goes forward'); END;
CREATE TRIGGER bundle_one_way BEFORE UPDATE OF bundle ON present WHEN NEW.bundle < OLD.bundle
BEGIN SELECT RAISE(ABORT, 'the version of a bundle never goes back'); END;

INSERT INTO slot VALUES ('a', '{}', '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a', '[]', 'good', 0);
INSERT INTO slot VALUES ('b', '{}', '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a', '[]', 'good', 0);
INSERT INTO present VALUES (1, 'a', 0);
