package flowtest

import (
	"slices"
	"testing"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/sandbox"
)

type userOf = sandbox.TruthUser

func ids(all []flows.Account) []string {
	var out []string
	for _, a := range all {
		out = append(out, a.ID)
	}
	return out
}

// within fails unless of the accounts exactly those that should be members are, and all else stayed.
func (s *Stage) within(t *testing.T, g flows.Group, in, out []flows.Account) {
	t.Helper()
	now := s.members(t, g.Name)
	for _, m := range g.Members {
		if !slices.Contains(ids(out), m.ID) && !slices.Contains(now, m.ID) {
			t.Errorf("%s is no member any more", m.ID)
		}
	}
	for _, id := range ids(in) {
		if !slices.Contains(now, id) {
			t.Errorf("%s is no member", id)
		}
	}
	for _, id := range ids(out) {
		if slices.Contains(now, id) {
			t.Errorf("%s is a member still", id)
		}
	}
	known := slices.Concat(ids(in), memberIDs(g))
	for _, id := range now {
		if !slices.Contains(known, id) {
			t.Errorf("%s is a member, whom nobody put in", id)
		}
	}
	if len(now) != len(slices.Compact(slices.Sorted(slices.Values(now)))) {
		t.Error("somebody is a member twice")
	}
}

// batches splits a number into as many as a service is sent at a time.
func batches(n int) []int {
	const most = 100
	var out []int
	for ; n > 0; n -= most {
		out = append(out, min(n, most))
	}
	return slices.Clip(out)
}

func memberIDs(g flows.Group) []string {
	var out []string
	for _, m := range g.Members {
		out = append(out, m.ID)
	}
	return out
}

// inside returns the first n members as accounts.
func (s *Stage) inside(t *testing.T, g flows.Group, n int) []flows.Account {
	t.Helper()
	var out []flows.Account
	for _, u := range s.Truth(t).Users {
		if len(out) < n && g.Has(u.ID) {
			out = append(out, flows.Account{ID: u.ID, Email: u.Email, Name: u.Name, State: u.State})
		}
	}
	if len(out) < n {
		t.Fatalf("%s has only %d members", g.Name, len(out))
	}
	return out
}

