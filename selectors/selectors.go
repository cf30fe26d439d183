// Package selectors holds what each console looks like, as versioned sheets of data, so that a
// change of a console is no change of code. It knows nothing of flows and of browsers.
//
// A sheet is never edited after its release, only superseded. Every element says on what basis it
// stands: documented by the vendor, seen on a real console, or assumed.
package selectors

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sort"
)

// Basis says why an element is believed.
type Basis string

// The bases.
const (
	Documented Basis = "documented" // the vendor's own page, named in Source, uses these words
	Seen       Basis = "seen"       // on a real console; Source says where and when
	Assumed    Basis = "assumed"    // nobody has checked
)

// A Sheet is one version of one console.
type Sheet struct {
	App     string `yaml:"app" json:"app"`
	Version int    `yaml:"version" json:"version"`
	Title   string `yaml:"title" json:"title"`
	// Since is the day from which this version is known or believed (2006-01-02).
	Since string `yaml:"since" json:"since"`
	// From names an older version: what this sheet does not say is as there.
	From     int                `yaml:"from" json:"from,omitempty"`
	Pages    map[string]Page    `yaml:"pages" json:"pages"`
	Elements map[string]Element `yaml:"elements" json:"elements"`
	Tables   map[string]Table   `yaml:"tables" json:"tables"`
	Words    Words              `yaml:"words" json:"words"`
	// Acts maps an order's verb to the class of verb that this console offers for it
	// ("deactivate": "revoke").
	Acts map[string]string `yaml:"acts" json:"acts"`

	file string
}

// A Page is a place in the console and how to know it.
type Page struct {
	// Path is opened below the connection's address; Site "signin" takes the sign-in address.
	Path string `yaml:"path" json:"path,omitempty"`
	Site string `yaml:"site" json:"site,omitempty"`
	// Via are elements to press one after the other, from the page named Start, where no address
	// is known.
	Start string   `yaml:"start" json:"start,omitempty"`
	Via   []string `yaml:"via" json:"via,omitempty"`
	// URL is a regular expression that the address's path must match once the page is open.
	URL string `yaml:"url" json:"url,omitempty"`
	// Landmark are the elements that are all visible on this page, and not all on another.
	Landmark []string `yaml:"landmark" json:"landmark"`
	Basis    Basis    `yaml:"basis" json:"basis"`
	Source   string   `yaml:"source" json:"source,omitempty"`
}

// An Element is a name with ordered candidates.
type Element struct {
	Find []Candidate `yaml:"find" json:"find"`
	// In names the element that contains it.
	In string `yaml:"in" json:"in,omitempty"`
	// Not are words that its accessible name must not match.
	Not Names `yaml:"not" json:"not,omitempty"`
	// Verb is the class of verb it belongs to ("invite", "deactivate", "delete", ...).
	Verb string `yaml:"verb" json:"verb,omitempty"`
	// Writes is true for what may change something when it is pressed.
	Writes bool `yaml:"writes" json:"writes,omitempty"`
	// Optional elements may be absent without that being drift.
	Optional bool `yaml:"optional" json:"optional,omitempty"`
	// Hover is true where the element shows itself only under the pointer; it counts as visible
	// when it takes up room.
	Hover  bool   `yaml:"hover" json:"hover,omitempty"`
	Basis  Basis  `yaml:"basis" json:"basis"`
	Source string `yaml:"source" json:"source,omitempty"`
}

// A Candidate is one way to find an element. Exactly one kind is set; Name goes with Role.
type Candidate struct {
	Role  string `yaml:"role" json:"role,omitempty"`
	Name  Names  `yaml:"name" json:"name,omitempty"` // accessible name
	Label Names  `yaml:"label" json:"label,omitempty"`
	Text  Names  `yaml:"text" json:"text,omitempty"` // the node's own visible text
	Hint  Names  `yaml:"hint" json:"hint,omitempty"` // placeholder
	Test  string `yaml:"test" json:"test,omitempty"` // data-cy, data-testid, data-test
	Attr  string `yaml:"attr" json:"attr,omitempty"` // name=value, e.g. type=password
	CSS   string `yaml:"css" json:"css,omitempty"`
}

// Kind returns which kind of candidate it is.
func (c Candidate) Kind() string {
	for _, k := range []struct {
		kind string
		set  bool
	}{
		{"role", c.Role != ""},
		{"label", len(c.Label) > 0},
		{"text", len(c.Text) > 0},
		{"hint", len(c.Hint) > 0},
		{"test", c.Test != ""},
		{"attr", c.Attr != ""},
		{"css", c.CSS != ""},
	} {
		if k.set {
			return k.kind
		}
	}
	return ""
}

// String says the candidate in one line, as it stands in evidence.
func (c Candidate) String() string {
	switch c.Kind() {
	case "role":
		if len(c.Name) > 0 {
			return c.Role + " " + c.Name.String()
		}
		return c.Role
	case "label":
		return "label " + c.Label.String()
	case "text":
		return "text " + c.Text.String()
	case "hint":
		return "hint " + c.Hint.String()
	case "test":
		return "test id " + c.Test
	case "attr":
		return "attribute " + c.Attr
	default:
		return "css " + c.CSS
	}
}

