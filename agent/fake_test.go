package agent_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/agent/internal/store"
	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
	"github.com/usherhq/usher/selectors"
)

const (
	password = "correct-horse-battery"
	robot    = "usher@example.com"
)

// site is a console in memory: its accounts and the log of its writes are the truth that the tests
// compare with. Its hooks are the faults.
type site struct {
	mu       sync.Mutex
	accounts []flows.Account
	groups   []flows.Group
	writes   []string // "deactivate ana@example.com"
	signIns  int      // with a typed password
	lists    int
	password string

	onOpen      func(n int) error
	onEnv       func(flows.Env)
	onFind      func(n int) error
	onList      func(n int, r *flows.Roster) error
	onPress     func() error // before Pressing
	beforePress func() error // after Pressing, before the write
	afterPress  func() error // after the write
	noEffect    bool         // the press does nothing
	vanish      bool         // a deactivated account is gone from the table
	skipJournal bool
	mistake     string // Find answers with this one's account
	pressFor    string // presses for another subject
	lie         func(*flows.Outcome)
	doubt       string // of the other source
	holdings    []flows.Holding
	holds       bool // the console is a Holder
	known       bool
	opens       int
	finds       int
	record      []flows.Step
	inside      chan struct{} // told when a session is open
	hold        chan struct{} // List waits for it
}

func newSite() *site {
	s := &site{password: password}
	s.add("ana@example.com", flows.Active, "member")
	s.add("bo@example.com", flows.Active, "member")
	s.add("cy@example.com", flows.Invited, "member")
	s.add("dee@example.com", flows.Deactivated, "member")
	s.add("boss@example.com", flows.Active, "owner")
	s.add("adam@example.com", flows.Active, "admin")
	s.add("ada@example.com", flows.Active, "admin")
	s.add(robot, flows.Active, "admin")
	s.groups = []flows.Group{{ID: "g-1", Name: "Everybody"}, {ID: "g-2", Name: "Sales", Members: []flows.Member{{ID: "id-1"}}}}
	return s
}

func (s *site) add(email string, state flows.State, roles ...string) {
	s.accounts = append(s.accounts, flows.Account{ID: fmt.Sprintf("id-%d", len(s.accounts)+1), Email: email, Name: "N " + email, State: state, Roles: roles})
}

func (s *site) set(email string, f func(*flows.Account)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.accounts {
		if s.accounts[i].Email == email {
			f(&s.accounts[i])
		}
	}
}

func (s *site) log() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.writes)
}

func (s *site) find(email string) []flows.Account {
	var out []flows.Account
	for _, a := range s.accounts {
		if flows.SameAddress(a.Email, email) {
			a.Roles = slices.Clone(a.Roles)
			out = append(out, a)
		}
	}
	return out
}

func (s *site) app() flows.App {
	return flows.App{
		Name: "acme", Title: "Acme", Roles: []string{"member", "admin"}, Admins: []string{"admin"}, Never: []string{"owner"},
		ReservedGroups: []string{"Everybody"},
		Ways: []flows.Way{{
			Name: "browser", Can: []string{"list", "invite", "deactivate", "reactivate", "update", "groups"}, Open: s.open,
			Secrets: []flows.SecretSpec{{Name: "user", Public: true}, {Name: "password"}, {Name: "totp", Optional: true}},
		}},
	}
}

func (s *site) open(ctx context.Context, env flows.Env) (flows.Console, error) {
	s.mu.Lock()
	s.opens++
	n, hook := s.opens, s.onOpen
	s.mu.Unlock()
	if s.onEnv != nil {
		s.onEnv(env)
	}
	for _, step := range s.record {
		if err := env.Record.Record(ctx, step); err != nil {
			return nil, err
		}
	}
	if hook != nil {
		if err := hook(n); err != nil {
			return nil, err
		}
	}
	kept, err := env.Sessions.LoadSession(ctx)
	if err != nil {
		return nil, err
	}
	if kept.Empty() {
		s.mu.Lock()
		s.signIns++
		ok := env.Secrets["password"].Reveal() == s.password
		s.mu.Unlock()
		if !ok {
			return nil, flows.Errorf(flows.LoginRefused, "sign in", "wrong password %s", env.Secrets["password"].Reveal())
		}
		if err := env.Sessions.SaveSession(ctx, secrets.New("cookie-of-the-session")); err != nil {
			return nil, err
		}
	}
	if err := env.Record.Record(ctx, flows.Step{At: env.Now(), Name: "sign in", Picture: []byte("picture of a page")}); err != nil {
		return nil, err
	}
	c := &console{s: s, env: env}
	if s.inside != nil {
		s.inside <- struct{}{}
	}
	if s.holds {
		return &holder{c}, nil
	}
	return c, nil
}

