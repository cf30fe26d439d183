package flowtest

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/sandbox"
	"github.com/usherhq/usher/secrets"
	"github.com/usherhq/usher/selectors"
)

// A Stage is a stand-in with a flow before it.
type Stage struct {
	Ctx   context.Context //nolint:containedctx // a stage lives as long as its story
	App   flows.App
	Stand flows.StandIn
	Env   flows.Env
	Notes *Notes

	console flows.Console
	touched map[string][]string // subject -> the verbs that a story ordered, one for each write
	t       *testing.T
}

// Notes is what the agent would keep: evidence, the session, used codes, announced presses.
type Notes struct {
	mu      sync.Mutex
	Steps   []flows.Step
	Presses []flows.Press
	session secrets.Value
	codes   map[string]int64
	// Refuse is what Pressing answers.
	Refuse error
	// OnPress is called in Pressing.
	OnPress func(flows.Press)
}

// Record keeps a step of evidence.
func (n *Notes) Record(_ context.Context, s flows.Step) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.Steps = append(n.Steps, s)
	return nil
}

// UseCode says whether the code of the time step may be used: a step is used once, and none before it.
func (n *Notes) UseCode(_ context.Context, account string, step int64) (bool, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if step <= n.codes[account] {
		return false, nil
	}
	n.codes[account] = step
	return true, nil
}

// LoadSession returns the kept session; an empty one where there is none.
func (n *Notes) LoadSession(context.Context) (secrets.Value, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.session, nil
}

// SaveSession keeps the session in place of the one before.
func (n *Notes) SaveSession(_ context.Context, v secrets.Value) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.session = v
	return nil
}

// DropSession forgets the session.
func (n *Notes) DropSession(ctx context.Context) error {
	return n.SaveSession(ctx, secrets.Value{})
}

func (n *Notes) pressing(_ context.Context, p flows.Press) error {
	n.mu.Lock()
	on, refuse := n.OnPress, n.Refuse
	n.Presses = append(n.Presses, p)
	n.mu.Unlock()
	if on != nil {
		on(p)
	}
	return refuse
}

// NewStage starts the app's stand-in and prepares what a flow is given.
func NewStage(ctx context.Context, t *testing.T, app flows.App, o flows.SandboxOptions) *Stage {
	t.Helper()
	if o.Users == 0 {
		o.Users = 60
	}
	if o.Seed == 0 {
		o.Seed = 7
	}
	stand, err := app.Sandbox(ctx, o)
	if err != nil {
		t.Fatalf("start the stand-in: %v", err)
	}
	t.Cleanup(func() {
		if err := stand.Close(); err != nil {
			t.Errorf("close the stand-in: %v", err)
		}
	})
	patience := 12 * time.Second
	var sheets *selectors.Set
	if viaSCIM(app) {
		patience = 2 * time.Second
	} else if sheets, err = selectors.Load(app.Name, ""); err != nil {
		t.Fatalf("load the sheets: %v", err)
	}
	n := &Notes{codes: map[string]int64{}}
	s := &Stage{Ctx: ctx, App: app, Stand: stand, Notes: n, t: t, touched: map[string][]string{}}
	s.Env = flows.Env{
		Connection: stand.Connection(), Secrets: stand.Secrets(), Sheets: sheets, Record: n, Pressing: n.pressing,
		Codes: n, Sessions: n, Accepted: func(string, string, string) bool { return true }, Now: time.Now, Patience: patience,
	}
	t.Cleanup(func() { s.keep(t) })
	return s
}

// Open signs in by the app's default way. A console that is open is closed first.
func (s *Stage) Open() (flows.Console, error) {
	s.Shut()
	way, _ := s.App.Way("")
	c, err := way.Open(s.Ctx, s.Env)
	if err == nil {
		s.console = c
		s.t.Cleanup(s.Shut)
	}
	return c, err
}

// Shut closes the console, as the end of a run does.
func (s *Stage) Shut() {
	if s.console != nil {
		if err := s.console.Close(); err != nil {
			s.t.Errorf("close the console: %v", err)
		}
		s.console = nil
	}
}

// Console signs in, which must work.
func (s *Stage) Console(t *testing.T) flows.Console {
	t.Helper()
	c, err := s.Open()
	if err != nil {
		t.Fatalf("open the console: %v", err)
	}
	return c
}

