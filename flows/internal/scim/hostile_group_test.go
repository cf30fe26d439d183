package scim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/scim"
)

const (
	team   = "Support"
	others = "Sales"
)

// teams puts three groups there: with three members, with two, and the reserved one with all.
func teams(s *site) {
	member := func(i int) any { return map[string]any{"value": fmt.Sprintf("id-%04d", i)} }
	group := func(id, name string, members ...any) record {
		return record{"schemas": []any{groupURN}, "id": id, "displayName": name, "members": members, "nickName": "as it was"}
	}
	all := []any{}
	for i := range s.kinds[users] {
		all = append(all, member(i+1))
	}
	s.kinds[groups] = []record{
		group("g-1", team, member(1), member(2), member(3)), group("g-2", others, member(3), member(4)), group("g-3", reserved, all...),
	}
}

// dressed lets f change each group that is shown: in lists, where only is "", "all" or "list"; by itself, where
// it is "all" or "one".
func dressed(only string, f func(r map[string]any)) quirk {
	return func(s *site, c *call) *answer {
		if c.Method != http.MethodGet || c.kind != groups {
			return nil
		}
		switch {
		case c.id == "" && only != "one":
			return altered(s, c, func(_ *call, l map[string]any) {
				for _, v := range resources(l) {
					if r, ok := v.(map[string]any); ok {
						f(r)
					}
				}
			})
		case c.id != "" && only != "list":
			return altered(s, c, func(_ *call, r map[string]any) { f(r) })
		}
		return nil
	}
}

type groupListCase struct {
	name     string
	complete int
	quirk    quirk
}

func groupListCases() []groupListCase {
	return []groupListCase{
		{"an honest service", mustBe, nil},
		{"members are not shown in lists", mayBe, dressed("list", func(r map[string]any) { delete(r, "members") })},
		{"members are null in lists", mayBe, dressed("list", func(r map[string]any) { r["members"] = nil })},
		{"members are empty in lists", mayBe, dressed("list", func(r map[string]any) { r["members"] = []any{} })},
		{"members are shown twice", mayBe, dressed("all", func(r map[string]any) {
			m, _ := r["members"].([]any)
			r["members"] = append(m, m...)
		})},
		{"members are texts", mayBe, dressed("all", func(r map[string]any) {
			var out []any
			m, _ := r["members"].([]any)
			for _, v := range m {
				out = append(out, memberID(v))
			}
			r["members"] = out
		})},
		{"members are an object", mustNot, dressed("all", func(r map[string]any) { r["members"] = map[string]any{"Person 1": true} })},
		{"a member has no value", mustNot, dressed("all", func(r map[string]any) { r["members"] = []any{map[string]any{"display": "Person"}} })},
		{"startIndex ignored", mayBe, func(s *site, c *call) *answer {
			if !c.lists(groups) {
				return nil
			}
			q := first(c)
			q.query["count"] = []string{"2"}
			return altered(s, q, func(*call, map[string]any) {})
		}},
		{"one at a time is shown", mustBe, func(s *site, c *call) *answer {
			if !c.lists(groups) {
				return nil
			}
			return altered(s, c, func(_ *call, l map[string]any) { l["Resources"] = resources(l)[:min(1, len(resources(l)))] })
		}},
		{"groups of one id", mustNot, dressed("list", func(r map[string]any) { r["id"] = "g-1" })},
	}
}

func TestNoListOfGroupsIsCalledCompleteThatIsNot(t *testing.T) {
	t.Parallel()
	for _, k := range groupListCases() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			s, n := newSite(t, 12, k.quirk), &notes{}
			teams(s)
			bounded(t, "the list", func(ctx context.Context) {
				c, err := enter(ctx, t, environment(s.url(), n))
				if err != nil {
					t.Errorf("open: %v", err)
					return
				}
				g, err := c.Groups(ctx)
				harmless(t, n, err)
				switch {
				case err != nil && k.complete == mustBe:
					t.Errorf("groups: %v", err)
				case err != nil:
				case g.Grade != flows.Complete && k.complete == mustBe:
					t.Errorf("%s: %+v %q", g.Grade, g.Witnesses, g.Notes)
				case g.Grade != flows.Complete:
				case k.complete == mustNot:
					t.Errorf("%d groups are called complete: %+v", len(g.Groups), g.Groups)
				default:
					sameGroups(t, s, g.Groups)
				}
				for _, name := range []string{strings.ToUpper(team), "Nobody's"} {
					got, err := c.FindGroup(ctx, name)
					if harmless(t, n, err); err != nil {
						continue
					}
					if want := s.named(groups, name); len(got) != len(want) {
						t.Errorf("FindGroup(%s) says %d and no error, and there are %d", name, len(got), len(want))
					} else if len(want) == 1 && k.complete != mustNot && !slices.Equal(ids(got[0].Members), membersOf(want[0])) {
						t.Errorf("FindGroup(%s) says %v, and there are %v", name, ids(got[0].Members), membersOf(want[0]))
					}
				}
			})
			if k.quirk != nil && s.struck() == 0 {
				t.Error("the quirk never struck: this proved nothing")
			}
		})
	}
}

