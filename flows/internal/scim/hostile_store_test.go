package scim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// What the honest service does to its records, and to its log, where it is asked to change something.

// equals is the one kind of filter that the service knows: an attribute and a text, values case folded.
var equals = regexp.MustCompile(`^\s*([A-Za-z.:0-9\[\]" ]+?)\s+[eE][qQ]\s+("(?:[^"\\]|\\.)*"|true|false)\s*$`)

// filtered returns the records that the filter lets through.
func filtered(all []record, filter string) ([]record, *answer) {
	if filter == "" {
		return all, nil
	}
	m := equals.FindStringSubmatch(filter)
	if m == nil {
		return nil, problem(http.StatusBadRequest, "invalidFilter", "only eq is understood")
	}
	var want any
	if err := json.Unmarshal([]byte(m[2]), &want); err != nil {
		return nil, problem(http.StatusBadRequest, "invalidFilter", "that is no value")
	}
	var hits []record
	for _, r := range all {
		if slices.ContainsFunc(valuesOf(r, m[1]), func(v any) bool { return strings.EqualFold(fmt.Sprint(v), fmt.Sprint(want)) }) {
			hits = append(hits, r)
		}
	}
	return hits, nil
}

// valuesOf returns what a record says of an attribute that a filter names.
func valuesOf(r record, path string) []any {
	path = strings.TrimPrefix(path, userURN+":")
	if strings.HasPrefix(path, "emails") {
		var out []any
		mails, _ := r["emails"].([]any)
		for _, m := range mails {
			if m, ok := m.(map[string]any); ok {
				out = append(out, m["value"])
			}
		}
		return out
	}
	for k, v := range r {
		if strings.EqualFold(k, path) {
			return []any{v}
		}
	}
	return nil
}

// taken says whether another record of the kind has that label. s.mu is held.
func (s *site) taken(kind, label, except string) bool {
	return !s.twins && slices.ContainsFunc(s.kinds[kind], func(r record) bool { return r.id() != except && strings.EqualFold(r.label(), label) })
}

// post makes a record. s.mu is held.
func (s *site) post(c *call) *answer {
	var r record
	if err := json.Unmarshal(c.body, &r); err != nil || r.label() == "" {
		return problem(http.StatusBadRequest, "invalidSyntax", "that is no resource")
	}
	if s.taken(c.kind, r.label(), "") {
		return problem(http.StatusConflict, "uniqueness", "that name is taken")
	}
	s.next++
	r["id"] = fmt.Sprintf("id-%04d", s.next)
	if _, ok := r["active"]; !ok && c.kind == users {
		r["active"] = true
	}
	s.kinds[c.kind] = append(s.kinds[c.kind], r)
	s.log = append(s.log, change{"create", c.kind, r.id(), r.label()})
	shown := s.shown(c, r)
	return say(http.StatusCreated, shown).with("Location", s.srv.URL+base+"/"+c.kind+"/"+r.id())
}

// put replaces a record. s.mu is held.
func (s *site) put(c *call, at int) *answer {
	var r record
	if err := json.Unmarshal(c.body, &r); err != nil || r.label() == "" {
		return problem(http.StatusBadRequest, "invalidSyntax", "that is no resource")
	}
	delete(r, "meta")
	return s.keep(c, at, r)
}

// keep puts r in the place of the record at that index, with a line in the log where that changes
// anything. s.mu is held.
func (s *site) keep(c *call, at int, r record) *answer {
	if s.taken(c.kind, r.label(), c.id) {
		return problem(http.StatusConflict, "uniqueness", "that name is taken")
	}
	old := s.kinds[c.kind][at]
	r["id"] = old["id"]
	if !reflect.DeepEqual(clone(old), clone(r)) {
		s.kinds[c.kind][at] = r
		s.log = append(s.log, change{"change", c.kind, r.id(), r.label()})
	}
	return say(http.StatusOK, s.shown(c, r))
}

