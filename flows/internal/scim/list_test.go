package scim

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

func witness(r *flows.Roster, name string) flows.Witness {
	for _, w := range r.Witnesses {
		if w.Name == name {
			return w
		}
	}
	return flows.Witness{}
}

func TestAListIsCompleteWhereItsOwnTotalProvesIt(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 99, 100, 101, 540} {
		s := newStand(t, n)
		c, _ := s.console(testShape())
		r, err := c.List(t.Context())
		if err != nil || r.Grade != flows.Complete || r.Total != n || r.Sheet != "scim" {
			t.Errorf("%d: %+v %v", n, r, err)
		}
		if w := witness(r, "total"); !w.Applies || !w.Independent || !w.Agrees {
			t.Errorf("%+v", w)
		}
		if witness(r, "own account").Applies || witness(r, "second").Applies {
			t.Error("what there is none of applies")
		}
	}
}

// A leaver on a page that was read and a newcomer at the end keep the total as it was, and somebody
// slides past the boundary of two pages: by its total alone the list would be complete without him.
func TestAListThatMovesUnderTheReaderIsReadAgain(t *testing.T) {
	t.Parallel()
	s := newStand(t, 250)
	c, _ := s.console(testShape())
	moved := false
	s.twist = func(_ http.ResponseWriter, r *http.Request, _ resource) bool {
		if !moved && number64(r, "startIndex", 1) > 1 {
			moved = true
			s.mu.Lock()
			s.kinds["Users"] = append(slices.Delete(s.kinds["Users"], 50, 51), testUser(900))
			s.mu.Unlock()
		}
		return false
	}
	r, err := c.List(t.Context())
	if err != nil || r.Grade != flows.Complete || len(r.ByEmail("u101@example.com")) != 1 || len(r.ByEmail("u51@example.com")) != 0 {
		t.Errorf("%v %v", r.Witnesses, err)
	}
}

func TestAServiceThatOnlyTurnsWholePagesIsReadToo(t *testing.T) {
	t.Parallel()
	s := newStand(t, 250)
	c, _ := s.console(testShape())
	s.twist = func(w http.ResponseWriter, r *http.Request, _ resource) bool {
		if r.URL.Query().Get("filter") == "" && number64(r, "count", 0) == 100 && number64(r, "startIndex", 1)%100 != 1 {
			problem(w, 400, "invalidValue", "startIndex begins a page")
			return true
		}
		return false
	}
	if r, err := c.List(t.Context()); err != nil || r.Grade != flows.Complete || r.Total != 250 {
		t.Errorf("%+v %v", r, err)
	}
}

func TestAListWithoutATotalIsSuspect(t *testing.T) {
	t.Parallel()
	s := newStand(t, 30)
	c, _ := s.console(testShape())
	s.twist = func(w http.ResponseWriter, r *http.Request, _ resource) bool {
		if !strings.HasSuffix(r.URL.Path, "/Users") || r.URL.Query().Get("filter") != "" {
			return false
		}
		start := number64(r, "startIndex", 1)
		s.mu.Lock()
		defer s.mu.Unlock()
		reply(w, 200, resource{"Resources": s.kinds["Users"][min(start-1, 30):]})
		return true
	}
	r, err := c.List(t.Context())
	if err != nil || r.Grade != flows.Suspect || r.Total != 30 {
		t.Fatalf("%+v %v", r, err)
	}
	// Nobody is called absent on that, and who is found by filter says so.
	_, err = c.Find(t.Context(), "nobody@example.com")
	wantCode(t, err, flows.Incomplete)
	a := s.account(c, someone)
	if a.Words[wordSearch] == "" {
		t.Errorf("%+v", a)
	}
}

func TestRolesAreKnownOnlyFromGroupsThatWereReadWhole(t *testing.T) {
	t.Parallel()
	shape := testShape()
	shape.AdminGroups = []string{"Account Admins"}
	s := newStand(t, 3)
	s.kinds["Groups"] = []resource{testGroup("g1", "account admins", "2")}
	c, _ := s.console(shape)
	r, err := c.List(t.Context())
	if err != nil || !slices.Equal(r.Accounts[0].Roles, []string{"viewer"}) || !slices.Equal(r.Accounts[1].Roles, []string{"admin"}) {
		t.Errorf("%+v %v", r, err)
	}
	for name, groups := range map[string][]resource{
		"no such group":    {testGroup("g1", "Sales", "2")},
		"a group in it":    {{"id": "g1", "displayName": "Account Admins", "members": []any{resource{"value": "g2", "type": "Group"}}}},
		"a nameless one":   {testGroup("g1", "Account Admins", "2"), {"id": "g2"}},
		"an unreadable id": {testGroup("", "Account Admins", "2")},
		"no members shown": {{"id": "g1", "displayName": "Account Admins"}},
		"by user name":     {testGroup("g1", "Account Admins", someone)},
		"one by user name": {testGroup("g1", "Account Admins", "1", someone)},
	} {
		s.mu.Lock()
		s.kinds["Groups"] = groups
		s.mu.Unlock()
		r, err := c.List(t.Context())
		if err != nil || r.Accounts[1].Roles != nil || len(r.Notes) == 0 {
			t.Errorf("%s: %+v %v", name, r, err)
		}
		if a := s.account(c, someone); a.Roles != nil {
			t.Errorf("%s: found by its address it has %v", name, a.Roles)
		}
	}
}

