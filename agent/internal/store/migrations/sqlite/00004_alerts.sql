-- What needs a person, and the outbox from which it is delivered. The outbox holds the names of the
-- receivers, never their addresses.

-- +goose Up
CREATE TABLE alerts (
    n          INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT    NOT NULL UNIQUE,
    alert_key  TEXT    NOT NULL,
    connection TEXT    NOT NULL,
    code       TEXT    NOT NULL,
    page       INTEGER NOT NULL,
    verb       TEXT    NOT NULL,
    title      TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    hint       TEXT    NOT NULL,
    run        TEXT    NOT NULL,
    order_id   TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    told       INTEGER NOT NULL,
    times      INTEGER NOT NULL,
    state      TEXT    NOT NULL,
    resolved   INTEGER NOT NULL,
    by_whom    TEXT    NOT NULL
);
CREATE UNIQUE INDEX alerts_open ON alerts (alert_key) WHERE state = 'open';
CREATE INDEX alerts_connection ON alerts (connection, state);

CREATE TABLE deliveries (
    n         INTEGER PRIMARY KEY AUTOINCREMENT,
    id        TEXT    NOT NULL UNIQUE,
    alert     TEXT    NOT NULL REFERENCES alerts (id),
    alert_key TEXT    NOT NULL,
    sink      TEXT    NOT NULL,
    kind      TEXT    NOT NULL,
    state     TEXT    NOT NULL,
    tries     INTEGER NOT NULL,
    created   INTEGER NOT NULL,
    next_try  INTEGER NOT NULL,
    sent      INTEGER NOT NULL,
    error     TEXT    NOT NULL
);
CREATE INDEX deliveries_alert ON deliveries (alert, n);
CREATE INDEX deliveries_due ON deliveries (sink, n) WHERE state = 'pending';
