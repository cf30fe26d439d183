package selectors

import (
	"slices"
	"strings"
	"testing"
)

// FuzzParse: no bytes make the loader panic, an error names the file, and what is accepted loads
// again with the same digests.
func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	for _, file := range []string{"stonly/v1.yaml", "thoropass/v1.yaml", "thoropass/v2.yaml", "thoropass/v3.yaml"} {
		b, err := embedded.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, s := range []string{"", "---\n---", "app: &a [*a]", "{", "elements: {a: {in: a}}", "a: |\n\t", "pages: {a: {start: a}}", "<<: {app: toy}", "\xff\xfe"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parse("v9.yaml", b)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "v9.yaml: ") {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		files := map[string][]byte{"v9.yaml": b}
		if base, err := embedded.ReadFile("thoropass/v1.yaml"); err == nil && s.App == "thoropass" && s.Version > 1 {
			files["v1.yaml"] = base // so that "from: 1" leads somewhere
		}
		set, err := New(s.App, files)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "v9.yaml: ") {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		again, err := New(s.App, files)
		if err != nil || again.Digest() != set.Digest() {
			t.Fatalf("the second time it does not load alike: %v", err)
		}
		for i, sh := range set.Sheets {
			for name := range sh.Elements {
				if d := sh.Digest(name); d == "" || d != again.Sheets[i].Digest(name) {
					t.Errorf("the digest of %q is not stable", name)
				}
			}
			for page := range sh.Pages {
				if sh.describes(page) != again.Sheets[i].describes(page) {
					t.Errorf("the description of %q is not stable", page)
				}
			}
		}
	})
}

// FuzzNames: words that are accepted match without a panic, white space never matters, and a bare
// word matches itself.
func FuzzNames(f *testing.F) {
	f.Add("Add Users", "add  users")
	f.Add("~^page [0-9]+$", "Page 12")
	f.Add("~(", "(")
	f.Add("İ", "i̇")
	f.Add("\xff", "\xff")
	f.Fuzz(func(t *testing.T, word, text string) {
		n := Names{word}
		if n.check() != nil {
			return
		}
		got := n.Match(text)
		if n.Match("\t "+text+"\u00a0\n") != got || n.Match(fold(text)) != got {
			t.Errorf("%q on %q: white space or case changes the answer", word, text)
		}
		if !strings.HasPrefix(word, "~") && !n.Match(word) {
			t.Errorf("%q does not match itself", word)
		}
		if says := Verbs(text); !slices.IsSorted(says) {
			t.Errorf("%q speaks of %v", text, says)
		}
	})
}
