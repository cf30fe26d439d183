package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/usherhq/usher/agent"
)

type entryRow struct {
	Connection string `bun:"connection"`
	Seq        int64  `bun:"seq"`
	At         int64  `bun:"at"`
	Kind       string `bun:"kind"`
	Order      string `bun:"order_id"`
	Run        string `bun:"run"`
	By         string `bun:"by_whom"`
	Body       string `bun:"body"`
	Prev       string `bun:"prev"`
	Hash       string `bun:"hash"`
}

const entryColumns = `connection, seq, at, kind, order_id, run, by_whom, body, prev, hash`

// Entries returns the connection's chain after the given number, in order.
func (r rows) Entries(ctx context.Context, connection string, after int64, most int) ([]agent.Entry, error) {
	found, err := scan[entryRow](ctx, r, `SELECT `+entryColumns+` FROM audit WHERE connection = ? AND seq > ? ORDER BY seq LIMIT ?`,
		connection, after, limit(most))
	if err != nil {
		return nil, err
	}
	out := make([]agent.Entry, 0, len(found))
	for _, e := range found {
		out = append(out, agent.Entry{
			Connection: e.Connection, Seq: e.Seq, At: at(e.At), Kind: e.Kind, Order: e.Order, Run: e.Run, By: e.By,
			Body: json.RawMessage(e.Body), Prev: e.Prev, Hash: e.Hash,
		})
	}
	return out, nil
}

type headRow struct {
	Connection string `bun:"connection"`
	Seq        int64  `bun:"seq"`
	Hash       string `bun:"hash"`
	At         int64  `bun:"at"`
}

func (h headRow) head() agent.Head {
	return agent.Head{Connection: h.Connection, Seq: h.Seq, Hash: h.Hash, At: at(h.At)}
}

// Heads returns the end of every chain, by connection. A chain whose head was taken away is still
// one: it comes with the number 0.
func (r rows) Heads(ctx context.Context) ([]agent.Head, error) {
	found, err := scan[headRow](ctx, r, `SELECT connection, seq, hash, at FROM heads
		UNION ALL SELECT DISTINCT connection, 0, '', 0 FROM audit WHERE connection NOT IN (SELECT connection FROM heads)
		ORDER BY connection`)
	if err != nil {
		return nil, err
	}
	out := make([]agent.Head, 0, len(found))
	for _, h := range found {
		out = append(out, h.head())
	}
	return out, nil
}

// Head returns the end of the connection's chain, and keeps others from appending until this
// transaction ends (by touching the row: SQLite lets only one write anyway, Postgres locks it).
func (t *tx) Head(ctx context.Context, connection string) (agent.Head, error) {
	if _, err := t.exec(ctx, `INSERT INTO heads (connection, seq, hash, at) VALUES (?, 0, '', 0)
		ON CONFLICT (connection) DO UPDATE SET seq = heads.seq`, connection); err != nil {
		return agent.Head{}, err
	}
	h, _, err := one[headRow](ctx, t.rows, `SELECT connection, seq, hash, at FROM heads WHERE connection = ?`, connection)
	return h.head(), err
}

// AddEntry appends to the chain and moves its head.
func (t *tx) AddEntry(ctx context.Context, e agent.Entry) error {
	if _, err := t.exec(ctx, `INSERT INTO audit (`+entryColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		e.Connection, e.Seq, ms(e.At), e.Kind, e.Order, e.Run, e.By, string(e.Body), e.Prev, e.Hash); err != nil {
		return err
	}
	n, err := t.exec(ctx, `UPDATE heads SET seq = ?, hash = ?, at = ? WHERE connection = ? AND seq = ?`, e.Seq, e.Hash, ms(e.At), e.Connection, e.Seq-1)
	if err == nil && n != 1 {
		err = fmt.Errorf("audit entry %d of %s does not follow the head of its chain", e.Seq, e.Connection)
	}
	return err
}
