package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/usherhq/usher/agent"
)

type bodyRow struct {
	Body string `bun:"body"`
}

// Plan returns the last plan that the run made.
func (r rows) Plan(ctx context.Context, run string) (agent.Plan, bool, error) {
	var p agent.Plan
	row, ok, err := one[bodyRow](ctx, r, `SELECT body FROM plans WHERE run = ? ORDER BY n DESC LIMIT 1`, run)
	if err != nil || !ok {
		return p, false, err
	}
	if err := json.Unmarshal([]byte(row.Body), &p); err != nil {
		return p, false, fmt.Errorf("read the plan of run %s: %w", run, err)
	}
	return p, true, nil
}

// AddPlan keeps a plan.
func (t *tx) AddPlan(ctx context.Context, run string, p agent.Plan) error {
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO plans (run, hash, body) VALUES (?, ?, ?)`, run, p.Hash, string(b))
	return err
}
