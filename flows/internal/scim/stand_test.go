package scim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

const testToken = "tok-5ecret-0123456789"

type resource = map[string]any

// A stand is a small honest service. A test's twist may answer in its place.
type stand struct {
	t   *testing.T
	url string

	mu     sync.Mutex
	kinds  map[string][]resource // "Users", "Groups"
	writes []string              // "PATCH Users/101", as they came
	made   int
	twist  func(w http.ResponseWriter, r *http.Request, body resource) (answered bool)
}

// stand starts a service with n active users 1..n, u1@example.com and so on.
func newStand(t *testing.T, n int) *stand {
	t.Helper()
	s := &stand{t: t, kinds: map[string][]resource{"Users": {}, "Groups": {}}}
	for i := 1; i <= n; i++ {
		s.kinds["Users"] = append(s.kinds["Users"], testUser(i))
	}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	s.url = srv.URL + "/scim/v2"
	return s
}

func testUser(i int) resource {
	address := fmt.Sprintf("u%d@example.com", i)
	return resource{
		"schemas": []any{schemaUser}, "id": strconv.Itoa(i), "userName": address, "displayName": fmt.Sprintf("User %d", i), "active": true,
		"name":   resource{"givenName": "Given", "familyName": "Family"},
		"emails": []any{resource{"value": address, "type": "work", "primary": true}},
		"custom": resource{"kept": "yes"},
	}
}

func testGroup(id, name string, members ...string) resource {
	list := []any{}
	for _, m := range members {
		list = append(list, resource{"value": m})
	}
	return resource{"schemas": []any{schemaGroup}, "id": id, "displayName": name, "members": list}
}

// user returns the service's own record.
func (s *stand) user(id string) resource { return s.one("Users", id) }

func (s *stand) one(kind, id string) resource {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.kinds[kind] {
		if r["id"] == id {
			return r
		}
	}
	return nil
}

func (s *stand) wrote() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.writes)
}

func (s *stand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+testToken {
		problem(w, 401, "", "no such token")
		return
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Errorf("read a body: %v", err)
	}
	var body resource
	if len(raw) > 0 && json.Unmarshal(raw, &body) != nil {
		problem(w, 400, "invalidSyntax", "no JSON")
		return
	}
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/scim/v2/")
	if r.Method != http.MethodGet {
		s.mu.Lock()
		s.writes = append(s.writes, r.Method+" "+path)
		s.mu.Unlock()
	}
	if s.twist != nil && s.twist(w, r, body) {
		return
	}
	s.honest(w, r, body)
}

func (s *stand) honest(w http.ResponseWriter, r *http.Request, body resource) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind, id, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/scim/v2/"), "/")
	id, err := url.PathUnescape(id)
	if _, known := s.kinds[kind]; !known || err != nil {
		problem(w, 404, "", "nothing here")
		return
	}
	at := slices.IndexFunc(s.kinds[kind], func(o resource) bool { return o["id"] == id })
	switch {
	case id == "" && r.Method == http.MethodGet:
		s.list(w, r, kind)
	case id == "" && r.Method == http.MethodPost:
		s.made++
		body["id"] = fmt.Sprintf("new-%d", s.made)
		s.kinds[kind] = append(s.kinds[kind], body)
		answer201(w, body)
	case at < 0:
		problem(w, 404, "", "no such resource")
	case r.Method == http.MethodGet:
		reply(w, 200, s.kinds[kind][at])
	case r.Method == http.MethodPut:
		body["id"] = id
		s.kinds[kind][at] = body
		reply(w, 200, body)
	case r.Method == http.MethodDelete:
		s.kinds[kind] = slices.Delete(s.kinds[kind], at, at+1)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodPatch:
		patched(s.kinds[kind][at], body)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *stand) list(w http.ResponseWriter, r *http.Request, kind string) {
	all := s.kinds[kind]
	if f := r.URL.Query().Get("filter"); f != "" {
		name, value, _ := strings.Cut(f, " eq ")
		value = strings.Trim(value, `"`)
		all = slices.DeleteFunc(slices.Clone(all), func(o resource) bool { return o[name] != value })
	}
	start := max(number64(r, "startIndex", 1), 1)
	end := min(start-1+number64(r, "count", 100), len(all))
	page := all[min(start-1, len(all)):max(end, min(start-1, len(all)))]
	reply(w, 200, resource{"totalResults": len(all), "startIndex": start, "itemsPerPage": len(page), "Resources": page})
}

func number64(r *http.Request, key string, or int) int {
	n, err := strconv.Atoi(r.URL.Query().Get(key))
	if err != nil {
		return or
	}
	return n
}

