package drift

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/usherhq/usher/selectors"
)

// panel is a made-up page: the controls of a user's panel.
func panel() []Print {
	button := func(name, test string, n int, x float64) Print {
		return changed(remove(), named(name), tested(test), on(Box{X: x, Y: 200, W: 80, H: 32}), func(p *Print) {
			p.Nth, p.Path = n, strings.Replace(p.Path, "button[2]", "button["+strconv.Itoa(n)+"]", 1)
		})
	}
	return []Print{
		button("Edit", "user-edit", 1, 300), button("Remove", "user-remove", 2, 400), button("Resend", "user-resend", 3, 500),
		changed(remove(), named(""), tested(""), func(p *Print) {
			p.Tag, p.Role, p.Path, p.Box = "div", "group", "/html[1]/body[1]/main[1]/div[2]/div[1]", Box{X: 300, Y: 200, W: 280, H: 32}
		}),
	}
}

func first(t *testing.T, ps []Proposal) Proposal {
	t.Helper()
	if len(ps) == 0 {
		t.Fatal("nothing is proposed")
	}
	return ps[0]
}

func TestTheElementItselfIsTheFirstAndStrong(t *testing.T) {
	t.Parallel()
	p := first(t, Rank(remove(), panel(), Options{Verb: "remove"}))
	if p.Index != 1 || !p.Strong || p.Score < 0.99 || len(p.Contradictions)+len(p.Doubts) != 0 || !strings.Contains(p.Why, "same words, test id") {
		t.Errorf("got %+v", p)
	}
}

func TestWhatBecameOfAnElementIsProposed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		by     func(*Print)
		strong bool
		but    string // in a contradiction or a doubt
	}{
		{"class and position", func(p *Print) { p.Class, p.Box = []string{"x"}, Box{X: 10, Y: 900, W: 120, H: 40} }, true, ""},
		{"an id made up at each load", func(p *Print) { p.ID = ":r1a:" }, true, ""},
		{"reworded", named("Remove user"), false, ""},
		{"test id", tested("member-remove"), false, "test id 'user-remove' -> 'member-remove'"},
		{"a link now", func(p *Print) { p.Tag, p.Role, p.Type = "a", "link", "" }, true, ""},
		{"in a menu", func(p *Print) {
			p.Role, p.Above = "menuitem", []Ancestor{{Role: "menu", Name: "More actions", Up: 1}}
			p.Path, p.Beside = "/html[1]/body[1]/div[9]/div[2]", nil
		}, false, "part of the page 'main' -> 'menu'"},
		{"icon with a name", func(p *Print) { p.Text = "" }, true, ""},
		{"wrapped", at("/html[1]/body[1]/main[1]/div[2]/div[1]/span[2]/span[1]/button[1]"), true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			page := panel()
			page[1] = changed(page[1], c.by)
			p := first(t, Rank(remove(), page, Options{Verb: "remove"}))
			if p.Index != 1 || p.Strong != c.strong {
				t.Errorf("got %+v", p)
			}
			if all := strings.Join(slices.Concat(p.Contradictions, p.Doubts), "; "); !strings.Contains(all, c.but) || (c.but == "") != (all == "") {
				t.Errorf("the doubts are %q, want %q", all, c.but)
			}
		})
	}
}

func TestCandidatesOfAnotherVerbAreNeverProposed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		old, now, class string
		out             bool
	}{
		{"Remove", "Remove user", "", false},
		{"Remove", "Delete", "", true},
		{"Remove", "Suspend", "", true},
		{"Remove", "Remove and delete data", "", true},
		{"Remove", "Edit", "", true},
		{"Remove", "Take away", "", false}, // no verb that we know: for a person to judge
		{"Invite", "Re-invite", "", true},
		{"Invite people", "Add users", "", false},
		{"Deactivate", "Disable", "", false},
		{"Deactivate", "Reactivate", "", true},
		{"More", "Delete", "", true},
		{"Yes", "Remove", "", true},
		{"Yes", "Remove", "remove", false}, // the sheet says that it removes
		{"Yes", "Delete", "remove", true},
		{"Save", "Cancel", "", true},
		{"Save", "Save changes", "", false},
		{"Next", "Previous", "", true},
		{"Sign in", "Sign out", "", true},
		{"Sign in", "Log in", "", false},
	} {
		old := changed(remove(), named(c.old), tested("x"))
		got := Rank(old, []Print{changed(old, named(c.now))}, Options{Verb: c.class})
		if (len(got) == 0) != c.out {
			t.Errorf("%q for %q (%s): got %+v", c.now, c.old, c.class, got)
		}
	}
}

