package scim_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const (
	token     = "scb_hostile-7f1c0a9e5d"
	base      = "/scim/v2"
	scimJSON  = "application/scim+json"
	userURN   = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupURN  = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterURN  = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	listURN   = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	errorURN  = "urn:ietf:params:scim:api:messages:2.0:Error"
	users     = "Users"
	groups    = "Groups"
	pageOfOne = 10 // what the service gives per page at most, unless a case says otherwise
)

// A change is a line of the truth log: something that did change.
type change struct {
	Verb, Kind, ID, Name string
}

// A site is an honest SCIM service over a truth in memory. A quirk makes it lie in one way.
type site struct {
	srv *httptest.Server

	mu    sync.Mutex
	kinds map[string][]record // in the order in which they came
	log   []change
	asked map[string]int // how often, by method and kind: "POST Users"
	lines []string       // the requests, for the test's own log
	next  int
	page  int
	twins bool // accounts and groups of one name are let in
	quirk quirk
	hits  int
}

// A quirk answers in the service's place, or returns nil to let it answer.
type quirk func(s *site, c *call) *answer

// A call is a request, taken apart.
type call struct {
	*http.Request
	w     http.ResponseWriter
	body  []byte
	kind  string // "Users"
	id    string // unescaped
	query url.Values
	n     int // of this method and kind, from 1
}

// lists says whether the call asks for a list of that kind.
func (c *call) lists(kind string) bool {
	return c.Method == http.MethodGet && c.kind == kind && c.id == ""
}

// writes says whether the call would change something.
func (c *call) writes() bool { return c.Method != http.MethodGet }

// An answer is what goes back. Where do is set, it does all of that itself.
type answer struct {
	status int
	header http.Header
	body   []byte
	do     func(w http.ResponseWriter)
}

func (a *answer) with(key, value string) *answer {
	a.header.Set(key, value)
	return a
}

// say makes an answer of JSON.
func say(status int, v any) *answer {
	var b []byte
	if v != nil {
		var err error
		if b, err = json.Marshal(v); err != nil {
			panic(err) // a mistake in a test case
		}
	}
	return raw(status, scimJSON, string(b))
}

func raw(status int, contentType, body string) *answer {
	a := &answer{status: status, header: http.Header{}, body: []byte(body)}
	if contentType != "" {
		a.header.Set("Content-Type", contentType)
	}
	return a
}

func problem(status int, kind, detail string) *answer {
	e := map[string]any{"schemas": []string{errorURN}, "status": strconv.Itoa(status), "detail": detail}
	if kind != "" {
		e["scimType"] = kind
	}
	return say(status, e)
}

// newSite starts a service with so many users: person001@example.com ..., each fifth inactive.
func newSite(t *testing.T, people int, q quirk) *site {
	t.Helper()
	s := &site{kinds: map[string][]record{}, asked: map[string]int{}, page: pageOfOne, quirk: q}
	for i := 1; i <= people; i++ {
		s.seed(person(i))
	}
	s.srv = httptest.NewServer(s)
	t.Cleanup(s.srv.Close)
	t.Cleanup(func() {
		if t.Failed() {
			s.mu.Lock()
			defer s.mu.Unlock()
			t.Logf("requests:\n  %s", strings.Join(s.lines[:min(len(s.lines), 60)], "\n  "))
		}
	})
	return s
}

func person(i int) record {
	name := fmt.Sprintf("person%03d@example.com", i)
	return record{
		"schemas": []any{userURN, enterURN}, "userName": name, "externalId": fmt.Sprintf("ext-%d", i), "active": i%5 != 0,
		"name":     map[string]any{"givenName": "Person", "familyName": strconv.Itoa(i)},
		"emails":   []any{map[string]any{"value": name, "type": "work", "primary": true}},
		"nickName": "as it was", enterURN: map[string]any{"department": "Support", "employeeNumber": strconv.Itoa(1000 + i)},
	}
}

// seed puts a record there without a line in the log.
func (s *site) seed(r record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r = clone(r)
	kind := users
	if _, ok := r["displayName"]; ok && r["userName"] == nil {
		kind = groups
	}
	if r["id"] == nil {
		s.next++
		r["id"] = fmt.Sprintf("id-%04d", s.next)
	}
	s.kinds[kind] = append(s.kinds[kind], r)
}

func (s *site) url() string { return s.srv.URL + base }

// strike counts that the quirk did what it is there for.
func (s *site) strike() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hits++
}

// all returns copies of the records of a kind, as they are now.
func (s *site) all(kind string) []record {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]record, 0, len(s.kinds[kind]))
	for _, r := range s.kinds[kind] {
		out = append(out, r.copied())
	}
	return out
}

// named returns the records whose label, or any of whose addresses, is that name (case folded).
func (s *site) named(kind, name string) []record {
	return slices.DeleteFunc(s.all(kind), func(r record) bool { return !strings.EqualFold(r.label(), name) })
}

