// Package drift tells what became of an element of a console: it holds its fingerprint, says in words
// how two fingerprints differ, and ranks what could be the same element on a changed page. It reads
// no page and presses nothing: whoever looks at a page makes the prints, and a person decides.
package drift

import (
	"encoding/json"
	"errors"
	"fmt"
)

// A Print is an element's fingerprint: what it says, what it is, and what stands around it. It is kept
// with acceptances and in drift records, so it holds nothing of a row's person: see [Print.Kept].
type Print struct {
	Tag         string `json:"tag,omitempty"`  // lower case
	Role        string `json:"role,omitempty"` // as the browser computes it
	Name        string `json:"name,omitempty"` // accessible name
	Text        string `json:"text,omitempty"` // its own visible text
	Label       string `json:"label,omitempty"`
	Type        string `json:"type,omitempty"`
	Attr        string `json:"attr,omitempty"` // the attribute "name"
	ID          string `json:"id,omitempty"`
	Test        string `json:"test,omitempty"` // test id
	Link        string `json:"link,omitempty"` // host and path of its href, without query and fragment
	Placeholder string `json:"placeholder,omitempty"`
	Title       string `json:"title,omitempty"`
	Alt         string `json:"alt,omitempty"`
	// Beside are the words around it: of labels, headings and controls, never of a row's cells.
	Beside []string `json:"beside,omitempty"`
	// Above are its ancestors that have a role or an id, the nearest first.
	Above []Ancestor `json:"above,omitempty"`
	// Container is the sheet's name of the container that it was found in. What a control of the
	// container opens (its menu) is in it, wherever the document holds it.
	Container string   `json:"container,omitempty"`
	Class     []string `json:"class,omitempty"` // words of the attribute "class"
	// Path is the way to it from the top, "/html[1]/body[1]/div[2]": it tells what lies within what.
	Path string `json:"path,omitempty"`
	Box  Box    `json:"box"`
	Nth  int    `json:"nth,omitempty"` // its place among the siblings of its tag, from 1
}

// An Ancestor is an element above another that says something of where that stands.
type Ancestor struct {
	Role string `json:"role,omitempty"`
	Name string `json:"name,omitempty"`
	ID   string `json:"id,omitempty"`
	Up   int    `json:"up,omitempty"` // how many steps of the path lie between
}

// A Box is where an element is, in pixels of the page.
type Box struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
	W float64 `json:"w"`
	H float64 `json:"h"`
}

// mostBytes bounds a kept print.
const mostBytes = 64 << 10

// Decode reads a kept print. Fields that it does not know are of a later usher and are passed over.
// What it returns is as [Print.Kept] makes it, whoever wrote the bytes.
func Decode(b []byte) (Print, error) {
	if len(b) > mostBytes {
		return Print{}, fmt.Errorf("a fingerprint of %d bytes: want at most %d", len(b), mostBytes)
	}
	var p Print
	if err := json.Unmarshal(b, &p); err != nil {
		return Print{}, fmt.Errorf("read a fingerprint: %w", err)
	}
	if p = p.Kept(); p.Tag == "" && p.Role == "" {
		return Print{}, errors.New("a fingerprint without a tag and a role is of no element")
	}
	return p, nil
}

// Says returns the words by which a person knows the element: its accessible name, or else what
// stands on it or beside it.
func (p Print) Says() string {
	for _, s := range []string{p.Name, p.Text, p.Label, p.Placeholder, p.Title, p.Alt} {
		if s != "" {
			return s
		}
	}
	return ""
}

// landmarks are the roles that divide a page.
var landmarks = []string{"banner", "contentinfo", "main", "complementary", "dialog", "alertdialog", "menu", "navigation", "search", "form", "menubar", "table", "grid", "treegrid", "region", "tabpanel"}

// frames is how many of them, the first, are parts of the page rather than of one another.
const frames = 7

// Landmark returns the nearest ancestor that is a part of the page of its own.
func (p Print) Landmark() Ancestor {
	for _, a := range p.Above {
		if oneOf(a.Role, landmarks) {
			return a
		}
	}
	return Ancestor{}
}

// region says in which part of the page the element stands: the outermost part, and the nearest
// landmark where that is another.
func (p Print) region() (part, near string) {
	near = p.Landmark().Role
	for _, a := range p.Above {
		if oneOf(a.Role, landmarks[:frames]) {
			part = a.Role
		}
	}
	if near == part {
		near = ""
	}
	return part, near
}

// rows are the roles of one of many things alike, and of its parts: what they say is a person's.
var rows = []string{"row", "cell", "gridcell", "rowheader", "listitem", "article", "option", "treeitem"}

// inRow tells whether the element stands in one of many things alike.
func (p Print) inRow() bool {
	for _, a := range p.Above {
		if a.Role != "listitem" && oneOf(a.Role, rows) {
			return true
		}
	}
	return false
}
