package browser

import (
	_ "embed"
	"strconv"
	"strings"

	"github.com/usherhq/usher/selectors"
)

//go:embed eyes.js
var eyes string

// spec is an element as eyes.js wants it: candidates, and its containers resolved.
type spec struct {
	Name  string                `json:"name"`
	Find  []selectors.Candidate `json:"find"`
	In    *spec                 `json:"in,omitempty"`
	Not   selectors.Names       `json:"not,omitempty"`
	Hover bool                  `json:"hover,omitempty"`
	Row   *rowSpec              `json:"row,omitempty"`
}

type rowSpec struct {
	Table *tableSpec `json:"table"`
	Key   string     `json:"key"`
	ID    string     `json:"id,omitempty"`
}

type tableSpec struct {
	In      *spec                 `json:"in"`
	Row     string                `json:"row,omitempty"`
	Cell    string                `json:"cell,omitempty"`
	Header  string                `json:"header,omitempty"`
	ID      string                `json:"id,omitempty"`
	Key     string                `json:"key"`
	Columns map[string]columnSpec `json:"columns"`
	Total   *spec                 `json:"total,omitempty"`
	Next    *spec                 `json:"next,omitempty"`
	Number  *spec                 `json:"number,omitempty"`
	More    *spec                 `json:"more,omitempty"`
	Scroll  bool                  `json:"scroll,omitempty"`
	Empty   *spec                 `json:"empty,omitempty"`
	Loading string                `json:"loading,omitempty"`
}

type columnSpec struct {
	Header   selectors.Names `json:"header"`
	Optional bool            `json:"optional,omitempty"`
	Take     string          `json:"take,omitempty"`
}

// found is what eyes.js says of an element.
type found struct {
	State   string `json:"state"` // one, none, many, contradiction
	Why     string `json:"why"`
	Handle  int    `json:"handle"`
	By      int    `json:"by"`
	Agree   []int  `json:"agree"`
	Failed  []int  `json:"failed"`
	Box     box    `json:"box"`
	Enabled bool   `json:"enabled"`
	Role    string `json:"role"`
	Name    string `json:"name"`
	Text    string `json:"text"`
}

type box struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
	W float64 `json:"w"`
	H float64 `json:"h"`
}

// element makes the spec of a sheet's name. Names that the sheet lacks give nil.
func element(s *selectors.Sheet, name string) *spec {
	e, ok := s.Elements[name]
	if !ok {
		return nil
	}
	out := &spec{Name: name, Find: e.Find, Not: e.Not, Hover: e.Hover}
	if e.In != "" {
		out.In = element(s, e.In)
	}
	return out
}

func tableOf(s *selectors.Sheet, name string) *tableSpec {
	t, ok := s.Tables[name]
	if !ok {
		return nil
	}
	out := &tableSpec{
		In: element(s, t.In), Row: t.Row, Cell: t.Cell, Header: t.Header, ID: t.ID, Key: t.Key,
		Columns: map[string]columnSpec{}, Scroll: t.Paging.Scroll, Loading: t.Loading,
		Total: element(s, t.Total.Element), Next: element(s, t.Paging.Next), Number: element(s, t.Paging.Number),
		More: element(s, t.Paging.More), Empty: element(s, t.Empty),
	}
	for n, c := range t.Columns {
		out.Columns[n] = columnSpec{Header: c.Header, Optional: c.Optional, Take: c.Take}
	}
	return out
}

// by says in words which candidate found an element.
func by(s *selectors.Sheet, name string, i int) string {
	e := s.Elements[name]
	if i < 0 || i >= len(e.Find) {
		return ""
	}
	return e.Find[i].String()
}

// soft says which candidates of an element failed before another found it. Later ones may be ways
// to say the same of a console that is made otherwise.
func soft(s *selectors.Sheet, name string, f found) string {
	var words []string
	for _, i := range f.Failed {
		if i < f.By {
			words = append(words, by(s, name, i))
		}
	}
	if len(words) == 0 {
		return ""
	}
	return "did not find it: " + strings.Join(words, ", ")
}

func quoted(s string) string { return strconv.Quote(s) }
