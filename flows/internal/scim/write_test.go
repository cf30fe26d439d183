package scim

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/usherhq/usher/flows"
)

func jsonText(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

const someone = "u2@example.com"

// refusing answers the writes of these kinds ("PATCH path", "PATCH no path", "PUT") with a status.
func refusing(status int, kinds ...string) func(http.ResponseWriter, *http.Request, resource) bool {
	return func(w http.ResponseWriter, r *http.Request, body resource) bool {
		kind := r.Method
		if ops, ok := body["Operations"].([]any); ok {
			op, _ := ops[0].(resource)
			kind = "PATCH no path"
			if p, _ := op["path"].(string); p != "" {
				kind = "PATCH path"
			}
		}
		if !slices.Contains(kinds, kind) {
			return false
		}
		problem(w, status, "", "not like this")
		return true
	}
}

func TestTheLadderIsClimbedRungByRungAndTheOneThatHeldIsRemembered(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		twist func(http.ResponseWriter, *http.Request, resource) bool
		acts  []string
		want  []string
		code  flows.Code
	}{
		{"the first", nil, nil, []string{"PATCH active"}, ""},
		{"without a path", refusing(400, "PATCH path"), nil, []string{"PATCH active", "PATCH without path"}, ""},
		{"PUT", refusing(501, "PATCH path", "PATCH no path"), nil, []string{"PATCH active", "PATCH without path", "PUT"}, ""},
		{"no DELETE that is not named", refusing(405, "PATCH path", "PATCH no path", "PUT"), nil, []string{"PATCH active", "PATCH without path", "PUT"}, flows.Unsupported},
		{"DELETE that is named", refusing(405, "PATCH path", "PATCH no path", "PUT"), []string{"delete"}, []string{"PATCH active", "PATCH without path", "PUT", "DELETE"}, ""},
		{"a refusal of the act", refusing(403, "PATCH path"), []string{"delete"}, []string{"PATCH active"}, flows.Unsupported},
		{"a refused token", refusing(401, "PATCH path"), nil, []string{"PATCH active"}, flows.LoginRefused},
		{"a fault", refusing(500, "PATCH path"), nil, []string{"PATCH active"}, flows.Unverified},
		{"success that is none", refusing(204, "PATCH path", "PATCH no path", "PUT"), nil, []string{"PATCH active", "PATCH without path", "PUT"}, flows.Unverified},
		{"a limit without an end", refusing(429, "PATCH path"), nil, []string{"PATCH active", "PATCH active (again after 429)", "PATCH active (once more after 429)"}, flows.Unavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, 3)
			con, j := s.console(testShape(), func(e *flows.Env) { e.Connection.Acts = c.acts })
			who := s.account(con, someone)
			s.twist = c.twist
			out, err := con.Deactivate(t.Context(), who)
			wantCode(t, err, c.code)
			if !slices.Equal(j.elements(), c.want) || len(s.wrote()) != len(c.want) {
				t.Errorf("pressed %v, sent %v", j.elements(), s.wrote())
			}
			if s.user("3")["active"] != any(true) {
				t.Error("a neighbour was changed")
			}
			if c.code != "" {
				return
			}
			last := c.want[len(c.want)-1]
			u := s.user("2")
			switch {
			case out.Kind != flows.Done || out.Seen == "":
				t.Errorf("%+v", out)
			case last == "DELETE":
				if u != nil || out.Account != nil {
					t.Errorf("%v, %+v", u, out)
				}
			case u["active"] != any(false) || u["custom"] == nil || out.Account == nil || out.Account.State != flows.Deactivated:
				t.Errorf("%v, %+v", u, out)
			case con.profile.Writes[verbDeactivate] != last || !strings.Contains(j.session.Reveal(), last):
				t.Errorf("remembered %v", con.profile.Writes)
			}
			// Next time it goes first; DELETE never does.
			j.presses = nil
			if out, err = con.Deactivate(t.Context(), s.account(con, "u3@example.com")); err != nil || out.Kind != flows.Done {
				t.Fatal(err)
			}
			if first := j.elements()[0]; (first == last) != (last != "DELETE") {
				t.Errorf("%s went first", first)
			}
		})
	}
}

