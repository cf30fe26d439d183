package store

import (
	"context"

	"github.com/usherhq/usher/agent"
)

type breakerRow struct {
	Connection string `bun:"connection"`
	Digest     string `bun:"digest"`
	Run        string `bun:"run"`
	Why        string `bun:"why"`
	Opened     int64  `bun:"opened"`
}

// Breaker returns the connection's breaker, where one is open.
func (r rows) Breaker(ctx context.Context, connection string) (agent.Breaker, bool, error) {
	b, ok, err := one[breakerRow](ctx, r, `SELECT connection, digest, run, why, opened FROM breakers WHERE connection = ?`, connection)
	return agent.Breaker{Connection: b.Connection, Digest: b.Digest, Run: b.Run, Why: b.Why, Opened: at(b.Opened)}, ok, err
}

// PutBreaker opens the connection's breaker.
func (t *tx) PutBreaker(ctx context.Context, b agent.Breaker) error {
	_, err := t.exec(ctx, `INSERT INTO breakers (connection, digest, run, why, opened) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (connection) DO UPDATE SET digest = excluded.digest, run = excluded.run, why = excluded.why, opened = excluded.opened`,
		b.Connection, b.Digest, b.Run, b.Why, ms(b.Opened))
	return err
}

// DropBreaker closes the connection's breaker.
func (t *tx) DropBreaker(ctx context.Context, connection string) error {
	_, err := t.exec(ctx, `DELETE FROM breakers WHERE connection = ?`, connection)
	return err
}
