package sandbox_test

import (
	"bytes"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/sandbox"
)

const ana = "ana.lopez@example.com"

func (g *guest) deactivate(status int, code string) {
	g.t.Helper()
	g.want(status, code, "POST", "/api/users/"+g.id(ana)+"/deactivate", object{}, nil)
}

func (g *guest) state() flows.State {
	g.t.Helper()
	u, _ := g.truth().User(ana)
	return u.State
}

func TestEveryWriteIsInTheTruth(t *testing.T) {
	t.Parallel()
	g := setup(t, nil).signIn()
	g.want(200, "", "POST", "/api/users", object{
		"email": "New.One@example.com", "first_name": "New", "last_name": "One", "roles": []string{"member"},
	}, nil)
	g.want(409, "exists", "POST", "/api/users", object{"email": "new.one@example.com", "roles": []string{"member"}}, nil)
	g.want(422, "invalid", "POST", "/api/users", object{"email": "x@example.com", "roles": []string{"king"}}, nil)
	g.want(422, "invalid", "POST", "/api/users", object{"email": "not an address", "roles": []string{"member"}}, nil)
	id := "/api/users/" + g.id("new.one@example.com")
	g.want(200, "", "POST", id+"/reinvite", object{}, nil)
	g.want(200, "", "POST", id+"/roles", object{"roles": []string{"admin", "member"}}, nil)
	g.want(200, "", "POST", id+"/deactivate", object{}, nil)
	g.want(409, "state", "POST", id+"/deactivate", object{}, nil)
	g.want(200, "", "POST", id+"/delete", object{}, nil)
	g.want(404, "not_found", "POST", id+"/deactivate", object{}, nil)
	g.want(200, "", "POST", "/api/people/"+g.id("hal.holder@example.com")+"/delete", object{}, nil)
	g.want(403, "forbidden", "POST", "/api/users/"+g.id("boss@example.com")+"/deactivate", object{}, nil)
	truth := g.truth()
	if got, want := verbs(truth.Writes), []string{"invite", "reinvite", "role", "deactivate", "delete", "delete_person"}; !slices.Equal(got, want) {
		t.Errorf("writes %v, want %v", got, want)
	}
	if w := truth.Writes[0]; w.Subject != "new.one@example.com" || w.By != "boss@example.com" || w.ID == "" || w.At.IsZero() {
		t.Errorf("first write: %+v", w)
	}
	if n := len(truth.Requests); n != 11 {
		t.Errorf("%d requests in the truth, want 11: %+v", n, truth.Requests)
	}
	if _, ok := truth.User("new.one@example.com"); ok {
		t.Error("deleted, and still there")
	}
}

func TestHoldingsAreShown(t *testing.T) {
	t.Parallel()
	g := setup(t, nil).signIn()
	var a struct{ Items []flows.Holding }
	g.want(200, "", "GET", "/api/users/"+g.id("hal.holder@example.com")+"/holdings", nil, &a)
	if len(a.Items) != 3 || a.Items[0].Title == "" {
		t.Errorf("holdings: %+v", a.Items)
	}
}

func TestFaultsOfWritesTellOneThingAndDoAnother(t *testing.T) {
	t.Parallel()
	tests := []struct {
		fault  string
		params object
		status int
		code   string
		state  flows.State // right after the answer
		writes int
	}{
		{"toast_without_effect", nil, 200, "", flows.Active, 0},
		{"write_error_applied", nil, 500, "internal", flows.Deactivated, 1},
		{"write_refused", object{"message": "no"}, 409, "refused", flows.Active, 0},
		{"write_refused", object{"verb": "invite"}, 200, "", flows.Deactivated, 1},
		{"late_write", object{"ms": 3600_000}, 200, "", flows.Active, 0},
		{"server_error", object{"on": "write"}, 500, "internal", flows.Active, 0},
		{"rate_limit", object{"on": "any"}, 429, "rate_limit", flows.Active, 0},
	}
	for _, tt := range tests {
		t.Run(tt.fault, func(t *testing.T) {
			t.Parallel()
			g := setup(t, nil).signIn()
			g.fault(tt.fault, tt.params)
			g.deactivate(tt.status, tt.code)
			if st := g.state(); st != tt.state {
				t.Errorf("state %s, want %s", st, tt.state)
			}
			if w := g.truth().WritesOn(ana); len(w) != tt.writes {
				t.Errorf("writes %v, want %d", w, tt.writes)
			}
		})
	}
}

func TestALostAnswerIsAWriteWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	g := setup(t, nil).signIn()
	g.fault("write_lost", nil)
	if _, _, err := g.try("POST", "app", "/api/users/"+g.id(ana)+"/deactivate", object{}, nil); err == nil {
		t.Error("there is an answer")
	}
	g.until("the write", func(tr sandbox.Truth) bool { return len(tr.WritesOn(ana)) == 1 && len(tr.Requests) == 1 })
	if r := g.truth().Requests[0]; r.Status != 0 || r.Fault != "write_lost" {
		t.Errorf("request: %+v", r)
	}
}

func TestALateWriteComesLateAndOnce(t *testing.T) {
	t.Parallel()
	g := setup(t, nil).signIn()
	g.fault("late_write", object{"ms": 50, "times": 1})
	g.deactivate(200, "")
	g.until("the write", func(tr sandbox.Truth) bool { return len(tr.Writes) == 1 })
	if g.state() != flows.Deactivated {
		t.Error("logged, not done")
	}
}

func TestTimesCountDownAndClearEndsAll(t *testing.T) {
	t.Parallel()
	g := setup(t, nil).signIn()
	g.fault("server_error", object{"times": 2})
	for range 2 {
		g.want(500, "internal", "GET", "/api/users", nil, nil)
	}
	g.list("")
	g.fault("rate_limit", object{"retry_after": 9})
	g.want(429, "rate_limit", "GET", "/api/users", nil, nil)
	if err := sandbox.ClearFaults(t.Context(), g.s.FaultURL()); err != nil {
		t.Fatal(err)
	}
	g.list("")
	if s := g.truth().Struck; s["server_error"] != 2 || s["rate_limit"] != 1 {
		t.Errorf("struck: %v", s)
	}
}

func TestASessionIsDroppedInMidList(t *testing.T) {
	t.Parallel()
	g := setup(t, nil).signIn()
	g.fault("session_drop", object{"after": 2})
	g.list("")
	g.list("offset=25")
	g.want(401, "signed_out", "GET", "/api/users?offset=50", nil, nil)
	g.clock.add(time.Minute)
	g.signIn()
	g.list("")
}

func TestADownConsoleIsDownOnEverySiteButNotForTheTruth(t *testing.T) {
	t.Parallel()
	g := setup(t, nil)
	g.fault("down", nil)
	for _, site := range []string{"login", "app"} {
		if status, _, err := g.try("GET", site, "/api/flags", nil, nil); status != 503 || err == nil {
			t.Errorf("%s: %d %v, want 503 in HTML", site, status, err)
		}
	}
	g.truth()
}

func TestASlowAnswerWaits(t *testing.T) {
	t.Parallel()
	g := setup(t, nil).signIn()
	g.fault("slow", object{"ms": 120, "times": 1})
	start := time.Now()
	g.list("")
	if took := time.Since(start); took < 120*time.Millisecond {
		t.Errorf("answered after %s", took)
	}
}

