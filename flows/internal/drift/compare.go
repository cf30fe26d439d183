package drift

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// A trait is one way in which two prints can be alike.
type trait int

const (
	byWords trait = iota
	byRole
	byAttr
	byTest
	byID
	byType
	byLink
	byHint
	byBeside
	byAbove
	byPath
	byClass
	byPlace
	byNth
	traits
)

// A likeness says of each trait how far two prints share it, from 0 to 1, and -1 where the old one
// does not have it.
type likeness [traits]float64

// weights say how much each trait counts.
type weights [traits]float64

// What it says, what it is, its own names and where it leads weigh two; what may be made up or stands
// around it, one. What a build changes at will (class, position, the exact path) only decides between
// two that are else alike: all of it together weighs less than any other trait. make bench-similo
// says how the figures were come by; there are few, and round ones, for what is measured is not a
// console.
var weighed = weights{
	byWords: 2, byRole: 2, byAttr: 2, byTest: 2, byLink: 2,
	byID: 1, byType: 1, byHint: 1, byBeside: 1, byAbove: 1,
	byPath: 0.1, byClass: 0.1, byPlace: 0.1, byNth: 0.1,
}

// score is the share of what could be alike that is alike.
func (w weights) score(l likeness) float64 {
	var got, all float64
	for i, v := range l {
		if v >= 0 {
			got += w[i] * v
			all += w[i]
		}
	}
	if all == 0 {
		return 0
	}
	return got / all
}

