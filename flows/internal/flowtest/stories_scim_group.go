package flowtest

import (
	"slices"
	"strings"
	"testing"

	"github.com/usherhq/usher/flows"
)

// grouper opens the console as one that keeps groups.
func grouper(t *testing.T, s *Stage) flows.Grouper {
	t.Helper()
	g, ok := s.Console(t).(flows.Grouper)
	if !ok {
		t.Fatal("the console cannot keep groups")
	}
	return g
}

// group finds the one group of that name.
func group(t *testing.T, s *Stage, name string) flows.Group {
	t.Helper()
	found, err := grouper(t, s).FindGroup(s.Ctx, name)
	if err != nil || len(found) != 1 {
		t.Fatalf("want %s once, found %+v, %v", name, found, err)
	}
	return found[0]
}

// members are the ids of a group's members in the truth.
func (s *Stage) members(t *testing.T, name string) []string {
	t.Helper()
	g, ok := s.Truth(t).Group(name)
	if !ok {
		t.Fatalf("the server has no group %s", name)
	}
	return g.Members
}

// outside returns so many accounts that are not in the group.
func (s *Stage) outside(t *testing.T, g flows.Group, n int) []flows.Account {
	t.Helper()
	var out []flows.Account
	for _, u := range s.Truth(t).Users {
		if len(out) < n && !g.Has(u.ID) {
			out = append(out, flows.Account{ID: u.ID, Email: u.Email, Name: u.Name, State: u.State})
		}
	}
	if len(out) < n {
		t.Fatalf("only %d accounts are not in %s", len(out), g.Name)
	}
	return out
}

// sameGroups fails unless the groups are the truth.
func (s *Stage) sameGroups(t *testing.T, g *flows.Groups) {
	t.Helper()
	truth := s.Truth(t)
	if len(g.Groups) != len(truth.Groups) || g.Total != len(truth.Groups) {
		t.Errorf("%d groups were read, %d are said, the server has %d", len(g.Groups), g.Total, len(truth.Groups))
	}
	for _, want := range truth.Groups {
		i := slices.IndexFunc(g.Groups, func(g flows.Group) bool { return g.ID == want.ID })
		if i < 0 {
			t.Errorf("the group %s is missing", want.Name)
			continue
		}
		got := g.Groups[i]
		if got.Name != flows.Clean(want.Name) || got.Reserved != slices.Contains(s.App.ReservedGroups, want.Name) || len(got.Members) != len(want.Members) {
			t.Errorf("%s came out as %q, reserved %v, with %d members of %d", want.Name, got.Name, got.Reserved, len(got.Members), len(want.Members))
		}
		for _, m := range got.Members {
			u := slices.IndexFunc(truth.Users, func(u userOf) bool { return u.ID == m.ID })
			if !slices.Contains(want.Members, m.ID) || u < 0 || !flows.SameAddress(truth.Users[u].Email, m.Email) {
				t.Errorf("%s: %+v is no member", want.Name, m)
			}
		}
	}
}

// sales is an ordinary team that has members.
const sales = "Support EMEA"

