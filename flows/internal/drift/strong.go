package drift

import (
	"slices"
	"strings"
	"unicode"

	"github.com/usherhq/usher/flows"
)

// rules are the figures that the ranking and the strong rule go by. make bench-similo chooses them
// for each site by all the other sites, and says what comes of it.
type rules struct {
	weights weights
	least   float64 // what is less like the old element than this is not proposed
	score   float64 // a strong proposal has at least this,
	margin  float64 // is ahead of the next thing by at least this,
	anchors int     // and has at least so many anchors, its words among them
}

var ruled = rules{weights: weighed, least: 0.2, score: 0.5, margin: 0.02, anchors: 2}

// strong is the part of the strong rule that looks at a proposal alone.
func (r rules) strong(p Proposal) bool {
	return slices.Contains(p.Anchors, theWords) && len(p.Anchors) >= r.anchors+len(p.Doubts) && len(p.Contradictions) == 0 &&
		p.Score >= r.score && p.Margin >= r.margin
}

// alone is the other part: no second thing on the page says the same and is contradicted by nothing.
// Two buttons "Remove" in one container are never strong, however far one is ahead.
func alone(old Print, first scored, all []scored) bool {
	return !slices.ContainsFunc(all, func(s scored) bool {
		return s.index != first.index && s.says == first.says && !one(first, s) && len(contradictions(old, s.of))+len(doubts(old, s.of)) == 0
	})
}

const theWords = "words"

// anchors names what says, each for itself, that a candidate is the old element.
func anchors(old, now Print, l likeness) []string {
	var out []string
	for _, a := range []struct {
		name string
		ok   bool
	}{
		{theWords, fold(old.Says()) != "" && fold(old.Says()) == fold(now.Says())},
		{"name attribute", l[byAttr] == 1},
		{"test id", l[byTest] == 1},
		{"id", l[byID] == 1},
		{"link", l[byLink] == 1 && leads(old.Link)},
		{"hint", l[byHint] == 1 && !oneOf(old.Says(), []string{old.Placeholder, old.Title, old.Alt})},
		{"neighbours", l[byBeside] >= 0.5},
		{"place in the page", placed(old, now) && l[byAbove] >= 0.8},
		{"path", l[byPath] == 1},
	} {
		if a.ok {
			out = append(out, a.name)
		}
	}
	return out
}

// placed tells whether something above both says where they stand: a landmark, or a name of its own.
func placed(old, now Print) bool {
	return old.Landmark().Role != "" || slices.ContainsFunc(old.Above, func(a Ancestor) bool {
		return a.ID != "" && slices.ContainsFunc(now.Above, func(b Ancestor) bool { return a.ID == b.ID })
	})
}

// contradictions says what the old element has and the candidate has otherwise.
func contradictions(old, now Print) []string {
	var out []string
	add := func(what, a, b string) {
		if a != "" && a != b {
			out = append(out, what+" "+arrow(a, b))
		}
	}
	both := func(what, a, b string) {
		if b != "" {
			add(what, a, b)
		}
	}
	if kind(old, now) < 0.5 {
		add("role", old.what(), now.what())
	}
	both("type", old.Type, now.Type)
	both("name attribute", old.Attr, now.Attr)
	both("test id", old.Test, now.Test)
	if worded(old.ID) && worded(now.ID) {
		both("id", old.ID, now.ID)
	}
	return out
}

// doubts says what is otherwise and may well be, in a page that was laid out anew: where the element
// stands and where it leads. Each of them must be outweighed by an anchor more.
func doubts(old, now Print) []string {
	var out []string
	part, near := old.region()
	partNow, nearNow := now.region()
	if part != partNow || near != nearNow && near != "" && nearNow != "" {
		out = append(out, "part of the page "+arrow(strings.TrimSpace(part+" "+near), strings.TrimSpace(partNow+" "+nearNow)))
	}
	if leads(old.Link) && leads(now.Link) && links(old.Link, now.Link) < 1 {
		out = append(out, "link "+arrow(old.Link, now.Link))
	}
	return out
}

// leads tells whether a link is to more than a whole site, or to the top of a page.
func leads(link string) bool {
	_, path := split(link)
	return path != ""
}

// strayed says which mark of the old element stands on something else now: the words of the one and
// the test id of the other say that two controls changed places, or one of them its meaning.
func strayed(old, now Print, candidates []Print) []string {
	var out []string
	for _, m := range []struct {
		name string
		of   func(Print) string
	}{
		{"test id", func(p Print) string { return p.Test }},
		{"id", func(p Print) string { return p.ID }},
		{"name attribute", func(p Print) string { return p.Attr }},
	} {
		mark := m.of(old)
		if mark == "" || m.of(now) == mark {
			continue
		}
		var on []string
		for _, c := range candidates {
			if m.of(c) == mark && !inside(c, now) && !inside(now, c) && fold(c.Says()) != fold(old.Says()) {
				on = append(on, c.known())
			}
		}
		if len(on) > 0 {
			out = append(out, m.name+" "+quote(mark)+" is on "+quote(slices.Min(on))+" now")
		}
	}
	return out
}

// worded tells whether an id was given by a person: one that is made up at each load has figures.
func worded(id string) bool {
	return id != "" && !strings.ContainsFunc(id, func(r rune) bool { return unicode.IsDigit(r) || r == ':' })
}

// what says what an element is.
func (p Print) what() string {
	if p.Role != "" {
		return p.Role
	}
	return p.Tag
}

// known says which element it is, for a person.
func (p Print) known() string {
	if s := p.Says(); s != "" {
		return s
	}
	return p.what()
}

// quote puts a stranger's text in quotes that it cannot close.
func quote(s string) string { return "'" + strings.ReplaceAll(flows.Clean(s), "'", "’") + "'" }

func arrow(a, b string) string {
	if b == "" {
		return quote(a) + " -> nothing"
	}
	return quote(a) + " -> " + quote(b)
}
