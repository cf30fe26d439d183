package selectors

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// three versions: v2 has another button, v3 is as v1 where the page is concerned.
func three(t *testing.T) *Set {
	t.Helper()
	one := `app: toy
version: 1
since: "2026-01-02"
pages:
  panel: {landmark: [panel, panel.act], basis: assumed}
  users: {path: /, landmark: [users.grid], basis: assumed}
elements:
  box: {find: [{test: box}], basis: assumed}
  panel: {find: [{test: panel}], basis: assumed}
  panel.act: {find: [{test: stop}], in: panel, verb: deactivate, basis: assumed}
  users.grid: {find: [{test: grid}], basis: assumed}
  other: {find: [{test: other}], basis: assumed}
tables:
  users: {in: users.grid, key: email, columns: {email: {header: Email, basis: assumed}}}
words: {states: {Active: active}}
`
	two := `app: toy
version: 2
from: 1
since: "2026-02-02"
elements:
  panel.act: {find: [{test: erase}], in: panel, verb: delete, basis: assumed}
`
	late := `app: toy
version: 3
from: 1
since: "2026-03-02"
elements:
  other: {find: [{test: new}], basis: assumed}
`
	set, err := toy(t, map[string]string{"v1.yaml": one, "v2.yaml": two, "v3.yaml": late})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// shows answers as a page on which these test ids are to be seen.
func shows(ids ...string) func(*Sheet, string) (bool, error) {
	return func(s *Sheet, name string) (bool, error) {
		return slices.ContainsFunc(s.Elements[name].Find, func(c Candidate) bool { return slices.Contains(ids, c.Test) }), nil
	}
}

func TestChooseTakesTheOneVersionThatFits(t *testing.T) {
	t.Parallel()
	sh, err := three(t).Choose("panel", shows("panel", "erase"))
	if err != nil || sh.ID() != "toy/v2" {
		t.Errorf("got %v, %v", sh, err)
	}
}

func TestChooseTakesTheNewestOfVersionsThatDescribeThePageAlike(t *testing.T) {
	t.Parallel()
	set := three(t)
	sh, err := set.Choose("panel", shows("panel", "stop"))
	if err != nil || sh.ID() != "toy/v3" {
		t.Errorf("panel: %v, %v", sh, err)
	}
	if sh, err = set.Choose("users", shows("grid")); err != nil || sh.ID() != "toy/v3" {
		t.Errorf("users: %v, %v", sh, err)
	}
}

func TestChooseDoesNotGuess(t *testing.T) {
	t.Parallel()
	set := three(t)
	_, err := set.Choose("panel", shows("panel", "stop", "erase"))
	var m *Misfit
	if !errors.As(err, &m) || !slices.Equal(m.Fits, []string{"toy/v2", "toy/v3"}) {
		t.Fatalf("two that differ: %v", err)
	}
	if !strings.Contains(err.Error(), "more than one sheet: toy/v2, toy/v3") {
		t.Errorf("the text is %q", err)
	}
	_, err = set.Choose("panel", shows("erase"))
	if !errors.As(err, &m) || len(m.Fits) != 0 {
		t.Fatalf("none: %v", err)
	}
	want := map[string][]string{"toy/v1": {"panel", "panel.act"}, "toy/v2": {"panel"}, "toy/v3": {"panel", "panel.act"}}
	for id, names := range want {
		if !slices.Equal(m.Missing[id], names) {
			t.Errorf("%s lacks %v, want %v", id, m.Missing[id], names)
		}
	}
	if text := `page "panel" of toy fits no sheet: toy/v1 lacks panel, panel.act; toy/v2 lacks panel; toy/v3`; !strings.HasPrefix(err.Error(), text) {
		t.Errorf("the text is %q", err)
	}
	if _, err = set.Choose("nowhere", shows("panel")); !errors.As(err, &m) || err.Error() != `no sheet of toy has a page "nowhere"` {
		t.Errorf("no such page: %v", err)
	}
}

func TestChooseAsksOnceForEachDescriptionAndStopsAtAnError(t *testing.T) {
	t.Parallel()
	asked := map[string]int{}
	sh, err := three(t).Choose("panel", func(s *Sheet, name string) (bool, error) {
		asked[name]++
		return shows("panel", "stop")(s, name)
	})
	if err != nil || sh == nil || asked["panel"] != 1 || asked["panel.act"] != 2 {
		t.Errorf("asked %v times, %v", asked, err)
	}
	gone := errors.New("the page is gone")
	if _, err := three(t).Choose("panel", func(*Sheet, string) (bool, error) { return false, gone }); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
}

// Each of these was once taken for the same description, and the newest version read the page of
// an older console by its own words.
func TestVersionsThatReadThePageDifferentlyAreNotAlike(t *testing.T) {
	t.Parallel()
	base := three(t).Sheets[0]
	for name, edit := range map[string]func(*Sheet){
		"container of an element": func(s *Sheet) {
			e := s.Elements["users.grid"]
			e.In = "box"
			s.Elements["users.grid"] = e
			box := s.Elements["box"]
			box.Hover = true
			s.Elements["box"] = box
		},
		"words": func(s *Sheet) { s.Words = Words{States: map[string]string{"Active": "deactivated"}} },
		"element of the table": func(s *Sheet) {
			table := s.Tables["users"]
			table.Empty = "other"
			s.Tables = map[string]Table{"users": table}
		},
		"column": func(s *Sheet) {
			s.Tables = map[string]Table{"users": {In: "users.grid", Key: "email", Columns: map[string]Column{"email": {Header: Names{"Mail"}, Basis: Assumed}}}}
		},
		"landmark": func(s *Sheet) { s.Pages = map[string]Page{"users": {Landmark: []string{"box"}}} },
	} {
		other := base.With("unrelated", Element{Find: []Candidate{{Test: "x"}}, Basis: Assumed})
		if other.describes("users") != base.describes("users") {
			t.Fatal("an element that is not of the page counts")
		}
		edit(other)
		if other.describes("users") == base.describes("users") {
			t.Errorf("a change of %s is not seen", name)
		}
	}
}

func TestADigestChangesWithTheElementAndItsContainersOnly(t *testing.T) {
	t.Parallel()
	base := three(t).Sheets[0]
	before := base.Digest("panel.act")
	with := func(name string, edit func(*Element)) *Sheet {
		e := base.Elements[name]
		e.Find = slices.Clone(e.Find)
		edit(&e)
		return base.With(name, e)
	}
	for what, edit := range map[string]func(*Element){
		"candidate": func(e *Element) { e.Find[0].Test = "x" },
		"order":     func(e *Element) { e.Find = append([]Candidate{{CSS: "a"}}, e.Find...) },
		"container": func(e *Element) { e.In = "box" },
		"not":       func(e *Element) { e.Not = Names{"Delete"} },
		"verb":      func(e *Element) { e.Verb = "delete" },
		"writes":    func(e *Element) { e.Writes = true },
		"optional":  func(e *Element) { e.Optional = true },
		"hover":     func(e *Element) { e.Hover = true },
		"basis":     func(e *Element) { e.Basis, e.Source = Seen, "by us" },
	} {
		changed := with("panel.act", edit)
		if changed.Digest("panel.act") == before {
			t.Errorf("a change of its %s is not seen", what)
		}
		if changed.Digest("panel") != base.Digest("panel") {
			t.Errorf("a change of its %s changes its container", what)
		}
	}
	if with("panel", func(e *Element) { e.Find[0].Test = "x" }).Digest("panel.act") == before {
		t.Error("a change of the container is not seen")
	}
	if with("other", func(e *Element) { e.Find[0].Test = "x" }).Digest("panel.act") != before {
		t.Error("a change of another element is seen")
	}
	if base.Elements["panel.act"].Find[0].Test != "stop" || base.Digest("panel.act") != before {
		t.Error("With changed the sheet itself")
	}
	if base.Digest("panel") == base.Digest("box") {
		t.Error("two elements have one digest")
	}
}

func TestAssumedAndForTellWhatAWriteGoesThrough(t *testing.T) {
	t.Parallel()
	set, err := toy(t, map[string]string{"v1.yaml": small})
	if err != nil {
		t.Fatal(err)
	}
	s := set.Newest()
	if got := s.For("delete"); !slices.Equal(got, []string{"users.gone"}) {
		t.Errorf("delete goes through %v", got)
	}
	if got := s.Assumed([]string{"users.add", "users.gone", "shell"}); !slices.Equal(got, []string{"users.add", "shell"}) {
		t.Errorf("assumed are %v", got)
	}
}

func TestTheVersionsOfThoropassDifferInThePanelOnly(t *testing.T) {
	t.Parallel()
	set := load(t, "thoropass", "")
	all := func(*Sheet, string) (bool, error) { return true, nil }
	for page := range set.Newest().Pages {
		sh, err := set.Choose(page, all)
		if page == "panel" {
			if err == nil {
				t.Errorf("a panel that offers every act fits %s", sh.ID())
			}
			continue
		}
		if err != nil || sh != set.Newest() {
			t.Errorf("%s: %v, %v", page, sh, err)
		}
	}
}
