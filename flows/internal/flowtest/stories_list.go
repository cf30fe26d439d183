package flowtest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
)

// Stories are the stories of design.md: what a console does to those who use it.
func Stories() []Story {
	return slices.Concat(lists(), signIns(), writes(), invitations(), special())
}

func lists() []Story {
	var all []Story
	for _, p := range []string{"numbered", "next", "more", "infinite", "virtual"} {
		all = append(all,
			Story{Name: "a list that pages by " + p + " is read whole and proved", Options: flows.SandboxOptions{Paging: p, Users: 130}, Run: listWhole},
			Story{Name: "without a total a list by " + p + " is proved otherwise", Options: flows.SandboxOptions{Paging: p, Users: 60}, Run: listNoTotal},
		)
	}
	return append(all,
		Story{Name: "a session that drops in mid-list is no list", Options: flows.SandboxOptions{Users: 130, Paging: "next"}, Run: func(t *testing.T, s *Stage) {
			c := s.Console(t)
			s.Fault(t, "session_drop", map[string]any{"after": 2})
			wantCode(t, listErr(s, c), flows.SessionLost)
			s.Struck(t, "session_drop")
			listWhole(t, s) // signs in again
		}},
		Story{Name: "a server error is no empty list", Run: func(t *testing.T, s *Stage) {
			c := s.Console(t)
			s.Fault(t, "server_error", map[string]any{"on": "list"})
			wantCode(t, listErr(s, c), flows.Unavailable)
			s.Struck(t, "server_error")
		}},
		Story{Name: "a rate limit is obeyed", Run: func(t *testing.T, s *Stage) {
			c := s.Console(t)
			s.Fault(t, "rate_limit", map[string]any{"on": "list", "retry_after": 7})
			err := listErr(s, c)
			wantCode(t, err, flows.Unavailable)
			if e, ok := err.(*flows.Error); !ok || e.After != 7*time.Second { //nolint:errorlint // the flow returns it bare
				t.Errorf("the pause that the console asks for is lost: %v", err)
			}
			s.Struck(t, "rate_limit")
		}},
		Story{Name: "a slow console is waited for", Run: func(t *testing.T, s *Stage) {
			s.Fault(t, "slow", map[string]any{"ms": 700, "on": "any"})
			listWhole(t, s)
			s.Struck(t, "slow")
		}},
		Story{Name: "a console under maintenance is unavailable", Run: func(t *testing.T, s *Stage) {
			s.Fault(t, "down", nil)
			_, err := s.Open()
			wantCode(t, err, flows.Unavailable)
		}},
		Story{Name: "an error banner that nobody can see is not seen", Run: func(t *testing.T, s *Stage) {
			s.Fault(t, "hidden_error_banner", nil)
			listWhole(t, s)
			s.Struck(t, "hidden_error_banner")
		}},
		Story{Name: "a wrong total is not believed", Run: func(t *testing.T, s *Stage) {
			s.Fault(t, "wrong_total", map[string]any{"delta": 3})
			c := s.Console(t)
			r, err := c.List(s.Ctx)
			if err == nil && r.Grade == flows.Complete {
				t.Errorf("a roster of %d is called complete where the console says 3 more: %+v", r.Total, r.Witnesses)
			}
		}},
		Story{Name: "somebody who joins while the list is read is in it", Options: flows.SandboxOptions{Users: 130}, Run: func(t *testing.T, s *Stage) {
			c := s.Console(t)
			s.Fault(t, "shifting", nil)
			r, err := c.List(s.Ctx)
			if err != nil {
				t.Fatal(err)
			}
			s.Struck(t, "shifting")
			if r.Grade == flows.Complete {
				s.Equal(t, r)
			}
		}},
		Story{Name: "an account that stands twice is listed twice", Run: func(t *testing.T, s *Stage) {
			who := s.Somebody(t, flows.Active)
			s.Fault(t, "duplicate_address", map[string]any{"email": who.Email})
			r, err := s.Console(t).List(s.Ctx)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(r.ByEmail(who.Email)); n != 2 {
				t.Errorf("the roster has the address %d times, not twice", n)
			}
		}},
		Story{Name: "a role word that nobody knows stays unknown", Run: func(t *testing.T, s *Stage) {
			who := s.Somebody(t, flows.Active)
			s.Fault(t, "unknown_role", map[string]any{"email": who.Email, "word": "Grand Vizier"})
			a := listed(t, s, who.Email)
			if !slices.Equal(a.Roles, []string{"unknown"}) || a.Words["role"] != "Grand Vizier" {
				t.Errorf("the account came out as %+v", a)
			}
		}},
		Story{Name: "a status word that nobody knows stays unknown", Run: func(t *testing.T, s *Stage) {
			who := s.Somebody(t, flows.Active)
			s.Fault(t, "unknown_status", map[string]any{"email": who.Email, "word": "Hibernating"})
			a := listed(t, s, who.Email)
			if a.State != flows.Unknown || a.Words["status"] != "Hibernating" {
				t.Errorf("the account came out as %+v", a)
			}
		}},
		Story{Name: "names full of markup and escapes come out harmless", Run: harmlessNames},
		Story{Name: "a check resolves the sheet and changes nothing", Run: func(t *testing.T, s *Stage) {
			checker, ok := s.Console(t).(flows.Checker)
			if !ok {
				t.Fatal("the console cannot check itself")
			}
			found, err := checker.Check(s.Ctx)
			if err != nil {
				t.Fatal(err)
			}
			good := 0
			for _, f := range found {
				if !f.OK && !f.Skipped {
					t.Errorf("%s does not resolve: %s", f.Name, f.Detail)
				}
				if f.OK {
					good++
				}
			}
			if good < 10 {
				t.Errorf("only %d names were resolved", good)
			}
		}},
	)
}

