package store

import (
	"context"
	"fmt"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

type alertRow struct {
	ID         string `bun:"id"`
	Key        string `bun:"alert_key"`
	Connection string `bun:"connection"`
	Code       string `bun:"code"`
	Page       int    `bun:"page"`
	Verb       string `bun:"verb"`
	Title      string `bun:"title"`
	Text       string `bun:"body"`
	Hint       string `bun:"hint"`
	Run        string `bun:"run"`
	Order      string `bun:"order_id"`
	Subject    string `bun:"subject"`
	First      int64  `bun:"first_seen"`
	Last       int64  `bun:"last_seen"`
	Told       int64  `bun:"told"`
	Count      int    `bun:"times"`
	State      string `bun:"state"`
	Resolved   int64  `bun:"resolved"`
	By         string `bun:"by_whom"`
}

const alertColumns = `id, alert_key, connection, code, page, verb, title, body, hint, run, order_id, subject, first_seen, last_seen,
	told, times, state, resolved, by_whom`

func (r alertRow) alert() agent.Alert {
	return agent.Alert{
		ID: r.ID, Key: r.Key, Connection: r.Connection, Code: flows.Code(r.Code), Page: r.Page != 0, Verb: agent.Verb(r.Verb),
		Title: r.Title, Text: r.Text, Hint: r.Hint, Run: r.Run, Order: r.Order, Subject: r.Subject, First: at(r.First), Last: at(r.Last),
		Told: at(r.Told), Count: r.Count, State: agent.AlertState(r.State), Resolved: at(r.Resolved), By: r.By,
	}
}

// Alert returns the alert of that id.
func (r rows) Alert(ctx context.Context, id string) (agent.Alert, bool, error) {
	row, ok, err := one[alertRow](ctx, r, `SELECT `+alertColumns+` FROM alerts WHERE id = ?`, id)
	return row.alert(), ok, err
}

// Alerts returns those that the filter lets through, the open ones first, then the newest.
func (r rows) Alerts(ctx context.Context, f agent.AlertFilter) ([]agent.Alert, error) {
	var w where
	w.is("connection", f.Connection)
	w.is("alert_key", f.Key)
	w.is("state", string(f.State))
	found, err := scan[alertRow](ctx, r, `SELECT `+alertColumns+` FROM alerts`+w.sql()+
		` ORDER BY CASE state WHEN 'open' THEN 0 ELSE 1 END, n DESC LIMIT ?`, append(w.args, limit(f.Limit))...)
	if err != nil {
		return nil, err
	}
	out := make([]agent.Alert, 0, len(found))
	for _, row := range found {
		out = append(out, row.alert())
	}
	return out, nil
}

// PutAlert inserts the alert, or moves it on. What is resolved stays so: the same matter again is a
// new alert.
func (t *tx) PutAlert(ctx context.Context, a agent.Alert) error {
	n, err := t.exec(ctx, `INSERT INTO alerts (`+alertColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET verb = excluded.verb, title = excluded.title, body = excluded.body, hint = excluded.hint,
			run = excluded.run, order_id = excluded.order_id, subject = excluded.subject, last_seen = excluded.last_seen,
			told = excluded.told, times = excluded.times, state = excluded.state, resolved = excluded.resolved, by_whom = excluded.by_whom
		WHERE alerts.state = 'open'`,
		a.ID, a.Key, a.Connection, string(a.Code), flag(a.Page), string(a.Verb), a.Title, a.Text, a.Hint, a.Run, a.Order, a.Subject,
		ms(a.First), ms(a.Last), ms(a.Told), a.Count, string(a.State), ms(a.Resolved), a.By)
	if err == nil && n != 1 {
		err = fmt.Errorf("alert %s is resolved already", a.ID)
	}
	return err
}
