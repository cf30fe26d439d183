package scim_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Quirks that several cases are made of.

// changed returns the answer with other attributes in its body.
func changed(a *answer, attributes map[string]any) *answer {
	var r map[string]any
	if err := json.Unmarshal(a.body, &r); err != nil {
		return a
	}
	for k, v := range attributes {
		r[k] = v
	}
	return say(a.status, r)
}

// without returns the answer without an attribute, and without the header that tells it too.
func without(a *answer, attribute string) *answer {
	var r map[string]any
	if err := json.Unmarshal(a.body, &r); err != nil {
		return a
	}
	delete(r, attribute)
	delete(r, "meta")
	return say(a.status, r)
}

// late answers POST with a 504, and does what was asked once so many further requests have come.
func late(after int) quirk {
	var mu sync.Mutex
	var pending []*call
	since := 0
	return func(s *site, c *call) *answer {
		mu.Lock()
		defer mu.Unlock()
		if c.Method == http.MethodPost {
			s.strike()
			pending = append(pending, c)
			return raw(http.StatusGatewayTimeout, "text/html", "<h1>504</h1>")
		}
		if len(pending) > 0 {
			if since++; since > after {
				for _, p := range pending {
					s.honest(p)
				}
				pending = nil
			}
		}
		return nil
	}
}

func postedOnce(t *testing.T, s *site) {
	t.Helper()
	if n := s.count("POST Users"); n > 1 {
		t.Errorf("POST was sent %d times, and each may have been applied", n)
	}
}

// wantsJSON refuses the media type of SCIM.
func wantsJSON(method string) func() quirk {
	return func() quirk {
		return func(s *site, c *call) *answer {
			if c.Method == method && strings.HasPrefix(c.Header.Get("Content-Type"), scimJSON) {
				s.strike()
				return problem(http.StatusUnsupportedMediaType, "", "application/json, please")
			}
			return nil
		}
	}
}

// blind does what it is asked, and shows nothing from then on.
func blind(methods ...string) func() quirk {
	return func() quirk {
		return func(s *site, c *call) *answer {
			written := 0
			for _, m := range methods {
				written += s.count(m+" "+users) + s.count(m+" "+groups)
			}
			if c.Method == http.MethodGet && written > 0 {
				s.strike()
				return problem(http.StatusInternalServerError, "", "cannot show that now")
			}
			return nil
		}
	}
}

// flattered says what was asked for, and does not do it.
func flattered() quirk {
	return func(s *site, c *call) *answer {
		if c.Method != http.MethodPatch && c.Method != http.MethodPut {
			return nil
		}
		s.strike()
		u, _ := s.byID(c.kind, c.id)
		u["active"] = false
		return say(http.StatusOK, u)
	}
}

// forgetful takes no PATCH, and loses with a PUT what it does not know.
func forgetful(noPatch *answer) quirk {
	return func(s *site, c *call) *answer {
		switch c.Method {
		case http.MethodPatch:
			return noPatch
		case http.MethodPut:
			s.strike()
			var r record
			if err := json.Unmarshal(c.body, &r); err != nil {
				return nil
			}
			delete(r, "nickName")
			b, err := json.Marshal(r)
			if err != nil {
				return nil
			}
			c.body = b
		}
		return nil
	}
}

// onlyDelete takes neither PATCH nor PUT; DELETE is answered with that status, and applied or not.
func onlyDelete(status int, applied bool) func() quirk {
	return func() quirk {
		return func(s *site, c *call) *answer {
			switch c.Method {
			case http.MethodPatch, http.MethodPut:
				s.strike()
				return problem(http.StatusMethodNotAllowed, "", "not here")
			case http.MethodDelete:
				if applied {
					s.honest(c)
				}
				return raw(status, "", "")
			}
			return nil
		}
	}
}

// confused ignores PATCH and PUT, and shows somebody who is inactive in the place of whoever was meant.
func confused() quirk {
	return func(s *site, c *call) *answer {
		switch {
		case c.Method == http.MethodPatch, c.Method == http.MethodPut:
			s.strike()
			return raw(http.StatusNoContent, "", "")
		case c.Method == http.MethodGet && c.kind == users && c.id != "" && s.count("PATCH Users")+s.count("PUT Users") > 0:
			u, _ := s.byID(users, "id-0005")
			return say(http.StatusOK, u)
		}
		return nil
	}
}

// reassigned orders the deactivation of an account whose id has become somebody else's since the plan.
func reassigned(t *testing.T, s *site) order {
	t.Helper()
	o := s.deactivate(t, active1)
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.kinds[users], func(r record) bool { return r.label() == active1 })
	r := person(99)
	r["id"], r["active"] = s.kinds[users][at]["id"], true
	s.kinds[users][at] = r
	return o
}

// merging takes each replacing of members for adding, and a PUT's too.
func merging() quirk {
	return func(s *site, c *call) *answer {
		if c.kind != groups || c.Method != http.MethodPatch && c.Method != http.MethodPut {
			return nil
		}
		s.strike()
		g, _ := s.byID(groups, c.id)
		var body map[string]any
		if err := json.Unmarshal(c.body, &body); err != nil {
			return nil
		}
		if c.Method == http.MethodPut {
			setMembers(g, "add", list(body["members"]))
			body["members"] = g["members"]
		}
		for _, o := range list(body["Operations"]) {
			if o, ok := o.(map[string]any); ok && strings.EqualFold(text(o["op"]), "replace") {
				o["op"] = "add"
			}
		}
		b, err := json.Marshal(body)
		if err != nil {
			return nil
		}
		c.body = b
		return nil
	}
}

func list(v any) []any {
	all, _ := v.([]any)
	return all
}

// doubling lets a member be in a group as often as it is added.
func doubling() quirk {
	return func(s *site, c *call) *answer {
		var p struct{ Operations []map[string]any }
		if c.kind != groups || c.Method != http.MethodPatch || json.Unmarshal(c.body, &p) != nil {
			return nil
		}
		s.strike()
		before, _ := s.byID(groups, c.id)
		a := s.honest(c)
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, o := range p.Operations {
			if !strings.EqualFold(text(o["op"]), "add") {
				continue
			}
			for _, m := range list(o["value"]) {
				if slices.Contains(membersOf(before), memberID(m)) {
					at := slices.IndexFunc(s.kinds[groups], func(r record) bool { return r.id() == c.id })
					s.kinds[groups][at]["members"] = append(list(s.kinds[groups][at]["members"]), m)
				}
			}
		}
		return a
	}
}

// atMost refuses more than so many members at once, and anything after so many batches (0: nothing).
func atMost(members, batches int) func() quirk {
	return func() quirk {
		return func(s *site, c *call) *answer {
			if c.kind != groups || !c.writes() {
				return nil
			}
			var p struct{ Operations []map[string]any }
			if err := json.Unmarshal(c.body, &p); err != nil {
				return nil
			}
			s.strike()
			n := 0
			for _, o := range p.Operations {
				n += max(1, len(list(o["value"])))
			}
			switch {
			case n > members || c.Method == http.MethodPut:
				return problem(http.StatusRequestEntityTooLarge, "tooMany", "at most a hundred")
			case batches > 0 && c.n > batches:
				return problem(http.StatusInternalServerError, "", "oh")
			}
			return nil
		}
	}
}
