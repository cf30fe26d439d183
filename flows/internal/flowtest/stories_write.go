package flowtest

import (
	"strings"
	"testing"

	"github.com/usherhq/usher/flows"
)

// taken tells of a deactivation that must end as done, exactly once on the server.
func taken(t *testing.T, s *Stage, who flows.Account) {
	t.Helper()
	s.Ordered(who.Email, "deactivate")
	out, err := s.Console(t).Deactivate(s.Ctx, who)
	if err != nil || out.Kind != flows.Done {
		t.Fatalf("want %s, got %+v, %v", flows.Done, out, err)
	}
	s.gone(t, who)
}

func (s *Stage) gone(t *testing.T, who flows.Account) {
	t.Helper()
	tr := s.Truth(t)
	if u, there := tr.User(who.Email); there && u.State != flows.Deactivated {
		t.Errorf("usher says done, the server says %s is %s", who.Email, u.State)
	}
	if n := len(tr.WritesOn(who.Email)); n != 1 {
		t.Errorf("the server saw %d writes on %s, not one", n, who.Email)
	}
}

// spared tells of a deactivation that must end in one of the codes, with no write at all.
func spared(t *testing.T, s *Stage, who flows.Account, codes ...flows.Code) {
	t.Helper()
	out, err := s.Console(t).Deactivate(s.Ctx, who)
	ok := false
	for _, c := range codes {
		ok = ok || flows.CodeOf(err) == c
	}
	if !ok {
		t.Errorf("want %v, got %+v, %v", codes, out, err)
	}
	if err != nil && flows.HintOf(err) == "" {
		t.Errorf("the error says nothing of what to do next: %v", err)
	}
	if w := s.Truth(t).Writes; len(w) != 0 {
		t.Errorf("the server saw %+v", w)
	}
}

func writes() []Story {
	faulty := func(fault string, params map[string]any, run func(*testing.T, *Stage, flows.Account)) func(*testing.T, *Stage) {
		return func(t *testing.T, s *Stage) {
			who := s.Somebody(t, flows.Active)
			if params["email"] == "OTHER" {
				params["email"] = s.Somebody(t, flows.Invited).Email
			}
			s.Fault(t, fault, params)
			run(t, s, who)
			s.Struck(t, fault)
		}
	}
	done := func(t *testing.T, s *Stage, who flows.Account) { taken(t, s, who) }
	return []Story{
		{Name: "a deactivation is done once and seen", Run: func(t *testing.T, s *Stage) {
			who := s.Somebody(t, flows.Active)
			taken(t, s, who)
			if len(s.Notes.Presses) == 0 {
				t.Error("the press was not announced")
			}
			out, err := s.Console(t).Deactivate(s.Ctx, who)
			if (err != nil || out.Kind != flows.Already) && flows.CodeOf(err) != flows.NotFound {
				t.Errorf("a second order gives %+v, %v", out, err)
			}
		}},
		{Name: "a pending invitation can be taken back", Run: func(t *testing.T, s *Stage) {
			taken(t, s, s.Somebody(t, flows.Invited))
		}},
		{Name: "of two alike addresses only the very one is touched", Run: func(t *testing.T, s *Stage) {
			u, ok := s.Truth(t).User("ana.lopez+test@example.com")
			if !ok {
				t.Fatal("the stand-in has no alike addresses")
			}
			taken(t, s, flows.Account{ID: u.ID, Email: strings.ToUpper(u.Email), Roles: u.Roles, State: u.State, Name: u.Name})
		}},
		{Name: "nobody of that address is not found", Run: func(t *testing.T, s *Stage) {
			spared(t, s, flows.Account{Email: "nobody.at.all@example.com", State: flows.Active}, flows.NotFound)
		}},
		{Name: "an account that changed since the plan is refused", Run: func(t *testing.T, s *Stage) {
			who := s.Somebody(t, flows.Active)
			who.State = flows.Invited
			spared(t, s, who, flows.Refused)
		}},
		{Name: "an account of another id is refused", Run: func(t *testing.T, s *Stage) {
			who := s.Somebody(t, flows.Active)
			who.ID += "0"
			spared(t, s, who, flows.Refused)
		}},
		{Name: "an address that stands twice is ambiguous", Run: func(t *testing.T, s *Stage) {
			who := s.Somebody(t, flows.Active)
			s.Fault(t, "duplicate_address", map[string]any{"email": who.Email})
			spared(t, s, who, flows.Ambiguous)
		}},
		{Name: "an element that is only assumed is not pressed before a person accepts it", Run: func(t *testing.T, s *Stage) {
			s.Env.Accepted = func(string, string, string) bool { return false }
			spared(t, s, s.Somebody(t, flows.Active), flows.Refused)
			if len(s.Notes.Presses) != 0 {
				t.Error("a press was announced")
			}
		}},
		{Name: "what cannot be written down is not pressed", Run: func(t *testing.T, s *Stage) {
			s.Notes.Refuse = flows.Errorf(flows.Internal, "write it down", "the disk is full").WithHint("make room")
			spared(t, s, s.Somebody(t, flows.Active), flows.Internal)
		}},
		{Name: "an overlay over the button stops the press", Run: func(t *testing.T, s *Stage) {
			who := s.Somebody(t, flows.Active)
			s.Fault(t, "overlay", nil)
			_, err := s.Console(t).Deactivate(s.Ctx, who)
			wantCode(t, err, flows.Drift)
			if err == nil || !strings.Contains(err.Error(), "lies over it") {
				t.Errorf("the cause is not named: %v", err)
			}
		}},
		{Name: "rows that shift under the pointer never give the neighbour", Run: faulty("reorder", nil, func(t *testing.T, s *Stage, who flows.Account) {
			s.Ordered(who.Email, "deactivate")
			if _, err := s.Console(t).Deactivate(s.Ctx, who); err == nil {
				s.gone(t, who)
			} else {
				wantCode(t, err, flows.Drift)
			}
		})},
		{Name: "a confirmation that names somebody else is not confirmed", Run: faulty("wrong_confirmation", map[string]any{"email": "OTHER"}, func(t *testing.T, s *Stage, who flows.Account) {
			spared(t, s, who, flows.Drift)
		})},
		{Name: "a step that nobody knows is not gone through", Run: faulty("extra_step", nil, func(t *testing.T, s *Stage, who flows.Account) {
			spared(t, s, who, flows.Drift, flows.Unverified)
		})},
		{Name: "a success toast without effect is unverified", Run: faulty("toast_without_effect", nil, func(t *testing.T, s *Stage, who flows.Account) {
			spared(t, s, who, flows.Unverified)
		})},
		{Name: "a write that is applied late is seen, and made once", Run: faulty("late_write", map[string]any{"ms": 4000}, done)},
		{Name: "a write that is applied and answered 500 is seen", Run: faulty("write_error_applied", nil, done)},
		{Name: "a write whose answer is lost is seen", Run: faulty("write_lost", nil, done)},
		{Name: "a write that the console refuses is said in its words", Run: faulty("write_refused", map[string]any{"message": "The moon is in the wrong house"}, func(t *testing.T, s *Stage, who flows.Account) {
			out, err := s.Console(t).Deactivate(s.Ctx, who)
			wantCode(t, err, flows.Unsupported)
			if err == nil || !strings.Contains(err.Error(), "wrong house") {
				t.Errorf("the console's words are lost: %+v %v", out, err)
			}
		})},
		{Name: "an error banner that nobody can see does not fail a write", Run: faulty("hidden_error_banner", nil, done)},
	}
}

