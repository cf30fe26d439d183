package store

import (
	"context"
	"time"

	"github.com/usherhq/usher/agent"
)

type deliveryRow struct {
	ID      string `bun:"id"`
	Alert   string `bun:"alert"`
	Sink    string `bun:"sink"`
	Kind    string `bun:"kind"`
	State   string `bun:"state"`
	Tries   int    `bun:"tries"`
	Created int64  `bun:"created"`
	Next    int64  `bun:"next_try"`
	Sent    int64  `bun:"sent"`
	Error   string `bun:"error"`
}

const deliveryColumns = `id, alert, sink, kind, state, tries, created, next_try, sent, error`

func (r deliveryRow) delivery() agent.Delivery {
	return agent.Delivery{
		ID: r.ID, Alert: r.Alert, Sink: r.Sink, Kind: agent.DeliveryKind(r.Kind), State: agent.DeliveryState(r.State), Tries: r.Tries,
		Created: at(r.Created), Next: at(r.Next), Sent: at(r.Sent), Error: r.Error,
	}
}

// Deliveries returns those that the filter lets through, the oldest first.
func (r rows) Deliveries(ctx context.Context, f agent.DeliveryFilter) ([]agent.Delivery, error) {
	var w where
	w.is("alert", f.Alert)
	w.is("sink", f.Sink)
	w.is("kind", string(f.Kind))
	w.is("state", string(f.State))
	found, err := scan[deliveryRow](ctx, r, `SELECT `+deliveryColumns+` FROM deliveries`+w.sql()+` ORDER BY n`, w.args...)
	if err != nil {
		return nil, err
	}
	out := make([]agent.Delivery, 0, len(found))
	for _, row := range found {
		out = append(out, row.delivery())
	}
	return out, nil
}

// AddDelivery puts an entry into the outbox.
func (t *tx) AddDelivery(ctx context.Context, d agent.Delivery) error {
	_, err := t.exec(ctx, `INSERT INTO deliveries (`+deliveryColumns+`, alert_key)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, COALESCE((SELECT alert_key FROM alerts WHERE id = ?), ''))`,
		d.ID, d.Alert, d.Sink, string(d.Kind), string(d.State), d.Tries, ms(d.Created), ms(d.Next), ms(d.Sent), d.Error, d.Alert)
	return err
}

// ClaimDelivery takes the sink's oldest delivery that is due. Transactions do not overlap, so that of
// many who claim one gets it.
func (t *tx) ClaimDelivery(ctx context.Context, sink string, now, until time.Time) (agent.Delivery, bool, error) {
	row, ok, err := one[deliveryRow](ctx, t.rows, `SELECT `+deliveryColumns+` FROM deliveries AS d
		WHERE d.state = 'pending' AND d.sink = ? AND d.next_try <= ? AND NOT EXISTS (
			SELECT 1 FROM deliveries AS e WHERE e.state = 'pending' AND e.sink = d.sink AND e.alert_key = d.alert_key AND e.n < d.n)
		ORDER BY d.n LIMIT 1`, sink, ms(now))
	if err != nil || !ok {
		return agent.Delivery{}, false, err
	}
	row.Tries, row.Next = row.Tries+1, ms(until)
	_, err = t.exec(ctx, `UPDATE deliveries SET tries = ?, next_try = ? WHERE id = ?`, row.Tries, row.Next, row.ID)
	return row.delivery(), err == nil, err
}

// SettleDelivery writes down what came of the try that d was claimed for.
func (t *tx) SettleDelivery(ctx context.Context, d agent.Delivery) (bool, error) {
	n, err := t.exec(ctx, `UPDATE deliveries SET state = ?, next_try = ?, sent = ?, error = ? WHERE id = ? AND tries = ? AND state = 'pending'`,
		string(d.State), ms(d.Next), ms(d.Sent), d.Error, d.ID, d.Tries)
	return n == 1, err
}