type other struct {
	users []SecondUser
	total int
	err   error
	later func() // called after each reading
}

func (*other) Name() string { return "Spekit REST API" }

func (o *other) Users(context.Context) ([]SecondUser, int, error) {
	users := slices.Clone(o.users)
	if o.later != nil {
		o.later()
	}
	return users, o.total, o.err
}

func (o *other) shape() Shape {
	shape := testShape()
	shape.Second = func(context.Context, flows.Env) (Second, error) { return o, nil }
	return shape
}

func TestTheSecondSourceIsAWitness(t *testing.T) {
	t.Parallel()
	s := newStand(t, 3)
	s.user("3")["active"] = false
	good := []SecondUser{{Email: "U1@example.com", Active: true}, {Email: "u2@example.com", Active: true}, {Email: "u3@example.com"}}
	for name, c := range map[string]struct {
		o    other
		want flows.Grade
	}{
		"the same":               {other{users: good, total: 3}, flows.Complete},
		"no total":               {other{users: good, total: -1}, flows.Complete},
		"another total":          {other{users: good, total: 4}, flows.Suspect},
		"somebody less":          {other{users: good[1:], total: 2}, flows.Suspect},
		"somebody more, active":  {other{users: append(slices.Clone(good), SecondUser{Email: "x@example.com", Active: true}), total: 4}, flows.Suspect},
		"active there, not here": {other{users: append(slices.Clone(good[:2]), SecondUser{Email: "u3@example.com", Active: true}), total: 3}, flows.Suspect},
		"it cannot be asked":     {other{err: errors.New("down")}, flows.Suspect},
	} {
		con, _ := s.console(c.o.shape())
		r, err := con.List(t.Context())
		if err != nil || r.Grade != c.want || !witness(r, "second").Applies {
			t.Errorf("%s: %s %+v %v", name, r.Grade, witness(r, "second"), err)
		}
	}
}

func TestADeactivationThatTheSecondSourceDoesNotShowIsNotDone(t *testing.T) {
	t.Parallel()
	for _, follows := range []bool{true, false} {
		s := newStand(t, 2)
		o := &other{users: []SecondUser{{Email: someone, Active: true}}, total: 1}
		reads := 0
		o.later = func() {
			if reads++; follows && reads == 3 {
				o.users[0].Active = false
			}
		}
		c, _ := s.console(o.shape())
		out, err := c.Deactivate(t.Context(), s.account(c, someone))
		if follows && (err != nil || out.Kind != flows.Done || reads < 4) {
			t.Errorf("%+v %v after %d readings", out, err, reads)
		}
		if !follows && (flows.CodeOf(err) != flows.Unverified || !strings.Contains(err.Error(), o.Name())) {
			t.Errorf("%+v %v", out, err)
		}
	}
}

func TestAKeptProfileSparesTheProbeAndIsOfOneServiceOnly(t *testing.T) {
	t.Parallel()
	s := newStand(t, 2)
	probes := 0
	s.twist = func(_ http.ResponseWriter, r *http.Request, _ resource) bool {
		if strings.HasSuffix(r.URL.Path, "/ServiceProviderConfig") {
			probes++
		}
		return false
	}
	_, j := s.console(testShape())
	kept := j.session.Reveal()
	if probes != 1 || !strings.Contains(kept, s.url) {
		t.Fatalf("%d probes, kept %s", probes, kept)
	}
	for session, want := range map[string]int{
		kept: 1, "": 2, "junk": 2, kept + "{}": 2,
		strings.Replace(kept, s.url, "https://api.example.com", 1):   2,
		strings.Replace(kept, `"version":1`, `"version":9`, 1):       2,
		strings.Replace(kept, `"active":"bool"`, `"active":"so"`, 1): 2,
		strings.Replace(kept, `"version":1`, `"version":1,"x":1`, 1): 2,
	} {
		probes = 1
		c, err := s.open(&journal{session: secrets.New(session)}, testShape())
		if err != nil || probes != want || c.profile.Active != isBool {
			t.Errorf("%q: %d probes, %v", session, probes, err)
		}
	}
}

func TestACheckOnlyReads(t *testing.T) {
	t.Parallel()
	s := newStand(t, 3)
	c, _ := s.console(testShape())
	findings, err := c.Check(t.Context())
	if err != nil || len(s.wrote()) != 0 {
		t.Fatal(err, s.wrote())
	}
	got := map[string]flows.Finding{}
	for _, f := range findings {
		got[f.Name] = f
		if !f.OK || f.Page != "scim" {
			t.Errorf("%+v", f)
		}
	}
	for _, name := range []string{"service provider config", "users", "paging", "filter userName", "filter case", "groups", "patch", "content type", "active form"} {
		if _, ok := got[name]; !ok {
			t.Errorf("nothing of %s", name)
		}
	}
	if got["filter userName"].Found != works || got["filter case"].Found != "exact case only" || !got["patch"].Skipped {
		t.Errorf("%+v", got)
	}
	s.twist = func(w http.ResponseWriter, r *http.Request, _ resource) bool { // paging is ignored
		if !strings.HasSuffix(r.URL.Path, "/Users") {
			return false
		}
		reply(w, 200, resource{"totalResults": 3, "startIndex": 1, "itemsPerPage": 1, "Resources": []any{testUser(1)}})
		return true
	}
	if findings, err = c.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(findings, func(f flows.Finding) bool { return f.Name == "paging" && !f.OK }) {
		t.Errorf("%+v", findings)
	}
}
