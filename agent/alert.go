package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/usherhq/usher/flows"
)

// AlertState says whether what an alert is about still needs a person.
type AlertState string

// The states of an alert.
const (
	AlertOpen     AlertState = "open"
	AlertResolved AlertState = "resolved"
)

// An Alert is something that needs a person: told once, counted while it goes on, and resolved when
// what it is about is seen to be good, never because time has passed.
type Alert struct {
	ID string `json:"id"`
	// Key tells one matter from another: an alert whose key is open already is counted, not told anew.
	Key        string     `json:"key"`
	Connection string     `json:"connection"`
	Code       flows.Code `json:"code"`
	Page       bool       `json:"page"` // somebody should be woken
	Verb       Verb       `json:"verb"`
	Title      string     `json:"title"` // what and where, in a line
	Text       string     `json:"text"`
	Hint       string     `json:"hint,omitempty"`
	// Run, Order and Subject are those of the last time.
	Run     string     `json:"run,omitempty"`
	Order   string     `json:"order,omitempty"`
	Subject string     `json:"subject,omitempty"`
	First   time.Time  `json:"first"`
	Last    time.Time  `json:"last"`
	Told    time.Time  `json:"told"` // when it was last put out for delivery
	Count   int        `json:"count"`
	State   AlertState `json:"state"`
	// Resolved and By say when, and by which run's look or which person's word.
	Resolved time.Time `json:"resolved,omitzero"`
	By       string    `json:"by,omitempty"`
}

// DeliveryKind says what a delivery tells.
type DeliveryKind string

// The kinds of delivery.
const (
	Fire    DeliveryKind = "fire"
	Resolve DeliveryKind = "resolve"
)

// DeliveryState says how far a delivery has come.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryPending DeliveryState = "pending"
	DeliverySent    DeliveryState = "sent"
	DeliveryFailed  DeliveryState = "failed" // given up
)

// A Delivery is an entry of the outbox: one alert for one sink. It names the sink, and holds nothing
// of the sink's address.
type Delivery struct {
	ID      string        `json:"id"`
	Alert   string        `json:"alert"`
	Sink    string        `json:"sink"`
	Kind    DeliveryKind  `json:"kind"`
	State   DeliveryState `json:"state"`
	Tries   int           `json:"tries"`
	Created time.Time     `json:"created"`
	Next    time.Time     `json:"next,omitzero"` // not before; of a pending one
	Sent    time.Time     `json:"sent,omitzero"`
	Error   string        `json:"error,omitempty"` // of the last try
}

// A Sink is where alerts are delivered to, as far as the agent must know it: which ones it wants.
type Sink struct {
	Name     string
	Only     []flows.Code // none: all
	PageOnly bool
}

// Wants says whether the alert is for the sink.
func (s Sink) Wants(a Alert) bool {
	return (!s.PageOnly || a.Page) && (len(s.Only) == 0 || slices.Contains(s.Only, a.Code))
}

// AlertFilter chooses alerts; the open ones come first, then the newest. Zero fields do not restrict.
type AlertFilter struct {
	Connection string
	Key        string
	State      AlertState
	Limit      int
}

// DeliveryFilter chooses deliveries; the oldest come first. Zero fields do not restrict.
type DeliveryFilter struct {
	Alert string
	Sink  string
	Kind  DeliveryKind
	State DeliveryState
}

// remindAfter is how long an alert may go on before it is told once more.
const remindAfter = 24 * time.Hour

// A matter is what an alert is about.
type matter struct {
	connection string
	code       flows.Code
	verb       Verb
	order, run string
	subject    string
	guard      string // the guard that said no, of a refusal
	text, hint string
}

// matterOf is what a result leaves to a person.
func matterOf(r Result, guard string) matter {
	return matter{
		connection: r.Connection, code: r.Code, verb: r.Verb, order: r.Order, run: r.Run, subject: flows.Clean(r.Subject),
		guard: guard, text: flows.Clean(r.Message), hint: flows.Clean(r.Hint),
	}
}

// ofAccount are the codes that are about one account (or group); the others are the connection's.
var ofAccount = []flows.Code{flows.Ambiguous, flows.Refused, flows.Waiting, flows.Unverified}

// wide are the guards that say no to everybody: a hundred refusals of one freeze are one matter.
var wide = []string{guardNameFreeze, guardNameCaps}

func (m matter) wide() bool { return m.code == flows.Refused && slices.Contains(wide, m.guard) }

// key tells m from other matters. What is about one account carries its verb and address, what is
// usher's own fault its verb, and all else is one matter for the whole connection.
func (m matter) key() string {
	parts := []string{m.connection, string(m.code)}
	switch {
	case m.wide():
		parts = append(parts, m.guard)
	case slices.Contains(ofAccount, m.code):
		parts = append(parts, string(m.verb), m.subject)
	case m.code == flows.Internal:
		parts = append(parts, string(m.verb))
	}
	return strings.Join(parts, "/")
}

