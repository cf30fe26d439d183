package flowtest

import (
	"net/url"
	"strings"
	"testing"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/sandbox"
)

// unharmed is spared, where the account is in the same state afterwards.
func unharmed(t *testing.T, s *Stage, who flows.Account, codes ...flows.Code) {
	t.Helper()
	spared(t, s, who, codes...)
	if u := s.user(t, who.Email); u.State != who.State {
		t.Errorf("%s is %s, and was %s", who.Email, u.State, who.State)
	}
}

func scimWrites() []Story {
	done := func(t *testing.T, s *Stage, who flows.Account) {
		taken(t, s, who)
		if u := s.user(t, who.Email); u.State != flows.Deactivated {
			t.Errorf("%s is %s", who.Email, u.State)
		}
	}
	refusedInWords := func(t *testing.T, s *Stage, who flows.Account) {
		out, err := s.Console(t).Deactivate(s.Ctx, who)
		wantCode(t, err, flows.Unsupported)
		if err == nil || !strings.Contains(err.Error(), "wrong house") {
			t.Errorf("the service's words are lost: %+v %v", out, err)
		}
		s.wrote(t)
	}
	return []Story{
		{Name: "a deactivation is done once and seen", Run: func(t *testing.T, s *Stage) {
			who := s.somebody(t, flows.Active)
			done(t, s, who)
			if len(s.Notes.Presses) != 1 || s.Notes.Presses[0].Verb != "deactivate" || !s.Notes.Presses[0].Final {
				t.Errorf("announced was %+v", s.Notes.Presses)
			}
			out, err := s.Console(t).Deactivate(s.Ctx, who)
			if err != nil || out.Kind != flows.Already {
				t.Errorf("a second order gives %+v, %v", out, err)
			}
			if n := s.asked(t); n != 1 {
				t.Errorf("the server was asked %d times", n)
			}
		}},
		{Name: "of two alike addresses only the very one is touched", Run: func(t *testing.T, s *Stage) {
			who := planned(t, s, "ana.lopez+test@example.com")
			who.Email = strings.ToUpper(who.Email)
			done(t, s, who)
		}},
		{Name: "somebody else's attributes stay as they are", Run: func(t *testing.T, s *Stage) {
			who := s.somebody(t, flows.Active)
			before := s.Truth(t)
			done(t, s, who)
			for i, u := range s.Truth(t).Users {
				was := before.Users[i]
				was.State, u.State = "", ""
				if u.ID == who.ID {
					delete(was.Attributes, "active")
					delete(u.Attributes, "active")
				}
				if !same(was, u) {
					t.Errorf("before: %+v, after: %+v", was, u)
				}
			}
		}},
		{Name: "nobody of that address is not found", Run: func(t *testing.T, s *Stage) {
			spared(t, s, flows.Account{ID: "00000000-0000-4000-8000-000000000000", Email: "nobody.at.all@example.com", State: flows.Active}, flows.NotFound)
		}},
		{Name: "an account that changed since the plan is refused", Run: func(t *testing.T, s *Stage) {
			who := s.somebody(t, flows.Active)
			who.State = flows.Unknown
			spared(t, s, who, flows.Refused)
		}},
		{Name: "an account of another address than the plan's is refused", Run: func(t *testing.T, s *Stage) {
			who := s.somebody(t, flows.Active)
			who.Email = "ana.lopez@example.org"
			spared(t, s, who, flows.Refused)
		}},
		{Name: "an account of another id is refused", Run: func(t *testing.T, s *Stage) {
			who := s.somebody(t, flows.Active)
			who.ID += "0"
			unharmed(t, s, who, flows.Refused)
		}},
		{Name: "what cannot be written down is not sent", Run: func(t *testing.T, s *Stage) {
			who := s.somebody(t, flows.Active)
			s.Notes.Refuse = flows.Errorf(flows.Internal, "write it down", "the disk is full").WithHint("make room")
			unharmed(t, s, who, flows.Internal)
			if n := s.asked(t); n != 0 {
				t.Errorf("the server was asked %d times", n)
			}
		}},
		{Name: "a connection that is read only is not written to", Run: func(t *testing.T, s *Stage) {
			s.Env.Connection.ReadOnly = true
			unharmed(t, s, s.somebody(t, flows.Active), flows.Refused)
			if n := s.asked(t); n != 0 {
				t.Errorf("the server was asked %d times", n)
			}
		}},
		{Name: "a 200 without effect is unverified", Run: afterLook("toast_without_effect", nil, func(t *testing.T, s *Stage, who flows.Account) {
			unharmed(t, s, who, flows.Unverified)
		})},
		{Name: "a write that is applied late is seen, and made once", Run: afterLook("late_write", map[string]any{"ms": 700}, done)},
		{Name: "a write that is answered late is seen, and made once", Run: afterLook("late_answer", map[string]any{"ms": 700}, done)},
		{Name: "a write that is applied and answered 500 is seen", Run: afterLook("write_error_applied", nil, done)},
		{Name: "a write whose answer is lost is seen, and not sent again", Run: afterLook("write_lost", nil, func(t *testing.T, s *Stage, who flows.Account) {
			done(t, s, who)
			if n := s.asked(t); n != 1 {
				t.Errorf("the server was asked %d times", n)
			}
		})},
		{Name: "a write that fails before it is applied is no success", Run: afterLook("server_error", map[string]any{"on": "write"}, func(t *testing.T, s *Stage, who flows.Account) {
			unharmed(t, s, who, flows.Unverified, flows.Unavailable)
		})},
		{Name: "a write that meets a rate limit is done once", Run: afterLook("rate_limit", map[string]any{"on": "write", "retry_after": 1, "times": 1}, done)},
		{Name: "a write that is refused is said in its words", Run: afterLook("write_refused", map[string]any{"message": "The moon is in the wrong house"}, refusedInWords)},
		{Name: "a write that is called malformed in every form is said in its words", Run: afterLook("write_refused", map[string]any{"message": "The moon is in the wrong house", "status": 400}, refusedInWords)},
		{Name: "a leaver whom the second witness goes on to show is unverified", Run: func(t *testing.T, s *Stage) {
			who := s.somebody(t, flows.Active)
			s.Fault(t, "second_differs", map[string]any{"email": who.Email, "says": "active"})
			s.Ordered(who.Email, "deactivate")
			_, err := s.Console(t).Deactivate(s.Ctx, who)
			wantCode(t, err, flows.Unverified)
			s.Struck(t, "second_differs")
		}},
		{Name: "an access that was taken is given back once", Run: func(t *testing.T, s *Stage) {
			who := s.somebody(t, flows.Deactivated)
			back := func() (flows.Outcome, error) {
				c, ok := s.Console(t).(flows.Reactivator)
				if !ok {
					t.Fatal("the console cannot reactivate")
				}
				return c.Reactivate(s.Ctx, who)
			}
			s.Ordered(who.Email, "reactivate")
			if out, err := back(); err != nil || out.Kind != flows.Done || s.user(t, who.Email).State != flows.Active {
				t.Fatalf("got %+v, %v", out, err)
			}
			if out, err := back(); err != nil || out.Kind != flows.Already {
				t.Errorf("a second order gives %+v, %v", out, err)
			}
			s.wrote(t, "reactivate "+who.Email)
		}},
		{Name: "a reactivation without effect is unverified", Run: under("toast_without_effect", nil, func(t *testing.T, s *Stage) {
			c, ok := s.Console(t).(flows.Reactivator)
			if !ok {
				t.Fatal("the console cannot reactivate")
			}
			_, err := c.Reactivate(s.Ctx, s.somebody(t, flows.Deactivated))
			wantCode(t, err, flows.Unverified)
			s.wrote(t)
		})},
	}
}

