package drift

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAKeptPrintHoldsNothingOfARowsPerson(t *testing.T) {
	t.Parallel()
	p := Print{
		Tag: "button", Role: "button", Name: "Remove Ana Smith (ana.smith@example.com)", Text: "Remove ana", Label: "For ANA SMITH", Title: "asmith: remove",
		ID: "remove-ana.smith@example.com", Link: "https://a.example/users/4711/remove?mail=ana.smith@example.com", Beside: []string{"Ana Smith", "Edit", "ana.smith@example.com"},
		Above: []Ancestor{{Role: "cell", Name: "Ana Smith", Up: 1}, {Role: "row", Name: "Ana Smith Admin Berlin", Up: 2}, {Role: "table", Name: "Users", Up: 3}},
		Path:  "/html[1]/body[1]/table[1]/tr[4]/td[3]/button[1]",
	}.Kept("Ana Smith", "asmith")
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"ana", "smith", "berlin", "example.com\"", "4711", "@"} {
		if strings.Contains(strings.ToLower(string(b)), s) {
			t.Errorf("%q is kept in %s", s, b)
		}
	}
	if p.Name != "Remove … (…)" || p.Link != "//a.example/users/…/remove" || !reflect.DeepEqual(p.Beside, []string{"edit"}) || p.Above[2].Name != "Users" {
		t.Errorf("more than that is lost: %+v", p)
	}
	if got := (Print{Role: "button", Name: "Manage"}).Kept("Ana").Name; got != "Manage" {
		t.Errorf("a name within a word: %q", got)
	}
}

func TestWhatHoldsRowsKeepsNoTextOfThem(t *testing.T) {
	t.Parallel()
	for role, kept := range map[string]bool{"table": false, "grid": false, "row": false, "cell": false, "main": false, "dialog": false, "button": true, "heading": true, "listitem": true} {
		if got := (Print{Role: role, Text: "Ana Smith, Berlin"}).Kept().Text != ""; got != kept {
			t.Errorf("%s: the text is kept: %v", role, got)
		}
	}
	if got := (Print{Role: "listitem", Text: strings.Repeat("a card of a user ", 4)}).Kept().Text; got != "" {
		t.Errorf("a card's text is kept: %q", got)
	}
	if got := (Print{Role: "row", Name: "Ana Smith Admin"}).Kept().Name; got != "" {
		t.Errorf("a row's name is kept: %q", got)
	}
	if got := (Print{Role: "table", Name: "Users"}).Kept().Name; got != "Users" {
		t.Errorf("a table's name is lost: %q", got)
	}
}

func TestAKeptPrintIsCleanAndBounded(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ab\x1b[2J\u202e ", 1000)
	p := Print{
		Tag: "DIV", Role: long, Name: long, Text: long, Label: long, Type: long, Attr: long, ID: long, Test: long, Link: "https://x.example/" + strings.Repeat("a/", 999),
		Placeholder: long, Title: long, Alt: long, Container: long, Beside: strings.Fields(long), Class: []string{long, long}, Path: strings.Repeat("/div[1]", 500),
		Above: make([]Ancestor, 500), Box: Box{X: math.NaN(), Y: math.Inf(1), W: -math.MaxFloat64, H: 3}, Nth: math.MaxInt,
	}
	for i := range p.Above {
		p.Above[i] = Ancestor{Role: long, Name: long, ID: long, Up: -i}
	}
	b, err := json.Marshal(p.Kept())
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > 12<<10 || bytes.ContainsAny(b, "\x1b\u202e") || bytes.Contains(b, []byte(`\u001b`)) {
		t.Errorf("%d bytes: %.200s", len(b), b)
	}
	if k := p.Kept(); k.Tag != "div" || k.Path != "" || k.Box != (Box{H: 3}) || len(k.Above) != 12 || k.Above[3].Up != 0 {
		t.Errorf("got %.300v", k)
	}
}

func TestALinkIsItsHostAndPath(t *testing.T) {
	t.Parallel()
	for link, want := range map[string]string{
		"https://App.Example.com/users/?page=2#top": "//app.example.com/users",
		"http://u:p@a.example":                      "//a.example",
		"/users":                                    "/users",
		"/":                                         "/",
		"/#/users?page=2":                           "/#/users",
		"https://a.example/#/users":                 "//a.example/#/users",
		"#":                                         "",
		"javascript:alert(1)":                       "",
		"mailto:ana@example.com":                    "",
		"":                                          "",
		"http://[":                                  "",
	} {
		got := Print{Link: link}.Kept().Link
		if got != want {
			t.Errorf("%q: got %q, want %q", link, got, want)
		}
		if again := (Print{Link: got}).Kept().Link; again != got {
			t.Errorf("%q becomes %q", got, again)
		}
	}
}

func TestWhatIsNoPrintIsNotDecoded(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "null", "{}", "[]", `{"tag": 3}`, `{"name": "Remove"}`, `{"tag": "a"`, `{"tag":"` + strings.Repeat("a", 70<<10) + `"}`} {
		if p, err := Decode([]byte(s)); err == nil {
			t.Errorf("%.40q is taken for %+v", s, p)
		}
	}
	want := remove()
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(append(b[:len(b)-1], `,"later":{"field":1}}`...))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// FuzzDecode: no bytes make it panic; what is taken is clean, is the same when it is kept again, and
// can be ranked and told apart.
func FuzzDecode(f *testing.F) {
	whole, err := json.Marshal(remove())
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{
		string(whole), `{"tag":"a","link":"//a//b/%2e","above":[{"up":-1}]}`, `{"role":"row","name":"x","class":["\u202e"],"box":{"x":1e308}}`,
		`{"tag":"İ","name":"a@b @c@","path":"@","beside":["…"," a b "]}`, `{"tag":"a","link":"/#%zz"}`, `{"tag":"a","link":"//h/a\\b?#c"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Decode(b)
		if err != nil {
			return
		}
		if again := p.Kept(); !reflect.DeepEqual(again, p) {
			t.Errorf("kept again it is another:\n%+v\n%+v", p, again)
		}
		if s := p.text(); !utf8.ValidString(s) || strings.ContainsAny(s, "\x1b\u202e\n") {
			t.Errorf("not clean: %q", s)
		}
		if got := Diff(p, p); len(got) != 0 {
			t.Errorf("it differs from itself: %+v", got)
		}
		for _, r := range Rank(p, []Print{p, remove()}, Options{}) {
			if !(r.Score >= 0 && r.Score <= 1.000001) {
				t.Errorf("got %+v", r)
			}
		}
		Diff(p, remove())
	})
}
