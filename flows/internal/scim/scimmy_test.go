package scim_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/scim"
)

func TestScimmyOnExpress4IsReadWhole(t *testing.T) {
	t.Parallel()
	for _, people := range []int{37, 250} {
		t.Run(strconv.Itoa(people), func(t *testing.T) {
			t.Parallel()
			s := serve(t, 4, people, 0)
			r, err := s.open(&notes{}).List(t.Context())
			if err != nil || r.Grade != flows.Complete {
				t.Fatalf("%v: %+v", err, r)
			}
			s.same(r)
		})
	}
}

// same compares a list that is called complete with the store: ids, addresses, and who is active.
func (s *scimmy) same(r *flows.Roster) {
	s.t.Helper()
	var want, got []string
	for _, u := range s.truth().Users {
		state := flows.Active
		if !u.on() {
			state = flows.Deactivated
		}
		want = append(want, fmt.Sprint(u.id(), strings.ToLower(u.label()), state))
	}
	for _, a := range r.Accounts {
		got = append(got, fmt.Sprint(a.ID, strings.ToLower(a.Email), a.State))
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		s.t.Errorf("the list is called complete and has %d; the store has %d:\n%q\n%q", len(got), len(want), got, want)
	}
}

// Express 5 hides the query from SCIMMY's router: every page is the first twenty.
func TestScimmyOnExpress5IsNeverCalledComplete(t *testing.T) {
	t.Parallel()
	s := serve(t, 5, 37, 0)
	c := s.open(&notes{})
	if r, err := c.List(t.Context()); err == nil && r.Grade == flows.Complete {
		t.Errorf("%d of 37 are called complete: %+v", len(r.Accounts), r.Witnesses)
	}
	for _, email := range []string{"person0001@example.com", "person0030@example.com"} {
		if got, err := c.Find(t.Context(), email); err == nil && len(got) != 1 {
			t.Errorf("Find(%s) says %v and no error", email, got)
		}
	}
	if got, err := c.Find(t.Context(), "nobody@example.com"); err == nil {
		t.Errorf("absence was proved by a list that nobody can read: %v", got)
	}
	if log := s.truth().Log; len(log) > 0 {
		t.Errorf("reading changed something: %v", log)
	}
}

func TestScimmyIsChangedAsOrdered(t *testing.T) {
	t.Parallel()
	t.Run("in peace", func(t *testing.T) {
		t.Parallel()
		s := serve(t, 4, 260, 0)
		s.people()
		s.teams(230)
	})
	t.Run("with each fourth request refused", func(t *testing.T) {
		t.Parallel()
		s := serve(t, 4, 37, 4)
		n := &notes{}
		r := ordered(t, "list", func() (*flows.Roster, error) { return s.open(n).List(t.Context()) })
		if r.Grade != flows.Complete {
			t.Errorf("%s: %+v", r.Grade, r.Witnesses)
		}
		s.same(r)
		s.people()
		if n := s.truth().Limited; n < 5 {
			t.Errorf("only %d requests were refused", n)
		}
	})
	t.Run("groups, with each fourth request refused", func(t *testing.T) {
		t.Parallel()
		s := serve(t, 4, 37, 4)
		s.teams(20)
	})
}

// people lets somebody in, takes access away, gives it back, and changes what is said of him.
func (s *scimmy) people() {
	t, ctx := s.t, s.t.Context()
	t.Helper()
	n := &notes{}
	c := s.open(n)
	before := len(s.truth().Users)
	person := flows.Person{Email: newcomer, First: "Zoë", Last: "O'Neill \"Z\"", Roles: []string{"viewer"}}
	outcome := func(what string, want flows.OutcomeKind, do func() (flows.Outcome, error)) flows.Account {
		t.Helper()
		o := ordered(t, what, do)
		if o.Kind != want || o.Account == nil {
			t.Fatalf("%s: %+v; want %s", what, o, want)
		}
		return *o.Account
	}
	who := outcome("invite", flows.Done, func() (flows.Outcome, error) { return c.Invite(ctx, person) })
	if u := s.user(newcomer); u.id() != who.ID || !u.on() || len(s.truth().Users) != before+1 {
		t.Errorf("invited, and the store has %v", u)
	}
	outcome("invite again", flows.Already, func() (flows.Outcome, error) { return c.Invite(ctx, person) })
	who = outcome("deactivate", flows.Done, func() (flows.Outcome, error) { return c.Deactivate(ctx, who) })
	if u := s.user(newcomer); !u.off() || who.State != flows.Deactivated {
		t.Errorf("deactivated, and the store has %v", u)
	}
	outcome("deactivate again", flows.Already, func() (flows.Outcome, error) { return c.Deactivate(ctx, who) })
	who = outcome("reactivate", flows.Done, func() (flows.Outcome, error) { return c.Reactivate(ctx, who) })
	if u := s.user(newcomer); !u.on() {
		t.Errorf("reactivated, and the store has %v", u)
	}
	change := flows.Change{Email: "zoe.married@example.com", Words: map[string]string{
		flows.WordFirst: "Zoe", flows.WordExternalID: "hr-7", flows.WordDepartment: "Sales", flows.WordEmployeeNumber: "701",
	}}
	outcome("update", flows.Done, func() (flows.Outcome, error) { return c.Update(ctx, who, change) })
	u := s.user(change.Email)
	name, _ := u["name"].(map[string]any)
	extra, _ := u[enterURN].(map[string]any)
	if u.id() != who.ID || name["givenName"] != "Zoe" || name["familyName"] != person.Last || u["externalId"] != "hr-7" ||
		extra["department"] != "Sales" || extra["employeeNumber"] != "701" || !u.on() {
		t.Errorf("updated, and the store has %v", u)
	}
	for _, l := range s.truth().Log {
		if l.ID != who.ID {
			t.Errorf("somebody else was touched: %v", l)
		}
	}
	harmless(t, n)
}