func TestWhatThePlanDidNotReadIsNotTouched(t *testing.T) {
	t.Parallel()
	s := newStand(t, 3)
	c, j := s.console(testShape())
	who := s.account(c, someone)
	other, stale, gone := who, who, who
	other.Email = "u3@example.com"
	stale.State = flows.Unknown
	gone.ID, gone.Email = "99", "nobody@example.com"
	for _, a := range []struct {
		who  flows.Account
		code flows.Code
	}{{other, flows.Refused}, {stale, flows.Refused}, {gone, flows.NotFound}, {flows.Account{ID: "99", Email: someone}, flows.Refused}, {flows.Account{}, flows.Invalid}} {
		_, err := c.Deactivate(t.Context(), a.who)
		wantCode(t, err, a.code)
	}
	s.user("2")["active"] = "False"
	out, err := c.Deactivate(t.Context(), who)
	if err != nil || out.Kind != flows.Already {
		t.Errorf("%+v %v", out, err)
	}
	if len(s.wrote())+len(j.presses) != 0 {
		t.Errorf("sent %v", s.wrote())
	}
}

func TestNothingIsSentThatWasNotAnnounced(t *testing.T) {
	t.Parallel()
	stop := errors.New("frozen")
	for name, change := range map[string]func(*flows.Env){
		"the journal says no": func(e *flows.Env) { e.Pressing = func(context.Context, flows.Press) error { return stop } },
		"there is no journal": func(e *flows.Env) { e.Pressing = nil },
		"read-only":           func(e *flows.Env) { e.Connection.ReadOnly = true },
	} {
		s := newStand(t, 2)
		s.kinds["Groups"] = []resource{testGroup("g1", "Sales")}
		c, _ := s.console(testShape(), change)
		who := s.account(c, someone)
		g := flows.Group{ID: "g1", Name: "Sales"}
		for verb, do := range map[string]func() error{
			"invite":     func() error { _, err := c.Invite(t.Context(), flows.Person{Email: "new@example.com"}); return err },
			"deactivate": func() error { _, err := c.Deactivate(t.Context(), who); return err },
			"update": func() error {
				_, err := c.Update(t.Context(), who, flows.Change{Words: map[string]string{"department": "X"}})
				return err
			},
			"create":  func() error { _, err := c.CreateGroup(t.Context(), "New"); return err },
			"rename":  func() error { _, err := c.RenameGroup(t.Context(), g, "New"); return err },
			"members": func() error { _, err := c.ChangeMembers(t.Context(), g, []flows.Account{who}, nil); return err },
		} {
			if err := do(); err == nil || name == "the journal says no" && !errors.Is(err, stop) {
				t.Errorf("%s, %s: %v", name, verb, err)
			}
		}
		if len(s.wrote()) != 0 {
			t.Errorf("%s: sent %v", name, s.wrote())
		}
	}
}

func TestAnInvitationIsSentOnceWhateverTheAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		applied bool
		status  int // 0: the connection is cut
		code    flows.Code
	}{
		{"applied and 500", true, 500, ""},
		{"applied and cut", true, 0, ""},
		{"applied and 409", true, 409, ""},
		{"applied and a 201 without an id", true, 201, ""},
		{"a 201 that was nothing", false, 201, flows.Unverified},
		{"500 and nothing", false, 500, flows.Unverified},
		{"cut and nothing", false, 0, flows.Unverified},
		{"409 and nothing", false, 409, flows.Ambiguous},
		{"no seat", false, 403, flows.Unsupported},
		{"a bad value", false, 400, flows.Unsupported},
		{"too much", false, 413, flows.Unsupported},
		{"a refused token", false, 401, flows.LoginRefused},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, 3)
			con, _ := s.console(testShape())
			s.twist = func(w http.ResponseWriter, r *http.Request, body resource) bool {
				if r.Method != http.MethodPost {
					return false
				}
				if c.applied {
					body["id"] = "n1"
					s.mu.Lock()
					s.kinds["Users"] = append(s.kinds["Users"], body)
					s.mu.Unlock()
				}
				if c.status == 0 {
					panic(http.ErrAbortHandler)
				}
				reply(w, c.status, resource{})
				return true
			}
			out, err := con.Invite(t.Context(), flows.Person{Email: "New@example.com", First: "New", Last: "Person"})
			wantCode(t, err, c.code)
			if len(s.wrote()) != 1 {
				t.Errorf("sent %v", s.wrote())
			}
			if c.code == "" && (out.Kind != flows.Done || out.Account.ID != "n1" || s.user("n1")["password"] != nil) {
				t.Errorf("%+v", out)
			}
		})
	}
}