// compare returns the likeness of a print to an old one.
func compare(old, now Print) likeness {
	var l likeness
	for i := range l {
		l[i] = -1
	}
	if says := old.Says(); says != "" {
		l[byWords] = max(alike(says, now.Says()), alike(old.Text, now.Text), alike(old.Name, now.Name))
	} else {
		l[byHint] = bit(now.Says() == "") // nothing stands on it: one that says something is less like it
	}
	l[byRole] = kind(old, now)
	for t, m := range map[trait][2]string{byAttr: {old.Attr, now.Attr}, byTest: {old.Test, now.Test}, byID: {old.ID, now.ID}} {
		if m[0] != "" {
			l[t] = marks(m[0], m[1])
		}
	}
	if old.Type != "" {
		l[byType] = bit(old.Type == now.Type)
	}
	if leads(old.Link) || now.Link != "" && old.Link != "" {
		l[byLink] = links(old.Link, now.Link)
	}
	for _, h := range [][2]string{{old.Placeholder, now.Placeholder}, {old.Title, now.Title}, {old.Alt, now.Alt}} {
		if h[0] != "" {
			l[byHint] = max(l[byHint], alike(h[0], h[1]))
		}
	}
	if len(old.Beside) > 0 {
		l[byBeside] = overlap(old.Beside, now.Beside)
	}
	if len(old.Above) > 0 {
		l[byAbove] = chains(old.Above, now.Above)
	}
	if a := old.foothold(); a != "" {
		l[byPath] = edit(a, now.foothold())
	}
	if len(old.Class) > 0 {
		l[byClass] = overlap(old.Class, now.Class)
	}
	if old.Path != "" || old.Nth > 0 {
		l[byNth] = bit(old.nth() == now.nth())
	}
	if old.Box.W > 0 && old.Box.H > 0 {
		l[byPlace] = places(old.Box, now.Box)
	}
	return l
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// alike tells how far two labels say the same: 1 if they do but for case and noise, else by shared
// words or by shared letters, for a word more and for an ending changed. Any two texts share some
// letters, and short ones nearly all that they have: less than half says nothing. A label that
// begins with the other one whole says the same and more.
func alike(a, b string) float64 {
	a, b = fold(a), fold(b)
	if a == "" || b == "" {
		return 0
	}
	if a == b {
		return 1
	}
	x, y := terms(a), terms(b)
	most := overlap(x, y)
	if min(len(a), len(b)) > 3 {
		most = max(most, edit(a, b))
	}
	if holds(x, y) || holds(y, x) {
		most = max(most, 0.7)
	}
	if most < 0.5 {
		return 0
	}
	return 0.9 * most
}

// holds tells whether a text begins with all the words of another.
func holds(long, short []string) bool {
	return len(short) > 0 && len(long) > len(short) && slices.Equal(long[:len(short)], short)
}

// terms are the words of a text, without punctuation.
func terms(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// overlap is twice the shared words by all words of both.
func overlap(a, b []string) float64 {
	if len(a)+len(b) == 0 {
		return 0
	}
	shared := 0
	for i, w := range a {
		if slices.Contains(b, w) && !slices.Contains(a[:i], w) {
			shared++
		}
	}
	return min(1, 2*float64(shared)/float64(len(a)+len(b)))
}

// edit is the share of letters that need no change to make one text of the other.
func edit(a, b string) float64 {
	x, y := []rune(a), []rune(b)
	if len(x) == 0 || len(y) == 0 {
		return 0
	}
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range x {
		corner := row[0]
		row[0] = i + 1
		for j, s := range y {
			step := corner
			if r != s {
				step++
			}
			corner = row[j+1]
			row[j+1] = min(step, row[j]+1, row[j+1]+1)
		}
	}
	return 1 - float64(row[len(y)])/float64(max(len(x), len(y)))
}

// kin are roles that one control may have in two makes of a page.
var kin = [][]string{
	{"button", "link", "menuitem", "tab"},
	{"textbox", "searchbox", "combobox", "spinbutton"},
	{"checkbox", "switch", "radio", "menuitemcheckbox", "menuitemradio"},
	{"combobox", "listbox", "button"},
	{"table", "grid", "treegrid", "list"},
	{"dialog", "alertdialog", "region", "complementary"},
	{"alert", "status", "log"},
	{"generic", "paragraph", "group", "listitem"},
}

// operable are roles of what is pressed or filled: of a thing and its wrappers that is what is meant.
var operable = []string{"button", "link", "menuitem", "tab", "textbox", "searchbox", "combobox", "checkbox", "switch", "radio", "option"}

// kind compares what two elements are: the same role, or the same tag where a role is not known; half
// for kin, and a little for what can be operated at all.
func kind(old, now Print) float64 {
	if old.Role != "" && now.Role != "" {
		switch {
		case old.Role == now.Role && old.Tag == now.Tag:
			return 1
		case old.Role == now.Role:
			return 0.9
		case slices.ContainsFunc(kin, func(k []string) bool { return oneOf(old.Role, k) && oneOf(now.Role, k) }):
			return 0.5
		case oneOf(now.Role, operable):
			return 0.25
		}
		return 0
	}
	return bit(old.Tag == now.Tag)
}

// marks compares two names that a program gave: the same, or else half of the words that they are
// made of ("user-remove", "removeUser").
func marks(a, b string) float64 {
	if a == b {
		return 1
	}
	return 0.5 * overlap(terms(humps(a)), terms(humps(b)))
}

// humps takes a name in camel case apart.
func humps(s string) string {
	var out strings.Builder
	small := false
	for _, r := range s {
		if small && unicode.IsUpper(r) {
			out.WriteByte(' ')
		}
		small = unicode.IsLower(r)
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}

// links compares where two links lead: the path is what tells, hosts move.
func links(a, b string) float64 {
	if b == "" {
		return 0
	}
	hostA, pathA := split(a)
	hostB, pathB := split(b)
	host := bit(hostA == hostB || hostA == "" || hostB == "")
	if pathA == pathB && (host == 1 || pathA != "") {
		return 0.9 + 0.1*host
	}
	return 0.8 * (0.25*host + 0.75*overlap(terms(pathA), terms(pathB)))
}

// split takes a link apart; the "www." of a host and the ending of a page say nothing.
func split(link string) (host, path string) {
	path = link
	if rest, ok := strings.CutPrefix(link, "//"); ok {
		host, path, _ = strings.Cut(rest, "/")
	}
	path = strings.Trim(path, "/")
	for _, end := range []string{".html", ".htm", ".php", ".jsp", ".aspx"} {
		path = strings.TrimSuffix(path, end)
	}
	return strings.TrimPrefix(host, "www."), path
}

// chains compares ancestors: those that both have, in order.
func chains(a, b []Ancestor) float64 {
	if len(a)+len(b) == 0 {
		return 0
	}
	row := make([]float64, len(b)+1)
	for _, x := range a {
		corner := 0.0
		for j, y := range b {
			up := row[j+1]
			row[j+1] = max(corner+x.like(y), up, row[j])
			corner = up
		}
	}
	return min(1, 2*row[len(b)]/float64(len(a)+len(b)))
}

func (a Ancestor) like(b Ancestor) float64 {
	if a.ID != "" && a.ID == b.ID {
		return 1
	}
	if a.Role == "" || a.Role != b.Role {
		return 0
	}
	if a.Name != "" || b.Name != "" {
		return 0.5 + 0.5*alike(a.Name, b.Name)
	}
	return 1
}

// foothold is the way to the element from the nearest ancestor that has an id, or from the top.
func (p Print) foothold() string {
	for _, a := range p.Above {
		if a.ID == "" {
			continue
		}
		steps := strings.Split(p.Path, "/")
		if a.Up < 1 || a.Up >= len(steps) {
			break
		}
		return "#" + a.ID + "/" + strings.Join(steps[len(steps)-a.Up:], "/")
	}
	return p.Path
}

// nth is the element's place among its like. Where each of several siblings got a wrapper of its own,
// it is the wrapper that is counted.
func (p Print) nth() int {
	steps := strings.Split(p.Path, "/")
	for i := len(steps) - 1; i > max(0, len(steps)-4); i-- {
		_, digits, _ := strings.Cut(strings.TrimSuffix(steps[i], "]"), "[")
		if n, err := strconv.Atoi(digits); err == nil && n > 1 {
			return n
		}
	}
	return max(p.Nth, 1)
}

// places compares position and size.
func places(a, b Box) float64 {
	near := func(x, y, all float64) float64 {
		d := x - y
		if d < 0 {
			d = -d
		}
		return max(0, 1-d/all)
	}
	ratio := func(x, y float64) float64 {
		if x <= 0 || y <= 0 {
			return 0
		}
		return min(x, y) / max(x, y)
	}
	return (near(a.X, b.X, 500) + near(a.Y, b.Y, 500) + ratio(a.W, b.W) + ratio(a.H, b.H)) / 4
}
