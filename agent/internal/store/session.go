package store

import (
	"context"
	"time"
)

// Session returns the connection's sealed session.
func (d *DB) Session(ctx context.Context, connection string) ([]byte, bool, error) {
	row, ok, err := one[sealedRow](ctx, d.rows, `SELECT sealed FROM sessions WHERE connection = ?`, connection)
	return row.Sealed, ok, explain(d.path, err)
}

// PutSession keeps the connection's sealed session in the place of the one before.
func (d *DB) PutSession(ctx context.Context, connection string, sealed []byte, when time.Time) error {
	_, err := d.exec(ctx, `INSERT INTO sessions (connection, sealed, at) VALUES (?, ?, ?)
		ON CONFLICT (connection) DO UPDATE SET sealed = excluded.sealed, at = excluded.at`, connection, sealed, ms(when))
	return explain(d.path, err)
}

// DropSession forgets the connection's session.
func (d *DB) DropSession(ctx context.Context, connection string) error {
	_, err := d.exec(ctx, `DELETE FROM sessions WHERE connection = ?`, connection)
	return explain(d.path, err)
}
