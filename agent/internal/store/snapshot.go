package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

type snapshotRow struct {
	ID         string `bun:"id"`
	Connection string `bun:"connection"`
	Run        string `bun:"run"`
	Taken      int64  `bun:"taken"`
	Sheet      string `bun:"sheet"`
	Grade      string `bun:"grade"`
	Total      int    `bun:"total"`
	Body       string `bun:"body"`
}

const snapshotColumns = `id, connection, run, taken, sheet, grade, total`

func (s snapshotRow) snapshot() agent.Snapshot {
	return agent.Snapshot{
		ID: s.ID, Connection: s.Connection, Run: s.Run, Taken: at(s.Taken), Sheet: s.Sheet, Grade: flows.Grade(s.Grade), Total: s.Total,
	}
}

// Snapshots returns what is kept of rosters, without their accounts, the newest first.
func (r rows) Snapshots(ctx context.Context, f agent.SnapshotFilter) ([]agent.Snapshot, error) {
	var w where
	w.is("connection", f.Connection)
	w.is("run", f.Run)
	w.is("grade", string(f.Grade))
	found, err := scan[snapshotRow](ctx, r, `SELECT `+snapshotColumns+`, '' AS body FROM snapshots`+w.sql()+` ORDER BY n DESC LIMIT ?`,
		append(w.args, limit(f.Limit))...)
	if err != nil {
		return nil, err
	}
	out := make([]agent.Snapshot, 0, len(found))
	for _, s := range found {
		out = append(out, s.snapshot())
	}
	return out, nil
}

// Snapshot returns a roster with its accounts.
func (r rows) Snapshot(ctx context.Context, id string) (agent.Snapshot, bool, error) {
	row, ok, err := one[snapshotRow](ctx, r, `SELECT `+snapshotColumns+`, body FROM snapshots WHERE id = ?`, id)
	if err != nil || !ok {
		return agent.Snapshot{}, false, err
	}
	s := row.snapshot()
	if err := json.Unmarshal([]byte(row.Body), &s.Roster); err != nil {
		return s, false, fmt.Errorf("read roster %s: %w", id, err)
	}
	return s, true, nil
}

// AddSnapshot keeps a roster.
func (t *tx) AddSnapshot(ctx context.Context, s agent.Snapshot) error {
	b, err := json.Marshal(s.Roster)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO snapshots (`+snapshotColumns+`, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		s.ID, s.Connection, s.Run, ms(s.Taken), s.Sheet, string(s.Grade), s.Total, string(b))
	return err
}

type atRow struct {
	At int64 `bun:"at"`
}

// Baseline returns since when sizes are compared; the zero time means since ever.
func (r rows) Baseline(ctx context.Context, connection string) (time.Time, error) {
	row, _, err := one[atRow](ctx, r, `SELECT at FROM baselines WHERE connection = ?`, connection)
	return at(row.At), err
}

// PutBaseline sets since when sizes are compared.
func (t *tx) PutBaseline(ctx context.Context, connection string, when time.Time) error {
	_, err := t.exec(ctx, `INSERT INTO baselines (connection, at) VALUES (?, ?) ON CONFLICT (connection) DO UPDATE SET at = excluded.at`,
		connection, ms(when))
	return err
}