func TestWhatMustNotBeIsNeverProposed(t *testing.T) {
	t.Parallel()
	page := panel()
	if got := Rank(remove(), page, Options{Not: selectors.Names{"~^remove"}}); slices.ContainsFunc(got, func(p Proposal) bool { return p.Index == 1 }) {
		t.Errorf("got %+v", got)
	}
	if got := Rank(remove(), page, Options{Container: "users.row"}); len(got) != 0 {
		t.Errorf("of another container: %+v", got)
	}
	page[1].Container = ""
	if got := Rank(remove(), page, Options{}); slices.ContainsFunc(got, func(p Proposal) bool { return p.Index == 1 }) {
		t.Errorf("outside the container: %+v", got)
	}
}

func TestAThingAndItsWrappersCountOnce(t *testing.T) {
	t.Parallel()
	old := remove()
	item := changed(old, at("/html[1]/body[1]/main[1]/ul[1]/li[1]"), func(p *Print) { p.Tag, p.Role, p.Test = "li", "listitem", "" })
	press := changed(old, at("/html[1]/body[1]/main[1]/ul[1]/li[1]/a[1]"), func(p *Print) { p.Tag, p.Role, p.Test = "a", "link", "" })
	inner := changed(old, at("/html[1]/body[1]/main[1]/ul[1]/li[1]/a[1]/span[1]"), func(p *Print) { p.Tag, p.Role, p.Test = "span", "generic", "" })
	got := Rank(old, []Print{item, press, inner}, Options{})
	if len(got) != 1 || got[0].Index != 1 {
		t.Errorf("got %+v", got)
	}
	// Of a heading the likest is its new heading's item, and what can be pressed there is meant.
	head := changed(old, func(p *Print) { p.Tag, p.Role, p.Type, p.Test = "h2", "heading", "", "" })
	got = Rank(head, []Print{item, changed(press, func(p *Print) { p.Above, p.Beside = nil, nil }), inner}, Options{})
	if len(got) != 1 || got[0].Index != 1 {
		t.Errorf("got %+v", got)
	}
	over := changed(old, at("/html[1]/body[1]/div[7]"), func(p *Print) { p.Tag, p.Role, p.Name, p.Text = "div", "generic", "", "" })
	if got := Rank(old, []Print{old, over}, Options{}); len(got) != 1 || got[0].Index != 0 {
		t.Errorf("what lies upon it counts as another: %+v", got)
	}
}

func TestTwoAlikeAreNeverStrong(t *testing.T) {
	t.Parallel()
	twin := changed(remove(), at("/html[1]/body[1]/main[1]/div[3]/div[1]/button[2]"), on(Box{X: 400, Y: 240, W: 80, H: 32}), beside("Other"))
	for _, p := range Rank(remove(), append(panel(), twin), Options{}) {
		if p.Strong {
			t.Errorf("got %+v", p)
		}
	}
}

func TestTestIDsThatChangedPlacesAreSeen(t *testing.T) {
	t.Parallel()
	page := panel()
	page[0], page[1] = changed(page[0], tested("user-remove")), changed(page[1], tested("user-edit"))
	p := first(t, Rank(remove(), page, Options{}))
	if p.Index != 1 || p.Strong || !strings.Contains(p.Why, "test id 'user-remove' is on 'Edit' now") {
		t.Errorf("got %+v", p)
	}
	// Also where only the mark went elsewhere and the element lost its own.
	page[1] = changed(page[1], tested(""))
	if p := first(t, Rank(remove(), page, Options{})); p.Strong || len(p.Contradictions) == 0 {
		t.Errorf("got %+v", p)
	}
}

func TestOfAnElementThatIsGoneNothingIsStrong(t *testing.T) {
	t.Parallel()
	page := panel()
	if got := Rank(remove(), append(page[:1:1], page[2:]...), Options{Verb: "remove"}); slices.ContainsFunc(got, func(p Proposal) bool { return p.Strong }) {
		t.Errorf("got %+v", got)
	}
	other := Print{Tag: "h1", Role: "heading", Name: "Billing", Path: "/html[1]/body[1]/h1[1]", Container: "users.panel"}.Kept()
	if got := Rank(remove(), []Print{other}, Options{}); len(got) != 0 {
		t.Errorf("nothing is like it: %+v", got)
	}
	if got := Rank(remove(), nil, Options{}); len(got) != 0 {
		t.Errorf("of an empty page: %+v", got)
	}
}