// teams makes a group, renames it, and moves so many people in and most of them out.
func (s *scimmy) teams(people int) {
	t, ctx := s.t, s.t.Context()
	t.Helper()
	c := s.open(&notes{})
	g := ordered(t, "create", func() (flows.GroupOutcome, error) { return c.CreateGroup(ctx, "Onboarding") })
	again := ordered(t, "create again", func() (flows.GroupOutcome, error) { return c.CreateGroup(ctx, "onboarding") })
	if g.Kind != flows.Done || again.Kind != flows.Already || g.Group == nil {
		t.Fatalf("%+v, then %+v", g, again)
	}
	g = ordered(t, "rename", func() (flows.GroupOutcome, error) { return c.RenameGroup(ctx, *g.Group, "Welcome") })
	if s.group("Welcome").id() != g.Group.ID {
		t.Errorf("renamed to %v", s.truth().Groups)
	}
	r := ordered(t, "list", func() (*flows.Roster, error) { return c.List(ctx) })
	in := r.Accounts[:people]
	move := func(what string, add, remove []flows.Account, want []flows.Account) {
		t.Helper()
		g = ordered(t, what, func() (flows.GroupOutcome, error) {
			now := ordered(t, "find the group", func() ([]flows.Group, error) { return c.FindGroup(ctx, "Welcome") })
			if len(now) != 1 {
				t.Fatalf("%d groups found", len(now))
			}
			return c.ChangeMembers(ctx, now[0], add, remove)
		})
		var ids []string
		for _, a := range want {
			ids = append(ids, a.ID)
		}
		slices.Sort(ids)
		if got := membersOf(s.group("Welcome")); g.Kind != flows.Done || !slices.Equal(got, ids) {
			t.Errorf("%s: %s; %d members in the store, want %d:\n%q", what, g.Kind, len(got), len(ids), got)
		}
	}
	move("add", in, nil, in)
	move("add who is in, and one more", r.Accounts[:people+1], nil, r.Accounts[:people+1])
	move("remove most", nil, in[5:], append(slices.Clone(in[:5]), r.Accounts[people]))
	if all := s.truth().Groups; len(all) != 1 {
		t.Errorf("%d groups", len(all))
	}
}

// Some services take 45 seconds for an answer. That is slow, and not down.
func TestScimmyMayTake45Seconds(t *testing.T) {
	t.Parallel()
	s := serve(t, 4, 37, 0)
	plain := scim.Shape{App: shape().App}
	env := s.env(&notes{})
	c, err := scim.Open(t.Context(), env, plain) // it keeps what it learned, so that the next one need not ask
	if err != nil {
		t.Fatal(err)
	}
	s.call(http.MethodPost, "/latency?ms=45000")
	opened := make(chan error, 1)
	go func() {
		slow, err := scim.Open(t.Context(), env, plain)
		if err == nil {
			err = slow.Close()
		}
		opened <- err
	}()
	began := time.Now()
	r, err := c.List(t.Context())
	if err != nil || r.Grade != flows.Complete {
		t.Fatalf("%v: %+v", err, r)
	}
	s.same(r)
	if took := time.Since(began); took < 45*time.Second {
		t.Errorf("it took %s: the service was not slow, and this proved nothing", took)
	}
	if err := errors.Join(<-opened, c.Close()); err != nil {
		t.Errorf("open, while each answer takes 45 s: %v", err)
	}
}
