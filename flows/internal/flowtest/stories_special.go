package flowtest

import (
	"testing"

	"github.com/usherhq/usher/flows"
)

// special are the stories of what only some consoles have.
func special() []Story {
	thoropass := []string{"thoropass"}
	byAct := func(act, verb string) func(*testing.T, *Stage) {
		return func(t *testing.T, s *Stage) {
			who := s.Somebody(t, flows.Active)
			spared(t, s, who, flows.Unsupported) // another act than the one ordered
			s.Env.Connection.Acts = []string{act}
			s.Ordered(who.Email, verb)
			out, err := s.Console(t).Deactivate(s.Ctx, who)
			if err != nil || out.Kind != flows.Done {
				t.Fatalf("want done, got %+v, %v", out, err)
			}
			s.gone(t, who)
		}
	}
	return []Story{
		{Name: "the owner can never be removed", Only: []string{"stonly"}, Run: func(t *testing.T, s *Stage) {
			for _, u := range s.Truth(t).Users {
				if len(u.Roles) == 1 && u.Roles[0] == "owner" {
					spared(t, s, flows.Account{ID: u.ID, Email: u.Email, Name: u.Name, Roles: u.Roles, State: u.State}, flows.Refused)
					return
				}
			}
			t.Fatal("the stand-in has no owner")
		}},
		{Name: "deleting a user is done only where the policy names it", Only: thoropass, Options: flows.SandboxOptions{Release: "delete"}, Run: byAct("delete", "delete")},
		{Name: "revoking access is done only where the policy names it", Only: thoropass, Options: flows.SandboxOptions{Release: "revoke"}, Run: byAct("revoke", "revoke")},
		{Name: "the account page is read whole and proved", Only: thoropass, Options: flows.SandboxOptions{UsersPage: "account", Users: 130}, Run: listWhole},
		{Name: "the account page deactivates too", Only: thoropass, Options: flows.SandboxOptions{UsersPage: "account"}, Run: func(t *testing.T, s *Stage) {
			taken(t, s, s.Somebody(t, flows.Active))
		}},
		{Name: "a page that hides deactivated accounts is not called complete", Only: thoropass, Run: func(t *testing.T, s *Stage) {
			s.Fault(t, "no_filter", nil)
			r, err := s.Console(t).List(s.Ctx)
			if err != nil {
				t.Fatal(err)
			}
			s.Struck(t, "no_filter")
			if r.Grade == flows.Complete {
				t.Errorf("a roster of %d is called complete", r.Total)
			}
		}},
		{Name: "an account that vanishes after the press is done by a search that finds others", Only: thoropass, Run: func(t *testing.T, s *Stage) {
			who := s.Somebody(t, flows.Active)
			s.Fault(t, "no_filter", nil)
			s.Ordered(who.Email, "deactivate")
			out, err := s.Console(t).Deactivate(s.Ctx, who)
			if err != nil || out.Kind != flows.Done {
				t.Fatalf("want done, got %+v, %v", out, err)
			}
			s.gone(t, who)
		}},
		{Name: "open work of a leaver is listed", Only: thoropass, Run: func(t *testing.T, s *Stage) {
			holder, ok := s.Console(t).(flows.Holder)
			if !ok {
				t.Fatal("the console cannot list open work")
			}
			seen := map[bool]bool{}
			for _, u := range s.Truth(t).Users {
				if u.State != flows.Active || seen[u.Holdings > 0] {
					continue
				}
				seen[u.Holdings > 0] = true
				items, link, known, err := holder.Holdings(s.Ctx, flows.Account{ID: u.ID, Email: u.Email, Name: u.Name})
				if err != nil || !known || len(items) != u.Holdings || link == "" {
					t.Errorf("%s holds %d: got %v, %q, %v, %v", u.Email, u.Holdings, items, link, known, err)
				}
			}
			if len(seen) != 2 {
				t.Error("the stand-in has not both kinds of people")
			}
		}},
	}
}