func scimGroups() []Story {
	listed := func(t *testing.T, s *Stage) {
		g, err := grouper(t, s).Groups(s.Ctx)
		if err != nil {
			t.Fatal(err)
		}
		if g.Grade != flows.Complete {
			t.Errorf("the groups are %s: %+v", g.Grade, g.Witnesses)
		}
		s.sameGroups(t, g)
	}
	return []Story{
		{Name: "every group is listed with its members", Options: flows.SandboxOptions{Users: 230}, Run: listed},
		{Name: "groups whose members a list leaves out are read one by one", Run: under("members_omitted", nil, listed)},
		{Name: "groups whose members are null are empty", Run: under("members_null", nil, listed)},
		{Name: "groups without a total are not called complete", Run: under("no_total", nil, func(t *testing.T, s *Stage) {
			if g, err := grouper(t, s).Groups(s.Ctx); err == nil && g.Grade == flows.Complete {
				t.Errorf("%d groups are called complete", g.Total)
			}
		})},
		{Name: "groups where paging is ignored are not called complete", Run: under("ignore_paging", nil, func(t *testing.T, s *Stage) {
			g, err := grouper(t, s).Groups(s.Ctx)
			if err == nil && g.Grade == flows.Complete {
				t.Errorf("%d groups are called complete", g.Total)
			}
			_, err = grouper(t, s).FindGroup(s.Ctx, "Nobody Has It")
			wantCode(t, err, flows.Incomplete)
		})},
		{Name: "a service without groups has none, and says so", Run: under("no_groups", nil, func(t *testing.T, s *Stage) {
			g, err := grouper(t, s).Groups(s.Ctx)
			if err == nil && g.Grade == flows.Complete {
				t.Errorf("no groups are called complete: %+v", g)
			}
		})},
		{Name: "a group is found by its name in any case", Run: func(t *testing.T, s *Stage) {
			for _, fault := range []string{"", "ignore_filter", "case_sensitive_filter", "no_filter_support"} {
				if fault != "" {
					s.Fault(t, fault, nil)
				}
				g := group(t, s, strings.ToUpper(sales))
				if g.Name != sales || len(g.Members) != len(s.members(t, sales)) || len(g.Members) == 0 {
					t.Errorf("%s: found %+v", fault, g)
				}
				if none, err := grouper(t, s).FindGroup(s.Ctx, "Nobody Has It"); err != nil || len(none) != 0 {
					t.Errorf("%s: found %+v, %v", fault, none, err)
				}
			}
		}},
		{Name: "a group is made once", Run: func(t *testing.T, s *Stage) {
			const name = "Night Shift & Co"
			s.Ordered(name, "group-create")
			for _, want := range []flows.OutcomeKind{flows.Done, flows.Already} {
				out, err := grouper(t, s).CreateGroup(s.Ctx, name)
				if err != nil || out.Kind != want || out.Group == nil || len(out.Group.Members) != 0 {
					t.Errorf("want %s, got %+v, %v", want, out, err)
				}
			}
			if out, err := grouper(t, s).CreateGroup(s.Ctx, "NIGHT SHIFT & CO"); err != nil || out.Kind != flows.Already {
				t.Errorf("in capitals: %+v, %v", out, err)
			}
			s.wrote(t, "group-create "+name)
		}},
		{Name: "a group made whose answer is lost is found, and made once", Run: under("write_lost", nil, func(t *testing.T, s *Stage) {
			s.Ordered("Night Shift", "group-create")
			out, err := grouper(t, s).CreateGroup(s.Ctx, "Night Shift")
			if err != nil || out.Kind != flows.Done {
				t.Errorf("want done, got %+v, %v", out, err)
			}
			s.wrote(t, "group-create Night Shift")
		})},
		{Name: "a group that is not made is unverified", Run: under("toast_without_effect", nil, func(t *testing.T, s *Stage) {
			_, err := grouper(t, s).CreateGroup(s.Ctx, "Night Shift")
			wantCode(t, err, flows.Unverified)
			s.wrote(t)
		})},
		{Name: "a group is renamed, and its members stay", Run: func(t *testing.T, s *Stage) {
			g, before := group(t, s, sales), s.members(t, sales)
			s.Ordered(sales, "group-rename")
			out, err := grouper(t, s).RenameGroup(s.Ctx, g, "Help Desk")
			if err != nil || out.Kind != flows.Done || out.Group == nil || out.Group.Name != "Help Desk" {
				t.Fatalf("want done, got %+v, %v", out, err)
			}
			if now := s.members(t, "Help Desk"); !slices.Equal(now, before) {
				t.Errorf("the members were %v and are %v", before, now)
			}
			if out, err := grouper(t, s).RenameGroup(s.Ctx, *out.Group, "Help Desk"); err != nil || out.Kind != flows.Already {
				t.Errorf("a second order gives %+v, %v", out, err)
			}
		}},
		{Name: "a rename that is applied and answered 500 is done", Run: under("write_error_applied", map[string]any{"verb": "group-rename"}, func(t *testing.T, s *Stage) {
			g := group(t, s, sales)
			s.Ordered(sales, "group-rename")
			out, err := grouper(t, s).RenameGroup(s.Ctx, g, "Help Desk")
			if err != nil || out.Kind != flows.Done {
				t.Errorf("want done, got %+v, %v", out, err)
			}
			s.wrote(t, "group-rename "+sales)
		})},
		{Name: "a rename to a name that is taken is refused", Run: func(t *testing.T, s *Stage) {
			_, err := grouper(t, s).RenameGroup(s.Ctx, group(t, s, sales), "SUPPORT apac")
			wantCode(t, err, flows.Refused)
			if n := s.asked(t); n != 0 {
				t.Errorf("the server was asked %d times", n)
			}
		}},
		{Name: "the product's own groups are left alone", Run: func(t *testing.T, s *Stage) {
			who := s.somebody(t, flows.Active)
			for _, name := range s.App.ReservedGroups {
				g := group(t, s, name)
				if !g.Reserved {
					t.Errorf("%s is not said to be reserved", name)
				}
				g.Reserved = false // what a plan says is not what decides
				_, err := grouper(t, s).RenameGroup(s.Ctx, g, "Mine")
				wantCode(t, err, flows.Refused)
				_, err = grouper(t, s).ChangeMembers(s.Ctx, g, nil, []flows.Account{who})
				wantCode(t, err, flows.Refused)
				_, err = grouper(t, s).CreateGroup(s.Ctx, strings.ToLower(name))
				oneOf(t, err, flows.Refused, "")
				_, err = grouper(t, s).RenameGroup(s.Ctx, group(t, s, sales), strings.ToUpper(name))
				wantCode(t, err, flows.Refused)
			}
			if n := s.asked(t); n != 0 {
				t.Errorf("the server was asked %d times", n)
			}
		}},
		{Name: "a group of another name than the plan's is refused", Run: func(t *testing.T, s *Stage) {
			g := group(t, s, sales)
			g.Name = "Support APAC"
			_, err := grouper(t, s).RenameGroup(s.Ctx, g, "Help Desk")
			wantCode(t, err, flows.Refused)
			_, err = grouper(t, s).ChangeMembers(s.Ctx, g, s.outside(t, g, 1), nil)
			wantCode(t, err, flows.Refused)
			if n := s.asked(t); n != 0 {
				t.Errorf("the server was asked %d times", n)
			}
		}},
	}
}
