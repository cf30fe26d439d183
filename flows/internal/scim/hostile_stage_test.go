package scim_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/scim"
	"github.com/usherhq/usher/secrets"
)

// notes is what the agent would keep: evidence, announced presses, what was learned of the service.
type notes struct {
	mu      sync.Mutex
	steps   []flows.Step
	presses []flows.Press
	session secrets.Value
}

func (n *notes) Record(_ context.Context, s flows.Step) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.steps = append(n.steps, s)
	return nil
}

func (n *notes) press(_ context.Context, p flows.Press) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.presses = append(n.presses, p)
	return nil
}

func (n *notes) LoadSession(context.Context) (secrets.Value, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.session, nil
}

func (n *notes) SaveSession(_ context.Context, v secrets.Value) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.session = v
	return nil
}

func (n *notes) DropSession(ctx context.Context) error { return n.SaveSession(ctx, secrets.Value{}) }

// said returns all that was kept for people to read.
func (n *notes) said() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var b strings.Builder
	for _, s := range n.steps {
		fmt.Fprintln(&b, s.Name, s.Element, s.Selector, s.Note)
	}
	for _, p := range n.presses {
		fmt.Fprintln(&b, p.Verb, p.Subject, p.Element)
	}
	return b.String()
}

const reserved = "All Spekit Users"

func shape() scim.Shape {
	return scim.Shape{
		App: flows.App{
			Name: "spekit", Title: "Spekit", Roles: []string{"viewer"}, Admins: []string{"account-admin"}, ReservedGroups: []string{reserved},
		},
		AdminGroups: []string{"Account Admins"}, PlainRole: "viewer", Groups: true,
	}
}

func environment(url string, n *notes) flows.Env {
	return flows.Env{
		Connection: flows.Connection{Name: "hostile", App: "spekit", Via: flows.ViaSCIM, URL: url, PerSecond: -1},
		Secrets:    map[string]secrets.Value{"token": secrets.New(token)},
		Record:     n, Sessions: n, Pressing: n.press, Patience: 300 * time.Millisecond, Now: time.Now,
	}
}

// within is how long an order may take. A service that is slow on purpose, or that asks for a pause,
// costs the client's own bounds; these are well below it where a case leaves Patience as it is.
const within = 50 * time.Second

// bounded runs f, which must come back, and before ctx is at its end.
func bounded(t *testing.T, what string, f func(ctx context.Context)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	ended := make(chan struct{})
	go func() { defer close(ended); f(ctx) }()
	select {
	case <-ended:
		if ctx.Err() != nil {
			t.Errorf("%s only ended with its context, after %s", what, within)
		}
	case <-time.After(within + 5*time.Second):
		t.Fatalf("%s did not end, although its context had", what)
	}
}

// harmless checks what an error, and the evidence, say to people.
func harmless(t *testing.T, n *notes, errs ...error) {
	t.Helper()
	texts := []string{}
	for _, err := range errs {
		if err != nil {
			texts = append(texts, err.Error(), flows.HintOf(err))
		}
	}
	for _, s := range append(texts, strings.Split(n.said(), "\n")...) {
		if strings.Contains(s, token) {
			t.Errorf("the token is told: %.300q", s)
		}
		if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
			t.Errorf("control characters of a stranger are told: %.300q", s)
		}
		if len(s) > 4000 {
			t.Errorf("a text of %d bytes: %.200q...", len(s), s)
		}
	}
}

// enter opens a console as the agent does.
func enter(ctx context.Context, t *testing.T, env flows.Env) (*scim.Console, error) {
	t.Helper()
	c, err := scim.Open(ctx, env, shape())
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return c, nil
}

// calmly lets the service be honest for as long as f runs, and forgets what was asked meanwhile: so is
// read what a plan would have read before.
func (s *site) calmly(t *testing.T, f func(ctx context.Context, c *scim.Console)) {
	t.Helper()
	s.mu.Lock()
	q := s.quirk
	s.quirk = nil
	s.mu.Unlock()
	bounded(t, "the reading of the plan", func(ctx context.Context) {
		c, err := enter(ctx, t, environment(s.url(), &notes{}))
		if err != nil {
			t.Errorf("open a service that is honest: %v", err)
			return
		}
		f(ctx, c)
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quirk = q
	clear(s.asked)
	s.lines = append(s.lines, "--- the plan is read ---")
}

// account is what the plan read of somebody.
func (s *site) account(t *testing.T, email string) flows.Account {
	t.Helper()
	var found []flows.Account
	s.calmly(t, func(ctx context.Context, c *scim.Console) {
		var err error
		if found, err = c.Find(ctx, email); err != nil || len(found) == 0 {
			t.Errorf("find %s: %v, %v", email, found, err)
		}
	})
	if len(found) == 0 {
		t.FailNow()
	}
	return found[0]
}

// group is what the plan read of a group.
func (s *site) group(t *testing.T, name string) flows.Group {
	t.Helper()
	var found []flows.Group
	s.calmly(t, func(ctx context.Context, c *scim.Console) {
		var err error
		if found, err = c.FindGroup(ctx, name); err != nil || len(found) == 0 {
			t.Errorf("find the group %s: %v, %v", name, found, err)
		}
	})
	if len(found) == 0 {
		t.FailNow()
	}
	return found[0]
}

// agrees checks a roster that says to be complete against the store: the same people, none twice, and
// nobody active who is not, or the other way round.
func agrees(t *testing.T, s *site, r *flows.Roster) {
	t.Helper()
	var want, got []string
	active := map[string]any{}
	for _, u := range s.all(users) {
		k := strings.ToLower(u.label())
		want = append(want, k)
		active[k] = u["active"]
	}
	for _, a := range r.Accounts {
		k := strings.ToLower(a.Email)
		got = append(got, k)
		if is, _ := active[k].(bool); is && a.State == flows.Deactivated || !is && a.State == flows.Active {
			t.Errorf("%s is said to be %s, and is active: %v", k, a.State, active[k])
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		missing := slices.DeleteFunc(slices.Clone(want), func(k string) bool { return slices.Contains(got, k) })
		strangers := slices.DeleteFunc(slices.Clone(got), func(k string) bool { return slices.Contains(want, k) })
		t.Errorf("a complete list of %d that is none: there are %d; missing %.5q, not there %.5q", len(got), len(want), missing, strangers)
	}
	if r.Total != len(got) {
		t.Errorf("a total of %d for %d accounts", r.Total, len(got))
	}
}

// sought checks what Find says of somebody against the store.
func sought(ctx context.Context, t *testing.T, s *site, c *scim.Console, email string) error {
	t.Helper()
	before := s.named(users, email)
	found, err := c.Find(ctx, email)
	if err != nil {
		return err
	}
	if len(found) != len(before) {
		t.Errorf("Find(%s) says %d accounts and no error, and there are %d", email, len(found), len(before))
	}
	for _, a := range found {
		if !flows.SameAddress(a.Email, email) {
			t.Errorf("Find(%s) brings %s", email, a.Email)
		}
	}
	return nil
}