func TestProposalsAreBounded(t *testing.T) {
	t.Parallel()
	var page []Print
	for i := range 20 {
		page = append(page, changed(remove(), named("Remove "+strings.Repeat("x", i+1)), at("/html[1]/body[1]/p["+strings.Repeat("1", i+1)+"]"), on(Box{X: 1, Y: float64(50 * i), W: 9, H: 9})))
	}
	if got := Rank(remove(), page, Options{}); len(got) != 5 {
		t.Errorf("%d proposals", len(got))
	}
	if got := Rank(remove(), page, Options{Most: 2}); len(got) != 2 {
		t.Errorf("%d proposals, not 2", len(got))
	}
}

// anyPrint draws a print of a small world, so that likes and twins are common.
func anyPrint() *rapid.Generator[Print] {
	return rapid.Custom(func(t *rapid.T) Print {
		pick := func(name string, of ...string) string { return rapid.SampledFrom(of).Draw(t, name) }
		name := pick("name", "Remove", "Remove user", "Edit", "Next", "Users", "", "Größe", "Suspend")
		path := "/html[1]/body[1]"
		for range rapid.IntRange(1, 4).Draw(t, "depth") {
			path += pick("step", "/div[1]", "/div[2]", "/a[1]", "/li[3]")
		}
		p := Print{
			Tag: pick("tag", "a", "button", "div"), Role: pick("role", "link", "button", "generic", "menuitem"), Name: name, Text: pick("text", name, ""),
			Test: pick("test", "", "", "t1", "t2"), ID: pick("id", "", "", "go", ":r1:"), Link: pick("link", "", "", "/users", "//a.example/teams"),
			Container: pick("container", "", "panel"), Path: path, Beside: []string{pick("beside", "one", "two", "three")},
			Box: Box{X: float64(rapid.IntRange(0, 3).Draw(t, "x") * 100), Y: float64(rapid.IntRange(0, 9).Draw(t, "y") * 40), W: 90, H: 30},
		}
		if r := pick("above", "", "menu", "main", "navigation"); r != "" {
			p.Above = []Ancestor{{Role: r, Up: 1}}
		}
		return p.Kept()
	})
}

func TestARankingDoesNotDependOnTheOrderOfTheCandidates(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		old := anyPrint().Draw(t, "old")
		page := rapid.SliceOfN(anyPrint(), 0, 12).Draw(t, "page")
		shuffled := rapid.Permutation(page).Draw(t, "shuffled")
		a, b := Rank(old, page, Options{}), Rank(old, shuffled, Options{})
		if len(a) != len(b) {
			t.Fatalf("%d and %d proposals", len(a), len(b))
		}
		for i := range a {
			// What is the same in all is the same, whichever of them is named.
			if page[a[i].Index].text() != shuffled[b[i].Index].text() || a[i].Score != b[i].Score || a[i].Strong != b[i].Strong || a[i].Why != b[i].Why {
				t.Fatalf("proposal %d: %+v\nand %+v", i, a[i], b[i])
			}
		}
	})
}

func TestStrongIsUniqueAndNeverOfAnotherVerbOrContainer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		old := anyPrint().Draw(t, "old")
		page := rapid.SliceOfN(anyPrint(), 0, 12).Draw(t, "page")
		got := Rank(old, page, Options{})
		for i, p := range got {
			now := page[p.Index]
			if p.Score < 0 || p.Score > 1 || p.Strong && i > 0 {
				t.Fatalf("proposal %d: %+v", i, p)
			}
			if otherVerb(old, now, "") != "" || old.Container != "" && old.Container != now.Container {
				t.Fatalf("proposed: %+v", now)
			}
			if !p.Strong {
				continue
			}
			for k, c := range page {
				mine, other := scored{of: now, says: fold(now.Says())}, scored{of: c, says: fold(c.Says())}
				if k != p.Index && c.text() == now.text() && !one(mine, other) {
					t.Fatalf("strong, and there are two: %+v", c)
				}
			}
		}
	})
}

func TestAnElementThatDidNotChangeIsFoundUnlessItHasATwin(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		old := anyPrint().Filter(func(p Print) bool { return p.Says() != "" }).Draw(t, "old")
		page := rapid.SliceOfN(anyPrint(), 0, 12).Draw(t, "page")
		twin := slices.ContainsFunc(page, func(p Print) bool { return fold(p.Says()) == fold(old.Says()) })
		at := rapid.IntRange(0, len(page)).Draw(t, "at")
		page = slices.Insert(page, at, old)
		got := Rank(old, page, Options{})
		if len(got) == 0 || page[got[0].Index].text() != old.text() || got[0].Score < 1-1e-9 {
			t.Fatalf("got %+v", got)
		}
		if !twin && !got[0].Strong {
			t.Fatalf("not strong: %+v", got[0])
		}
	})
}
