package drift

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// BenchmarkSimilo measures the ranking and the strong rule on elements of public sites, years apart:
//
//	make bench-similo DATA=folder
//
// Similo as published and guard E on its score are computed in the same run. Ours stands there twice:
// with every weight and threshold chosen for each site by the other sites alone, which is the figure
// that counts, and as it is shipped. Nothing of the data is in the project; without DATA it is
// skipped.
func BenchmarkSimilo(b *testing.B) {
	dir := os.Getenv("DATA")
	if dir == "" {
		const why = "bench-similo: SKIPPED, there is no data: say make bench-similo DATA=folder"
		fmt.Fprintln(os.Stderr, why) // go test says nothing of a benchmark that was skipped
		b.Skip(why)
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join("..", "..", "..", dir) // make runs at the top, a test in its folder
	}
	for b.Loop() {
		d := loadBench(b, dir)
		if _, err := os.Stdout.WriteString(report(d, measure(d))); err != nil {
			b.Fatal(err)
		}
	}
}

// An outcome is what a strategy does with one element.
type outcome struct {
	acts  bool // it names an element by itself (argmax, or a strong proposal)
	right bool
	heals bool // it names one where the target is gone
	rank  int  // of the right one among what it proposes; 0 for none
	empty bool // it proposes nothing where the target is gone
}

// grid is what the weights and thresholds are chosen from; what was reasoned first stands first, and
// is taken where another is no better.
var grid = struct{ words, role, link, beside, above, ties, least, margin []float64 }{
	words: []float64{4, 2}, role: []float64{2, 1}, link: []float64{2, 1}, beside: []float64{2, 1}, above: []float64{1, 2}, ties: []float64{0.1, 0.05},
	least: []float64{0.3, 0.25, 0.2}, margin: []float64{0.1, 0.05, 0.02, 0.01, 0},
}

// rankings are all rules that differ in how they rank.
func rankings() []rules {
	var out []rules
	for _, ties := range grid.ties {
		for _, above := range grid.above {
			for _, beside := range grid.beside {
				for _, link := range grid.link {
					for _, role := range grid.role {
						for _, words := range grid.words {
							for _, least := range grid.least {
								r := ruled
								r.least = least
								w := &r.weights
								w[byWords], w[byRole], w[byLink], w[byBeside], w[byAbove] = words, role, link, beside, above
								w[byPath], w[byClass], w[byPlace], w[byNth] = ties, ties, ties, ties
								out = append(out, r)
							}
						}
					}
				}
			}
		}
	}
	return out
}

// thresholds are all rules that differ from one in what is strong, the strictest first. What guard E
// has already is not chosen again: half of the score, and one anchor more than the words.
func thresholds(r rules) []rules {
	var out []rules
	for _, r.margin = range grid.margin {
		out = append(out, r)
	}
	return out
}

// An answer is the first proposals under one ranking, with the target there and gone.
type answer struct {
	rank        int
	pair, gone  Proposal
	right       bool
	some, empty bool
}

func (a answer) outcome(r rules) outcome {
	return outcome{
		acts: a.some && a.pair.Strong && r.strong(a.pair), right: a.right, rank: a.rank,
		heals: !a.empty && a.gone.Strong && r.strong(a.gone), empty: a.empty,
	}
}

// A measured is what came of it: by strategy, an outcome for each case.
type measured struct {
	similo, guard, ours, shipped []outcome
	chosen                       map[string]int // figures, by how many sites chose them
	all                          rules          // what all sites together would choose
}

func measure(d bench) measured {
	m := measured{chosen: map[string]int{}}
	all := rankings()
	answers := make([][]answer, len(all)) // by ranking, then by case
	var asShipped []answer
	for _, c := range d.cases {
		here := likened(c.old, c.site.prints, Options{})
		prints, raw := c.removed()
		gone := likened(c.old, prints, Options{})
		ask := func(r rules) answer {
			r.score, r.margin = 0, 0 // all but these is asked once
			var a answer
			if ps := r.propose(c.old, c.site.prints, here, 3); len(ps) > 0 {
				a.some, a.pair, a.right = true, ps[0], c.right(ps[0].Index)
				a.rank = 1 + slices.IndexFunc(ps, func(p Proposal) bool { return c.right(p.Index) })
			}
			ps := r.propose(c.old, prints, gone, 3)
			if a.empty = len(ps) == 0; !a.empty {
				a.gone = ps[0]
			}
			return a
		}
		for i, r := range all {
			answers[i] = append(answers[i], ask(r))
		}
		asShipped = append(asShipped, ask(ruled))
		m.similo = append(m.similo, c.similo())
		g := guardE(c.raw, c.site.raw)
		m.guard = append(m.guard, outcome{acts: g >= 0, right: g >= 0 && c.right(g), heals: guardE(c.raw, raw) >= 0})
	}
	m.ours = make([]outcome, len(d.cases))
	for _, site := range d.sites {
		i, r := choose(d, all, answers, site)
		m.chosen[r.figures()]++
		for n, c := range d.cases {
			if c.app == site {
				m.ours[n] = answers[i][n].outcome(r)
			}
		}
	}
	_, m.all = choose(d, all, answers, "")
	for _, a := range asShipped {
		m.shipped = append(m.shipped, a.outcome(ruled))
	}
	return m
}

