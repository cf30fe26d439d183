package drift

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A bench is the data of make bench-similo: pairs of an element on an old page and where it is on the
// new one, years later.
type bench struct {
	cases []benchCase
	sites []string
}

type benchSite struct {
	raw    []sample
	prints []Print
}

type benchCase struct {
	app   string
	n     int
	raw   sample
	old   Print
	truth int // index on the new page, -1 where it is not among the visible
	path  string
	site  *benchSite
}

// right is strict: the element itself, its direct parent, or a direct child of it.
func (c benchCase) right(i int) bool {
	p := c.site.raw[i].Path
	up := func(s string) string { return s[:max(0, strings.LastIndexByte(s, '/'))] }
	return p == c.path || up(p) == c.path || p == up(c.path)
}

func loadBench(tb testing.TB, dir string) bench {
	tb.Helper()
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, "similo", name))
		if err != nil {
			tb.Fatal(err)
		}
		return b
	}
	var out bench
	sites := map[string]*benchSite{}
	lines := bufio.NewScanner(bytes.NewReader(read("pairs.jsonl")))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var l struct {
			N     int    `json:"n"`
			App   string `json:"app"`
			Old   sample `json:"old"`
			Truth string `json:"truth"`
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			tb.Fatal(err)
		}
		if sites[l.App] == nil {
			s := &benchSite{}
			if err := json.Unmarshal(read(l.App+".candidates.json"), &s.raw); err != nil {
				tb.Fatal(err)
			}
			for _, r := range s.raw {
				s.prints = append(s.prints, r.asPrint())
			}
			sites[l.App] = s
			out.sites = append(out.sites, l.App)
		}
		c := benchCase{app: l.App, n: l.N, raw: l.Old, old: l.Old.asPrint(), truth: -1, path: l.Truth, site: sites[l.App]}
		for i, r := range c.site.raw {
			if r.Path == l.Truth {
				c.truth = i
			}
		}
		out.cases = append(out.cases, c)
	}
	if err := lines.Err(); err != nil {
		tb.Fatal(err)
	}
	return out
}

// implicit are the roles that a browser computes of tags.
var implicit = map[string]string{
	"a": "link", "button": "button", "select": "combobox", "textarea": "textbox", "h1": "heading", "h2": "heading", "h3": "heading", "h4": "heading",
	"h5": "heading", "li": "listitem", "ul": "list", "ol": "list", "p": "paragraph", "tr": "row", "td": "cell", "th": "columnheader", "table": "table",
	"nav": "navigation", "header": "banner", "footer": "contentinfo", "main": "main", "aside": "complementary", "form": "form", "section": "generic",
	"article": "article", "svg": "img", "div": "generic", "span": "generic", "label": "label", "dialog": "dialog",
}

// within are the tags in which a header or a footer is none of the page.
var within = regexp.MustCompile(`(^|/)(article|aside|main|nav|section)\[`)

// asPrint maps what the data have to a print. They have no accessible names and no roles but those of
// tags; ids of ancestors are known for the nearest alone.
func (s sample) asPrint() Print {
	role := implicit[s.Tag]
	if s.Tag == "input" {
		role = "textbox"
		if s.Button {
			role = "button"
		}
	}
	p := Print{
		Tag: s.Tag, Role: role, Text: s.Text, Type: s.Type, Attr: s.Name, ID: s.ID, Link: s.Href, Alt: s.Alt, Beside: strings.Fields(s.Near),
		Class: strings.Fields(s.Class), Path: s.Path, Box: Box{X: s.X, Y: s.Y, W: s.W, H: s.H},
	}
	id, under := "", -1
	if rest, ok := strings.CutPrefix(s.IDPath, "//*[@id='"); ok {
		if name, below, ok := strings.Cut(rest, "']"); ok {
			id, under = name, strings.Count(below, "/")
		}
	}
	steps := strings.Split(strings.TrimPrefix(s.Path, "/"), "/")
	for up := 1; up < len(steps); up++ {
		tag, _, _ := strings.Cut(steps[len(steps)-1-up], "[")
		a := Ancestor{Role: implicit[tag], Up: up}
		if a.Role == "generic" || within.MatchString(strings.Join(steps[:len(steps)-1-up], "/")) && (tag == "header" || tag == "footer") {
			a.Role = ""
		}
		if up == under {
			a.ID = id
		}
		if a.Role != "" || a.ID != "" {
			p.Above = append(p.Above, a)
		}
	}
	return p.Kept()
}

// removed returns the page without the target: without what is it, around it, upon it, and what says
// the same and leads to the same place.
func (c benchCase) removed() (prints []Print, raw []sample) {
	up := func(s string) string { return s[:max(0, strings.LastIndexByte(s, '/'))] }
	for i, r := range c.site.raw {
		if r.Path == c.path || up(r.Path) == c.path || r.Path == up(c.path) {
			continue
		}
		if c.truth >= 0 {
			t := c.site.raw[c.truth]
			a, b := Box{r.X, r.Y, r.W, r.H}, Box{t.X, t.Y, t.W, t.H}
			if a.shared(b) > 0.8 || fold(r.Text) == fold(t.Text) && place(r.Href, false) == place(t.Href, false) && r.Text+r.Href != "" {
				continue
			}
		}
		prints, raw = append(prints, c.site.prints[i]), append(raw, r)
	}
	return prints, raw
}
