package drift

import (
	"reflect"
	"strings"
	"testing"
)

// remove is a made-up button of a made-up console.
func remove() Print {
	return Print{
		Tag: "button", Role: "button", Name: "Remove", Text: "Remove", Type: "button", Test: "user-remove", Container: "users.panel",
		Beside: []string{"Edit", "Resend"}, Above: []Ancestor{{Role: "group", Up: 1}, {Role: "main", ID: "content", Up: 3}},
		Class: []string{"btn", "css-1a2b"}, Path: "/html[1]/body[1]/main[1]/div[2]/div[1]/button[2]", Box: Box{X: 400, Y: 200, W: 80, H: 32}, Nth: 2,
	}.Kept()
}

func changed(p Print, by ...func(*Print)) Print {
	p.Above = append([]Ancestor(nil), p.Above...)
	for _, f := range by {
		f(&p)
	}
	return p.Kept()
}

func named(s string) func(*Print)     { return func(p *Print) { p.Name, p.Text = s, s } }
func tested(s string) func(*Print)    { return func(p *Print) { p.Test = s } }
func at(path string) func(*Print)     { return func(p *Print) { p.Path = path } }
func on(b Box) func(*Print)           { return func(p *Print) { p.Box = b } }
func beside(w ...string) func(*Print) { return func(p *Print) { p.Beside = w } }

func TestADiffSaysInWordsWhatChanged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		by   func(*Print)
		want []string
	}{
		{"nothing", func(*Print) {}, nil},
		{"reworded", named("Remove user"), []string{"name 'Remove' -> 'Remove user'"}},
		{"another verb", named("Suspend"), []string{"name 'Remove' -> 'Suspend'", "verb remove -> suspend"}},
		{"icon only", func(p *Print) { p.Text = "" }, []string{"text 'Remove' gone"}},
		{"role", func(p *Print) { p.Role = "menuitem" }, []string{"role button -> menuitem"}},
		{"tag", func(p *Print) { p.Tag = "a" }, []string{"tag button -> a"}},
		{"link", func(p *Print) { p.Link = "https://a.example/users/remove?x=1" }, []string{"link '//a.example/users/remove' added"}},
		{"test id", tested("member-remove"), []string{"test id 'user-remove' -> 'member-remove'"}},
		{"into a menu", func(p *Print) { p.Above = append([]Ancestor{{Role: "menu", Name: "More actions", Up: 1}}, p.Above...) },
			[]string{"moved into menu 'More actions'"}},
		{"into a dialog", func(p *Print) { p.Above = []Ancestor{{Role: "dialog", Name: "Ana", Up: 1}} },
			[]string{"no longer in main", "moved into dialog 'Ana'"}},
		{"neighbours", beside("Edit", "Archive"), []string{"no longer beside 'resend', now beside 'archive'"}},
		{"class and position last", func(p *Print) { p.Class, p.Name, p.Box.X = []string{"btn", "css-9z"}, "Remove now", 10 },
			[]string{"name 'Remove' -> 'Remove now'", "class ignored", "position ignored"}},
		{"quotes cannot be closed", named("it's ' -> 'done"), []string{"name 'Remove' -> 'it’s ’ -> ’done'", "verb remove gone"}},
		{"hostile text", func(p *Print) { p.Name, p.Text = "Re\x1b[31mmove\u202e all\nnow", "Re\x1b[31mmove\u202e all\nnow" },
			[]string{"name 'Remove' -> 'Re[31mmove all now'", "verb remove gone"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, d := range Diff(remove(), changed(remove(), c.by)) {
				got = append(got, d.Words)
				if d.Ignored != strings.HasSuffix(d.Words, " ignored") {
					t.Errorf("%s: ignored is %v", d.Words, d.Ignored)
				}
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestADiffCleansWhatAPrintHoldsThatWasNotKept(t *testing.T) {
	t.Parallel()
	raw := remove()
	raw.Name, raw.Class, raw.Above = "\x1b]0;x\x07Remove", []string{"\u202ex"}, []Ancestor{{Role: "menu\x00", Name: "\u200bMore\n"}}
	for _, c := range Diff(remove(), raw) {
		for _, s := range []string{c.Field, c.Old, c.New, c.Words} {
			if strings.ContainsAny(s, "\x1b\x07\x00\n\u202e\u200b") {
				t.Errorf("not clean: %q", s)
			}
		}
	}
}