// patch changes a record, whole or not at all. s.mu is held.
func (s *site) patch(c *call, at int) *answer {
	var p struct {
		Schemas    []string `json:"schemas"`
		Operations []struct {
			Op    string `json:"op"`
			Path  string `json:"path"`
			Value any    `json:"value"`
		} `json:"Operations"`
	}
	if err := json.Unmarshal(c.body, &p); err != nil || len(p.Schemas) == 0 || len(p.Operations) == 0 {
		return problem(http.StatusBadRequest, "invalidSyntax", "that is no PatchOp")
	}
	r := clone(s.kinds[c.kind][at])
	for _, o := range p.Operations {
		if !patched(r, strings.ToLower(o.Op), o.Path, o.Value) {
			return problem(http.StatusBadRequest, "invalidPath", "that is not understood: "+o.Op+" "+o.Path)
		}
	}
	return s.keep(c, at, r)
}

var oneMember = regexp.MustCompile(`^members\[value eq "([^"]*)"\]$`)

// patched applies one operation.
func patched(r record, op, path string, value any) bool {
	path = strings.TrimPrefix(path, userURN+":")
	switch m := oneMember.FindStringSubmatch(path); {
	case op != "add" && op != "replace" && op != "remove":
		return false
	case m != nil:
		return op == "remove" && setMembers(r, op, []any{map[string]any{"value": m[1]}})
	case path == "members":
		list, ok := value.([]any)
		return (ok || op == "remove" && value == nil) && setMembers(r, op, list)
	case path == "":
		attributes, ok := value.(map[string]any)
		for k, v := range attributes {
			ok = ok && patched(r, op, k, v)
		}
		return ok
	case path == "active":
		_, ok := value.(bool)
		if ok {
			r[path] = value
		}
		return ok && op != "remove"
	case strings.HasPrefix(path, "emails[") && strings.HasSuffix(path, "].value"):
		return setMail(r, path, value)
	case strings.HasPrefix(path, enterURN+":"):
		return setIn(r, enterURN, strings.TrimPrefix(path, enterURN+":"), value)
	case strings.HasPrefix(path, "name."):
		return setIn(r, "name", strings.TrimPrefix(path, "name."), value)
	case op == "remove":
		delete(r, path)
		return true
	default:
		if m, ok := value.(map[string]any); ok && (path == "name" || path == enterURN) {
			for k, v := range m {
				setIn(r, path, k, v)
			}
			return true
		}
		r[path] = value
		return true
	}
}

func setIn(r record, at, key string, value any) bool {
	in, ok := r[at].(map[string]any)
	if !ok {
		in = map[string]any{}
	}
	in[key] = value
	r[at] = in
	return true
}

// setMail changes the addresses that a value filter (primary, or the type "work") lets through.
func setMail(r record, path string, value any) bool {
	mails, _ := r["emails"].([]any)
	found := false
	for _, m := range mails {
		m, ok := m.(map[string]any)
		if ok && (strings.Contains(path, "primary") && yes(m["primary"]) || strings.Contains(path, "work") && m["type"] == "work") {
			m["value"], found = value, true
		}
	}
	return found
}

// setMembers adds, replaces or removes members. A member is in a group once.
func setMembers(r record, op string, list []any) bool {
	members, _ := r["members"].([]any)
	have := func(id string) bool {
		return slices.ContainsFunc(members, func(m any) bool { return memberID(m) == id })
	}
	switch {
	case op == "remove" && list == nil:
		members = []any{}
	case op == "remove":
		for _, gone := range list {
			members = slices.DeleteFunc(members, func(m any) bool { return memberID(m) == memberID(gone) })
		}
	default:
		if op == "replace" {
			members = []any{}
		}
		for _, m := range list {
			if !have(memberID(m)) {
				members = append(members, map[string]any{"value": memberID(m)})
			}
		}
	}
	r["members"] = members
	return true
}

func memberID(m any) string {
	in, _ := m.(map[string]any)
	return text(in["value"])
}
