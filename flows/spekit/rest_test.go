package spekit

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/scim"
	"github.com/usherhq/usher/secrets"
)

const testToken = "rest-token-4711-of-the-test"

// against opens the REST API of a server that answers by its query.
func against(t *testing.T, answer http.HandlerFunc) *rest {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	r, err := openRest(server.URL+"/v1", scim.WireOptions{
		Base: server.URL + "/v1", Scheme: "Token", Token: secrets.New(testToken), PerSecond: -1,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// one is a user as the API shows it.
func one(n int) string {
	return fmt.Sprintf(`{"id":"id-%d","first_name":"F","last_name":"L","email":"u%d@example.com","is_active":%t,"created_on":"x","teams":[]}`, n, n, n%2 == 0)
}

// some are users from n to m.
func some(n, m int) string {
	var all []string
	for i := n; i <= m; i++ {
		all = append(all, one(i))
	}
	return "[" + strings.Join(all, ",") + "]"
}

func page(count, next, results string) string {
	return fmt.Sprintf(`{"count":%s,"next":%s,"previous":null,"results":%s}`, count, next, results)
}

func say(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if _, err := w.Write([]byte(body)); err != nil {
			return // the guest hung up
		}
	}
}

func TestAllPagesAreReadByTheirCursor(t *testing.T) {
	t.Parallel()
	var asked []string
	r := against(t, func(w http.ResponseWriter, req *http.Request) {
		asked = append(asked, req.Header.Get("Authorization")+" "+req.URL.Path+"?"+req.URL.RawQuery)
		switch req.URL.Query().Get("cursor") {
		case "":
			say(page("250", `"http://`+req.Host+`/v1/users/?cursor=two&page_size=100"`, some(1, 100)))(w, req)
		case "two":
			say(page("250", `"/v1/users/?cursor=three"`, some(101, 200)))(w, req)
		default:
			say(page("250", "null", some(201, 250)))(w, req)
		}
	})
	users, count, err := r.Users(t.Context())
	if err != nil || len(users) != 250 || count != 250 {
		t.Fatalf("%d users of %d, %v", len(users), count, err)
	}
	if u := users[1]; u.Email != "u2@example.com" || !u.Active || u.Name != "F L" || users[2].Active {
		t.Errorf("the second user is %+v", u)
	}
	want := "Token " + testToken + " /v1/users/?page_size=100"
	if len(asked) != 3 || asked[0] != want || !strings.Contains(asked[2], "cursor=three") {
		t.Errorf("asked for %q", asked)
	}
}

func TestAListThatChangesIsReadAgainOnce(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	r := against(t, func(w http.ResponseWriter, req *http.Request) {
		switch {
		case n.Add(1) == 1:
			say(page("3", `"/v1/users/?cursor=two"`, some(1, 2)))(w, req)
		case req.URL.Query().Get("cursor") == "":
			say(page("4", `"/v1/users/?cursor=two"`, some(1, 2)))(w, req)
		default:
			say(page("4", "null", some(3, 4)))(w, req)
		}
	})
	users, count, err := r.Users(t.Context())
	if err != nil || len(users) != 4 || count != 4 || n.Load() != 4 {
		t.Errorf("%d users of %d after %d requests, %v", len(users), count, n.Load(), err)
	}
}

func TestWhatCannotBeAListIsNone(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int32
	stolen := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(stolen.Close)
	quoted := func(s string) string {
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for name, answer := range map[string]http.HandlerFunc{
		"HTML with a 200": func(w http.ResponseWriter, _ *http.Request) {
			http.ServeContent(w, &http.Request{Method: http.MethodGet}, "index.html", time.Time{}, strings.NewReader("<!doctype html><div id=root></div>"))
		},
		"no JSON":                  say("users: none"),
		"an array":                 say("[]"),
		"two objects":              say(page("1", "null", some(1, 1)) + "{}"),
		"no count":                 say(`{"next":null,"results":[]}`),
		"a count below nothing":    say(page("-1", "null", "[]")),
		"a count in words":         say(page(`"many"`, "null", "[]")),
		"no results":               say(`{"count":0,"next":null}`),
		"results that are null":    say(page("0", "null", "null")),
		"a count that is too high": say(page("3", "null", some(1, 2))),
		"a count that is too low":  say(page("1", "null", some(1, 2))),
		"a user who comes twice":   say(page("2", "null", "["+one(1)+","+one(1)+"]")),
		"a user without an id":     say(page("1", "null", `[{"email":"a@example.com","is_active":true}]`)),
		"a user without a state":   say(page("1", "null", `[{"id":"1","email":"a@example.com"}]`)),
		"a user without an address": say(page("1", "null",
			`[{"id":"1","email":" ","is_active":true}]`)),
		"a state in words":           say(page("1", "null", `[{"id":"1","email":"a@example.com","is_active":"yes"}]`)),
		"more than was asked for":    say(page("101", "null", some(1, 101))),
		"a next page elsewhere":      say(page("2", quoted(stolen.URL+"/v1/users/?cursor=x"), some(1, 1))),
		"a next page with a user":    say(page("2", quoted("http://user@127.0.0.1/v1/users/?cursor=x"), some(1, 1))),
		"a next page by another way": say(page("2", `"/v2/users/?cursor=x"`, some(1, 1))),
		"a next page without cursor": say(page("2", `"/v1/users/"`, some(1, 1))),
		"a next page that is none":   say(page("2", `"http://[::1"`, some(1, 1))),
		"a next page that goes on":   say(page("9", `"/v1/users/?cursor=x"`, some(1, 1))),
		"a next page after nothing":  say(page("2", `"/v1/users/?cursor=x"`, "[]")),
		"a redirect elsewhere": func(w http.ResponseWriter, req *http.Request) {
			http.Redirect(w, req, stolen.URL+"/v1/users/", http.StatusFound)
		},
		"a 401 in plain text": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "Unauthorized "+testToken, http.StatusUnauthorized)
		},
		"a 500": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "oops", http.StatusInternalServerError) },
		"a 429 without a time": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"detail":"throttled"}`, http.StatusTooManyRequests)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			users, _, err := against(t, answer).Users(t.Context())
			if err == nil {
				t.Fatalf("%d users were believed", len(users))
			}
			if flows.HintOf(err) == "" || strings.Contains(err.Error(), testToken) {
				t.Errorf("the error says nothing of what to do, or too much: %v", err)
			}
		})
	}
	t.Cleanup(func() {
		if elsewhere.Load() != 0 {
			t.Error("the token went to another host")
		}
	})
}

func TestAnEndlessListEnds(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	r := against(t, func(w http.ResponseWriter, req *http.Request) {
		i := int(n.Add(1))
		say(page("5", fmt.Sprintf(`"/v1/users/?cursor=c%d"`, i), some(i, i)))(w, req)
	})
	if users, _, err := r.Users(t.Context()); flows.CodeOf(err) != flows.Incomplete || n.Load() > mostRest {
		t.Errorf("%d users after %d requests, %v", len(users), n.Load(), err)
	}
}

func TestThereIsNoSecondSourceWithoutItsToken(t *testing.T) {
	t.Parallel()
	if s, err := second(t.Context(), flows.Env{}); s != nil || err != nil {
		t.Errorf("got %v, %v", s, err)
	}
	s, err := second(t.Context(), flows.Env{Secrets: map[string]secrets.Value{restToken: secrets.New("x")}})
	if r, ok := s.(*rest); err != nil || !ok || r.base.String() != restBase {
		t.Errorf("got %v, %v, want the documented address", s, err)
	}
	bad := flows.Env{
		Secrets: map[string]secrets.Value{restToken: secrets.New("x")}, Connection: flows.Connection{API: "http://example.com/v1"},
	}
	if _, err := second(t.Context(), bad); flows.CodeOf(err) != flows.Invalid {
		t.Errorf("plain http was taken: %v", err)
	}
}
