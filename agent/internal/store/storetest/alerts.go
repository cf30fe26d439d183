package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

func anAlert(id, key string) agent.Alert {
	return agent.Alert{
		ID: id, Key: key, Connection: "acme", Code: flows.Drift, Page: true, Verb: agent.List, Title: "acme: it's 'changed'; ?",
		Text: "the page", Hint: "run `usher check acme`", Run: "r1", Order: "o1", Subject: "ana@example.com",
		First: start, Last: start.Add(time.Second), Told: start, Count: 2, State: agent.AlertOpen,
	}
}

func aDelivery(id, alert, sink string, kind agent.DeliveryKind) agent.Delivery {
	return agent.Delivery{ID: id, Alert: alert, Sink: sink, Kind: kind, State: agent.DeliveryPending, Created: start, Next: start}
}

func alerts(t *testing.T, s agent.Store) {
	t.Helper()
	ctx := t.Context()
	first, second := anAlert("a1", "k1"), anAlert("a2", "k2")
	second.Connection = "other"
	put := func(a agent.Alert) func(context.Context, agent.Tx) error {
		return func(ctx context.Context, tx agent.Tx) error { return tx.PutAlert(ctx, a) }
	}
	write(t, s, put(first))
	write(t, s, put(second))
	refuse(t, s, "a second open alert of one key", put(anAlert("a3", "k1")))
	first.Last, first.Count, first.Run, first.Text = start.Add(time.Hour), 3, "r2", "again"
	write(t, s, put(first))
	got, ok, err := s.Alert(ctx, "a1")
	check(t, err)
	equal(t, "found", ok, true)
	equal(t, "the alert, counted on", got, first)
	second.State, second.Resolved, second.By = agent.AlertResolved, start.Add(time.Minute), "r3"
	write(t, s, put(second))
	all, err := s.Alerts(ctx, agent.AlertFilter{})
	check(t, err)
	equal(t, "alerts, open ones first", all, []agent.Alert{first, second})
	refuse(t, s, "opening what is resolved", put(anAlert("a2", "k2")))
	anew := anAlert("a4", "k2")
	write(t, s, put(anew))
	for _, c := range []struct {
		f    agent.AlertFilter
		want []agent.Alert
	}{
		{agent.AlertFilter{Connection: "other"}, []agent.Alert{second}},
		{agent.AlertFilter{Key: "k2"}, []agent.Alert{anew, second}},
		{agent.AlertFilter{Key: "k2", State: agent.AlertOpen}, []agent.Alert{anew}},
		{agent.AlertFilter{Limit: 1}, []agent.Alert{anew}},
		{agent.AlertFilter{Key: "none"}, []agent.Alert{}},
	} {
		some, err := s.Alerts(ctx, c.f)
		check(t, err)
		equal(t, fmt.Sprintf("alerts by %+v", c.f), some, c.want)
	}
	_, ok, err = s.Alert(ctx, "none")
	check(t, err)
	equal(t, "found", ok, false)
}

// claim claims and wants the delivery of that id; "" is none.
func claim(t *testing.T, s agent.Store, sink string, now time.Time, want string) agent.Delivery {
	t.Helper()
	var got agent.Delivery
	write(t, s, func(ctx context.Context, tx agent.Tx) error {
		d, ok, err := tx.ClaimDelivery(ctx, sink, now, now.Add(time.Minute))
		if err == nil && ok != (want != "") {
			err = fmt.Errorf("claimed %+v (%v), want %q", d, ok, want)
		}
		got = d
		return err
	})
	equal(t, "what is claimed", got.ID, want)
	return got
}

func settleDelivery(t *testing.T, s agent.Store, d agent.Delivery, want bool) {
	t.Helper()
	write(t, s, func(ctx context.Context, tx agent.Tx) error {
		ok, err := tx.SettleDelivery(ctx, d)
		if err == nil && ok != want {
			err = fmt.Errorf("settled: %v, want %v", ok, want)
		}
		return err
	})
}