func listWhole(t *testing.T, s *Stage) {
	r, err := s.Console(t).List(s.Ctx)
	if err != nil {
		t.Fatal(err)
	}
	if r.Grade != flows.Complete {
		t.Errorf("the roster is %s: %+v %v", r.Grade, r.Witnesses, r.Notes)
	}
	s.Equal(t, r)
}

func listNoTotal(t *testing.T, s *Stage) {
	s.Fault(t, "no_total", nil)
	r, err := s.Console(t).List(s.Ctx)
	if err != nil {
		t.Fatal(err)
	}
	if r.Grade != flows.Complete {
		t.Errorf("the roster is %s: %+v %v", r.Grade, r.Witnesses, r.Notes)
	}
	for _, w := range r.Witnesses {
		if (w.Name == "shown total" || w.Name == "console's own answers") && w.Applies {
			t.Errorf("there is a total after all: %+v", w)
		}
	}
	s.Equal(t, r)
}

func listErr(s *Stage, c flows.Console) error {
	_, err := c.List(s.Ctx)
	return err
}

func listed(t *testing.T, s *Stage, email string) flows.Account {
	t.Helper()
	r, err := s.Console(t).List(s.Ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.ByEmail(email); len(got) == 1 {
		return got[0]
	}
	t.Fatalf("the roster does not have %s once", email)
	return flows.Account{}
}

func wantCode(t *testing.T, err error, code flows.Code) {
	t.Helper()
	if flows.CodeOf(err) != code {
		t.Errorf("want %s, got %v", code, err)
	}
	if err != nil && flows.HintOf(err) == "" {
		t.Errorf("the error says nothing of what to do next: %v", err)
	}
}

func harmlessNames(t *testing.T, s *Stage) {
	r, err := s.Console(t).List(s.Ctx)
	if err != nil {
		t.Fatal(err)
	}
	odd := 0
	for _, a := range r.Accounts {
		if a.Name != flows.Clean(a.Name) || strings.ContainsAny(a.Name, "\x1b\n\t\u202e") {
			t.Errorf("the name %q is not harmless", a.Name)
		}
		if strings.ContainsAny(a.Name, "<=") {
			odd++
		}
	}
	if odd == 0 {
		t.Error("the stand-in has no hostile name: the story proves nothing")
	}
}
