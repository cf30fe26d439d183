package alert_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/agent/internal/alert"
	"github.com/usherhq/usher/agent/internal/store"
	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

// box is an outbox with its Sender, its clock and its log.
type box struct {
	*alert.Sender
	db     *store.DB
	path   string
	opt    alert.Options
	clock  *clock
	log    *lines
	n      int
	values map[string]string // of the secrets, by reference
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// lines is a log.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// setup returns a box on a new database. values are the secrets by reference.
func setup(t *testing.T, values map[string]string, receivers ...alert.Receiver) *box {
	t.Helper()
	return onto(t, filepath.Join(t.TempDir(), "usher.db"), &clock{now: time.Now()}, values, receivers...)
}

// onto returns a box on a database that may have been used before, as another process would.
func onto(t *testing.T, path string, c *clock, values map[string]string, receivers ...alert.Receiver) *box {
	t.Helper()
	db, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	b := &box{db: db, path: path, clock: c, log: &lines{}, values: values}
	b.opt = alert.Options{
		Outbox: db, Receivers: receivers, Now: c.Now, Timeout: 5 * time.Second,
		Secrets: func(_ context.Context, ref string) (secrets.Value, error) {
			if v, ok := values[ref]; ok {
				return secrets.New(v), nil
			}
			return secrets.Value{}, errors.New("no such secret")
		},
	}
	if b.Sender, err = alert.New(b.opt); err != nil {
		t.Fatal(err)
	}
	return b
}

// ctx carries the box's log.
func (b *box) ctx(t *testing.T) context.Context {
	t.Helper()
	return zerolog.New(b.log).WithContext(t.Context())
}

func to(name, kind, url string) alert.Receiver {
	return alert.Receiver{Sink: agent.Sink{Name: name}, Kind: kind, URL: url}
}

// fire keeps a new alert and puts it out for every receiver.
func (b *box) fire(t *testing.T, change ...func(*agent.Alert)) agent.Alert {
	t.Helper()
	b.n++
	now := b.clock.Now().UTC().Truncate(time.Millisecond)
	a := agent.Alert{
		ID: fmt.Sprintf("alert-%d", b.n), Key: fmt.Sprintf("acme/unverified/deactivate/ana%d@example.com", b.n), Connection: "acme", Code: flows.Unverified,
		Page: true, Verb: agent.Deactivate, Title: "acme: deactivate ana@example.com: acted, and not seen to have worked",
		Text: "pressed at 10:00:00 UTC, and Ána's row <b>stands</b>", Hint: "look at the account", Run: "01RUN", Order: "01ORDER", Subject: "ana@example.com",
		First: now, Last: now, Told: now, Count: 1, State: agent.AlertOpen,
	}
	for _, c := range change {
		c(&a)
	}
	b.put(t, a, agent.Fire)
	return a
}

// resolve resolves the alert, and tells every receiver.
func (b *box) resolve(t *testing.T, a agent.Alert) {
	t.Helper()
	a.State, a.Resolved, a.By = agent.AlertResolved, b.clock.Now().UTC().Truncate(time.Millisecond), "01SEEN"
	b.put(t, a, agent.Resolve)
}

func (b *box) put(t *testing.T, a agent.Alert, kind agent.DeliveryKind) {
	t.Helper()
	err := b.db.Write(t.Context(), func(ctx context.Context, tx agent.Tx) error {
		if err := tx.PutAlert(ctx, a); err != nil {
			return err
		}
		for _, r := range b.opt.Receivers {
			if err := agent.PutOut(ctx, tx, a.ID, r.Name, kind, b.clock.Now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (b *box) flush(t *testing.T) {
	t.Helper()
	if err := b.Flush(b.ctx(t)); err != nil {
		t.Fatal(err)
	}
}

// deliveries returns what the outbox has for the receiver.
func (b *box) deliveries(t *testing.T, sink string) []agent.Delivery {
	t.Helper()
	all, err := b.db.Deliveries(t.Context(), agent.DeliveryFilter{Sink: sink})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (b *box) wants(t *testing.T, sink string, states ...agent.DeliveryState) []agent.Delivery {
	t.Helper()
	all := b.deliveries(t, sink)
	got := make([]agent.DeliveryState, 0, len(all))
	for _, d := range all {
		got = append(got, d.State)
	}
	if fmt.Sprint(got) != fmt.Sprint(states) {
		t.Fatalf("the outbox of %s has %v, want %v; the log: %s", sink, all, states, b.log)
	}
	return all
}

// receiver is an HTTP receiver. Its answer may be changed at any time.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []*http.Request
	bodies []string
	answer http.HandlerFunc
}

func listen(t *testing.T, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		r.got, r.bodies = append(r.got, req), append(r.bodies, string(body))
		answer := r.answer
		r.mu.Unlock()
		if answer != nil {
			answer(w, req)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) set(answer http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func (r *receiver) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.bodies...)
}

// await waits until the receiver has got so many, with a bound.
func (r *receiver) await(t *testing.T, n int) []string {
	t.Helper()
	within(t, fmt.Sprintf("%d requests", n), func() bool { return len(r.all()) >= n })
	return r.all()
}

// within waits until it is so.
func within(t *testing.T, what string, so func() bool) {
	t.Helper()
	const bound = 20 * time.Second
	end := time.NewTimer(bound)
	defer end.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-end.C:
			t.Fatalf("%s did not come within %s", what, bound)
		}
	}
}

func contains(t *testing.T, what, s string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(s, p) {
			t.Errorf("%s has no %q:\n%s", what, p, s)
		}
	}
}
