-- Times are milliseconds since 1970, UTC. The column n orders what was written in one millisecond.

-- +goose Up
CREATE TABLE orders (
    n          INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT    NOT NULL UNIQUE,
    verb       TEXT    NOT NULL,
    connection TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    person     TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    by_whom    TEXT    NOT NULL,
    source     TEXT    NOT NULL,
    dry_run    INTEGER NOT NULL,
    holdings   TEXT    NOT NULL,
    plan_hash  TEXT    NOT NULL,
    batch      TEXT    NOT NULL,
    placed     INTEGER NOT NULL,
    ended      INTEGER NOT NULL,
    state      TEXT    NOT NULL,
    outcome    TEXT    NOT NULL,
    code       TEXT    NOT NULL,
    run        TEXT    NOT NULL
);
CREATE INDEX orders_connection ON orders (connection, n);
CREATE INDEX orders_subject ON orders (subject, n);

CREATE TABLE runs (
    n          INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT    NOT NULL UNIQUE,
    order_id   TEXT    NOT NULL REFERENCES orders (id),
    connection TEXT    NOT NULL,
    verb       TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    source     TEXT    NOT NULL,
    by_whom    TEXT    NOT NULL,
    dry_run    INTEGER NOT NULL,
    started    INTEGER NOT NULL,
    ended      INTEGER NOT NULL,
    outcome    TEXT    NOT NULL,
    code       TEXT    NOT NULL,
    seen       TEXT    NOT NULL,
    message    TEXT    NOT NULL,
    hint       TEXT    NOT NULL,
    plan_hash  TEXT    NOT NULL,
    roster     TEXT    NOT NULL,
    steps      INTEGER NOT NULL,
    evidence   TEXT    NOT NULL
);
CREATE INDEX runs_connection ON runs (connection, verb, n);
CREATE INDEX runs_order ON runs (order_id, n);
CREATE INDEX runs_open ON runs (connection) WHERE ended = 0;

CREATE TABLE steps (
    run      TEXT    NOT NULL REFERENCES runs (id),
    seq      INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    took     INTEGER NOT NULL,
    name     TEXT    NOT NULL,
    element  TEXT    NOT NULL,
    selector TEXT    NOT NULL,
    note     TEXT    NOT NULL,
    failed   INTEGER NOT NULL,
    picture  TEXT    NOT NULL,
    PRIMARY KEY (run, seq)
);

-- Pictures are sealed; the name is the hash of what is in the seal. They may be deleted in time.
CREATE TABLE pictures (
    hash   TEXT    NOT NULL PRIMARY KEY,
    sealed BLOB    NOT NULL,
    at     INTEGER NOT NULL
);

CREATE TABLE plans (
    n    INTEGER PRIMARY KEY AUTOINCREMENT,
    run  TEXT NOT NULL REFERENCES runs (id),
    hash TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX plans_run ON plans (run, n);

CREATE TABLE presses (
    n          INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT    NOT NULL UNIQUE,
    run        TEXT    NOT NULL REFERENCES runs (id),
    order_id   TEXT    NOT NULL REFERENCES orders (id),
    connection TEXT    NOT NULL,
    verb       TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    element    TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    body       TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    by_whom    TEXT    NOT NULL,
    note       TEXT    NOT NULL,
    settled    INTEGER NOT NULL
);
CREATE INDEX presses_subject ON presses (connection, verb, subject, n);
CREATE INDEX presses_open ON presses (connection) WHERE state = 'open';

CREATE TABLE snapshots (
    n          INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT    NOT NULL UNIQUE,
    connection TEXT    NOT NULL,
    run        TEXT    NOT NULL REFERENCES runs (id),
    taken      INTEGER NOT NULL,
    sheet      TEXT    NOT NULL,
    grade      TEXT    NOT NULL,
    total      INTEGER NOT NULL,
    body       TEXT    NOT NULL
);
CREATE INDEX snapshots_connection ON snapshots (connection, grade, n);
CREATE INDEX snapshots_run ON snapshots (run);

CREATE TABLE baselines (
    connection TEXT    NOT NULL PRIMARY KEY,
    at         INTEGER NOT NULL
);

CREATE TABLE sessions (
    connection TEXT    NOT NULL PRIMARY KEY,
    sealed     BLOB    NOT NULL,
    at         INTEGER NOT NULL
);

CREATE TABLE codes (
    account TEXT    NOT NULL PRIMARY KEY,
    step    INTEGER NOT NULL,
    at      INTEGER NOT NULL
);

CREATE TABLE leases (
    connection TEXT    NOT NULL PRIMARY KEY,
    holder     TEXT    NOT NULL,
    host       TEXT    NOT NULL,
    boot       TEXT    NOT NULL,
    pid        INTEGER NOT NULL,
    born       TEXT    NOT NULL,
    doing      TEXT    NOT NULL,
    taken      INTEGER NOT NULL,
    expires    INTEGER NOT NULL
);

CREATE TABLE breakers (
    connection TEXT    NOT NULL PRIMARY KEY,
    digest     TEXT    NOT NULL,
    run        TEXT    NOT NULL,
    why        TEXT    NOT NULL,
    opened     INTEGER NOT NULL
);

CREATE TABLE acceptances (
    n          INTEGER PRIMARY KEY AUTOINCREMENT,
    connection TEXT    NOT NULL,
    sheet      TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    digest     TEXT    NOT NULL,
    by_whom    TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    UNIQUE (connection, sheet, name, digest)
);

CREATE TABLE freezes (
    n       INTEGER PRIMARY KEY AUTOINCREMENT,
    state   INTEGER NOT NULL,
    by_whom TEXT    NOT NULL,
    reason  TEXT    NOT NULL,
    at      INTEGER NOT NULL
);

CREATE TABLE reservations (
    run        TEXT    NOT NULL PRIMARY KEY REFERENCES runs (id),
    connection TEXT    NOT NULL,
    verb       TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    batch      TEXT    NOT NULL,
    day        TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    released   INTEGER NOT NULL
);
CREATE INDEX reservations_day ON reservations (connection, verb, day);
CREATE INDEX reservations_batch ON reservations (connection, verb, batch);

CREATE TABLE audit (
    connection TEXT    NOT NULL,
    seq        INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    order_id   TEXT    NOT NULL,
    run        TEXT    NOT NULL,
    by_whom    TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    prev       TEXT    NOT NULL,
    hash       TEXT    NOT NULL,
    PRIMARY KEY (connection, seq)
);

CREATE TABLE heads (
    connection TEXT    NOT NULL PRIMARY KEY,
    seq        INTEGER NOT NULL,
    hash       TEXT    NOT NULL,
    at         INTEGER NOT NULL
);