func TestAnInvitationThatWasTurnedAwayIsSentOnceMore(t *testing.T) {
	t.Parallel()
	s := newStand(t, 1)
	c, j := s.console(testShape())
	left := 1
	s.twist = func(w http.ResponseWriter, r *http.Request, _ resource) bool {
		if r.Method != http.MethodPost || left == 0 {
			return false
		}
		left--
		w.Header().Set("Retry-After", "5")
		problem(w, 503, "", "later")
		return true
	}
	out, err := c.Invite(t.Context(), flows.Person{Email: "new@example.com"})
	if err != nil || out.Kind != flows.Done || !slices.Equal(j.elements(), []string{"POST", "POST (again after 429)"}) {
		t.Fatalf("%+v %v %v", out, err, j.elements())
	}
	if out, err = c.Invite(t.Context(), flows.Person{Email: "new@example.com"}); err != nil || out.Kind != flows.Already {
		t.Errorf("%+v %v", out, err)
	}
	s.user("1")["active"] = false
	_, err = c.Invite(t.Context(), flows.Person{Email: "u1@example.com"})
	wantCode(t, err, flows.Unsupported)
	if !strings.Contains(flows.HintOf(err), "usher reactivate") || len(s.wrote()) != 2 {
		t.Errorf("%q, %v", flows.HintOf(err), s.wrote())
	}
}

func TestAServiceOfPlainJSONIsSpokenToInPlainJSON(t *testing.T) {
	t.Parallel()
	s := newStand(t, 2)
	c, j := s.console(testShape())
	s.twist = func(w http.ResponseWriter, r *http.Request, _ resource) bool {
		if r.Method == http.MethodGet || r.Header.Get("Content-Type") == typeJSON {
			return false
		}
		problem(w, 415, "", "unsupported media type")
		return true
	}
	if _, err := c.Deactivate(t.Context(), s.account(c, someone)); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(j.elements(), []string{"PATCH active", "PATCH active (as application/json)"}) || !c.profile.Plain {
		t.Errorf("%v", j.elements())
	}
}

func TestAnUpdateChangesWhatWasOrderedAndNothingElse(t *testing.T) {
	t.Parallel()
	want := flows.Change{Email: "renamed@example.com", Words: map[string]string{"first": "Zoe", "department": "Sales", "external_id": "x9"}}
	for name, twist := range map[string]func(http.ResponseWriter, *http.Request, resource) bool{
		"by PATCH": nil, "by PUT": refusing(400, "PATCH path"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, 3)
			c, _ := s.console(testShape())
			who := s.account(c, someone)
			s.twist = twist
			out, err := c.Update(t.Context(), who, want)
			if err != nil || out.Kind != flows.Done || len(want.Differs(*out.Account)) > 0 {
				t.Fatalf("%+v %v", out, err)
			}
			got, err := jsonText(s.user("2"))
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range []string{`"userName":"renamed@example.com"`, `"value":"renamed@example.com"`, `"givenName":"Zoe"`, `"familyName":"Family"`, `"department":"Sales"`, `"externalId":"x9"`, `"kept":"yes"`} {
				if !strings.Contains(got, part) {
					t.Errorf("%s is not in %s", part, got)
				}
			}
			if out, err = c.Update(t.Context(), *out.Account, want); err != nil || out.Kind != flows.Already {
				t.Errorf("again: %+v %v", out, err)
			}
			_, err = c.Update(t.Context(), *out.Account, flows.Change{Email: "u3@example.com"})
			wantCode(t, err, flows.Refused)
		})
	}
}

