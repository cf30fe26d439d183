package drift

import (
	"math"
	"strings"
	"testing"
)

// A sample is an element as the measurement's data have it: fewer fields than a page shows.
type sample struct {
	Tag    string  `json:"tag"`
	ID     string  `json:"id"`
	Name   string  `json:"name"`
	Class  string  `json:"cls"`
	Href   string  `json:"href"`
	Alt    string  `json:"alt"`
	Type   string  `json:"type"`
	Path   string  `json:"xpath"`
	IDPath string  `json:"idxpath"`
	Button bool    `json:"button"`
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
	W      float64 `json:"w"`
	H      float64 `json:"h"`
	Text   string  `json:"text"`
	Near   string  `json:"ntext"`
}

// similo is the score of Nass et al. (TOSEM 2023) as published: fourteen properties, those that are
// stable at weight 1.5 and the others at 0.5.
func similo(old, now sample) (score float64) {
	same := func(a, b string) float64 { return bit(a != "" && strings.EqualFold(a, b)) }
	whole := func(a, b float64) float64 {
		if max(a, b) <= 0 {
			return 0
		}
		return (max(a, b) - math.Abs(a-b)) / max(a, b)
	}
	far := math.Hypot(old.X-now.X, old.Y-now.Y)
	return 1.5*(same(old.Tag, now.Tag)+same(old.Name, now.Name)+same(old.ID, now.ID)+letters(old.Text, now.Text)+sharedWords(old.Near, now.Near)) +
		0.5*(letters(old.Class, now.Class)+letters(old.Href, now.Href)+letters(old.Alt, now.Alt)+
			letters(old.Path, now.Path)+letters(old.IDPath, now.IDPath)+bit(old.Button == now.Button)+
			max(0, 100-far)/100+whole(old.W*old.H, now.W*now.H)+whole(shape(old), shape(now)))
}

func shape(s sample) float64 {
	if s.H <= 0 {
		return 0
	}
	return math.Floor(s.W * 100 / s.H)
}

// letters is the edit distance of the letters and digits of two texts, as a likeness.
func letters(a, b string) float64 {
	strip := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
				return r
			}
			return -1
		}, s)
	}
	return edit(strip(a), strip(b))
}

// sharedWords is the share of the words of the longer text that stand in the other.
func sharedWords(a, b string) float64 {
	x, y := strings.Fields(lower(a)), strings.Fields(lower(b))
	if len(x) == 0 || len(y) == 0 {
		return 0
	}
	if len(x) > len(y) {
		x, y = y, x
	}
	there := map[string]bool{}
	for _, w := range y {
		there[w] = true
	}
	n := 0
	for _, w := range x {
		if there[w] {
			n++
		}
	}
	return float64(n) / float64(len(y))
}

func TestSimiloGivesAnElementItsWholeScoreOfItself(t *testing.T) {
	t.Parallel()
	s := sample{Tag: "a", ID: "i", Name: "n", Class: "c", Href: "h", Alt: "a", Path: "/p", IDPath: "/q", X: 1, Y: 2, W: 30, H: 4, Text: "One", Near: "two three"}
	if got := similo(s, s); math.Abs(got-12) > 1e-9 { // five at 1.5, nine at 0.5
		t.Errorf("got %v", got)
	}
	o := s
	o.Tag, o.Text = "b", "Two"
	if got := similo(s, o); got >= 10 {
		t.Errorf("another tag and text cost nothing: %v", got)
	}
}

// guardE is the guard of the same name on Similo's score: the label equal and one more anchor, the
// name not contradicted, a score of half of what can be reached, and a tenth of it ahead of the next
// that is no part of it. It returns the index, or -1 for none.
func guardE(old sample, page []sample) int {
	ideal := similo(old, old)
	scores := make([]float64, len(page))
	best := -1
	for i, s := range page {
		if scores[i] = similo(old, s) / ideal; best < 0 || scores[i] > scores[best] {
			best = i
		}
	}
	if best < 0 {
		return -1
	}
	b, next := page[best], 0.0
	box := func(s sample) Box { return Box{X: s.X, Y: s.Y, W: s.W, H: s.H} }
	for i, s := range page {
		part := strings.HasPrefix(s.Path, b.Path+"/") || strings.HasPrefix(b.Path, s.Path+"/") || box(s).shared(box(b)) > 0.8
		if i != best && !part {
			next = max(next, scores[i])
		}
	}
	same := func(a, b string) bool { return a != "" && a == b }
	more := same(old.ID, b.ID) || same(old.Name, b.Name) || same(place(old.Href, false), place(b.Href, false)) ||
		sharedWords(old.Near, b.Near) >= 0.5 || same(old.IDPath, b.IDPath)
	if !same(fold(old.Text), fold(b.Text)) || !more || old.Name != "" && b.Name != "" && old.Name != b.Name ||
		scores[best] < 0.5 || scores[best]-next < 0.1 {
		return -1
	}
	return best
}