// sameGroups compares groups that are called complete with the store.
func sameGroups(t *testing.T, s *site, got []flows.Group) {
	t.Helper()
	want := s.all(groups)
	if len(got) != len(want) {
		t.Errorf("%d groups are called complete, and there are %d", len(got), len(want))
	}
	for _, g := range got {
		w, ok := s.byID(groups, g.ID)
		if !ok || w.label() != g.Name || !slices.Equal(ids(g.Members), membersOf(w)) {
			t.Errorf("group %s %q has %v, and truly %q %v", g.ID, g.Name, ids(g.Members), w.label(), membersOf(w))
		}
		if g.Reserved != (g.Name == reserved) {
			t.Errorf("group %q is reserved: %v", g.Name, g.Reserved)
		}
	}
}

func founding(*testing.T, *site) order     { return found("Onboarding") }
func renaming(t *testing.T, s *site) order { t.Helper(); return s.rename(t, team, "Care") }

// joining adds one who is in already and one who is not, and takes one out.
func joining(t *testing.T, s *site) order {
	t.Helper()
	return s.members(t, team, []string{"person001@example.com", "person006@example.com"}, []string{"person002@example.com"})
}

func leaving(t *testing.T, s *site) order {
	t.Helper()
	return s.members(t, team, nil, []string{"person002@example.com"})
}

// crowding adds a hundred and twenty, and takes nobody out.
func crowding(t *testing.T, s *site) order {
	t.Helper()
	for i := 13; i <= 132; i++ {
		s.seed(person(i))
	}
	g := s.group(t, others)
	var in []flows.Account
	s.calmly(t, func(ctx context.Context, c *scim.Console) {
		r, err := c.List(ctx)
		if err != nil {
			t.Errorf("list: %v", err)
			return
		}
		in = slices.DeleteFunc(r.Accounts, func(a flows.Account) bool { return a.Email < "person013" })
	})
	if len(in) != 120 {
		t.Fatalf("%d accounts to add", len(in))
	}
	return s.enrol(g, in, nil)
}

// removing strikes each PATCH of a group that takes somebody out.
func removing(a func(s *site, c *call, ops []map[string]any) *answer) func() quirk {
	return func() quirk {
		return func(s *site, c *call) *answer {
			var p struct{ Operations []map[string]any }
			if c.Method != http.MethodPatch || c.kind != groups || json.Unmarshal(c.body, &p) != nil {
				return nil
			}
			for _, o := range p.Operations {
				if strings.EqualFold(text(o["op"]), "remove") {
					s.strike()
					return a(s, c, p.Operations)
				}
			}
			return nil
		}
	}
}