func outbox(t *testing.T, s agent.Store) {
	t.Helper()
	ctx := t.Context()
	refuse(t, s, "a delivery of no alert", func(ctx context.Context, tx agent.Tx) error {
		return tx.AddDelivery(ctx, aDelivery("d0", "none", "chat", agent.Fire))
	})
	write(t, s, func(ctx context.Context, tx agent.Tx) error {
		return errors.Join(tx.PutAlert(ctx, anAlert("a1", "k1")), tx.PutAlert(ctx, anAlert("a2", "k2")),
			tx.AddDelivery(ctx, aDelivery("d1", "a1", "chat", agent.Fire)), tx.AddDelivery(ctx, aDelivery("d2", "a1", "mail", agent.Fire)),
			tx.AddDelivery(ctx, aDelivery("d3", "a1", "chat", agent.Resolve)), tx.AddDelivery(ctx, aDelivery("d4", "a2", "chat", agent.Fire)))
	})
	claim(t, s, "chat", start.Add(-time.Second), "")
	d1 := claim(t, s, "chat", start, "d1")
	equal(t, "tries", d1.Tries, 1)
	equal(t, "not again before", d1.Next, start.Add(time.Minute))
	claim(t, s, "chat", start, "d4") // not d3: its key's first delivery is under way
	claim(t, s, "chat", start, "")
	claim(t, s, "mail", start, "d2")
	lost := d1
	d1 = claim(t, s, "chat", start.Add(time.Minute), "d1") // who had it is dead
	equal(t, "tries", d1.Tries, 2)
	lost.State, lost.Sent = agent.DeliverySent, start
	settleDelivery(t, s, lost, false)
	d1.Error, d1.Next = "it's down", start.Add(time.Hour)
	settleDelivery(t, s, d1, true)
	claim(t, s, "chat", start.Add(59*time.Minute), "d4") // likewise; and d3 waits for d1
	d1 = claim(t, s, "chat", start.Add(time.Hour), "d1")
	d1.State, d1.Sent, d1.Next, d1.Error = agent.DeliverySent, start.Add(time.Hour), time.Time{}, ""
	settleDelivery(t, s, d1, true)
	settleDelivery(t, s, d1, false)
	claim(t, s, "chat", start.Add(time.Hour), "d3")
	of, err := s.Deliveries(ctx, agent.DeliveryFilter{Alert: "a1", Sink: "chat", Kind: agent.Fire, State: agent.DeliverySent})
	check(t, err)
	equal(t, "the delivery", of, []agent.Delivery{d1})
	all, err := s.Deliveries(ctx, agent.DeliveryFilter{Alert: "a1"})
	check(t, err)
	equal(t, "how many there are", len(all), 3)
	none, err := s.Deliveries(ctx, agent.DeliveryFilter{Sink: "none"})
	check(t, err)
	equal(t, "how many there are", len(none), 0)
}

func claims(t *testing.T, s agent.Store) {
	t.Helper()
	const each = 5
	write(t, s, func(ctx context.Context, tx agent.Tx) error {
		for i := range each {
			a := anAlert(fmt.Sprintf("a%d", i), fmt.Sprintf("k%d", i))
			if err := errors.Join(tx.PutAlert(ctx, a), tx.AddDelivery(ctx, aDelivery("d"+a.ID, a.ID, "chat", agent.Fire))); err != nil {
				return err
			}
		}
		return nil
	})
	var got atomic.Int32
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range each {
				var took bool
				err := s.Write(t.Context(), func(ctx context.Context, tx agent.Tx) error {
					_, ok, err := tx.ClaimDelivery(ctx, "chat", start, start.Add(time.Minute))
					took = ok
					return err
				})
				if err != nil {
					t.Error(err)
				}
				if took {
					got.Add(1)
				}
			}
		})
	}
	wg.Wait()
	equal(t, "claims of five deliveries", got.Load(), int32(each))
}
