package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
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
//	late_answer          ms, verb: a write is applied at once and answers ms later
//	write_error_applied  verb: a write is applied, the answer is 500
//	write_lost           verb: a write is applied, the connection breaks before the answer's body
//	write_refused        message, verb, status: a write answers 409 "refused" (a service 403), not applied
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
// Those of a service alone, beside the ones above that are none of a page or a session:
//
//	retry_after_date     on, seconds: answers 429 with a Retry-After that is a date
//	token_refused        on: answers 401 in plain text
//	html_200             on: answers 200 with an HTML page
//	ignore_paging        every list answers its first 20, whatever was asked for
//	past_end_repeats     a list asked for past its end answers its first page
//	swapping             once; before the 2nd page of users one of the 1st leaves and another one joins
//	ignore_filter        a filter is ignored: everybody answers
//	case_sensitive_filter a filter compares with case
//	no_filter_support    a filter answers 400
//	no_patch             PATCH answers 405
//	path_patch_ignored   an operation with a path on a user is answered 204 and ignored
//	active_strings       active is "True" or "False" in every answer, and a boolean is refused
//	no_id_on_create      an account is made; the answer has no id and no address
//	conflict_on_create   applied: an account is answered 409; made, where applied is 1
//	inactive_on_create   an account is made inactive, whatever was sent
//	attribute_ignored    attribute: an update leaves that attribute, or that of an extension, as it is
//	member_dropped       of the members that a request puts in the last one is left out
//	members_null         lists show null for the members of an empty group
//	members_omitted      lists of groups leave the members out
//	no_groups            Groups answers 404
//	remove_ignored       a removal of members is answered 204 and ignored
//
// on is "list", "read" (any GET of accounts; the default), "write", "sign_in", "any" (default of slow),
// or a class that the app's stand-in adds. verb is a word of the write log; absent: any write.
// Setting a fault again replaces it.
var known = map[string]spec{
	"session_drop":         {params: kinds{"after": number}, once: true, of: pages},
	"server_error":         {params: kinds{"on": text}},
	"rate_limit":           {params: kinds{"on": text, "retry_after": number}},
	"slow":                 {params: kinds{"ms": number, "on": text}, need: "ms"},
	"down":                 {},
	"hidden_error_banner":  {params: kinds{"text": text}, page: true, of: pages},
	"toast_without_effect": {params: kinds{"verb": text}},
	"late_write":           {params: kinds{"ms": number, "verb": text}, need: "ms"},
	"late_answer":          {params: kinds{"ms": number, "verb": text}, need: "ms"},
	"write_error_applied":  {params: kinds{"verb": text}},
	"write_lost":           {params: kinds{"verb": text}},
	"write_refused":        {params: kinds{"message": text, "verb": text, "status": number}},
	"duplicate_address":    {params: kinds{"email": text}, need: "email"},
	"unknown_role":         {params: kinds{"email": text, "word": text}, need: "email", of: pages},
	"unknown_status":       {params: kinds{"email": text, "word": text}, need: "email", of: pages},
	"wrong_workspace":      {params: kinds{"workspace": text}, of: pages},
	"captcha":              {page: true, of: pages},
	"overlay":              {page: true, of: pages},
	"reorder":              {page: true, once: true, of: pages},
	"wrong_confirmation":   {params: kinds{"email": text}, page: true, of: pages},
	"no_total":             {page: true},
	"wrong_total":          {params: kinds{"delta": number}, need: "delta"},
	"shifting":             {params: kinds{"email": text}, once: true},
	"no_filter":            {page: true, of: pages},
	"extra_step":           {page: true, of: pages},

	"retry_after_date":      {params: kinds{"on": text, "seconds": number}, need: "seconds", of: services},
	"token_refused":         {params: kinds{"on": text}, of: services},
	"html_200":              {params: kinds{"on": text}, of: services},
	"ignore_paging":         {of: services},
	"past_end_repeats":      {of: services},
	"swapping":              {once: true, of: services},
	"ignore_filter":         {of: services},
	"case_sensitive_filter": {of: services},
	"no_filter_support":     {of: services},
	"no_patch":              {of: services},
	"path_patch_ignored":    {of: services},
	"active_strings":        {of: services},
	"no_id_on_create":       {of: services},
	"conflict_on_create":    {params: kinds{"applied": number}, of: services},
	"inactive_on_create":    {of: services},
	"attribute_ignored":     {params: kinds{"attribute": text}, need: "attribute", of: services},
	"member_dropped":        {of: services},
	"members_null":          {of: services},
	"members_omitted":       {of: services},
	"no_groups":             {of: services},
	"remove_ignored":        {of: services},
}

// What a fault is of: of both where it does not say.
const (
	pages    = "a console"
	services = "a service"
)

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
	of     string // pages or services
}

// A FaultSpec is a fault that an app's stand-in adds: its params by name, with whether each is a number.
type FaultSpec struct {
	Params map[string]bool
	Need   string // a param that must be given
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

func (f Fault) duration(param string) time.Duration {
	return time.Duration(f.number(param, 0)) * time.Millisecond
}

// Text returns a param that is text, or what stands for it where it was not given.
func (f Fault) Text(param, otherwise string) string { return f.text(param, otherwise) }

// faults keeps what is active. Whatever changes it moves the version on, so that a page knows to
// ask again.
type faults struct {
	known   map[string]spec
	mu      sync.Mutex
	active  map[string]*Fault
	struck  map[string]int
	version int
}

// newFaults knows the faults of a page, or of a service with the ones that its app adds.
func newFaults(cfg Config) *faults {
	other, mine := services, maps.Clone(known)
	if cfg.Service != nil {
		other = pages
		for name, own := range cfg.Service.Faults {
			sp := spec{params: kinds{}, need: own.Need}
			for param, isNumber := range own.Params {
				sp.params[param] = text
				if isNumber {
					sp.params[param] = number
				}
			}
			mine[name] = sp
		}
	}
	maps.DeleteFunc(mine, func(_ string, sp spec) bool { return sp.of == other })
	return &faults{known: mine, active: map[string]*Fault{}, struck: map[string]int{}, version: 1}
}

// parse checks a POSTed fault: unknown names, params and kinds are errors.
func (f *faults) parse(in map[string]any) (*Fault, error) {
	name, ok := in["name"].(string)
	if !ok {
		return nil, fmt.Errorf(`a fault needs a "name": one of %q`, slices.Sorted(maps.Keys(f.known)))
	}
	sp, ok := f.known[name]
	if !ok {
		return nil, fmt.Errorf("there is no fault %q: one of %q", name, slices.Sorted(maps.Keys(f.known)))
	}
	one := &Fault{Name: name, Params: map[string]any{}}
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
		one.Params[key] = v
	}
	one.Left = one.number("times", 0)
	delete(one.Params, "times")
	if one.Left < 0 {
		return nil, fmt.Errorf(`"times" of fault %s is negative`, name)
	}
	if one.Left == 0 && sp.once {
		one.Left = 1
	}
	if _, ok := one.Params[sp.need]; sp.need != "" && !ok {
		return nil, fmt.Errorf("fault %s needs the param %q", name, sp.need)
	}
	return one, nil
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
