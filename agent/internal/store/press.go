package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/usherhq/usher/agent"
)

type pressRow struct {
	ID         string `bun:"id"`
	Run        string `bun:"run"`
	Order      string `bun:"order_id"`
	Connection string `bun:"connection"`
	Verb       string `bun:"verb"`
	Subject    string `bun:"subject"`
	Element    string `bun:"element"`
	At         int64  `bun:"at"`
	Body       string `bun:"body"`
	State      string `bun:"state"`
	By         string `bun:"by_whom"`
	Note       string `bun:"note"`
	Settled    int64  `bun:"settled"`
}

const pressColumns = `id, run, order_id, connection, verb, subject, element, at, body, state, by_whom, note, settled`

func presses(found []pressRow, err error) ([]agent.Press, error) {
	if err != nil {
		return nil, err
	}
	out := make([]agent.Press, 0, len(found))
	for _, p := range found {
		press := agent.Press{
			ID: p.ID, Run: p.Run, Order: p.Order, Connection: p.Connection, Verb: agent.Verb(p.Verb), Subject: p.Subject,
			Element: p.Element, At: at(p.At), State: agent.PressState(p.State), By: p.By, Note: p.Note, Settled: at(p.Settled),
		}
		if err := json.Unmarshal([]byte(p.Body), &press.Before); err != nil {
			return nil, fmt.Errorf("read press %s: %w", p.ID, err)
		}
		out = append(out, press)
	}
	return out, nil
}

// Presses returns the subject's presses, the oldest first.
func (r rows) Presses(ctx context.Context, connection string, verb agent.Verb, subject string) ([]agent.Press, error) {
	return presses(scan[pressRow](ctx, r, `SELECT `+pressColumns+` FROM presses WHERE connection = ? AND verb = ? AND subject = ? ORDER BY n`,
		connection, string(verb), subject))
}

// OpenPresses returns those that nobody verified, the oldest first.
func (r rows) OpenPresses(ctx context.Context, connection string) ([]agent.Press, error) {
	var w where
	w.is("state", string(agent.PressOpen))
	w.is("connection", connection)
	return presses(scan[pressRow](ctx, r, `SELECT `+pressColumns+` FROM presses`+w.sql()+` ORDER BY n`, w.args...))
}

// AddPress writes an intent into the journal.
func (t *tx) AddPress(ctx context.Context, p agent.Press) error {
	b, err := json.Marshal(p.Before)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO presses (`+pressColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		p.ID, p.Run, p.Order, p.Connection, string(p.Verb), p.Subject, p.Element, ms(p.At), string(b), string(p.State), p.By, p.Note, ms(p.Settled))
	return err
}

// SettlePress says what became of an open press.
func (t *tx) SettlePress(ctx context.Context, id string, state agent.PressState, by, note string, when time.Time) error {
	n, err := t.exec(ctx, `UPDATE presses SET state = ?, by_whom = ?, note = ?, settled = ? WHERE id = ? AND state = 'open'`,
		string(state), by, note, ms(when), id)
	if err == nil && n != 1 {
		err = fmt.Errorf("press %s is not open", id)
	}
	return err
}
