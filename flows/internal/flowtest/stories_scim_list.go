package flowtest

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

func scimLists() []Story {
	two := flows.SandboxOptions{Users: 130} // on two pages
	neverWhole := func(t *testing.T, s *Stage) {
		r, err := s.Console(t).List(s.Ctx)
		if err == nil && r.Grade == flows.Complete {
			t.Errorf("a roster of %d is called complete: %+v", r.Total, r.Witnesses)
		}
	}
	whole := func(t *testing.T, s *Stage) { listWhole(t, s) }
	return []Story{
		{Name: "a list of several pages is read whole and proved", Options: flows.SandboxOptions{Users: 340}, Run: whole},
		{Name: "a list of one page is read whole and proved", Run: whole},
		{Name: "one account is a list too", Options: flows.SandboxOptions{Users: 1}, Run: whole},
		{Name: "a second witness that agrees is named", Options: two, Run: func(t *testing.T, s *Stage) {
			r, err := s.Console(t).List(s.Ctx)
			if err != nil {
				t.Fatal(err)
			}
			if w := witness(t, r.Witnesses, "second"); !w.Applies || !w.Agrees || !w.Independent {
				t.Errorf("the second witness is %+v", w)
			}
			if r.Grade != flows.Complete {
				t.Errorf("the roster is %s", r.Grade)
			}
		}},
		{Name: "without its token the second witness does not apply", Run: func(t *testing.T, s *Stage) {
			delete(s.Env.Secrets, "rest_token")
			r, err := s.Console(t).List(s.Ctx)
			if err != nil {
				t.Fatal(err)
			}
			if w := witness(t, r.Witnesses, "second"); w.Applies {
				t.Errorf("the second witness is %+v", w)
			}
			if r.Grade != flows.Complete {
				t.Errorf("the roster is %s: %+v", r.Grade, r.Witnesses)
			}
			s.Equal(t, r)
		}},
		{Name: "a second witness that knows somebody as inactive is heard", Run: func(t *testing.T, s *Stage) {
			s.Fault(t, "second_differs", map[string]any{"email": s.Somebody(t, flows.Active).Email, "says": "inactive"})
			neverWhole(t, s)
			s.Struck(t, "second_differs")
		}},
		{Name: "a second witness that knows a leaver as active is heard", Run: func(t *testing.T, s *Stage) {
			s.Fault(t, "second_differs", map[string]any{"email": s.Somebody(t, flows.Deactivated).Email, "says": "active"})
			neverWhole(t, s)
			s.Struck(t, "second_differs")
		}},
		{Name: "a second witness that lacks somebody is heard", Run: func(t *testing.T, s *Stage) {
			s.Fault(t, "second_differs", map[string]any{"email": s.Somebody(t, flows.Active).Email})
			neverWhole(t, s)
			s.Struck(t, "second_differs")
		}},
		{Name: "a second witness that cannot be asked proves nothing", Run: under("server_error", map[string]any{"on": "rest"}, neverWhole)},
		{Name: "a second witness that answers HTML proves nothing", Run: under("html_200", map[string]any{"on": "rest"}, neverWhole)},
		{Name: "a second witness that refuses its token proves nothing", Run: under("token_refused", map[string]any{"on": "rest"}, neverWhole)},
		{Name: "without a total nothing is called complete", Options: two, Run: under("no_total", nil, func(t *testing.T, s *Stage) {
			delete(s.Env.Secrets, "rest_token")
			neverWhole(t, s)
		})},
		{Name: "where paging is ignored nothing is called complete", Options: flows.SandboxOptions{Users: 37}, Run: under("ignore_paging", nil, neverWhole)},
		{Name: "a service that repeats its first page past the end is read whole", Options: two, Run: func(t *testing.T, s *Stage) {
			s.Fault(t, "past_end_repeats", nil)
			listWhole(t, s)
		}},
		{Name: "without a total and a second witness a list that goes round is no list", Options: two, Run: under("no_total", nil, func(t *testing.T, s *Stage) {
			delete(s.Env.Secrets, "rest_token")
			s.Fault(t, "past_end_repeats", nil)
			neverWhole(t, s)
		})},
		{Name: "without a total a list that the second witness shows too is proved", Options: two, Run: under("no_total", nil, func(t *testing.T, s *Stage) {
			r, err := s.Console(t).List(s.Ctx)
			if err != nil || r.Grade != flows.Complete {
				t.Fatalf("got %+v, %v", r, err)
			}
			for _, u := range s.Truth(t).Users {
				if found := r.ByEmail(u.Email); len(found) != 1 || found[0].State != u.State || len(found[0].Roles) != 0 {
					t.Errorf("%s, who is %s, came out as %+v", u.Email, u.State, found)
				}
			}
		})},
		{Name: "somebody who joins while the list is read is in it", Options: two, Run: func(t *testing.T, s *Stage) {
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
		{Name: "one who leaves and one who joins meanwhile do not hide a third", Options: two, Run: swapped},
		{Name: "nor do they where there is no second witness", Options: two, Run: func(t *testing.T, s *Stage) {
			delete(s.Env.Secrets, "rest_token")
			swapped(t, s)
		}},
		{Name: "a total that is too high is not believed", Run: under("wrong_total", map[string]any{"delta": 3}, neverWhole)},
		{Name: "a total that is too low is not believed", Run: under("wrong_total", map[string]any{"delta": -3}, neverWhole)},
		{Name: "a server error is no empty list", Run: func(t *testing.T, s *Stage) {
			c := s.Console(t)
			s.Fault(t, "server_error", map[string]any{"on": "list"})
			wantCode(t, listErr(s, c), flows.Unavailable)
			s.Struck(t, "server_error")
		}},
		{Name: "a server error that passes is read over", Options: two, Run: under("server_error", map[string]any{"on": "list", "times": 1}, whole)},
		{Name: "a rate limit is waited for", Options: two, Run: func(t *testing.T, s *Stage) {
			c := s.Console(t)
			s.Fault(t, "rate_limit", map[string]any{"on": "list", "retry_after": 1, "times": 1})
			began := time.Now()
			r, err := c.List(s.Ctx)
			if err != nil || r.Grade != flows.Complete {
				t.Fatalf("got %+v, %v", r, err)
			}
			if took := time.Since(began); took < time.Second {
				t.Errorf("asked again after %s, not after the second that was asked for", took)
			}
			s.Struck(t, "rate_limit")
		}},
		{Name: "a rate limit that is long is told of", Run: func(t *testing.T, s *Stage) {
			c := s.Console(t)
			s.Fault(t, "rate_limit", map[string]any{"on": "list", "retry_after": 700})
			obeyed(t, listErr(s, c), 700*time.Second)
			if n := s.Truth(t).Struck["rate_limit"]; n != 1 {
				t.Errorf("asked %d times although the service said when to come again", n)
			}
		}},
		{Name: "a rate limit with a date is told of", Run: func(t *testing.T, s *Stage) {
			c := s.Console(t)
			s.Fault(t, "retry_after_date", map[string]any{"on": "list", "seconds": 700})
			obeyed(t, listErr(s, c), 690*time.Second)
			s.Struck(t, "retry_after_date")
		}},
		{Name: "a rate limit with a date is waited for", Run: under("retry_after_date", map[string]any{"on": "list", "seconds": 2, "times": 1}, whole)},
		{Name: "a slow service is waited for", Run: under("slow", map[string]any{"ms": 700, "on": "list"}, whole)},
		{Name: "a service under maintenance is unavailable", Run: under("down", nil, func(t *testing.T, s *Stage) {
			_, err := s.Open()
			wantCode(t, err, flows.Unavailable)
		})},
		{Name: "a page of HTML is no list", Run: func(t *testing.T, s *Stage) {
			c := s.Console(t)
			s.Fault(t, "html_200", map[string]any{"on": "list"})
			wantCode(t, listErr(s, c), flows.Drift)
			s.Struck(t, "html_200")
		}},
		{Name: "an account that stands twice is listed twice", Run: func(t *testing.T, s *Stage) {
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
		{Name: "names full of markup and escapes come out harmless", Run: harmlessNames},
		{Name: "active in words is understood", Run: under("active_strings", nil, whole)},
		{Name: "where the groups cannot be read nobody's role is known", Run: under("no_groups", nil, func(t *testing.T, s *Stage) {
			r, err := s.Console(t).List(s.Ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range r.Accounts {
				if len(a.Roles) > 0 {
					t.Errorf("%s is said to be %v", a.Email, a.Roles)
				}
			}
		})},
		{Name: "where lists leave members out the admins are known all the same", Run: under("members_omitted", nil, whole)},
		{Name: "a check says what there is and changes nothing", Run: func(t *testing.T, s *Stage) {
			checker, ok := s.Console(t).(flows.Checker)
			if !ok {
				t.Fatal("the console cannot check itself")
			}
			found, err := checker.Check(s.Ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range found {
				if !f.OK && !f.Skipped {
					t.Errorf("%s is not as it should be: %s", f.Name, f.Detail)
				}
			}
			if len(found) < 3 || s.asked(t) != 0 {
				t.Errorf("%d things were looked at, %d writes were asked for", len(found), s.asked(t))
			}
		}},
	}
}

// swapped tells of a list in which one leaves, one joins, and the total stays: whoever counts alone
// reads as many as there are, with one that is gone and without one that is there.
func swapped(t *testing.T, s *Stage) {
	c := s.Console(t)
	s.Fault(t, "swapping", nil)
	r, err := c.List(s.Ctx)
	if err != nil {
		t.Fatal(err)
	}
	s.Struck(t, "swapping")
	if r.Grade == flows.Complete {
		s.Equal(t, r)
	}
}

// obeyed fails unless the error says not to come again before that.
func obeyed(t *testing.T, err error, least time.Duration) {
	t.Helper()
	wantCode(t, err, flows.Unavailable)
	if e, ok := err.(*flows.Error); !ok || e.After < least || e.After > least+time.Minute { //nolint:errorlint // the flow returns it bare
		t.Errorf("the pause that the service asks for is lost: %v", err)
	}
}

func scimFinds() []Story {
	finds := func(t *testing.T, s *Stage) {
		for _, email := range []string{"ana.lopez@example.com", "ANA.LOPEZ+TEST@Example.com"} {
			found, err := s.Console(t).Find(s.Ctx, email)
			if err != nil || len(found) != 1 || found[0].ID != s.user(t, email).ID {
				t.Errorf("%s: found %+v, %v", email, found, err)
			}
		}
		if found, err := s.Console(t).Find(s.Ctx, "nobody.at.all@example.com"); err != nil || len(found) != 0 {
			t.Errorf("nobody: found %+v, %v", found, err)
		}
	}
	return []Story{
		{Name: "of alike addresses the very one is found", Run: finds},
		{Name: "a user name in mixed case is found", Run: func(t *testing.T, s *Stage) {
			mixed := 0
			for _, u := range s.Truth(t).Users {
				if u.Email == strings.ToLower(u.Email) {
					continue
				}
				mixed++
				if a := planned(t, s, strings.ToLower(u.Email)); a.ID != u.ID {
					t.Errorf("%s is found as %+v", u.Email, a)
				}
				break
			}
			if mixed == 0 {
				t.Error("the stand-in has no user name in mixed case: the story proves nothing")
			}
		}},
		{Name: "a filter that is ignored still finds the one", Run: under("ignore_filter", nil, finds)},
		{Name: "a filter that minds the case still finds the one", Run: under("case_sensitive_filter", nil, finds)},
		{Name: "a service without filters still finds the one", Run: under("no_filter_support", nil, finds)},
		{Name: "nobody found in half a list is not absence", Options: flows.SandboxOptions{Users: 130}, Run: under("ignore_paging", nil, func(t *testing.T, s *Stage) {
			found, err := s.Console(t).Find(s.Ctx, "nobody.at.all@example.com")
			wantCode(t, err, flows.Incomplete)
			if len(found) != 0 {
				t.Errorf("found %+v", found)
			}
		})},
		{Name: "an address that stands twice is found twice", Run: func(t *testing.T, s *Stage) {
			who := s.Somebody(t, flows.Active)
			s.Fault(t, "duplicate_address", map[string]any{"email": who.Email})
			if found, err := s.Console(t).Find(s.Ctx, who.Email); flows.CodeOf(err) != flows.Ambiguous && len(found) != 2 {
				t.Errorf("found %+v, %v", found, err)
			}
		}},
	}
}

func scimSecrets() []Story {
	return []Story{
		{Name: "a refused token is refused at once", Run: under("token_refused", nil, func(t *testing.T, s *Stage) {
			_, err := s.Open()
			wantCode(t, err, flows.LoginRefused)
		})},
		{Name: "a wrong token is refused, and not told", Run: func(t *testing.T, s *Stage) {
			s.Env.Secrets["token"] = secrets.New("spk_wrong_token_7281")
			_, err := s.Open()
			wantCode(t, err, flows.LoginRefused)
			if err != nil && strings.Contains(err.Error()+flows.HintOf(err), "spk_wrong_token_7281") {
				t.Errorf("the token stands in the error: %v", err)
			}
			s.nothingLeaks(t)
		}},
		{Name: "a token that is revoked midway is refused", Run: func(t *testing.T, s *Stage) {
			c := s.Console(t)
			who := s.Somebody(t, flows.Active)
			s.Fault(t, "token_refused", nil)
			wantCode(t, listErr(s, c), flows.LoginRefused)
			_, err := c.Deactivate(s.Ctx, who)
			wantCode(t, err, flows.LoginRefused)
			s.wrote(t)
		}},
		{Name: "the token goes to no address that is not https", Run: func(t *testing.T, s *Stage) {
			u, err := url.Parse(s.Env.Connection.URL)
			if err != nil {
				t.Fatal(err)
			}
			u.Host = "scim.example.com"
			s.Env.Connection.URL = u.String()
			_, err = s.Open()
			wantCode(t, err, flows.Invalid)
		}},
		{Name: "no secret stands in the evidence of a whole day", Run: func(t *testing.T, s *Stage) {
			listWhole(t, s)
			who := s.somebody(t, flows.Active)
			taken(t, s, who)
			s.Fault(t, "server_error", map[string]any{"on": "any"})
			if _, err := s.Open(); err == nil {
				t.Error("a service that answers 500 to all was opened")
			}
			if len(s.Notes.Steps) < 5 {
				t.Errorf("%d steps of evidence", len(s.Notes.Steps))
			}
			s.nothingLeaks(t)
			for _, p := range s.Notes.Presses {
				for name, v := range s.Env.Secrets {
					if slices.ContainsFunc([]string{p.Subject, p.Element}, func(text string) bool { return strings.Contains(text, v.Reveal()) }) {
						t.Errorf("the secret %s stands in a press", name)
					}
				}
			}
		}},
	}
}
