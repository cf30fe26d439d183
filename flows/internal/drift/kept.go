package drift

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/usherhq/usher/flows"
)

// Redacted stands in a kept print for what was of a row's person.
const Redacted = "…"

// Bounds of a print, in runes and in words. What is longer is a text and no label.
const (
	mostLabel  = 120
	mostEntry  = 40
	mostLink   = 240
	mostPath   = 500 // as much as flows.Clean lets through
	mostWords  = 40
	mostAbove  = 12
	mostNth    = 1_000_000
	mostPixels = 1e7
)

// holders are the roles of what holds other things. Their text is that of what they hold, rows and all.
var holders = []string{
	"table", "grid", "treegrid", "row", "rowgroup", "list", "listbox", "listitem", "feed", "article", "form", "dialog", "alertdialog",
	"main", "region", "banner", "contentinfo", "complementary", "navigation", "search", "document", "group", "cell", "gridcell", "rowheader",
}

// Kept returns the print as it may be kept and compared: every text clean and bounded, the text of
// what holds other things left out, the names of rows too, and each e-mail address and each of the
// given values of the row (name, login: whatever tells who it is) replaced. Every print goes through
// here, the one that is kept and those of the page in view, so that they can be compared. A second
// time changes nothing.
func (p Print) Kept(row ...string) Print {
	hide := hiding(row)
	clean := func(s string, most int) string {
		r := []rune(hide(flows.Clean(s)))
		return strings.TrimSpace(string(r[:min(len(r), most)]))
	}
	word := func(s string) string { return clean(lower(s), mostLabel) }
	for _, s := range []*string{&p.Name, &p.Text, &p.Label, &p.Attr, &p.ID, &p.Test, &p.Placeholder, &p.Title, &p.Alt, &p.Container} {
		*s = clean(*s, mostLabel)
	}
	p.Tag, p.Role, p.Type = word(p.Tag), word(p.Role), word(p.Type)
	// A short list item is an entry of a menu, which is known by its text; a longer one is a card.
	if oneOf(p.Role, holders) && (p.Role != "listitem" || len([]rune(p.Text)) > mostEntry) {
		p.Text = ""
	}
	if oneOf(p.Role, rows) {
		p.Name = "" // it is named by what it holds
	}
	above := p.Above[:min(len(p.Above), mostAbove)]
	p.Above = nil
	for _, a := range above {
		a = Ancestor{Role: word(a.Role), Name: clean(a.Name, mostLabel), ID: clean(a.ID, mostLabel), Up: bound(a.Up, mostPath)}
		if oneOf(a.Role, rows) {
			a.Name = ""
		}
		p.Above = append(p.Above, a)
	}
	p.Link = clean(place(p.Link, p.inRow()), mostLink)
	p.Beside = words(p.Beside, word)
	p.Class = words(p.Class, func(s string) string { return clean(s, mostLabel) })
	if len([]rune(p.Path)) > mostPath {
		p.Path = "" // half a way leads elsewhere
	}
	p.Path = clean(p.Path, mostPath)
	for _, f := range []*float64{&p.Box.X, &p.Box.Y, &p.Box.W, &p.Box.H} {
		if !(*f > -mostPixels && *f < mostPixels) { // NaN too
			*f = 0
		}
	}
	p.Nth = bound(p.Nth, mostNth)
	return p
}

var address = regexp.MustCompile(`[^\s<>()\[\]"“”‘’,;:]+@[^\s<>()\[\]"“”‘’,;:]+`)

// hiding returns what replaces addresses, and the values with each of their words, where these stand
// as words of their own.
func hiding(values []string) func(string) string {
	var parts []string
	for _, v := range values {
		v = flows.Clean(v)
		parts = append(parts, append([]string{v}, strings.Fields(v)...)...)
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return len([]rune(s)) < 3 })
	slices.SortFunc(parts, func(a, b string) int { return len(b) - len(a) })
	res := make([]*regexp.Regexp, 0, len(parts))
	for _, s := range slices.Compact(parts) {
		res = append(res, regexp.MustCompile(`(?i)(^|[^\p{L}\p{N}])`+regexp.QuoteMeta(s)+`($|[^\p{L}\p{N}])`))
	}
	return func(s string) string {
		s = address.ReplaceAllString(s, Redacted)
		for _, re := range res {
			// Twice: two in a row share the white space between them.
			s = re.ReplaceAllString(s, "${1}"+Redacted+"${2}")
			s = re.ReplaceAllString(s, "${1}"+Redacted+"${2}")
		}
		return s
	}
}

// place returns the host and path of a link: what it carries in its query changes with each visit. In
// a row the parts that have digits in them are the row's own.
func place(link string, row bool) string {
	u, err := url.Parse(strings.TrimSpace(link))
	if err != nil || u.Opaque != "" || (u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https") {
		return ""
	}
	path := u.EscapedPath()
	if strings.Trim(path, "/") == "" && u.Fragment != "" {
		// A place within the page, or the way of a console that keeps its ways there.
		way, _, _ := strings.Cut(u.EscapedFragment(), "?")
		path = "/#" + way
	}
	parts := strings.Split(strings.TrimRight(path, "/"), "/")
	if row {
		for i, s := range parts {
			if strings.ContainsFunc(s, unicode.IsDigit) {
				parts[i] = Redacted
			}
		}
	}
	path = strings.Join(parts, "/")
	switch {
	case u.Host != "":
		return "//" + lower(u.Host) + path
	case path == "" && u.Path != "":
		return "/"
	}
	return path
}

// words returns the words of some texts, each once.
func words(texts []string, clean func(string) string) []string {
	var out []string
	for _, t := range texts {
		for _, w := range strings.Fields(clean(t)) {
			if len(out) == mostWords {
				return out
			}
			if !strings.Contains(w, Redacted) && !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
	}
	return out
}

func lower(s string) string { return strings.ToLower(s) }

// fold is a text as it is compared: without case, and without what stands around names (the "*" and
// ":" of required fields).
func fold(s string) string {
	return strings.Trim(strings.Join(strings.Fields(lower(s)), " "), " *:…")
}

func bound(n, most int) int { return min(max(n, 0), most) }

func oneOf(s string, list []string) bool { return slices.Contains(list, s) }