type console struct {
	s   *site
	env flows.Env
}

type holder struct{ *console }

func (h *holder) Holdings(context.Context, flows.Account) ([]flows.Holding, string, bool, error) {
	return h.s.holdings, "https://acme.example/tasks", h.s.known, nil
}

func (c *console) Close() error { return nil }

func (c *console) List(ctx context.Context) (*flows.Roster, error) {
	s := c.s
	if s.hold != nil {
		select {
		case <-s.hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists++
	r := &flows.Roster{Sheet: "acme/v1", Taken: c.env.Now(), Accounts: slices.Clone(s.accounts)}
	r.Witnesses = []flows.Witness{{Name: "shown total", Independent: true, Applies: true, Agrees: true, Says: fmt.Sprintf("%d shown", len(s.accounts))}}
	r.Judge(true)
	if s.onList != nil {
		if err := s.onList(s.lists, r); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (c *console) Find(_ context.Context, email string) ([]flows.Account, error) {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finds++
	if s.onFind != nil {
		if err := s.onFind(s.finds); err != nil {
			return nil, err
		}
	}
	if s.mistake != "" {
		return s.find(s.mistake), nil
	}
	return s.find(email), nil
}

// press journals, writes and looks again, as a flow does.
func (c *console) press(ctx context.Context, verb, subject string, write func()) error {
	s := c.s
	named := subject
	if s.pressFor != "" {
		named = s.pressFor
	}
	if s.onPress != nil {
		if err := s.onPress(); err != nil {
			return err
		}
	}
	if !s.skipJournal {
		if err := c.env.Pressing(ctx, flows.Press{Verb: verb, Subject: named, Element: "user." + verb, Final: true}); err != nil {
			return err
		}
	}
	if s.beforePress != nil {
		if err := s.beforePress(); err != nil {
			return err
		}
	}
	s.mu.Lock()
	s.writes = append(s.writes, verb+" "+subject)
	if !s.noEffect {
		write()
	}
	s.mu.Unlock()
	if s.afterPress != nil {
		return s.afterPress()
	}
	return nil
}

func (c *console) Deactivate(ctx context.Context, who flows.Account) (flows.Outcome, error) {
	s := c.s
	err := c.press(ctx, "deactivate", who.Email, func() {
		for i := range s.accounts {
			if s.accounts[i].ID != who.ID {
				continue
			}
			s.accounts[i].State = flows.Deactivated
			if s.vanish {
				s.accounts = slices.Delete(s.accounts, i, i+1)
			}
			return
		}
	})
	if err != nil {
		return flows.Outcome{}, err
	}
	return c.look(who.Email, func(a flows.Account) (flows.OutcomeKind, bool) { return flows.Done, a.State == flows.Deactivated })
}

func (c *console) Invite(ctx context.Context, p flows.Person) (flows.Outcome, error) {
	err := c.press(ctx, "invite", p.Email, func() { c.s.add(p.Email, flows.Invited, p.Roles...) })
	if err != nil {
		return flows.Outcome{}, err
	}
	return c.look(p.Email, func(a flows.Account) (flows.OutcomeKind, bool) {
		return flows.InvitationOut, a.State == flows.Invited
	})
}

func (c *console) look(email string, good func(flows.Account) (flows.OutcomeKind, bool)) (flows.Outcome, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	found := c.s.find(email)
	if len(found) == 0 && c.s.vanish {
		return flows.Outcome{Kind: flows.Done, Seen: "a fresh search finds bo@example.com and not " + email}, nil
	}
	if len(found) == 1 {
		if kind, ok := good(found[0]); ok {
			out := flows.Outcome{Kind: kind, Account: &found[0], Seen: "seen on a fresh page"}
			if c.s.lie != nil {
				c.s.lie(&out)
			}
			return out, nil
		}
	}
	return flows.Outcome{}, flows.Errorf(flows.Unverified, "look again", "%s is not as wanted", email)
}

// house is an agent with its site and the database they share.
type house struct {
	*agent.Agent
	site   *site
	store  agent.Store
	path   string
	opt    agent.Options
	clock  *clock
	notice *inbox
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type inbox struct {
	mu   sync.Mutex
	sent []agent.Notification
}

func (i *inbox) Notify(_ context.Context, n agent.Notification) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.sent = append(i.sent, n)
	return nil
}

// box seals by turning every bit over: enough to see that nothing lies there in plain.
type box struct{}

func (box) Seal(p []byte) ([]byte, error) { return flip(p), nil }
func (box) Open(p []byte) ([]byte, error) { return flip(p), nil }

func flip(p []byte) []byte {
	out := make([]byte, len(p))
	for i, b := range p {
		out[i] = ^b
	}
	return out
}

// setup returns a house; change may alter its options.
func setup(t *testing.T, change ...func(*agent.Options)) *house {
	t.Helper()
	return move(t, newSite(), filepath.Join(t.TempDir(), "usher.db"), change...)
}

// move opens a house on a site and a database that may have been used before.
func move(t *testing.T, s *site, path string, change ...func(*agent.Options)) *house {
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
	h := &house{site: s, store: db, path: path, clock: &clock{now: time.Now()}, notice: &inbox{}}
	h.opt = agent.Options{
		Store: db, Apps: []flows.App{s.app()},
		Connections: []flows.Connection{{
			Name: "acme", App: "acme", URL: "https://acme.example",
			Secrets: map[string]string{"user": "user", "password": "password"},
		}},
		Sheets: func(string) (*selectors.Set, error) { return nil, nil }, //nolint:nilnil // this app has no sheet
		Secrets: func(_ context.Context, ref string) (secrets.Value, error) {
			switch ref {
			case "user":
				return secrets.New(robot), nil
			case "password":
				return secrets.New(password), nil
			}
			return secrets.Value{}, errors.New("no such secret")
		},
		Box: box{}, DigestKey: []byte("0123456789abcdef"), Notice: h.notice, Now: h.clock.Now,
		LeaseWait: 200 * time.Millisecond, Backoff: []time.Duration{time.Millisecond, time.Millisecond},
	}
	for _, c := range change {
		c(&h.opt)
	}
	if h.Agent, err = agent.New(h.opt); err != nil {
		t.Fatal(err)
	}
	return h
}

// ctx carries a logger that writes nowhere.
func quiet(t *testing.T) context.Context {
	t.Helper()
	return zerolog.Nop().WithContext(t.Context())
}

func deactivate(subject string) agent.Order {
	return agent.Order{Verb: agent.Deactivate, Connection: "acme", Subject: subject, By: "kim", Source: "test"}
}

func invite(email string, roles ...string) agent.Order {
	return agent.Order{Verb: agent.Invite, Connection: "acme", Person: &flows.Person{Email: email, Roles: roles}, By: "kim", Source: "test"}
}

func list() agent.Order {
	return agent.Order{Verb: agent.List, Connection: "acme", By: "kim", Source: "test"}
}

// wants does the order and checks how it ends, what was written, and that every chain holds.
func (h *house) wants(t *testing.T, o agent.Order, outcome flows.OutcomeKind, code flows.Code, writes ...string) agent.Result {
	t.Helper()
	res, err := h.Do(quiet(t), o)
	if res.Outcome != outcome || res.Code != code || flows.CodeOf(err) != code {
		t.Fatalf("%s %s ended %q with code %q (%v), want %q with %q", o.Verb, res.Subject, res.Outcome, res.Code, err, outcome, code)
	}
	if err != nil && res.Hint == "" {
		t.Errorf("the error %v says not what to do next", err)
	}
	h.wrote(t, writes...)
	h.sound(t)
	return res
}

func (h *house) wrote(t *testing.T, writes ...string) {
	t.Helper()
	if got := h.site.log(); !slices.Equal(got, writes) {
		t.Fatalf("the console wrote %q, want %q", got, writes)
	}
}

func (h *house) sound(t *testing.T) {
	t.Helper()
	audit, err := h.VerifyAudit(quiet(t))
	if err != nil || audit.Broken != nil {
		t.Fatalf("the audit: %+v, %v", audit.Broken, err)
	}
}