func scimBatches() []Story {
	many := flows.SandboxOptions{Users: 400}
	const large = "Read & Acknowledge"
	// changed orders members in and out, which must be done; n is how many writes it may take.
	changed := func(t *testing.T, s *Stage, g flows.Group, in, out []flows.Account, n int) {
		t.Helper()
		for range n {
			s.Ordered(g.Name, "group-members")
		}
		got, err := grouper(t, s).ChangeMembers(s.Ctx, g, in, out)
		if err != nil || got.Kind != flows.Done || got.Group == nil {
			t.Fatalf("want done, got %+v, %v", got, err)
		}
		s.within(t, g, in, out)
		if len(got.Group.Members) != len(s.members(t, g.Name)) {
			t.Errorf("usher shows %d members, the server %d", len(got.Group.Members), len(s.members(t, g.Name)))
		}
	}
	unchanged := func(fault string, params map[string]any, codes ...flows.Code) func(*testing.T, *Stage) {
		return func(t *testing.T, s *Stage) {
			g := group(t, s, sales)
			s.Fault(t, fault, params)
			_, err := grouper(t, s).ChangeMembers(s.Ctx, g, nil, s.inside(t, g, 1))
			oneOf(t, err, codes...)
			s.within(t, g, nil, nil)
			s.Struck(t, fault)
		}
	}
	return []Story{
		{Name: "members are put in and taken out, and the others stay", Options: flows.SandboxOptions{Users: 150}, Run: func(t *testing.T, s *Stage) {
			g := group(t, s, sales)
			in, out := s.outside(t, g, 2), s.inside(t, g, 2)
			changed(t, s, g, in, out, 2)
			got, err := grouper(t, s).ChangeMembers(s.Ctx, group(t, s, sales), in, out)
			if err != nil || got.Kind != flows.Already {
				t.Errorf("a second order gives %+v, %v", got, err)
			}
		}},
		{Name: "of more members than a batch holds every one is put in", Options: many, Run: func(t *testing.T, s *Stage) {
			g := group(t, s, "Onboarding 2027")
			changed(t, s, g, s.outside(t, g, 250), nil, len(batches(250)))
			for _, w := range s.Truth(t).Writes {
				if len(w.What) > 100 {
					t.Errorf("%d members were changed by one write", len(w.What))
				}
			}
		}},
		{Name: "of more members than a batch holds every one is taken out", Options: many, Run: func(t *testing.T, s *Stage) {
			g := group(t, s, large)
			changed(t, s, g, nil, s.inside(t, g, 230), 230)
		}},
		{Name: "who is a member already is left alone", Run: func(t *testing.T, s *Stage) {
			g := group(t, s, large)
			in := slices.Concat(s.inside(t, g, 3), s.outside(t, g, 1))
			changed(t, s, g, in, nil, 1)
			if w := s.Truth(t).Writes; len(w) != 1 || len(w[0].What) != 1 {
				t.Errorf("the server wrote %+v", w)
			}
		}},
		{Name: "the first members of an empty group are put in", Run: under("members_null", nil, func(t *testing.T, s *Stage) {
			g := group(t, s, "Onboarding 2027")
			if _, err := grouper(t, s).Groups(s.Ctx); err != nil {
				t.Fatal(err)
			}
			changed(t, s, g, s.outside(t, g, 3), nil, 1)
		})},
		{Name: "members are changed where lists leave them out", Run: under("members_omitted", nil, func(t *testing.T, s *Stage) {
			g := group(t, s, large)
			changed(t, s, g, s.outside(t, g, 1), s.inside(t, g, 1), 2)
		})},
		{Name: "members whose change is answered 500 and applied are seen", Run: under("write_error_applied", nil, func(t *testing.T, s *Stage) {
			g := group(t, s, large)
			changed(t, s, g, s.outside(t, g, 2), nil, 1)
		})},
		{Name: "members whose change is lost on the way back are seen", Run: under("write_lost", nil, func(t *testing.T, s *Stage) {
			g := group(t, s, large)
			changed(t, s, g, s.outside(t, g, 2), nil, 1)
		})},
		{Name: "a batch that meets a rate limit is done once", Options: many, Run: under("rate_limit", map[string]any{"on": "write", "retry_after": 1, "times": 1}, func(t *testing.T, s *Stage) {
			g := group(t, s, "Onboarding 2027")
			changed(t, s, g, s.outside(t, g, 150), nil, len(batches(150)))
		})},
		{Name: "a removal that is ignored is unverified", Run: unchanged("remove_ignored", nil, flows.Unverified)},
		{Name: "a removal without effect is unverified", Run: unchanged("toast_without_effect", nil, flows.Unverified)},
		{Name: "a batch of which one is left out is unverified", Run: func(t *testing.T, s *Stage) {
			g := group(t, s, sales)
			in := s.outside(t, g, 3)
			s.Fault(t, "member_dropped", map[string]any{"times": 1})
			s.Ordered(g.Name, "group-members")
			s.Ordered(g.Name, "group-members") // whoever looks may put in whom the first left out
			out, err := grouper(t, s).ChangeMembers(s.Ctx, g, in, nil)
			s.Struck(t, "member_dropped")
			if err == nil && out.Kind == flows.Done {
				s.within(t, g, in, nil)
			} else {
				wantCode(t, err, flows.Unverified)
			}
		}},
		{Name: "a removal that is refused is said", Run: unchanged("write_refused", map[string]any{"message": "Not now"}, flows.Unsupported)},
		{Name: "a batch that stops halfway is told, and the next order goes on", Options: many, Run: func(t *testing.T, s *Stage) {
			g := group(t, s, "Onboarding 2027")
			in := s.outside(t, g, 150)
			presses := 0
			s.Notes.OnPress = func(flows.Press) {
				if presses++; presses == 2 {
					s.Fault(t, "write_refused", map[string]any{"message": "No more today"})
				}
			}
			s.Ordered(g.Name, "group-members")
			_, err := grouper(t, s).ChangeMembers(s.Ctx, g, in, nil)
			oneOf(t, err, flows.Unsupported, flows.Unverified)
			if n := len(s.members(t, g.Name)); n != 100 {
				t.Errorf("%d members after the first batch", n)
			}
			s.Struck(t, "write_refused")
			if err := sandbox.ClearFaults(s.Ctx, s.Stand.FaultURL()); err != nil {
				t.Fatal(err)
			}
			s.Notes.OnPress = nil
			changed(t, s, group(t, s, g.Name), in, nil, 1)
		}},
	}
}
