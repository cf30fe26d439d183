package store

import (
	"context"

	"github.com/usherhq/usher/agent"
)

type acceptanceRow struct {
	Connection string `bun:"connection"`
	Sheet      string `bun:"sheet"`
	Name       string `bun:"name"`
	Digest     string `bun:"digest"`
	By         string `bun:"by_whom"`
	At         int64  `bun:"at"`
}

// Acceptances returns what was accepted on the connection, the oldest first.
func (r rows) Acceptances(ctx context.Context, connection string) ([]agent.Acceptance, error) {
	found, err := scan[acceptanceRow](ctx, r, `SELECT connection, sheet, name, digest, by_whom, at FROM acceptances WHERE connection = ? ORDER BY n`, connection)
	if err != nil {
		return nil, err
	}
	out := make([]agent.Acceptance, 0, len(found))
	for _, a := range found {
		out = append(out, agent.Acceptance{Connection: a.Connection, Sheet: a.Sheet, Name: a.Name, Digest: a.Digest, By: a.By, At: at(a.At)})
	}
	return out, nil
}

// AddAcceptance keeps an acceptance; the first word on the same thing stays.
func (t *tx) AddAcceptance(ctx context.Context, a agent.Acceptance) error {
	_, err := t.exec(ctx, `INSERT INTO acceptances (connection, sheet, name, digest, by_whom, at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (connection, sheet, name, digest) DO NOTHING`, a.Connection, a.Sheet, a.Name, a.Digest, a.By, ms(a.At))
	return err
}