func scimLadder() []Story {
	done := func(t *testing.T, s *Stage, who flows.Account) { taken(t, s, who) }
	// neither takes PATCH away, and lets nothing but DELETE do: a PUT has no effect.
	neither := func(t *testing.T, s *Stage) {
		s.Fault(t, "no_patch", nil)
		s.Fault(t, "toast_without_effect", map[string]any{"verb": "deactivate"})
	}
	return []Story{
		{Name: "where PATCH is not allowed a PUT does it, and loses nothing", Run: afterLook("no_patch", nil, func(t *testing.T, s *Stage, who flows.Account) {
			before := s.user(t, who.Email)
			taken(t, s, who)
			after := s.user(t, who.Email)
			before.State, before.Attributes["active"] = flows.Deactivated, false
			if !same(before, after) {
				t.Errorf("before: %+v, after: %+v", before, after)
			}
		})},
		{Name: "where a PATCH with a path is ignored one without does it", Run: afterLook("path_patch_ignored", nil, done)},
		{Name: "where active is text it is written as text", Run: under("active_strings", nil, func(t *testing.T, s *Stage) {
			done(t, s, s.somebody(t, flows.Active))
		})},
		{Name: "the form that worked is asked for first the next time", Run: under("no_patch", nil, func(t *testing.T, s *Stage) {
			done(t, s, s.somebody(t, flows.Active))
			first := s.asked(t)
			who := s.somebody(t, flows.Active)
			s.Ordered(who.Email, "deactivate")
			if out, err := s.Console(t).Deactivate(s.Ctx, who); err != nil || out.Kind != flows.Done {
				t.Fatalf("got %+v, %v", out, err)
			}
			if n := s.asked(t) - first; n != 1 || first < 2 {
				t.Errorf("the first took %d requests, the second %d", first, n)
			}
		})},
		{Name: "without a policy nobody is deleted", Run: func(t *testing.T, s *Stage) {
			who := s.somebody(t, flows.Active)
			neither(t, s)
			unharmed(t, s, who, flows.Unverified)
			if n := s.asked(t, "delete"); n != 0 {
				t.Errorf("a DELETE was sent %d times", n)
			}
		}},
		{Name: "where the policy names it DELETE is the last resort", Run: func(t *testing.T, s *Stage) {
			s.Env.Connection.Acts = []string{"delete"}
			who := s.somebody(t, flows.Active)
			neither(t, s)
			s.Ordered(who.Email, "delete")
			out, err := s.Console(t).Deactivate(s.Ctx, who)
			if err != nil || out.Kind != flows.Done {
				t.Fatalf("want done, got %+v, %v", out, err)
			}
			if _, there := s.Truth(t).User(who.Email); there {
				t.Error("usher says done, and the account is there")
			}
			s.wrote(t, "delete "+who.Email)
		}},
		{Name: "that DELETE has worked once does not make it the first resort", Run: func(t *testing.T, s *Stage) {
			s.Env.Connection.Acts = []string{"delete"}
			who := s.somebody(t, flows.Active)
			neither(t, s)
			s.Ordered(who.Email, "delete")
			if out, err := s.Console(t).Deactivate(s.Ctx, who); err != nil || out.Kind != flows.Done {
				t.Fatalf("want done, got %+v, %v", out, err)
			}
			if err := sandbox.ClearFaults(s.Ctx, s.Stand.FaultURL()); err != nil {
				t.Fatal(err)
			}
			next := s.somebody(t, flows.Active)
			s.Ordered(next.Email, "deactivate")
			if out, err := s.Console(t).Deactivate(s.Ctx, next); err != nil || out.Kind != flows.Done {
				t.Fatalf("want done, got %+v, %v", out, err)
			}
			s.wrote(t, "delete "+who.Email, "deactivate "+next.Email)
		}},
		{Name: "the policy does not make DELETE the first resort", Run: func(t *testing.T, s *Stage) {
			s.Env.Connection.Acts = []string{"delete"}
			done(t, s, s.somebody(t, flows.Active))
			if n := s.asked(t, "delete"); n != 0 {
				t.Errorf("a DELETE was sent %d times", n)
			}
		}},
	}
}

