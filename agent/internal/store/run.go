package store

import (
	"context"
	"fmt"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

type runRow struct {
	ID         string `bun:"id"`
	Order      string `bun:"order_id"`
	Connection string `bun:"connection"`
	Verb       string `bun:"verb"`
	Subject    string `bun:"subject"`
	Source     string `bun:"source"`
	By         string `bun:"by_whom"`
	DryRun     int    `bun:"dry_run"`
	Started    int64  `bun:"started"`
	Ended      int64  `bun:"ended"`
	Outcome    string `bun:"outcome"`
	Code       string `bun:"code"`
	Seen       string `bun:"seen"`
	Message    string `bun:"message"`
	Hint       string `bun:"hint"`
	PlanHash   string `bun:"plan_hash"`
	Roster     string `bun:"roster"`
	Steps      int    `bun:"steps"`
	Evidence   string `bun:"evidence"`
}

const runColumns = `id, order_id, connection, verb, subject, source, by_whom, dry_run, started, ended, outcome, code, seen,
	message, hint, plan_hash, roster, steps, evidence`

func (r runRow) run() agent.Run {
	return agent.Run{
		ID: r.ID, Order: r.Order, Connection: r.Connection, Verb: agent.Verb(r.Verb), Subject: r.Subject, Source: r.Source,
		By: r.By, DryRun: r.DryRun != 0, Started: at(r.Started), Ended: at(r.Ended), Outcome: flows.OutcomeKind(r.Outcome),
		Code: flows.Code(r.Code), Seen: r.Seen, Message: r.Message, Hint: r.Hint, PlanHash: r.PlanHash, Roster: r.Roster,
		Steps: r.Steps, Evidence: r.Evidence,
	}
}

// Run returns the run of that id.
func (r rows) Run(ctx context.Context, id string) (agent.Run, bool, error) {
	row, ok, err := one[runRow](ctx, r, `SELECT `+runColumns+` FROM runs WHERE id = ?`, id)
	return row.run(), ok, err
}

// Runs returns those that the filter lets through, the newest first.
func (r rows) Runs(ctx context.Context, f agent.RunFilter) ([]agent.Run, error) {
	var w where
	w.is("connection", f.Connection)
	w.is("order_id", f.Order)
	w.is("verb", string(f.Verb))
	if f.Open {
		w.parts = append(w.parts, "ended = 0")
	}
	found, err := scan[runRow](ctx, r, `SELECT `+runColumns+` FROM runs`+w.sql()+` ORDER BY n DESC LIMIT ?`, append(w.args, limit(f.Limit))...)
	if err != nil {
		return nil, err
	}
	out := make([]agent.Run, 0, len(found))
	for _, row := range found {
		out = append(out, row.run())
	}
	return out, nil
}

// AddRun inserts a run that begins.
func (t *tx) AddRun(ctx context.Context, r agent.Run) error {
	_, err := t.exec(ctx, `INSERT INTO runs (`+runColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.ID, r.Order, r.Connection, string(r.Verb), r.Subject, r.Source, r.By, flag(r.DryRun), ms(r.Started), ms(r.Ended),
		string(r.Outcome), string(r.Code), r.Seen, r.Message, r.Hint, r.PlanHash, r.Roster, r.Steps, r.Evidence)
	return err
}

// EndRun writes down how a run ended, once.
func (t *tx) EndRun(ctx context.Context, r agent.Run) error {
	n, err := t.exec(ctx, `UPDATE runs SET ended = ?, outcome = ?, code = ?, seen = ?, message = ?, hint = ?, plan_hash = ?,
		roster = ?, steps = ?, evidence = ? WHERE id = ? AND ended = 0`,
		ms(r.Ended), string(r.Outcome), string(r.Code), r.Seen, r.Message, r.Hint, r.PlanHash, r.Roster, r.Steps, r.Evidence, r.ID)
	if err == nil && n != 1 {
		err = fmt.Errorf("run %s has ended already, or never began", r.ID)
	}
	return err
}
