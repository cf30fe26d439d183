package store

import (
	"context"

	"github.com/usherhq/usher/agent"
)

type freezeRow struct {
	State  int    `bun:"state"`
	By     string `bun:"by_whom"`
	Reason string `bun:"reason"`
	At     int64  `bun:"at"`
}

// Freeze returns how the switch stands; off where nobody ever turned it.
func (r rows) Freeze(ctx context.Context) (agent.Freeze, error) {
	f, _, err := one[freezeRow](ctx, r, `SELECT state, by_whom, reason, at FROM freezes ORDER BY n DESC LIMIT 1`)
	return agent.Freeze{On: f.State != 0, By: f.By, Reason: f.Reason, At: at(f.At)}, err
}

// PutFreeze turns the switch; the turns before stay on record.
func (t *tx) PutFreeze(ctx context.Context, f agent.Freeze) error {
	_, err := t.exec(ctx, `INSERT INTO freezes (state, by_whom, reason, at) VALUES (?, ?, ?, ?)`, flag(f.On), f.By, f.Reason, ms(f.At))
	return err
}