func TestFaultsOfTheList(t *testing.T) {
	t.Parallel()
	g := setup(t, nil).signIn()
	n := *g.list("").Total
	g.fault("wrong_total", object{"delta": -3})
	if got := *g.list("").Total; got != n-3 {
		t.Errorf("wrong_total: %d, want %d", got, n-3)
	}
	g.fault("no_total", nil)
	if got := g.list("").Total; got != nil {
		t.Errorf("no_total: %d", *got)
	}
	g.fault("clear", nil)

	g.fault("shifting", nil)
	first := g.list("limit=10").Items
	second := g.list("offset=10&limit=10").Items
	if first[9].ID != second[0].ID {
		t.Error("shifting: the rows did not move down by one")
	}
	if _, ok := g.truth().User("aaron.aaberg@example.com"); !ok {
		t.Error("shifting: who joined is not in the truth")
	}

	g.fault("unknown_role", object{"email": ana, "word": "Queen"})
	g.fault("unknown_status", object{"email": ana})
	for _, u := range g.list("q=" + ana).Items {
		if u.Email == ana && (u.RoleWord != "Queen" || u.StatusWord == "") || u.Email != ana && u.RoleWord != "" {
			t.Errorf("words: %+v", u)
		}
	}
	g.fault("duplicate_address", object{"email": ana})
	if got := *g.list("q=" + ana).Total; got != 4 { // with xana.lopez@... and ana.lopez@example.com.example.org
		t.Errorf("duplicate_address: %d rows", got)
	}
	g.fault("clear", nil)
	if got := *g.list("q=" + ana).Total; got != 3 {
		t.Errorf("after clear: %d rows", got)
	}
}

func TestFaultsOfThePageAreToldByTheFlags(t *testing.T) {
	t.Parallel()
	g := setup(t, nil).signIn()
	g.fault("wrong_confirmation", object{"email": "xana.lopez@example.com"})
	g.fault("reorder", nil)
	g.fault("server_error", nil)
	var f struct {
		Version int
		Faults  map[string]struct{ Others []struct{ Email string } }
	}
	g.want(200, "", "GET", "/api/flags", nil, &f)
	if len(f.Faults) != 2 || f.Faults["wrong_confirmation"].Others[0].Email != "xana.lopez@example.com" {
		t.Errorf("flags: %+v", f)
	}
	was := f.Version
	g.want(200, "", "POST", "/api/flags/reorder", nil, nil)
	f.Faults = nil
	g.want(200, "", "GET", "/api/flags", nil, &f)
	if _, still := f.Faults["reorder"]; still || f.Version == was {
		t.Errorf("reorder struck once and is still there: %+v", f)
	}
	g.want(422, "invalid", "POST", "/api/flags/server_error", nil, nil)
}

func TestCaptchaAndWrongWorkspace(t *testing.T) {
	t.Parallel()
	g := setup(t, nil).signIn()
	g.fault("wrong_workspace", object{"workspace": "Theirs"})
	var me struct{ Workspace string }
	g.want(200, "", "GET", "/api/me", nil, &me)
	if me.Workspace != "Theirs" {
		t.Errorf("workspace %q", me.Workspace)
	}
	g.fault("captcha", nil)
	g.want(403, "challenge", "POST", "/api/sign-in", object{"email": g.secret("user"), "password": g.secret("password")}, nil)
}

func TestWhatIsNoFaultIsRefused(t *testing.T) {
	t.Parallel()
	g := setup(t, nil)
	for _, body := range []string{
		`{}`, `[]`, `{"name":"earthquake"}`, `{"name":"slow"}`, `{"name":"slow","ms":"long"}`, `{"name":"slow","ms":1.5}`,
		`{"name":"slow","ms":1,"colour":"red"}`, `{"name":"down","times":-1}`, `{"name":"duplicate_address","email":"nobody@example.com"}`,
		`{"name":"unknown_role"}`, `{"name":"overlay","ms":1}`, `{"name":"overlay","times":true}`,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.s.FaultURL(), bytes.NewBufferString(body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := g.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d, want 400", body, res.StatusCode)
		}
	}
	if err := sandbox.SetFault(t.Context(), g.s.FaultURL(), "wrong_workspace", object{"name": "x"}); err == nil {
		t.Error("a param called name was taken")
	}
}
