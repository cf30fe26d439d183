package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"sync"
)

// The faults, by name, with their params beside "times" (how often it strikes; 0 or absent: until
// it is cleared, or once for those marked so). A page fault is given to the page by /api/flags.
//
//	session_drop         once; after: that many more list answers, then every session is gone
//	server_error         on: answers 500 before anything is applied
//	rate_limit           on, retry_after (seconds): answers 429
//	slow                 ms, on: waits before it answers
//	down                 every site answers 503 with an HTML maintenance page
//	hidden_error_banner  page; text: an error banner nobody can see
//	toast_without_effect verb: a write answers 200, nothing changes
//	late_write           ms, verb: a write answers 200 and is applied ms later
//	write_error_applied  verb: a write is applied, the answer is 500
//	write_lost           verb: a write is applied, the connection breaks before the answer's body
//	write_refused        message, verb: a write answers 409 "refused", not applied
//	duplicate_address    email: a second account with that address stands in the list
//	unknown_role         email, word: the list shows that word as the role
//	unknown_status       email, word: the list shows that word as the status
//	wrong_workspace      workspace: another workspace is shown
//	captcha              page; the sign-in page wants a person; the server refuses sign-in too
//	overlay              page; something transparent lies over the button that acts
//	reorder              page, once; rows shift by one between resolving a click and pressing
//	wrong_confirmation   page; email: the confirmation names (and acts on) another person
//	no_total             page; no total in the answer nor on the page
//	wrong_total          delta: the total is off by that
//	shifting             once; email: on the 2nd list answer from now, a person joins at the top
//	no_filter            page; the control that shows deactivated accounts is absent
//	extra_step           page; the confirmation grows a second step
//
// on is "list", "read" (any GET of /api/users; the default), "write", "sign_in" or "any" (default
// of slow). verb is a word of the write log; absent: any write. Setting a fault again replaces it.
var known = map[string]spec{
	"session_drop":         {params: kinds{"after": number}, once: true},
	"server_error":         {params: kinds{"on": text}},
	"rate_limit":           {params: kinds{"on": text, "retry_after": number}},
	"slow":                 {params: kinds{"ms": number, "on": text}, need: "ms"},
	"down":                 {},
	"hidden_error_banner":  {params: kinds{"text": text}, page: true},
	"toast_without_effect": {params: kinds{"verb": text}},
	"late_write":           {params: kinds{"ms": number, "verb": text}, need: "ms"},
	"write_error_applied":  {params: kinds{"verb": text}},
	"write_lost":           {params: kinds{"verb": text}},
	"write_refused":        {params: kinds{"message": text, "verb": text}},
	"duplicate_address":    {params: kinds{"email": text}, need: "email"},
	"unknown_role":         {params: kinds{"email": text, "word": text}, need: "email"},
	"unknown_status":       {params: kinds{"email": text, "word": text}, need: "email"},
	"wrong_workspace":      {params: kinds{"workspace": text}},
	"captcha":              {page: true},
	"overlay":              {page: true},
	"reorder":              {page: true, once: true},
	"wrong_confirmation":   {params: kinds{"email": text}, page: true},
	"no_total":             {page: true},
	"wrong_total":          {params: kinds{"delta": number}, need: "delta"},
	"shifting":             {params: kinds{"email": text}, once: true},
	"no_filter":            {page: true},
	"extra_step":           {page: true},
}

type kind int

const (
	number kind = iota
	text
)

type kinds map[string]kind

type spec struct {
	params kinds
	need   string // a param that must be given
	page   bool   // told to the page
	once   bool   // absent "times" means once
}

// A Fault is an active fault, as GET /_fault lists it.
type Fault struct {
	Name   string         `json:"name"`
	Params map[string]any `json:"params,omitempty"`
	Left   int            `json:"left,omitempty"` // how often it will strike yet; 0: until cleared

	seen int // list answers since it was set
}

func (f Fault) text(param, otherwise string) string {
	if s, ok := f.Params[param].(string); ok && s != "" {
		return s
	}
	return otherwise
}

func (f Fault) number(param string, otherwise int) int {
	if n, ok := f.Params[param].(float64); ok {
		return int(n)
	}
	return otherwise
}

// faults keeps what is active. Whatever changes it moves the version on, so that a page knows to
// ask again.
type faults struct {
	mu      sync.Mutex
	active  map[string]*Fault
	struck  map[string]int
	version int
}

func newFaults() *faults {
	return &faults{active: map[string]*Fault{}, struck: map[string]int{}, version: 1}
}

// parse checks a POSTed fault: unknown names, params and kinds are errors.
func parseFault(in map[string]any) (*Fault, error) {
	name, ok := in["name"].(string)
	if !ok {
		return nil, fmt.Errorf(`a fault needs a "name": one of %q`, slices.Sorted(maps.Keys(known)))
	}
	sp, ok := known[name]
	if !ok {
		return nil, fmt.Errorf("there is no fault %q: one of %q", name, slices.Sorted(maps.Keys(known)))
	}
	f := &Fault{Name: name, Params: map[string]any{}}
	for key, v := range in {
		if key == "name" {
			continue
		}
		want, ok := sp.params[key]
		if key == "times" {
			want, ok = number, true
		}
		if !ok {
			return nil, fmt.Errorf("fault %s has no param %q", name, key)
		}
		switch v := v.(type) {
		case float64:
			ok = want == number && v == float64(int(v))
		case string:
			ok = want == text
		default:
			ok = false
		}
		if !ok {
			return nil, fmt.Errorf("param %q of fault %s has the wrong kind of value: %v", key, name, v)
		}
		f.Params[key] = v
	}
	f.Left = f.number("times", 0)
	delete(f.Params, "times")
	if f.Left < 0 {
		return nil, fmt.Errorf(`"times" of fault %s is negative`, name)
	}
	if f.Left == 0 && sp.once {
		f.Left = 1
	}
	if _, ok := f.Params[sp.need]; sp.need != "" && !ok {
		return nil, fmt.Errorf("fault %s needs the param %q", name, sp.need)
	}
	return f, nil
}

func (f *faults) set(one *Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active[one.Name] = one
	f.version++
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.active)
	f.version++
}

// strike uses a fault once, where it is active and when says so; nil means always.
func (f *faults) strike(name string, when func(*Fault) bool) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a, ok := f.active[name]
	if !ok || when != nil && !when(a) {
		return Fault{}, false
	}
	f.struck[name]++
	was := *a
	if a.Left > 0 {
		if a.Left--; a.Left == 0 {
			delete(f.active, name)
			f.version++
		}
	}
	return was, true
}

func (f *faults) list() ([]Fault, map[string]int, int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := []Fault{}
	for _, name := range slices.Sorted(maps.Keys(f.active)) {
		out = append(out, *f.active[name])
	}
	return out, maps.Clone(f.struck), f.version
}