// title says in a line what is wrong, and where.
func (m matter) title() string {
	where := m.connection
	if slices.Contains(ofAccount, m.code) && !m.wide() {
		where += ": " + string(m.verb) + " " + m.subject
	}
	return flows.Clean(where + ": " + flows.Table[m.code].Meaning)
}

// raise opens an alert about m, or counts the one that is open, where the table of codes says that a
// person is told. It belongs into the transaction that writes down what went wrong.
func (a *Agent) raise(ctx context.Context, tx Tx, m matter) error {
	told := flows.Table[m.code].Alert
	if told == "" {
		return nil
	}
	open, err := tx.Alerts(ctx, AlertFilter{Key: m.key(), State: AlertOpen, Limit: 1})
	if err != nil {
		return fmt.Errorf("read the open alerts: %w", err)
	}
	if told == "after" && len(open) == 0 {
		n, err := failures(ctx, tx, m.connection, m.code)
		if err != nil || n < unavailableAfter {
			return err
		}
	}
	now := a.now()
	al := Alert{Key: m.key(), Connection: m.connection, Code: m.code, Page: told == "page", First: now, State: AlertOpen}
	if len(open) > 0 {
		al = open[0]
	} else if al.ID, err = newID(now); err != nil {
		return err
	}
	al.Verb, al.Title, al.Text, al.Hint, al.Run, al.Order, al.Subject = m.verb, m.title(), m.text, m.hint, m.run, m.order, m.subject
	al.Last, al.Count = now, al.Count+1
	tell := len(open) == 0 || !now.Before(al.Told.Add(remindAfter))
	if tell {
		al.Told = now
	}
	if err := tx.PutAlert(ctx, al); err != nil {
		return fmt.Errorf("keep the alert: %w", err)
	}
	if !tell {
		return nil
	}
	for _, s := range a.opt.Sinks {
		if !s.Wants(al) {
			continue
		}
		waiting, err := tx.Deliveries(ctx, DeliveryFilter{Alert: al.ID, Sink: s.Name, State: DeliveryPending})
		if err != nil {
			return fmt.Errorf("read the outbox: %w", err)
		}
		if len(waiting) > 0 {
			continue // it was not told for the first time yet
		}
		if err := PutOut(ctx, tx, al.ID, s.Name, Fire, now); err != nil {
			return err
		}
	}
	return nil
}

// PutOut puts an entry into the outbox, due at once.
func PutOut(ctx context.Context, tx Tx, alert, sink string, kind DeliveryKind, now time.Time) error {
	id, err := newID(now)
	if err != nil {
		return err
	}
	d := Delivery{ID: id, Alert: alert, Sink: sink, Kind: kind, State: DeliveryPending, Created: now, Next: now}
	if err := tx.AddDelivery(ctx, d); err != nil {
		return fmt.Errorf("put the alert into the outbox: %w", err)
	}
	return nil
}

// resolve closes the open alerts of the connection ("" for all) that good names, and tells every sink
// that was told of them. by is the run or the person that saw it.
func (a *Agent) resolve(ctx context.Context, tx Tx, connection, by string, good func(Alert) bool) error {
	open, err := tx.Alerts(ctx, AlertFilter{Connection: connection, State: AlertOpen})
	if err != nil {
		return fmt.Errorf("read the open alerts: %w", err)
	}
	now := a.now()
	for _, al := range open {
		if !good(al) {
			continue
		}
		al.State, al.Resolved, al.By = AlertResolved, now, by
		if err := tx.PutAlert(ctx, al); err != nil {
			return fmt.Errorf("resolve the alert: %w", err)
		}
		told, err := tx.Deliveries(ctx, DeliveryFilter{Alert: al.ID, Kind: Fire})
		if err != nil {
			return fmt.Errorf("read the outbox: %w", err)
		}
		for _, s := range a.opt.Sinks {
			if !slices.ContainsFunc(told, func(d Delivery) bool { return d.Sink == s.Name }) {
				continue
			}
			if err := PutOut(ctx, tx, al.ID, s.Name, Resolve, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// Alerts returns the alerts that the filter lets through, the open ones first.
func (a *Agent) Alerts(ctx context.Context, f AlertFilter) ([]Alert, error) {
	return a.opt.Store.Alerts(ctx, f)
}

// Deliveries returns what is and was in the outbox of an alert.
func (a *Agent) Deliveries(ctx context.Context, alert string) ([]Delivery, error) {
	return a.opt.Store.Deliveries(ctx, DeliveryFilter{Alert: alert})
}