func (s *site) changes() []change {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

func (s *site) count(methodAndKind string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[methodAndKind]
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{Request: r, w: w, query: r.URL.Query()}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away
	}
	c.body = body
	parts := strings.Split(strings.TrimPrefix(strings.TrimPrefix(r.URL.EscapedPath(), base), "/"), "/")
	c.kind = parts[0]
	if len(parts) > 1 {
		if c.id, err = url.PathUnescape(strings.Join(parts[1:], "/")); err != nil {
			c.id = parts[1]
		}
		if len(parts) > 2 {
			c.kind = "nowhere" // an id with a slash was not escaped
		}
	}
	s.mu.Lock()
	key := c.Method + " " + c.kind
	s.asked[key]++
	c.n = s.asked[key]
	if len(s.lines) < 1000 {
		s.lines = append(s.lines, fmt.Sprintf("%s %s %.300s", c.Method, r.URL.RequestURI(), body))
	}
	q := s.quirk
	s.mu.Unlock()

	var a *answer
	if q != nil {
		a = q(s, c)
	}
	if a == nil {
		a = s.honest(c)
	}
	if a.do != nil {
		a.do(w)
		return
	}
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	tell(w, "%s", a.body)
}

// tell writes to a client, and says whether that is still there.
func tell(w io.Writer, format string, args ...any) bool {
	_, err := fmt.Fprintf(w, format, args...)
	return err == nil
}

// honest answers as RFC 7644 says.
func (s *site) honest(c *call) *answer {
	if c.Header.Get("Authorization") != "Bearer "+token {
		return problem(http.StatusUnauthorized, "", "the token is not right")
	}
	if !strings.HasPrefix(c.URL.Path, base) {
		return problem(http.StatusNotFound, "", "no such address")
	}
	switch c.kind {
	case "ServiceProviderConfig":
		yes := map[string]any{"supported": true}
		return say(http.StatusOK, map[string]any{
			"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
			"patch":   yes, "filter": map[string]any{"supported": true, "maxResults": s.page},
			"bulk": map[string]any{"supported": false}, "sort": map[string]any{"supported": false}, "etag": map[string]any{"supported": false},
		})
	case "ResourceTypes":
		kinds := []any{
			map[string]any{"id": "User", "name": "User", "endpoint": "/Users", "schema": userURN, "schemaExtensions": []any{map[string]any{"schema": enterURN, "required": false}}},
			map[string]any{"id": "Group", "name": "Group", "endpoint": "/Groups", "schema": groupURN},
		}
		return say(http.StatusOK, map[string]any{"schemas": []string{listURN}, "totalResults": len(kinds), "Resources": kinds})
	case "Schemas":
		return say(http.StatusOK, map[string]any{"schemas": []string{listURN}, "totalResults": 0, "Resources": []any{}})
	case users, groups:
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.resource(c)
	default:
		return problem(http.StatusNotFound, "", "no such address")
	}
}

// resource answers for users and groups. s.mu is held.
func (s *site) resource(c *call) *answer {
	if c.id == "" {
		switch c.Method {
		case http.MethodGet:
			return s.list(c)
		case http.MethodPost:
			return s.post(c)
		default:
			return problem(http.StatusMethodNotAllowed, "", "not on a list")
		}
	}
	at := slices.IndexFunc(s.kinds[c.kind], func(r record) bool { return r.id() == c.id })
	if at < 0 {
		return problem(http.StatusNotFound, "", "there is none of that id")
	}
	old := s.kinds[c.kind][at]
	switch c.Method {
	case http.MethodGet:
		return say(http.StatusOK, s.shown(c, old))
	case http.MethodPut:
		return s.put(c, at)
	case http.MethodPatch:
		return s.patch(c, at)
	case http.MethodDelete:
		s.kinds[c.kind] = slices.Delete(s.kinds[c.kind], at, at+1)
		s.log = append(s.log, change{"delete", c.kind, c.id, old.label()})
		return raw(http.StatusNoContent, "", "")
	default:
		return problem(http.StatusMethodNotAllowed, "", "no such verb")
	}
}

// shown is a record as it goes out.
func (s *site) shown(c *call, r record) record {
	r = r.copied()
	for _, k := range strings.Split(c.query.Get("excludedAttributes"), ",") {
		delete(r, k)
	}
	r["meta"] = map[string]any{"resourceType": strings.TrimSuffix(c.kind, "s"), "location": s.srv.URL + base + "/" + c.kind + "/" + url.PathEscape(r.id())}
	return r
}

// list answers with a page. s.mu is held.
func (s *site) list(c *call) *answer {
	hits, bad := filtered(s.kinds[c.kind], c.query.Get("filter"))
	if bad != nil {
		return bad
	}
	start, most := number(c.query, "startIndex", 1), number(c.query, "count", s.page)
	start, most = max(start, 1), max(0, min(most, s.page))
	from := min(start-1, len(hits))
	page := []record{}
	for _, r := range hits[from:min(from+most, len(hits))] {
		page = append(page, s.shown(c, r))
	}
	return say(http.StatusOK, map[string]any{
		"schemas": []string{listURN}, "totalResults": len(hits), "startIndex": start, "itemsPerPage": len(page), "Resources": page,
	})
}

func number(q url.Values, name string, otherwise int) int {
	n, err := strconv.Atoi(q.Get(name))
	if err != nil {
		return otherwise
	}
	return n
}
