package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

type orderRow struct {
	ID         string `bun:"id"`
	Verb       string `bun:"verb"`
	Connection string `bun:"connection"`
	Subject    string `bun:"subject"`
	Person     string `bun:"person"`
	Change     string `bun:"account_change"`
	Group      string `bun:"group_change"`
	Reason     string `bun:"reason"`
	By         string `bun:"by_whom"`
	Source     string `bun:"source"`
	DryRun     int    `bun:"dry_run"`
	Holdings   string `bun:"holdings"`
	PlanHash   string `bun:"plan_hash"`
	Batch      string `bun:"batch"`
	Placed     int64  `bun:"placed"`
	Ended      int64  `bun:"ended"`
	State      string `bun:"state"`
	Outcome    string `bun:"outcome"`
	Code       string `bun:"code"`
	Run        string `bun:"run"`
}

const orderColumns = `id, verb, connection, subject, person, account_change, group_change, reason, by_whom, source, dry_run, holdings, plan_hash, batch,
	placed, ended, state, outcome, code, run`

func (o orderRow) order() (agent.Order, error) {
	out := agent.Order{
		ID: o.ID, Verb: agent.Verb(o.Verb), Connection: o.Connection, Subject: o.Subject, Reason: o.Reason, By: o.By,
		Source: o.Source, DryRun: o.DryRun != 0, Holdings: o.Holdings, PlanHash: o.PlanHash, Batch: o.Batch,
		Placed: at(o.Placed), Ended: at(o.Ended), State: agent.State(o.State), Outcome: flows.OutcomeKind(o.Outcome),
		Code: flows.Code(o.Code), Run: o.Run,
	}
	for _, part := range []struct {
		text string
		into any
	}{{o.Person, &out.Person}, {o.Change, &out.Change}, {o.Group, &out.Group}} {
		if part.text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(part.text), part.into); err != nil {
			return out, fmt.Errorf("read what order %s asks for: %w", o.ID, err)
		}
	}
	return out, nil
}

// Order returns the order of that id.
func (r rows) Order(ctx context.Context, id string) (agent.Order, bool, error) {
	row, ok, err := one[orderRow](ctx, r, `SELECT `+orderColumns+` FROM orders WHERE id = ?`, id)
	if err != nil || !ok {
		return agent.Order{}, false, err
	}
	o, err := row.order()
	return o, err == nil, err
}

// Orders returns those that the filter lets through, the newest first.
func (r rows) Orders(ctx context.Context, f agent.OrderFilter) ([]agent.Order, error) {
	var w where
	w.is("connection", f.Connection)
	w.is("subject", f.Subject)
	w.is("state", string(f.State))
	found, err := scan[orderRow](ctx, r, `SELECT `+orderColumns+` FROM orders`+w.sql()+` ORDER BY n DESC LIMIT ?`, append(w.args, limit(f.Limit))...)
	if err != nil {
		return nil, err
	}
	out := make([]agent.Order, 0, len(found))
	for _, row := range found {
		o, err := row.order()
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

// PutOrder inserts the order, or moves it to its new state. What was asked for never changes, but for
// the word on holdings and the plan it is bound to.
func (t *tx) PutOrder(ctx context.Context, o agent.Order) error {
	person, err := jsonOf(o.Person)
	if err != nil {
		return err
	}
	change, err := jsonOf(o.Change)
	if err != nil {
		return err
	}
	group, err := jsonOf(o.Group)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO orders (`+orderColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, ended = excluded.ended, outcome = excluded.outcome,
			code = excluded.code, run = excluded.run, holdings = excluded.holdings, plan_hash = excluded.plan_hash,
			dry_run = excluded.dry_run`,
		o.ID, string(o.Verb), o.Connection, o.Subject, person, change, group, o.Reason, o.By, o.Source, flag(o.DryRun), o.Holdings, o.PlanHash,
		o.Batch, ms(o.Placed), ms(o.Ended), string(o.State), string(o.Outcome), string(o.Code), o.Run)
	return err
}

// jsonOf is how a part of an order is kept; what is not there is the empty text.
func jsonOf[T any](part *T) (string, error) {
	if part == nil {
		return "", nil
	}
	b, err := json.Marshal(part)
	return string(b), err
}

// flag is how a truth is kept in both databases.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
