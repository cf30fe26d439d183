package drift

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/usherhq/usher/selectors"
)

// Options say what a candidate must be besides like the old element.
type Options struct {
	// Container is the sheet's name of the container; the old print's where it is empty. What lies
	// elsewhere is never proposed.
	Container string
	// Verb is the sheet's class of verb of the element: it counts beside what the old label says.
	Verb string
	// Not are words that the name must not match.
	Not selectors.Names
	// Most bounds the proposals; 0 is five.
	Most int
}

// A Proposal is an element of the page that may be what the old one became. It is for a person to
// take or to turn down: nothing is ever pressed by it.
type Proposal struct {
	Index int     `json:"index"` // of the candidates
	Score float64 `json:"score"` // how much of what the old print has is there, from 0 to 1
	// Margin is by how much the score is ahead of the next proposal's; for all but the first, by how
	// much it is behind the first's, and negative.
	Margin float64 `json:"margin"`
	// Anchors are what says, each for itself, that it is the same; Contradictions, that it is not;
	// Doubts are changes that a new layout brings as well.
	Anchors        []string `json:"anchors,omitempty"`
	Contradictions []string `json:"contradictions,omitempty"`
	Doubts         []string `json:"doubts,omitempty"`
	// Strong is true for one proposal at most, by the strong rule: the same words and one more
	// anchor, another for each doubt, no contradiction, and no second one like it on the page.
	Strong bool   `json:"strong,omitempty"`
	Why    string `json:"why"` // in a line, for a person
}

// most is how many proposals a person is shown.
const most = 5

// Rank returns which of the candidates may be what the old element became, the likest first. Words,
// role, names and what stands around weigh; class and position only decide between the like.
// Candidates of another class of verb, outside the container, or with a name that must not be, are
// left out; one that is part of another is that other. Nothing like it, nothing returned. All prints
// must be as [Print.Kept] makes them.
func Rank(old Print, candidates []Print, o Options) []Proposal {
	return ruled.propose(old, candidates, likened(old, candidates, o), o.Most)
}

// scored is a candidate that may be proposed.
type scored struct {
	index int
	of    Print
	says  string // its words, folded
	like  likeness
	score float64
}

// likened compares the candidates that may be proposed at all.
func likened(old Print, candidates []Print, o Options) []scored {
	if o.Container == "" {
		o.Container = old.Container
	}
	var all []scored
	for i, c := range candidates {
		if o.Container != "" && c.Container != o.Container ||
			len(o.Not) > 0 && o.Not.Match(c.Says()) ||
			otherVerb(old, c, o.Verb) != "" {
			continue
		}
		all = append(all, scored{index: i, of: c, says: fold(c.Says()), like: compare(old, c)})
	}
	return all
}

// propose makes proposals of the likened.
func (r rules) propose(old Print, candidates []Print, all []scored, bound int) []Proposal {
	if bound <= 0 {
		bound = most
	}
	all = r.order(all)
	kept := distinct(old, all, max(bound, 2))
	var out []Proposal
	for i, s := range kept[:min(len(kept), bound)] {
		p := Proposal{Index: s.index, Score: s.score, Margin: s.score - kept[0].score, Anchors: anchors(old, s.of, s.like)}
		p.Contradictions = append(contradictions(old, s.of), strayed(old, s.of, candidates)...)
		p.Doubts = doubts(old, s.of)
		if i == 0 {
			p.Margin = s.score
			if len(kept) > 1 {
				p.Margin -= kept[1].score
			}
			p.Strong = r.strong(p) && alone(old, s, all)
		}
		p.Why = why(p)
		out = append(out, p)
	}
	return out
}

// order returns those that are like the old element at all, the likest first, in an order that does
// not depend on that in which they came.
func (r rules) order(all []scored) []scored {
	var out []scored
	for _, s := range all {
		if s.score = r.weights.score(s.like); s.score >= r.least {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b scored) int {
		if a.score != b.score {
			return cmp.Compare(b.score, a.score)
		}
		if c := strings.Compare(a.of.Path, b.of.Path); c != 0 {
			return c
		}
		return strings.Compare(a.of.text(), b.of.text())
	})
	return out
}

// text is the whole print, for an order between those that are alike in all else.
func (p Print) text() string {
	b, err := json.Marshal(p)
	if err != nil {
		panic("drift: a fingerprint does not marshal: " + err.Error()) // only our own plain types
	}
	return string(b)
}

// distinct returns the first few, without what is part of a likelier one. Of a thing and its wrappers
// the one is taken that is what the old element was, or else one that can be operated.
func distinct(old Print, all []scored, bound int) []scored {
	var kept []scored
	for _, s := range all {
		i := slices.IndexFunc(kept, func(k scored) bool { return one(k, s) })
		if i < 0 {
			if len(kept) < bound {
				kept = append(kept, s)
			}
			continue
		}
		if k := kept[i]; (inside(s.of, k.of) || inside(k.of, s.of)) && meant(old, s.of) > meant(old, k.of) {
			s.score = k.score // it is the thing that is ranked
			kept[i] = s
		}
	}
	return kept
}

// meant grades what of a thing and its wrappers is taken for it.
func meant(old, now Print) int {
	switch {
	case now.Role == old.Role && now.Tag == old.Tag:
		return 2
	case now.Role != old.Role && oneOf(now.Role, operable):
		return 1
	}
	return 0
}

// one tells whether two elements are one thing to who looks at the page: one within the other with
// the same words, or one upon the other.
func one(a, b scored) bool {
	if a.says != b.says && a.says != "" && b.says != "" {
		return false
	}
	on := a.of.Box.shared(b.of.Box)
	within := inside(a.of, b.of) || inside(b.of, a.of)
	return on > 0.8 || within && (on > 0.5 || a.says == b.says && a.says != "")
}

func inside(a, b Print) bool { return b.Path != "" && strings.HasPrefix(a.Path, b.Path+"/") }

// shared is the share of the area of both boxes that is common to them.
func (b Box) shared(o Box) float64 {
	w := min(b.X+b.W, o.X+o.W) - max(b.X, o.X)
	h := min(b.Y+b.H, o.Y+o.H) - max(b.Y, o.Y)
	if w <= 0 || h <= 0 {
		return 0
	}
	return w * h / (b.W*b.H + o.W*o.H - w*h)
}

// why says a proposal's reasons in a line.
func why(p Proposal) string {
	s := fmt.Sprintf("score %.2f, %.2f ahead", p.Score, p.Margin)
	if p.Margin < 0 {
		s = fmt.Sprintf("score %.2f, %.2f behind", p.Score, -p.Margin)
	}
	if len(p.Anchors) > 0 {
		s += "; same " + strings.Join(p.Anchors, ", ")
	}
	if but := slices.Concat(p.Contradictions, p.Doubts); len(but) > 0 {
		s += "; but " + strings.Join(but, "; ")
	}
	return s
}