// patched applies what the tests send, and nothing else.
func patched(o, body resource) {
	ops, _ := body["Operations"].([]any)
	for _, e := range ops {
		op, _ := e.(resource)
		path, _ := op["path"].(string)
		members, _ := o["members"].([]any)
		switch {
		case path == "":
			for k, v := range op["value"].(resource) { //nolint:errcheck,forcetypeassert // a test that sends another ends here
				o[k] = v
			}
		case path == "members" && op["op"] == "add":
			o["members"] = append(members, op["value"].([]any)...) //nolint:errcheck,forcetypeassert // as above
		case strings.HasPrefix(path, "members[value eq "):
			id := strings.Trim(strings.TrimPrefix(path, "members[value eq "), `"]`)
			o["members"] = slices.DeleteFunc(members, func(m any) bool { return m.(resource)["value"] == id }) //nolint:errcheck,forcetypeassert // as above
		case path == `emails[type eq "work"].value`:
			o["emails"].([]any)[0].(resource)["value"] = op["value"] //nolint:errcheck,forcetypeassert // as above
		case strings.HasPrefix(path, schemaEnterprise+":"):
			in, _ := o[schemaEnterprise].(resource)
			if in == nil {
				in = resource{}
				o[schemaEnterprise] = in
			}
			in[strings.TrimPrefix(path, schemaEnterprise+":")] = op["value"]
		case strings.HasPrefix(path, "name."):
			o["name"].(resource)[strings.TrimPrefix(path, "name.")] = op["value"] //nolint:errcheck,forcetypeassert // as above
		default:
			o[path] = op["value"]
		}
	}
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", typeSCIM)
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil && !errors.Is(err, http.ErrHandlerTimeout) {
		return // the client has gone
	}
}

func answer201(w http.ResponseWriter, v any) { reply(w, 201, v) }

func problem(w http.ResponseWriter, status int, kind, detail string) {
	reply(w, status, resource{"schemas": []any{"urn:ietf:params:scim:api:messages:2.0:Error"}, "status": strconv.Itoa(status), "scimType": kind, "detail": detail})
}

// A journal is the agent's side: what was pressed, recorded and kept.
type journal struct {
	presses []flows.Press
	steps   []flows.Step
	session secrets.Value
	slept   []time.Duration
	refuse  func(p flows.Press) error
}

func (j *journal) Record(_ context.Context, s flows.Step) error {
	j.steps = append(j.steps, s)
	return nil
}

func (j *journal) press(_ context.Context, p flows.Press) error {
	for _, o := range j.presses {
		if o.Element == p.Element {
			return fmt.Errorf("%q was pressed already", p.Element)
		}
	}
	if j.refuse != nil {
		if err := j.refuse(p); err != nil {
			return err
		}
	}
	j.presses = append(j.presses, p)
	return nil
}

func (j *journal) elements() []string {
	var out []string
	for _, p := range j.presses {
		out = append(out, p.Element)
	}
	return out
}

func (j *journal) LoadSession(context.Context) (secrets.Value, error) { return j.session, nil }

func (j *journal) SaveSession(_ context.Context, v secrets.Value) error {
	j.session = v
	return nil
}

func (j *journal) DropSession(context.Context) error {
	j.session = secrets.Value{}
	return nil
}

func (j *journal) sleep(ctx context.Context, d time.Duration) error {
	j.slept = append(j.slept, d)
	return ctx.Err()
}

func testShape() Shape {
	return Shape{
		App:    flows.App{Name: "spekit", Title: "Spekit", Admins: []string{"admin"}, ReservedGroups: []string{"All Spekit Users"}},
		Groups: true, PlainRole: "viewer",
	}
}

// console opens the service, with a journal and without waiting.
func (s *stand) console(shape Shape, change ...func(*flows.Env)) (*Console, *journal) {
	s.t.Helper()
	j := &journal{}
	c, err := s.open(j, shape, change...)
	if err != nil {
		s.t.Fatal(err)
	}
	return c, j
}

func (s *stand) open(j *journal, shape Shape, change ...func(*flows.Env)) (*Console, error) {
	env := flows.Env{
		Connection: flows.Connection{Name: "spekit", URL: s.url, PerSecond: -1},
		Secrets:    map[string]secrets.Value{"token": secrets.New(testToken)},
		Record:     j, Pressing: j.press, Sessions: j, Now: time.Now,
	}
	for _, f := range change {
		f(&env)
	}
	w, err := NewWire(WireOptions{Base: env.Connection.URL, Token: env.Secrets["token"], PerSecond: -1, Now: env.Now, Record: j, Sleep: j.sleep})
	if err != nil {
		return nil, err
	}
	return open(s.t.Context(), env, shape, w)
}

// account is what a plan has read.
func (s *stand) account(c *Console, address string) flows.Account {
	s.t.Helper()
	found, err := c.Find(s.t.Context(), address)
	if err != nil || len(found) != 1 {
		s.t.Fatalf("find %s: %v, %v", address, found, err)
	}
	return found[0]
}

func wantCode(t *testing.T, err error, code flows.Code) {
	t.Helper()
	if flows.CodeOf(err) != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	if code != "" && code != flows.Internal && code != flows.NotFound && flows.HintOf(err) == "" {
		t.Errorf("no hint: %v", err)
	}
}