func invitations() []Story {
	person := func(s *Stage) flows.Person {
		return flows.Person{Email: "new.person@example.com", First: "New", Last: "Person", Roles: s.App.Roles[len(s.App.Roles)-1:]}
	}
	invite := func(t *testing.T, s *Stage, p flows.Person, kind flows.OutcomeKind) {
		t.Helper()
		out, err := s.Console(t).Invite(s.Ctx, p)
		if err != nil || out.Kind != kind {
			t.Fatalf("want %s, got %+v, %v", kind, out, err)
		}
	}
	return []Story{
		{Name: "an invitation goes out once", Run: func(t *testing.T, s *Stage) {
			p := person(s)
			s.Ordered(p.Email, "invite")
			invite(t, s, p, flows.InvitationOut)
			invite(t, s, p, flows.InvitationOut) // sends nothing
			tr := s.Truth(t)
			u, ok := tr.User(p.Email)
			if !ok || u.State != flows.Invited || strings.Join(u.Roles, ",") != strings.Join(p.Roles, ",") {
				t.Errorf("the server has %+v", u)
			}
			if n := len(tr.WritesOn(p.Email)); n != 1 {
				t.Errorf("the server saw %d writes", n)
			}
		}},
		{Name: "who has an account already is not invited", Run: func(t *testing.T, s *Stage) {
			p := person(s)
			p.Email = strings.ToUpper(s.Somebody(t, flows.Active).Email)
			invite(t, s, p, flows.Already)
		}},
		{Name: "an expired invitation is not sent again silently", Run: func(t *testing.T, s *Stage) {
			p := person(s)
			p.Email = s.Somebody(t, flows.InviteExpired).Email
			_, err := s.Console(t).Invite(s.Ctx, p)
			wantCode(t, err, flows.Unsupported)
		}},
		{Name: "a role that the app does not have is refused", Run: func(t *testing.T, s *Stage) {
			p := person(s)
			p.Roles = []string{"grand-vizier"}
			_, err := s.Console(t).Invite(s.Ctx, p)
			wantCode(t, err, flows.Unsupported)
		}},
		{Name: "an invitation whose toast lies is unverified", Run: func(t *testing.T, s *Stage) {
			s.Fault(t, "toast_without_effect", map[string]any{"verb": "invite"})
			_, err := s.Console(t).Invite(s.Ctx, person(s))
			wantCode(t, err, flows.Unverified)
			s.Struck(t, "toast_without_effect")
		}},
		{Name: "an invitation whose answer is lost is seen, and made once", Run: func(t *testing.T, s *Stage) {
			s.Fault(t, "write_lost", map[string]any{"verb": "invite"})
			p := person(s)
			s.Ordered(p.Email, "invite")
			invite(t, s, p, flows.InvitationOut)
			s.Struck(t, "write_lost")
		}},
		{Name: "an invitation that the console refuses is said in its words", Run: func(t *testing.T, s *Stage) {
			s.Fault(t, "write_refused", map[string]any{"verb": "invite", "message": "No seats are left on your plan"})
			_, err := s.Console(t).Invite(s.Ctx, person(s))
			wantCode(t, err, flows.Unsupported)
			if err == nil || !strings.Contains(err.Error(), "No seats are left") {
				t.Errorf("the console's words are lost: %v", err)
			}
		}},
		{Name: "an invitation waits for acceptance of what is assumed", Only: []string{"stonly"}, Run: func(t *testing.T, s *Stage) {
			s.Env.Accepted = func(string, string, string) bool { return false }
			_, err := s.Console(t).Invite(s.Ctx, person(s))
			wantCode(t, err, flows.Refused)
		}},
	}
}
