package store

import (
	"context"

	"github.com/usherhq/usher/agent"
)

type countRow struct {
	N int `bun:"n"`
}

// Reserved counts the subjects, other than res's, that stand reserved: in its batch, and on its day.
func (r rows) Reserved(ctx context.Context, res agent.Reservation) (batch, day int, err error) {
	const count = `SELECT COUNT(DISTINCT subject) AS n FROM reservations WHERE connection = ? AND verb = ? AND released = 0 AND subject <> ?`
	inBatch, _, err := one[countRow](ctx, r, count+` AND batch = ?`, res.Connection, string(res.Verb), res.Subject, res.Batch)
	if err != nil {
		return 0, 0, err
	}
	onDay, _, err := one[countRow](ctx, r, count+` AND day = ?`, res.Connection, string(res.Verb), res.Subject, res.Day)
	return inBatch.N, onDay.N, err
}

// AddReservation takes a place for a run.
func (t *tx) AddReservation(ctx context.Context, r agent.Reservation) error {
	_, err := t.exec(ctx, `INSERT INTO reservations (run, connection, verb, subject, batch, day, at, released) VALUES (?, ?, ?, ?, ?, ?, ?, 0)
		ON CONFLICT (run) DO NOTHING`, r.Run, r.Connection, string(r.Verb), r.Subject, r.Batch, r.Day, ms(r.At))
	return err
}

// ReleaseReservation gives the run's place back, where it has one.
func (t *tx) ReleaseReservation(ctx context.Context, run string) error {
	_, err := t.exec(ctx, `UPDATE reservations SET released = 1 WHERE run = ?`, run)
	return err
}
