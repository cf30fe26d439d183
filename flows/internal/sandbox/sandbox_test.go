package sandbox_test

import (
	"context"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/sandbox"
)

func TestAStandInSaysHowToReachItAndNotItsSecrets(t *testing.T) {
	t.Parallel()
	g := setup(t, nil)
	got := g.s.Connection()
	want := flows.Connection{
		Name: "toy", App: "toy", URL: g.s.URL("app"), SignIn: g.s.URL("login") + "/login", Workspace: "Toys",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if g.s.URL("app") == g.s.URL("login") {
		t.Error("sign-in and app share an origin")
	}
}

func TestTheSameSeedMakesTheSamePeople(t *testing.T) {
	t.Parallel()
	a, b := setup(t, nil).truth(), setup(t, nil).truth()
	c := setup(t, func(c *sandbox.Config) { c.Seed = 8 }).truth()
	if !reflect.DeepEqual(a.Users, b.Users) {
		t.Error("two stand-ins with one seed differ")
	}
	if reflect.DeepEqual(a.Users, c.Users) {
		t.Error("two seeds make the same people")
	}
}

func TestPeopleHaveAddressesOfTheirOwnAndRolesThatExist(t *testing.T) {
	t.Parallel()
	truth := setup(t, func(c *sandbox.Config) { c.Users = 5000 }).truth()
	seen := map[string]bool{}
	states := map[flows.State]int{}
	for _, u := range truth.Users {
		if seen[u.Email] {
			t.Fatalf("%s twice", u.Email)
		}
		seen[u.Email] = true
		states[u.State]++
		if _, err := flows.Address(u.Email); err != nil {
			t.Errorf("%s: %v", u.Email, err)
		}
		for _, r := range u.Roles {
			if r != "admin" && r != "member" {
				t.Errorf("%s has role %q", u.Email, r)
			}
		}
	}
	if len(truth.Users) != 5000 || len(states) != 4 {
		t.Errorf("%d users in states %v", len(truth.Users), states)
	}
	for _, want := range []string{"ana.lopez@example.com", "ana.lopez+test@example.com", "ana.lopez@example.org", "fred.formula@example.com"} {
		if !seen[want] {
			t.Errorf("%s is missing", want)
		}
	}
}

func TestFewUsersMeansFewUsers(t *testing.T) {
	t.Parallel()
	if n := len(setup(t, func(c *sandbox.Config) { c.Users = 3 }).truth().Users); n != 3 {
		t.Errorf("got %d users, want 3", n)
	}
}

func TestAnUnusableConfigIsAnErrorOfNew(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*sandbox.Config){
		"no site":        func(c *sandbox.Config) { c.Sites = nil },
		"no role":        func(c *sandbox.Config) { c.Roles = nil },
		"negative users": func(c *sandbox.Config) { c.Users = -1 },
		"unknown paging": func(c *sandbox.Config) { c.Paging = "scrolls" },
		"unknown release": func(c *sandbox.Config) {
			c.Release, c.Releases = "zwei", []string{"eins"}
		},
		"admin twice": func(c *sandbox.Config) { c.Fixed = []sandbox.Person{{Email: "BOSS@example.com"}} },
	} {
		cfg := config()
		spoil(&cfg)
		if s, err := sandbox.New(t.Context(), cfg); err == nil {
			t.Errorf("%s: no error", name)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestPagesFallBackToTheIndexButNotForFiles(t *testing.T) {
	t.Parallel()
	g := setup(t, nil)
	for path, want := range map[string]int{"/": 200, "/settings/users": 200, "/assets/app.js": 200, "/assets/none.js": 404} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.s.URL("app")+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := g.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != want || want == 200 && path != "/assets/app.js" && !strings.Contains(string(b), "<title>toy") {
			t.Errorf("%s: %d %q, want %d", path, res.StatusCode, b, want)
		}
	}
}

func TestCloseEndsWhatIsUnderWayAndMayBeCalledTwice(t *testing.T) {
	t.Parallel()
	g := setup(t, nil).signIn()
	g.fault("late_write", object{"ms": 3600_000})
	g.want(200, "", "POST", "/api/users/"+g.id("ana.lopez@example.com")+"/deactivate", object{}, nil)
	done := make(chan error, 1)
	go func() { done <- g.s.Close() }()
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Close waits for a write that is due in an hour")
	}
	if err := g.s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := sandbox.ReadTruth(t.Context(), g.s.TruthURL()); err == nil {
		t.Error("the truth still answers")
	}
}

func TestTheEndOfTheContextEndsTheStandIn(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s, err := sandbox.New(ctx, config())
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := s.Close(); err != nil { // waits
		t.Fatal(err)
	}
	if _, err := sandbox.ReadTruth(t.Context(), s.TruthURL()); err == nil {
		t.Error("the truth still answers")
	}
}

func TestWindowsOfTheListAddUpToTheTruth(t *testing.T) {
	t.Parallel()
	g := setup(t, func(c *sandbox.Config) { c.Users = 212 }).signIn()
	truth := g.truth()
	for _, by := range []string{"page=%d&size=25", "offset=%d&limit=100"} {
		seen := map[string]bool{}
		step, at := 1, 1
		if strings.HasPrefix(by, "offset") {
			step, at = 100, 0
		}
		for more := true; more; at += step {
			p := g.list(strings.Replace(by, "%d", strconv.Itoa(at), 1) + "&include_deactivated=true")
			for _, u := range p.Items {
				seen[u.ID] = true
			}
			if p.Total == nil || *p.Total != 212 {
				t.Fatalf("total %v", p.Total)
			}
			more = p.More
		}
		if len(seen) != len(truth.Users) {
			t.Errorf("%s: %d of %d users", by, len(seen), len(truth.Users))
		}
	}
	g.want(422, "invalid", "GET", "/api/users?limit=101", nil, nil)
	g.want(422, "invalid", "GET", "/api/users?sort=shoe_size", nil, nil)
}

func TestTheListHidesDeactivatedPeopleSearchesFiltersAndSorts(t *testing.T) {
	t.Parallel()
	g := setup(t, nil).signIn()
	count := map[flows.State]int{}
	for _, u := range g.truth().Users {
		count[u.State]++
	}
	if got, want := *g.list("").Total, 60-count[flows.Deactivated]; got != want {
		t.Errorf("without the deactivated: %d, want %d", got, want)
	}
	if got := *g.list("status=invited,deactivated").Total; got != count[flows.Invited]+count[flows.Deactivated] {
		t.Errorf("by status: %d", got)
	}
	if got := g.list("status=password_expired&q=pia.stale"); *got.Total != 1 || got.Items[0].Email != "pia.stale@example.com" {
		t.Errorf("password expired: %+v", got)
	}
	if got := *g.list("q=ANA.LOPEZ").Total; got != 5 {
		t.Errorf("search: %d, want 5", got)
	}
	var emails []string
	for _, u := range g.list("sort=-email&limit=100").Items {
		emails = append(emails, u.Email)
	}
	if !slices.IsSortedFunc(emails, func(a, b string) int { return strings.Compare(b, a) }) {
		t.Errorf("not sorted: %v", emails)
	}
}