// A Table is a list of accounts (or of open work) on a page.
type Table struct {
	In string `yaml:"in" json:"in"` // the element that holds headers and rows
	// Row, Cell and Header are CSS for tables whose parts have no roles; empty: by role.
	Row    string `yaml:"row" json:"row,omitempty"`
	Cell   string `yaml:"cell" json:"cell,omitempty"`
	Header string `yaml:"header" json:"header,omitempty"`
	// ID is the row's attribute that holds the console's own id.
	ID string `yaml:"id" json:"id,omitempty"`
	// Key names the column by which a row is found.
	Key     string            `yaml:"key" json:"key"`
	Columns map[string]Column `yaml:"columns" json:"columns"`
	Total   Total             `yaml:"total" json:"total"`
	Tap     Tap               `yaml:"tap" json:"tap"`
	Paging  Paging            `yaml:"paging" json:"paging"`
	Empty   string            `yaml:"empty" json:"empty,omitempty"`     // element shown where there is no row
	Loading string            `yaml:"loading" json:"loading,omitempty"` // CSS of what stands in for rows that are not there yet
}

// A Column is found by its header's text, never by its place.
type Column struct {
	Header   Names `yaml:"header" json:"header"`
	Optional bool  `yaml:"optional" json:"optional,omitempty"`
	// Take says what of the cell counts: "" all its text, "email" the one address in it, "first"
	// its first line.
	Take string `yaml:"take" json:"take,omitempty"`
	// Pattern is a regular expression that every value must match.
	Pattern string `yaml:"pattern" json:"pattern,omitempty"`
	Split   string `yaml:"split" json:"split,omitempty"`
	// Words names the word list that maps the values: "roles" or "states".
	Words  string `yaml:"words" json:"words,omitempty"`
	Basis  Basis  `yaml:"basis" json:"basis"`
	Source string `yaml:"source" json:"source,omitempty"`
}

// Total is where the console says how many rows there are.
type Total struct {
	Element string `yaml:"element" json:"element,omitempty"`
	// Pattern's first group is the number.
	Pattern string `yaml:"pattern" json:"pattern,omitempty"`
}

// Tap is where the console's own responses say how many there are.
type Tap struct {
	URL   string `yaml:"url" json:"url,omitempty"`     // regular expression over path and query
	Total string `yaml:"total" json:"total,omitempty"` // dotted path in the JSON
}

// Paging names what leads to more rows. What is not on the page is passed over, so one sheet
// serves a console that pages in several ways.
type Paging struct {
	Next   string `yaml:"next" json:"next,omitempty"`
	Number string `yaml:"number" json:"number,omitempty"` // the page buttons; {page} in a name is the number
	More   string `yaml:"more" json:"more,omitempty"`
	Scroll bool   `yaml:"scroll" json:"scroll,omitempty"`
	// Sort is a header button that reverses the order, for a second pass where nothing else proves
	// the list complete.
	Sort string `yaml:"sort" json:"sort,omitempty"`
}

// Words map the console's own words to ours. A word that is not here stays unknown.
type Words struct {
	Roles  map[string]string `yaml:"roles" json:"roles,omitempty"`
	States map[string]string `yaml:"states" json:"states,omitempty"`
}

// ID returns the sheet's short name, e.g. "stonly/v1".
func (s *Sheet) ID() string { return fmt.Sprintf("%s/v%d", s.App, s.Version) }

// Act returns the class of verb this console offers for the order's verb.
func (s *Sheet) Act(verb string) string {
	if a, ok := s.Acts[verb]; ok {
		return a
	}
	return verb
}

// For returns the names of the elements of a class of verb, sorted: what a write of that class
// goes through.
func (s *Sheet) For(class string) []string {
	var names []string
	for n, e := range s.Elements {
		if e.Verb == class {
			names = append(names, n)
		}
	}
	sort.Strings(names)
	return names
}

// Assumed returns those of the names whose element is only assumed.
func (s *Sheet) Assumed(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool {
		return s.Elements[n].Basis != Assumed
	})
}

// Digest of an element: of its candidates, its qualities and its containers. An acceptance holds
// for a digest, so it ends when the element changes.
func (s *Sheet) Digest(name string) string {
	var chain []any
	for n, i := name, 0; n != "" && i < 20; i++ {
		e := s.Elements[n]
		chain = append(chain, n, e)
		n = e.In
	}
	return digest(chain)
}

func digest(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("selectors: a sheet does not marshal: " + err.Error()) // only our own plain types
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// With returns a copy of the sheet that knows one more element, for what a flow finds by words
// that it knows only at run time (an option of a list).
func (s *Sheet) With(name string, e Element) *Sheet {
	c := *s
	c.Elements = maps.Clone(s.Elements)
	c.Elements[name] = e
	return &c
}