// choose takes the ranking that is right most often on all sites but one, at rank 1 and at rank 3
// together, and for it, of the thresholds that are never wrong there, the strictest that finds as much
// as any.
func choose(d bench, all []rules, answers [][]answer, but string) (int, rules) {
	best, most := 0, -1
	for i := range all {
		n := 0
		for k, a := range answers[i] {
			if d.cases[k].app != but {
				n += int(bit(a.rank == 1) + bit(a.rank > 0))
			}
		}
		if n > most {
			best, most = i, n
		}
	}
	type found struct {
		r     rules
		right int
	}
	var safe []found
	top := 0
	for _, r := range thresholds(all[best]) {
		right, bad := 0, 0
		for k, a := range answers[best] {
			if d.cases[k].app == but {
				continue
			}
			o := a.outcome(r)
			right += int(bit(o.acts && o.right))
			bad += int(bit(o.acts && !o.right) + bit(o.heals))
		}
		if bad == 0 {
			safe, top = append(safe, found{r, right}), max(top, right)
		}
	}
	for _, f := range safe {
		if f.right == top {
			return best, f.r
		}
	}
	never := all[best]
	never.score, never.margin = math.Inf(1), math.Inf(1)
	return best, never
}

func (r rules) figures() string {
	w := r.weights
	return fmt.Sprintf("words %g role %g link %g neighbours %g ancestors %g ties %g; least %g; strong: score %g margin %g anchors %d",
		w[byWords], w[byRole], w[byLink], w[byBeside], w[byAbove], w[byClass], r.least, r.score, r.margin, r.anchors)
}

// similo is what the published strategy does: it always takes the first.
func (c benchCase) similo() outcome {
	type at struct {
		i     int
		score float64
	}
	var all []at
	for i, s := range c.site.raw {
		all = append(all, at{i, similo(c.raw, s)})
	}
	slices.SortStableFunc(all, func(a, b at) int { return int(bit(b.score > a.score) - bit(a.score > b.score)) })
	_, raw := c.removed()
	o := outcome{acts: true, right: c.right(all[0].i), heals: len(raw) > 0}
	o.rank = 1 + slices.IndexFunc(all[:3], func(a at) bool { return c.right(a.i) })
	return o
}

func report(d bench, m measured) string {
	var to strings.Builder
	fmt.Fprintf(&to, "\n%d pairs of %d sites, strict (the element, its direct parent or child)\n", len(d.cases), len(d.sites))
	fmt.Fprintf(&to, "%-44s %6s %6s %6s %12s %8s %8s %12s\n", "", "right", "wrong", "none", "false heals", "rank 1", "rank 3", "gone: empty")
	row := func(name string, os []outcome, ranks bool) {
		var right, wrong, heals, one, three, empty int
		for _, o := range os {
			right += int(bit(o.acts && o.right))
			wrong += int(bit(o.acts && !o.right))
			heals += int(bit(o.heals))
			one += int(bit(o.rank == 1))
			three += int(bit(o.rank > 0 && o.rank <= 3))
			empty += int(bit(o.empty))
		}
		rank := [...]string{"-", "-", "-"}
		if ranks {
			rank = [...]string{fmt.Sprint(one), fmt.Sprint(three), fmt.Sprint(empty)}
		}
		fmt.Fprintf(&to, "%-44s %6d %6d %6d %12d %8s %8s %12s\n", name, right, wrong, len(os)-right-wrong, heals, rank[0], rank[1], rank[2])
	}
	row("Similo, the first always", m.similo, true)
	row("guard E on Similo's score", m.guard, false)
	row("ours, all figures chosen by the other sites", m.ours, true)
	row("ours as shipped", m.shipped, true)
	fmt.Fprintln(&to, "chosen:")
	for f, n := range m.chosen {
		fmt.Fprintf(&to, "  %2d of %d sites: %s\n", n, len(d.sites), f)
	}
	fmt.Fprintf(&to, "  all together: %s\n  shipped:      %s\n", m.all.figures(), ruled.figures())
	return to.String()
}