func TestAnUpdateThatChangesMoreIsNotDone(t *testing.T) {
	t.Parallel()
	s := newStand(t, 3)
	c, _ := s.console(testShape())
	who := s.account(c, someone)
	s.twist = func(_ http.ResponseWriter, r *http.Request, _ resource) bool {
		if r.Method == http.MethodPatch {
			delete(s.user("2"), "custom")
		}
		return false
	}
	_, err := c.Update(t.Context(), who, flows.Change{Words: map[string]string{"first": "Zoe"}})
	wantCode(t, err, flows.Unverified)
	if !strings.Contains(err.Error(), "custom") {
		t.Error(err)
	}
}

func TestAnAccountKnownByAnotherAddressIsNotTakenForThisOne(t *testing.T) {
	t.Parallel()
	s := newStand(t, 3)
	s.user("3")["emails"] = []any{resource{"value": someone}}
	c, _ := s.console(testShape())
	_, err := c.Find(t.Context(), someone)
	wantCode(t, err, flows.Ambiguous)
	if !strings.Contains(err.Error(), "u3@example.com") {
		t.Error(err)
	}
}

func TestMembersAreMovedInBatchesAndNobodyElseIs(t *testing.T) {
	t.Parallel()
	s := newStand(t, 250)
	s.kinds["Groups"] = []resource{testGroup("g1", "Sales", "1", "2", "3"), testGroup("g2", "All spekit users")}
	c, j := s.console(testShape())
	r, err := c.List(t.Context())
	if err != nil || r.Grade != flows.Complete || len(r.Accounts) != 250 {
		t.Fatalf("%+v %v", r.Witnesses, err)
	}
	found, err := c.FindGroup(t.Context(), "sales")
	if err != nil || len(found) != 1 {
		t.Fatalf("%v %v", found, err)
	}
	out, err := c.ChangeMembers(t.Context(), found[0], r.Accounts[2:], r.Accounts[:1])
	if err != nil || out.Kind != flows.Done || len(out.Group.Members) != 249 || out.Group.Has("1") || !out.Group.Has("2") {
		t.Fatalf("%v", err)
	}
	if !slices.Equal(j.elements(), []string{"add members 1/3", "add members 2/3", "add members 3/3", "remove members 1/1"}) {
		t.Errorf("%v", j.elements())
	}
	_, err = c.ChangeMembers(t.Context(), flows.Group{ID: "g2", Name: "All spekit users"}, r.Accounts[:1], nil)
	wantCode(t, err, flows.Refused)
	for _, f := range []func() error{
		func() error { _, err := c.CreateGroup(t.Context(), "ALL SPEKIT USERS "); return err },
		func() error { _, err := c.CreateGroup(t.Context(), "ALL SPEKIT USERS"); return err },
		func() error { _, err := c.RenameGroup(t.Context(), *out.Group, "all spekit users"); return err },
	} {
		if code := flows.CodeOf(f()); code != flows.Refused && code != flows.Invalid {
			t.Errorf("%s", code)
		}
	}
	if len(s.wrote()) != 4 {
		t.Errorf("sent %v", s.wrote())
	}
}

func TestARemovalThatWasIgnoredIsNotDone(t *testing.T) {
	t.Parallel()
	s := newStand(t, 3)
	s.kinds["Groups"] = []resource{testGroup("g1", "Sales", "1", "2")}
	c, _ := s.console(testShape())
	s.twist = refusing(204, "PATCH path")
	_, err := c.ChangeMembers(t.Context(), flows.Group{ID: "g1", Name: "Sales"}, nil, []flows.Account{{ID: "1", Email: "u1@example.com"}})
	wantCode(t, err, flows.Unverified)
}
