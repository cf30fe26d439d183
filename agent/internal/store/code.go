package store

import (
	"context"
	"time"
)

// UseCode claims a TOTP time step; false where it or a later one was used.
func (d *DB) UseCode(ctx context.Context, account string, step int64, when time.Time) (bool, error) {
	n, err := d.exec(ctx, `INSERT INTO codes (account, step, at) VALUES (?, ?, ?)
		ON CONFLICT (account) DO UPDATE SET step = excluded.step, at = excluded.at WHERE codes.step < excluded.step`, account, step, ms(when))
	return n == 1, explain(d.path, err)
}