// Truth asks the stand-in what it knows.
func (s *Stage) Truth(t *testing.T) sandbox.Truth {
	t.Helper()
	tr, err := sandbox.ReadTruth(s.Ctx, s.Stand.TruthURL())
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// Fault switches a fault on.
func (s *Stage) Fault(t *testing.T, name string, params map[string]any) {
	t.Helper()
	if err := sandbox.SetFault(s.Ctx, s.Stand.FaultURL(), name, params); err != nil {
		t.Fatal(err)
	}
}

// Struck fails unless the fault was met.
func (s *Stage) Struck(t *testing.T, name string) {
	t.Helper()
	if s.Truth(t).Struck[name] == 0 {
		t.Errorf("the fault %s never struck: the story proves nothing", name)
	}
}

// Somebody returns an account of the state that is not the admin's, an admin's or an owner's.
func (s *Stage) Somebody(t *testing.T, state flows.State) flows.Account {
	t.Helper()
	for _, u := range s.Truth(t).Users {
		if u.State != state || slices.Contains(append(s.App.Admins, s.App.Never...), strings.Join(u.Roles, ",")) ||
			flows.SameAddress(u.Email, s.Me()) || len(u.Roles) != 1 || strings.Contains(u.Email, "lopez") {
			continue
		}
		return flows.Account{ID: u.ID, Email: u.Email, Name: u.Name, Roles: u.Roles, State: u.State}
	}
	t.Fatalf("the stand-in has nobody who is %s", state)
	return flows.Account{}
}

// Me is the address that usher signs in with; empty where a token has none.
func (s *Stage) Me() string { return s.Env.Secrets["user"].Reveal() }

// Ordered says that the story orders this verb on the subject, an address or a group's name: only that
// may be in the log, once for each time it was ordered.
func (s *Stage) Ordered(subject, verb string) {
	subject = strings.ToLower(subject)
	s.touched[subject] = append(s.touched[subject], verb)
}

// untouched checks the truth log: no write to anybody else, no other verb, none more often than ordered.
func (s *Stage) untouched(t *testing.T) {
	t.Helper()
	left := map[string][]string{}
	for subject, verbs := range s.touched {
		left[subject] = slices.Clone(verbs)
	}
	for _, w := range s.Truth(t).Writes {
		subject := strings.ToLower(w.Subject)
		i := slices.Index(left[subject], w.Verb)
		if i >= 0 {
			left[subject] = slices.Delete(left[subject], i, i+1)
			continue
		}
		if slices.Contains(s.touched[subject], w.Verb) {
			t.Errorf("the server was made to %s %s more often than ordered", w.Verb, w.Subject)
		} else {
			t.Errorf("the server was made to %s %s, which nobody ordered", w.Verb, w.Subject)
		}
	}
}

// Equal fails unless the roster is the truth, account by account.
func (s *Stage) Equal(t *testing.T, r *flows.Roster) {
	t.Helper()
	truth := s.Truth(t)
	got := map[string]flows.Account{}
	for _, a := range r.Accounts {
		if _, twice := got[a.ID]; twice {
			t.Errorf("the roster has %s twice", a.ID)
		}
		got[a.ID] = a
	}
	if len(r.Accounts) != len(truth.Users) {
		t.Errorf("the roster has %d accounts, the server %d", len(r.Accounts), len(truth.Users))
	}
	for _, u := range truth.Users {
		a, ok := got[u.ID]
		if !ok {
			t.Errorf("the roster lacks %s", u.Email)
			continue
		}
		roles := slices.Sorted(slices.Values(u.Roles))
		if len(a.Roles) > 0 && a.Roles[0] == "multiple" && len(roles) > 1 {
			roles = a.Roles
		}
		if !flows.SameAddress(a.Email, u.Email) || a.State != u.State || !slices.Equal(a.Roles, roles) || a.Name != flows.Clean(u.Name) {
			t.Errorf("the roster says %+v, the server %+v", a, u)
		}
	}
}

// keep writes the pictures of a failed story where KEEP_PICTURES says.
func (s *Stage) keep(t *testing.T) {
	dir := os.Getenv("KEEP_PICTURES")
	if !t.Failed() && dir == "" {
		return
	}
	s.Notes.mu.Lock()
	defer s.Notes.mu.Unlock()
	for i, st := range s.Notes.Steps {
		t.Logf("%2d %-28s %-32s %6s %s", i, st.Name, st.Selector, st.Took.Round(time.Millisecond), st.Note)
		if dir != "" && st.Picture != nil {
			name := strings.NewReplacer("/", "_", " ", "_").Replace(t.Name()+"_"+st.Name) + ".png"
			if err := os.WriteFile(filepath.Join(dir, name), st.Picture, 0o600); err != nil {
				t.Log(err)
			}
		}
	}
}