func scimInvitations() []Story {
	person := func(s *Stage) flows.Person {
		return flows.Person{Email: "new.person@example.com", First: "New", Last: "Person", Roles: s.App.Roles[:1]}
	}
	invite := func(t *testing.T, s *Stage, p flows.Person, kind flows.OutcomeKind) {
		t.Helper()
		out, err := s.Console(t).Invite(s.Ctx, p)
		if err != nil || out.Kind != kind {
			t.Fatalf("want %s, got %+v, %v", kind, out, err)
		}
	}
	// made tells of one who is let in although something happens, and made once.
	made := func(t *testing.T, s *Stage) {
		p := person(s)
		s.Ordered(p.Email, "invite")
		invite(t, s, p, flows.Done)
		u := s.user(t, p.Email)
		if u.State != flows.Active || u.Name != "New Person" {
			t.Errorf("the server has %+v", u)
		}
		s.wrote(t, "invite "+p.Email)
	}
	fails := func(words string, codes ...flows.Code) func(*testing.T, *Stage) {
		return func(t *testing.T, s *Stage) {
			_, err := s.Console(t).Invite(s.Ctx, person(s))
			oneOf(t, err, codes...)
			if err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("the service's words are lost: %v", err)
			}
			s.wrote(t)
		}
	}
	return []Story{
		{Name: "who is let in is let in once", Run: func(t *testing.T, s *Stage) {
			made(t, s)
			invite(t, s, person(s), flows.Already)
			if n := s.asked(t); n != 1 {
				t.Errorf("the server was asked %d times", n)
			}
		}},
		{Name: "an account made without an id is found", Run: under("no_id_on_create", nil, made)},
		{Name: "an account made and answered 409 is found", Run: under("conflict_on_create", map[string]any{"applied": 1}, made)},
		{Name: "an account made and answered 500 is found", Run: under("write_error_applied", nil, made)},
		{Name: "an account made whose answer is lost is found, and made once", Run: under("write_lost", nil, made)},
		{Name: "an account made late is found, and made once", Run: under("late_write", map[string]any{"ms": 700}, made)},
		{Name: "an account made late without an id is found, and made once", Run: under("late_write", map[string]any{"ms": 700}, under("no_id_on_create", nil, made))},
		{Name: "an account is made where filters are ignored", Run: under("ignore_filter", nil, made)},
		{Name: "an account is made where there are no filters", Run: under("no_filter_support", nil, made)},
		{Name: "a rate limit on the way in makes no second account", Run: under("rate_limit", map[string]any{"on": "write", "retry_after": 1, "times": 1}, made)},
		{Name: "an account made after all patience is unverified, and never made twice", Run: under("late_write", map[string]any{"ms": 3500}, func(t *testing.T, s *Stage) {
			p := person(s)
			s.Ordered(p.Email, "invite")
			out, err := s.Console(t).Invite(s.Ctx, p)
			oneOf(t, err, flows.Unverified, "") // a machine that is busy may look late enough to see it
			if _, there := s.Truth(t).User(p.Email); err == nil && (out.Kind != flows.Done || !there) {
				t.Errorf("usher says %+v", out)
			}
			s.until(t, "the account is there", func() bool {
				_, there := s.Truth(t).User(p.Email)
				return there
			})
			invite(t, s, p, flows.Already)
			s.wrote(t, "invite "+p.Email)
		})},
		{Name: "who has two accounts already is not let in again", Run: func(t *testing.T, s *Stage) {
			p := person(s)
			p.Email = s.Somebody(t, flows.Active).Email
			s.Fault(t, "duplicate_address", map[string]any{"email": p.Email})
			_, err := s.Console(t).Invite(s.Ctx, p)
			wantCode(t, err, flows.Ambiguous)
			if n := s.asked(t); n != 0 {
				t.Errorf("the server was asked %d times", n)
			}
		}},
		{Name: "a conflict with nobody is no success", Run: under("conflict_on_create", nil, fails("already exists", flows.Ambiguous, flows.Unverified, flows.Unsupported))},
		{Name: "an account that is made inactive is unverified", Run: under("inactive_on_create", nil, func(t *testing.T, s *Stage) {
			p := person(s)
			s.Ordered(p.Email, "invite")
			out, err := s.Console(t).Invite(s.Ctx, p)
			oneOf(t, err, flows.Unverified, "")
			if err == nil && out.Kind == flows.Done {
				t.Errorf("usher says done, and the account is inactive: %+v", out)
			}
			s.wrote(t, "invite "+p.Email)
		})},
		{Name: "an account that is not made is unverified", Run: under("toast_without_effect", nil, fails("", flows.Unverified))},
		{Name: "an account that the service refuses is said in its words", Run: under("write_refused", map[string]any{"message": "No seats are left on your plan"}, fails("No seats are left", flows.Unsupported))},
		{Name: "nobody is let in where absence cannot be proved", Options: flows.SandboxOptions{Users: 130}, Run: under("ignore_paging", nil, func(t *testing.T, s *Stage) {
			_, err := s.Console(t).Invite(s.Ctx, person(s))
			wantCode(t, err, flows.Incomplete)
			if n := s.asked(t); n != 0 {
				t.Errorf("the server was asked %d times", n)
			}
		})},
		{Name: "who has an account already is not let in again", Run: func(t *testing.T, s *Stage) {
			p := person(s)
			p.Email = strings.ToUpper(s.Somebody(t, flows.Active).Email)
			invite(t, s, p, flows.Already)
			if n := s.asked(t); n != 0 {
				t.Errorf("the server was asked %d times", n)
			}
		}},
		{Name: "a deactivated account is not made anew", Run: func(t *testing.T, s *Stage) {
			p := person(s)
			p.Email = s.Somebody(t, flows.Deactivated).Email
			_, err := s.Console(t).Invite(s.Ctx, p)
			wantCode(t, err, flows.Unsupported)
			if err != nil && !strings.Contains(flows.HintOf(err), "reactivate") {
				t.Errorf("the hint does not name what to do: %s", flows.HintOf(err))
			}
			if n := s.asked(t); n != 0 {
				t.Errorf("the server was asked %d times", n)
			}
		}},
		{Name: "an address full of quotes finds and makes the very one", Run: func(t *testing.T, s *Stage) {
			p := person(s)
			p.Email = `o'brien+a/b%2f?x=1&y*@example.com`
			s.Ordered(p.Email, "invite")
			invite(t, s, p, flows.Done)
			s.wrote(t, "invite "+p.Email)
			if u := s.user(t, p.Email); strings.Contains(u.ID, url.QueryEscape("/")) || u.State != flows.Active {
				t.Errorf("the server has %+v", u)
			}
		}},
	}
}
