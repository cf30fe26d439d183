package selectors

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// apps returns the apps that have embedded sheets.
func apps(t *testing.T) []string {
	t.Helper()
	entries, err := embedded.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	if len(out) < 2 {
		t.Fatalf("the embedded apps are %v", out)
	}
	return out
}

func load(t *testing.T, app, overlay string) *Set {
	t.Helper()
	set, err := Load(app, overlay)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// small is a sheet with one of everything, for tests that take it apart.
const small = `app: toy
version: 1
title: Toy
since: "2026-01-02"
acts: {deactivate: delete}
pages:
  home: {path: /, landmark: [shell], basis: assumed}
  users: {start: home, via: [shell], landmark: [users.grid], basis: assumed}
elements:
  shell: {find: [{role: button, name: Menu}], basis: assumed}
  users.grid: {find: [{role: grid}], basis: assumed}
  users.add: {find: [{text: Add user}], in: users.grid, verb: invite, basis: assumed}
  users.gone: {find: [{test: gone}], verb: delete, writes: true, basis: documented, source: "https://example.com/help"}
tables:
  users:
    in: users.grid
    key: email
    columns:
      email: {header: Email, basis: assumed}
words:
  roles: {Admin: admin, Boss: admin}
  states: {Active: active}
`

func toy(t *testing.T, files map[string]string) (*Set, error) {
	t.Helper()
	in := map[string][]byte{}
	for n, s := range files {
		in[n] = []byte(s)
	}
	return New("toy", in)
}

func TestEverySheetLoadsAndNamesItsFile(t *testing.T) {
	t.Parallel()
	for _, app := range apps(t) {
		set := load(t, app, "")
		files, err := embedded.ReadDir(app)
		if err != nil {
			t.Fatal(err)
		}
		if len(files) != len(set.Sheets) {
			t.Errorf("%s: %d files and %d versions", app, len(files), len(set.Sheets))
		}
		for _, sh := range set.Sheets {
			if want := app + "/" + strings.TrimPrefix(sh.ID(), app+"/") + ".yaml"; sh.file != want {
				t.Errorf("version %s stands in %s, want %s", sh.ID(), sh.file, want)
			}
		}
		if set.Newest() != set.Sheets[len(set.Sheets)-1] || set.Digest() == "" {
			t.Errorf("%s: the newest version or the digest is wrong", app)
		}
	}
}

func TestEveryCandidateParses(t *testing.T) {
	t.Parallel()
	kinds := []string{"role", "label", "text", "hint", "test", "attr", "css"}
	roles := regexp.MustCompile(`^[a-z]+$`)
	// What Go's expressions have and the browser's have not.
	foreign := regexp.MustCompile(`\(\?[a-zA-Z]|\[\[:|\\[AzQE]`)
	for _, app := range apps(t) {
		for _, sh := range load(t, app, "").Sheets {
			for name, e := range sh.Elements {
				for i, c := range e.Find {
					if !slices.Contains(kinds, c.Kind()) || c.String() == "" {
						t.Errorf("%s %s: find[%d] is of no kind", sh.ID(), name, i)
					}
					if c.Role != "" && !roles.MatchString(c.Role) {
						t.Errorf("%s %s: find[%d]: %q is no role", sh.ID(), name, i, c.Role)
					}
					if key, value, _ := strings.Cut(c.Attr, "="); c.Attr != "" && (key == "" || value == "") {
						t.Errorf("%s %s: find[%d]: attr %q", sh.ID(), name, i, c.Attr)
					}
					if c.CSS != "" && !balanced(c.CSS) {
						t.Errorf("%s %s: find[%d]: css %q", sh.ID(), name, i, c.CSS)
					}
					for _, words := range []Names{c.Name, c.Label, c.Text, c.Hint, e.Not} {
						for _, w := range words {
							if strings.HasPrefix(w, "~") && foreign.MatchString(w) {
								t.Errorf("%s %s: find[%d]: %q is no expression for a browser", sh.ID(), name, i, w)
							}
						}
					}
				}
			}
		}
	}
}

// balanced tells whether brackets and quotes of a CSS selector close, and no part of it is empty.
func balanced(css string) bool {
	var open []rune
	pairs := map[rune]rune{')': '(', ']': '['}
	for _, r := range css {
		switch r {
		case '(', '[':
			open = append(open, r)
		case ')', ']':
			if len(open) == 0 || open[len(open)-1] != pairs[r] {
				return false
			}
			open = open[:len(open)-1]
		}
	}
	parts := strings.Split(css, ",")
	return len(open) == 0 && strings.Count(css, `"`)%2 == 0 &&
		!slices.ContainsFunc(parts, func(s string) bool { return strings.TrimSpace(s) == "" })
}

func TestAWriteIsOfTheClassThatItsWordsSpeakOf(t *testing.T) {
	t.Parallel()
	for _, app := range apps(t) {
		for _, sh := range load(t, app, "").Sheets {
			for name, e := range sh.Elements {
				for _, c := range e.Find {
					for _, w := range slices.Concat(c.Name, c.Label, c.Text) {
						says := Verbs(strings.TrimPrefix(w, "~"))
						if e.Writes && len(says) > 0 && !slices.Contains(says, e.Verb) {
							t.Errorf("%s %s: of class %q, and %q speaks of %v", sh.ID(), name, e.Verb, w, says)
						}
					}
				}
			}
			if class := sh.Act("deactivate"); len(sh.For(class)) == 0 || !Takes(class) {
				t.Errorf("%s: a deactivation is to %q, and no element does that", sh.ID(), class)
			}
		}
	}
}

func TestALaterVersionTakesFromAnOlderOneWhatItDoesNotSay(t *testing.T) {
	t.Parallel()
	set := load(t, "thoropass", "")
	v1, v3 := set.Sheets[0], set.Sheets[2]
	for name := range v1.Elements {
		changed := slices.Contains([]string{"panel.deactivate", "confirm.dialog", "confirm.yes"}, name)
		if (v1.Digest(name) != v3.Digest(name)) != changed {
			t.Errorf("%s: changed is %v, want %v", name, !changed, changed)
		}
	}
	if v3.Act("deactivate") != "revoke" || v1.Act("deactivate") != "deactivate" || v1.Act("invite") != "invite" {
		t.Error("the acts of the versions are mixed up")
	}
	if !maps.Equal(v1.Words.Roles, v3.Words.Roles) || len(v3.Tables) != len(v1.Tables) {
		t.Error("words or tables were not taken over")
	}
}

func TestAnOverlayReplacesByNameAndAddsVersions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, "thoropass", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := load(t, "thoropass", "")
	if load(t, "thoropass", dir).Digest() != before.Digest() {
		t.Error("an empty folder changes the digest")
	}
	write("v2.yaml", "app: thoropass\nversion: 2\nfrom: 1\ntitle: Mine\nsince: \"2026-05-01\"\n")
	write("v4.yaml", "app: thoropass\nversion: 4\nfrom: 3\ntitle: New\nsince: \"2026-06-01\"\n")
	write("notes.txt", "not a sheet")
	after := load(t, "thoropass", dir)
	if len(after.Sheets) != 4 || after.Sheets[1].Title != "Mine" || after.Newest().Title != "New" {
		t.Errorf("the versions are %v", after.Sheets)
	}
	if after.Sheets[1].Digest("confirm.yes") != before.Sheets[0].Digest("confirm.yes") {
		t.Error("our own v2 still counts")
	}
	if after.Newest().Digest("confirm.yes") != before.Sheets[2].Digest("confirm.yes") {
		t.Error("an overlay's sheet does not take over from an embedded one")
	}
	if after.Digest() == before.Digest() {
		t.Error("the digest of the set does not know the overlay")
	}
	if load(t, "stonly", dir).Digest() != load(t, "stonly", "").Digest() {
		t.Error("an overlay of one app changes another")
	}
	write("v5.yml", "app: thoropass\n")
	if _, err := Load("thoropass", dir); err == nil || !strings.Contains(err.Error(), "v5.yml") {
		t.Errorf("a sheet that would be passed over: %v", err)
	}
}

func TestAnOverlayThatIsNoFolderIsAnError(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "sheets")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, overlay := range []string{filepath.Join(dir, "no-such"), file} {
		if _, err := Load("thoropass", overlay); err == nil || !strings.Contains(err.Error(), overlay) {
			t.Errorf("overlay %s: %v", overlay, err)
		}
	}
	for _, app := range []string{"nosuchapp", "", "..", "*"} {
		if _, err := Load(app, ""); err == nil {
			t.Errorf("the app %q has a sheet", app)
		}
	}
}
