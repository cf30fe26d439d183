package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/sandbox"
)

// A clock is the time of a stand-in under test.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func config() sandbox.Config {
	var fixed []sandbox.Person
	fixed = append(fixed, sandbox.Confusable("member")...)
	fixed = append(fixed, sandbox.OneOfEach("member")...)
	fixed = append(fixed, sandbox.Hostile("member")...)
	return sandbox.Config{
		App: "toy", Workspace: "Toys", Sites: []string{"login", "app"}, SignInPath: "/login", TOTP: true,
		Admin: sandbox.Person{Email: "boss@example.com", First: "The", Last: "Boss", Roles: []string{"admin"}},
		Fixed: fixed, Users: 60, Seed: 7, Roles: []sandbox.Weighted{{Word: "admin", Weight: 1}, {Word: "member", Weight: 9}},
		Several: 20, Expired: 10,
		Holding: func(n int) flows.Holding { return flows.Holding{Kind: "Task", Title: fmt.Sprint("Thing ", n)} },
	}
}

// A guest is a browser without a page.
type guest struct {
	t     *testing.T
	s     *sandbox.Server
	clock *clock
	http  *http.Client
	csrf  string
}

func setup(t *testing.T, change func(*sandbox.Config)) *guest {
	t.Helper()
	c := &clock{at: time.Date(2026, 11, 23, 9, 0, 5, 0, time.UTC)}
	cfg := config()
	cfg.Now = c.now
	if change != nil {
		change(&cfg)
	}
	s, err := sandbox.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, site := range cfg.Sites {
		s.Serve(site, fstest.MapFS{"index.html": {Data: []byte("<title>toy</title>")}, "assets/app.js": {Data: []byte("1")}})
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &guest{t: t, s: s, clock: c, http: &http.Client{Jar: jar, Timeout: 20 * time.Second}}
}

type object = map[string]any

// try sends a request; into may be nil. It returns the status and the error's code.
func (g *guest) try(method, site, path string, body, into any) (int, string, error) {
	g.t.Helper()
	var b bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&b).Encode(body); err != nil {
			g.t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(g.t.Context(), method, g.s.URL(site)+path, &b)
	if err != nil {
		g.t.Fatal(err)
	}
	req.Header.Set("X-CSRF-Token", g.csrf)
	res, err := g.http.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() {
		if err := res.Body.Close(); err != nil {
			g.t.Error(err)
		}
	}()
	var raw json.RawMessage
	if err := json.NewDecoder(res.Body).Decode(&raw); err != nil {
		return res.StatusCode, "", fmt.Errorf("read the answer: %w", err)
	}
	if into != nil && res.StatusCode == http.StatusOK {
		if err := json.Unmarshal(raw, into); err != nil {
			return res.StatusCode, "", err
		}
	}
	var bad struct{ Error struct{ Code string } }
	if err := json.Unmarshal(raw, &bad); err != nil {
		return res.StatusCode, "", err
	}
	return res.StatusCode, bad.Error.Code, nil
}

// want sends a request and fails the test where the answer is not that one.
func (g *guest) want(status int, code, method, path string, body, into any) {
	g.t.Helper()
	site := "app"
	if len(path) >= 12 && path[:12] == "/api/sign-in" {
		site = "login"
	}
	got, gotCode, err := g.try(method, site, path, body, into)
	if err != nil || got != status || gotCode != code {
		g.t.Fatalf("%s %s: got %d %q (%v), want %d %q", method, path, got, gotCode, err, status, code)
	}
}

func (g *guest) secret(name string) string { return g.s.Secrets()[name].Reveal() }

func (g *guest) code() string {
	g.t.Helper()
	code, err := totp.GenerateCode(g.secret("totp"), g.clock.now())
	if err != nil {
		g.t.Fatal(err)
	}
	return code
}

// password does the first half of the sign-in.
func (g *guest) password() (pending string) {
	g.t.Helper()
	var a struct{ Next, Pending string }
	g.want(200, "", "POST", "/api/sign-in", object{"email": g.secret("user"), "password": g.secret("password")}, &a)
	if a.Next != "code" || a.Pending == "" {
		g.t.Fatalf("after the password: %+v", a)
	}
	return a.Pending
}

// signIn goes all the way.
func (g *guest) signIn() *guest {
	g.t.Helper()
	var a struct{ Next, URL, Csrf string }
	g.want(200, "", "POST", "/api/sign-in/code", object{"pending": g.password(), "code": g.code()}, &a)
	at, err := url.Parse(a.URL)
	if err != nil || a.Next != "handover" {
		g.t.Fatalf("after the code: %+v, %v", a, err)
	}
	g.want(200, "", "POST", "/api/session", object{"ticket": at.Query().Get("ticket")}, &a)
	g.csrf = a.Csrf
	return g
}

type page struct {
	Items []struct {
		ID, Email, Name, State string
		RoleWord               string `json:"role_word"`
		StatusWord             string `json:"status_word"`
	}
	Total *int
	More  bool
}

func (g *guest) list(query string) page {
	g.t.Helper()
	var p page
	g.want(200, "", "GET", "/api/users?"+query, nil, &p)
	return p
}

// id returns the id of the account with that address.
func (g *guest) id(email string) string {
	g.t.Helper()
	u, ok := g.truth().User(email)
	if !ok {
		g.t.Fatalf("nobody has the address %s", email)
	}
	return u.ID
}

func (g *guest) truth() sandbox.Truth {
	g.t.Helper()
	truth, err := sandbox.ReadTruth(g.t.Context(), g.s.TruthURL())
	if err != nil {
		g.t.Fatal(err)
	}
	return truth
}

func (g *guest) fault(name string, params object) {
	g.t.Helper()
	if err := sandbox.SetFault(g.t.Context(), g.s.FaultURL(), name, params); err != nil {
		g.t.Fatal(err)
	}
}

// until waits for a condition, with a bound.
func (g *guest) until(what string, is func(sandbox.Truth) bool) {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(g.t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is(g.truth()) {
		select {
		case <-ctx.Done():
			g.t.Fatalf("%s: not within ten seconds", what)
		case <-tick.C:
		}
	}
}

func verbs(writes []sandbox.Write) []string {
	out := []string{}
	for _, w := range writes {
		out = append(out, w.Verb)
	}
	return slices.Clip(out)
}
