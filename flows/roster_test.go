package flows

import "testing"

func TestARosterIsCompleteByProofOnly(t *testing.T) {
	t.Parallel()
	total := Witness{Name: "shown total", Independent: true, Applies: true, Agrees: true}
	tap := Witness{Name: "answers", Independent: true, Applies: true, Agrees: true}
	keys := Witness{Name: "addresses", Applies: true, Agrees: true}
	none := Witness{Name: "row numbers", Independent: true}
	less := func(w Witness) Witness { w.Agrees = false; return w }
	for _, c := range []struct {
		name      string
		ended     bool
		witnesses []Witness
		want      Grade
	}{
		{"one independent witness agrees", true, []Witness{total}, Complete},
		{"all that apply agree", true, []Witness{none, keys, total, tap}, Complete},
		{"no witness at all", true, nil, Suspect},
		{"only what the walk itself says", true, []Witness{keys}, Suspect},
		{"the independent one does not apply", true, []Witness{keys, none}, Suspect},
		{"does not apply though it says it agrees", true, []Witness{{Independent: true, Agrees: true}}, Suspect},
		{"an independent one disagrees", true, []Witness{total, less(tap), keys}, Suspect},
		{"it disagrees before another agrees", true, []Witness{less(tap), total}, Suspect},
		{"one of the walk's own disagrees", true, []Witness{total, less(keys)}, Suspect},
		{"not read to its end", false, []Witness{total, tap, keys}, Partial},
		{"not read to its end, nothing known", false, nil, Partial},
	} {
		// A grade from before must not survive.
		r := &Roster{Accounts: make([]Account, 3), Witnesses: c.witnesses, Grade: Complete, Total: 99}
		if r.Judge(c.ended); r.Grade != c.want || r.Total != 3 {
			t.Errorf("%s: %s of %d accounts, want %s of 3", c.name, r.Grade, r.Total, c.want)
		}
	}
}

func TestAddressesAreComparedWholeAndCaseFolded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"ana@example.com", "ANA@Example.Com", true},
		{" ana@example.com\n", "ana@example.com", true},
		{"ÜNAL@example.com", "ünal@example.com", true},
		{"ana@example.com", "ana+x@example.com", false},
		{"ana@example.com", "a.na@example.com", false},
		{"ana@example.com", "mariana@example.com", false},
		{"ana@example.com", "ana@example.com.evil.org", false},
		{"", "ana@example.com", false},
	} {
		if SameAddress(c.a, c.b) != c.same || SameAddress(c.b, c.a) != c.same {
			t.Errorf("%q and %q: same is %v", c.a, c.b, !c.same)
		}
	}
	r := &Roster{Accounts: []Account{{ID: "1", Email: "Ana@example.com"}, {ID: "2", Email: "mariana@example.com"}, {ID: "3", Email: "ANA@EXAMPLE.COM"}}}
	if got := r.ByEmail("ana@example.com"); len(got) != 2 || got[0].ID != "1" || got[1].ID != "3" {
		t.Errorf("by address: %v", got)
	}
	if got := r.ByEmail("bob@example.com"); len(got) != 0 {
		t.Errorf("by an address that is not there: %v", got)
	}
}

func TestAWayIsFoundByNameAndTheFirstIsTheDefault(t *testing.T) {
	t.Parallel()
	app := App{Ways: []Way{{Name: "browser"}, {Name: "scim"}}}
	for name, want := range map[string]string{"": "browser", "browser": "browser", "scim": "scim"} {
		if w, ok := app.Way(name); !ok || w.Name != want {
			t.Errorf("%q: %q, %v", name, w.Name, ok)
		}
	}
	if _, ok := app.Way("ldap"); ok {
		t.Error("a way that is not there was found")
	}
	if _, ok := (App{}).Way(""); ok {
		t.Error("an app without ways has one")
	}
}
