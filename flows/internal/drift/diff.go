package drift

import (
	"fmt"
	"slices"
	"strings"

	"github.com/usherhq/usher/flows"
)

// A Change is one way in which an element is no longer what it was.
type Change struct {
	Field string `json:"field"`
	Old   string `json:"old"`
	New   string `json:"new"`
	// Words say the change to a person: name 'Remove' -> 'Remove user'.
	Words string `json:"words"`
	// Ignored is true for what a build changes at will, and nothing goes by.
	Ignored bool `json:"ignored,omitempty"`
}

// Diff returns what of an element's fingerprint changed, in words: what it says and is first, then its
// names and where it leads, then what is around it, and class and position last, as ignored. What the
// prints hold is a stranger's, and is cleaned.
func Diff(old, now Print) []Change {
	var out []Change
	say := func(field, a, b string, as func(string) string) {
		a, b = flows.Clean(a), flows.Clean(b)
		words := field + " " + as(a) + " -> " + as(b)
		switch {
		case a == b:
			return
		case a == "":
			words = field + " " + as(b) + " added"
		case b == "":
			words = field + " " + as(a) + " gone"
		}
		out = append(out, Change{Field: field, Old: a, New: b, Words: words})
	}
	add := func(field, a, b string) { say(field, a, b, quote) }
	add("name", old.Name, now.Name)
	if old.Text != old.Name || now.Text != now.Name { // else it was said
		add("text", old.Text, now.Text)
	}
	plain := func(s string) string { return s }
	say("verb", old.classes(), now.classes(), plain)
	say("role", old.Role, now.Role, plain)
	say("tag", old.Tag, now.Tag, plain)
	add("label", old.Label, now.Label)
	add("placeholder", old.Placeholder, now.Placeholder)
	add("title", old.Title, now.Title)
	add("alt", old.Alt, now.Alt)
	add("type", old.Type, now.Type)
	add("name attribute", old.Attr, now.Attr)
	add("id", old.ID, now.ID)
	add("test id", old.Test, now.Test)
	add("link", old.Link, now.Link)
	add("container", old.Container, now.Container)
	out = append(out, moves(old, now)...)
	if c, ok := neighbours(old.Beside, now.Beside); ok {
		out = append(out, c)
	}
	return append(out, cosmetic(old, now)...)
}

// classes are the classes of verb that an element's words speak of.
func (p Print) classes() string {
	acts, others := p.verbs()
	return strings.Join(slices.Concat(acts, others), ", ")
}

// moves says out of what and into what an element went.
func moves(old, now Print) []Change {
	var out []Change
	gone, come := lacking(old.Above, now.Above), lacking(now.Above, old.Above)
	for _, a := range gone {
		out = append(out, Change{Field: "ancestor", Old: a, Words: "no longer in " + a})
	}
	for _, a := range come {
		out = append(out, Change{Field: "ancestor", New: a, Words: "moved into " + a})
	}
	return out
}

// lacking returns the ancestors that say where something stands and that others do not have.
func lacking(all, others []Ancestor) []string {
	var out []string
	for _, a := range all {
		if !oneOf(a.Role, landmarks) || slices.ContainsFunc(others, func(o Ancestor) bool { return o.Role == a.Role && fold(o.Name) == fold(a.Name) }) {
			continue
		}
		if s := a.String(); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// String says an ancestor as a person would: menu 'More actions'.
func (a Ancestor) String() string {
	s := flows.Clean(a.Role)
	if a.Name != "" {
		s += " " + quote(flows.Clean(a.Name))
	}
	return s
}

func neighbours(old, now []string) (Change, bool) {
	without := func(a, b []string) string {
		var out []string
		for _, w := range a {
			if !slices.Contains(b, w) {
				out = append(out, w)
			}
		}
		return flows.Clean(strings.Join(out, " "))
	}
	c := Change{Field: "neighbours", Old: without(old, now), New: without(now, old)}
	var words []string
	if c.Old != "" {
		words = append(words, "no longer beside "+quote(c.Old))
	}
	if c.New != "" {
		words = append(words, "now beside "+quote(c.New))
	}
	c.Words = strings.Join(words, ", ")
	return c, len(words) > 0
}

// cosmetic is what changes with any build.
func cosmetic(old, now Print) []Change {
	var out []Change
	add := func(field, a, b string) {
		if a, b = flows.Clean(a), flows.Clean(b); a != b {
			out = append(out, Change{Field: field, Old: a, New: b, Words: field + " ignored", Ignored: true})
		}
	}
	add("class", strings.Join(old.Class, " "), strings.Join(now.Class, " "))
	add("path", old.Path, now.Path)
	add("place among its like", fmt.Sprint(old.Nth), fmt.Sprint(now.Nth))
	add("position", fmt.Sprintf("%.0f,%.0f", old.Box.X, old.Box.Y), fmt.Sprintf("%.0f,%.0f", now.Box.X, now.Box.Y))
	add("size", fmt.Sprintf("%.0fx%.0f", old.Box.W, old.Box.H), fmt.Sprintf("%.0fx%.0f", now.Box.W, now.Box.H))
	return out
}