func groupWriteCases() []writeCase {
	oops := problem(http.StatusInternalServerError, "", "oh")
	ignored := raw(http.StatusNoContent, "", "")
	cases := []writeCase{
		{name: "a new group", order: founding, want: done},
		{name: "a new group that is there", order: func(*testing.T, *site) order { return found("SALES") }, twins: true, want: already},
		{name: "a new group is a 500, and applied", order: founding, twins: true, quirk: writing(http.MethodPost, true, fixed(oops))},
		{name: "a new group is a 500, and not applied", order: founding, twins: true, want: failed, quirk: writing(http.MethodPost, false, fixed(oops))},
		{name: "a new group is applied, and the connection cut", order: founding, twins: true, quirk: writing(http.MethodPost, true, fixed(cut()))},
		{name: "a new group is a 409, and not there", order: founding, twins: true, want: failed, quirk: writing(http.MethodPost, false, fixed(problem(http.StatusConflict, "uniqueness", "taken")))},
		{name: "a new group is a 201, and not applied", order: founding, twins: true, want: failed, quirk: writing(http.MethodPost, false, fixed(say(http.StatusCreated, map[string]any{"id": "g-9", "displayName": "Onboarding"})))},
		{name: "a new group is a 201 without an id", order: founding, twins: true, quirk: writing(http.MethodPost, true, func(_ *site, _ *call, h *answer) *answer { return without(h, "id") })},
		{name: "a new name", order: renaming, want: done},
		{name: "a new name is a 500, and applied", order: renaming, quirk: both(true, oops)},
		{name: "a new name is a 204, and ignored", order: renaming, want: failed, quirk: both(false, ignored)},
		{name: "a new name that is another's", order: func(t *testing.T, s *site) order { t.Helper(); return s.rename(t, team, "sales") }, twins: true, want: refused},
		{name: "a new name for the product's own group", order: func(t *testing.T, s *site) order { t.Helper(); return s.rename(t, reserved, "Mine") }, want: refused},
		{name: "a new name that is the product's own", order: func(t *testing.T, s *site) order { t.Helper(); return s.rename(t, team, strings.ToUpper(reserved)) }, twins: true, want: refused},
		{name: "PATCH of a name is a 501", order: renaming, quirk: writing(http.MethodPatch, false, fixed(problem(http.StatusNotImplemented, "", "no")))},
		{name: "members in and out", order: joining, want: done},
		{name: "members of the product's own group", order: func(t *testing.T, s *site) order {
			t.Helper()
			return s.members(t, reserved, nil, []string{active1})
		}, want: refused},
		{name: "members who are in already", order: func(t *testing.T, s *site) order {
			t.Helper()
			return s.members(t, team, []string{active1}, []string{"person009@example.com"})
		}, want: already},
		{name: "a removal is a 204, and ignored", order: leaving, want: failed, quirk: func() quirk {
			return func(s *site, c *call) *answer {
				if c.kind != groups || !c.writes() {
					return nil
				}
				s.strike()
				return ignored
			}
		}},
		{name: "a removal by filter is a 204, and ignored; by value it works", order: leaving, quirk: removing(func(_ *site, _ *call, ops []map[string]any) *answer {
			if strings.Contains(text(ops[0]["path"]), "[") {
				return ignored
			}
			return nil
		})},
		{name: "a removal by filter is a 400; by value it works", order: leaving, want: done, quirk: removing(func(_ *site, _ *call, ops []map[string]any) *answer {
			if strings.Contains(text(ops[0]["path"]), "[") {
				return problem(http.StatusBadRequest, "invalidPath", "no filters")
			}
			return nil
		})},
		{name: "a removal by value takes out everybody", order: leaving, quirk: removing(func(_ *site, c *call, ops []map[string]any) *answer {
			if !strings.Contains(text(ops[0]["path"]), "[") && ops[0]["value"] != nil {
				c.body = []byte(`{"schemas":["x"],"Operations":[{"op":"remove","path":"members"}]}`)
			}
			return nil
		})},
		{name: "members are a 500, and applied", order: joining, quirk: both(true, oops)},
		{name: "members are a 500, and not applied", order: joining, want: failed, quirk: both(false, oops)},
		{name: "members are a 204, and ignored", order: joining, want: failed, quirk: both(false, ignored)},
		{name: "replacing merges", order: joining, quirk: merging},
		{name: "members added twice are twice in", order: joining, want: done, quirk: doubling},
		{name: "at most a hundred members at once", order: crowding, want: done, quirk: atMost(100, 0)},
		{name: "the second batch fails", order: crowding, want: unsure, quirk: atMost(100, 1)},
		{name: "the look after the members is a 500", order: joining, want: unsure, quirk: blind(http.MethodPatch, http.MethodPut)},
		{name: "a group that was renamed since", want: refused, order: func(t *testing.T, s *site) order {
			t.Helper()
			o := joining(t, s)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.kinds[groups][0]["displayName"] = "Finance"
			return o
		}},
	}
	for i := range cases {
		cases[i].seed = teams
	}
	return cases
}

func TestNoChangeOfAGroupIsCalledDoneThatIsNot(t *testing.T) {
	t.Parallel()
	for _, k := range groupWriteCases() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			k.run(t)
		})
	}
}
