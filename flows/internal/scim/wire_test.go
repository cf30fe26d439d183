package scim

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

func TestABaseIsHTTPSOrThisMachine(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"https://api.example.com/scim/v2":   "https://api.example.com/scim/v2/Users",
		"https://api.example.com/scim/v2//": "https://api.example.com/scim/v2/Users",
		"https://api.example.com":           "https://api.example.com/Users",
		"http://127.0.0.1:8080/":            "http://127.0.0.1:8080/Users",
		"http://[::1]:8080/x":               "http://[::1]:8080/x/Users",
		"http://localhost/x":                "http://localhost/x/Users",
		"http://api.example.com":            "",
		"http://127.0.0.1.example.com":      "",
		"http://localhost.example.com":      "",
		"https://ana:pw@api.example.com":    "",
		"https://api.example.com/?a=b":      "",
		"https://api.example.com/?":         "",
		"https://api.example.com/#a":        "",
		"ftp://api.example.com":             "",
		"api.example.com":                   "",
		"https:":                            "",
		"":                                  "",
		"https://a b":                       "",
	} {
		w, err := NewWire(WireOptions{Base: base, Token: secrets.New(testToken)})
		if want == "" {
			if flows.CodeOf(err) != flows.Invalid || flows.HintOf(err) == "" {
				t.Errorf("%q: %v", base, err)
			}
			continue
		}
		if err != nil || w.at("Users", nil) != want {
			t.Errorf("%q: %v", base, err)
		}
	}
}

func TestATokenThatCannotBeOneIsRefusedAndNotShown(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"", "abcd efgh", "abcdefgh\n", "abcdéfgh"} {
		_, err := NewWire(WireOptions{Base: "https://api.example.com", Token: secrets.New(token)})
		if flows.CodeOf(err) != flows.Invalid || token != "" && strings.Contains(err.Error(), token) {
			t.Errorf("%q: %v", token, err)
		}
	}
}

// wireTo returns a wire to a handler, whose waits are noted and not waited.
func wireTo(t *testing.T, h http.HandlerFunc) (*Wire, *journal) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	j := &journal{}
	w, err := NewWire(WireOptions{Base: srv.URL + "/scim", Token: secrets.New(testToken), PerSecond: -1, Sleep: j.sleep, Record: j})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w, j
}

func TestTheTokenFollowsNoRedirectToAnotherOrigin(t *testing.T) {
	t.Parallel()
	var seen atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		seen.Add(1)
		reply(w, 200, resource{"totalResults": 0})
	}))
	t.Cleanup(other.Close)
	w, _ := wireTo(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect) //nolint:gosec // a test of redirects
	})
	_, err := w.Get(t.Context(), "Users", nil)
	wantCode(t, err, flows.Invalid)
	r, err := w.send(t.Context(), http.MethodPost, "Users", nil, []byte("{}"), nil)
	if err != nil || r.Status != http.StatusTemporaryRedirect || judge(r) != lost {
		t.Errorf("a write that is redirected: %+v, %v", r, err)
	}
	if seen.Load() != 0 {
		t.Error("the other origin was asked")
	}
}

func TestAReadFollowsAFewRedirectsOfItsOwnOrigin(t *testing.T) {
	t.Parallel()
	hops := 0
	w, _ := wireTo(t, func(w http.ResponseWriter, r *http.Request) {
		if hops > 0 {
			hops--
			http.Redirect(w, r, r.URL.Path, http.StatusFound) //nolint:gosec // a test of redirects
			return
		}
		reply(w, 200, resource{"authorized": r.Header.Get("Authorization") == "Bearer "+testToken})
	})
	hops = 3
	r, err := w.Get(t.Context(), "Users", nil)
	if err != nil || !strings.Contains(string(r.Body), "true") {
		t.Errorf("three hops: %v", err)
	}
	hops = 4
	_, err = w.Get(t.Context(), "Users", nil)
	wantCode(t, err, flows.Invalid)
}

func TestAGzipBombEndsEarly(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	for range 64 {
		if _, err := z.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	asked := 0
	w, _ := wireTo(t, func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.Header().Set("Content-Encoding", "gzip")
		_, err := w.Write(packed.Bytes())
		_ = err // the client leaves before the end
	})
	_, err := w.Get(t.Context(), "Users", nil)
	wantCode(t, err, flows.Drift)
	if asked != 1 {
		t.Errorf("asked %d times for the same bomb", asked)
	}
}

func TestARequestEndsByItsBound(t *testing.T) {
	t.Parallel()
	w, _ := wireTo(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil { // only then does the server see the client leave
			t.Error(err)
		}
		_, err := w.Write([]byte("{"))
		w.(http.Flusher).Flush() //nolint:errcheck,forcetypeassert // httptest's can
		_ = err
		<-r.Context().Done()
	})
	w.bound = time.Second
	_, err := w.Get(t.Context(), "Users", nil)
	wantCode(t, err, flows.Unavailable)
	// What a write says is worth its beginning: its status is known.
	r, err := w.send(t.Context(), http.MethodPost, "Users", nil, []byte("{}"), nil)
	if err != nil || r.Status != 200 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAReadEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	w, _ := wireTo(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	_, err := w.Get(ctx, "Users", nil)
	wantCode(t, err, flows.Unavailable)
	if !strings.Contains(err.Error(), "stopped") {
		t.Error(err)
	}
}

func TestTheSchemeOfTheTokenIsTheOneThatWasNamed(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reply(w, 200, resource{"scheme": strings.Fields(r.Header.Get("Authorization"))[0]})
	}))
	t.Cleanup(srv.Close)
	w, err := NewWire(WireOptions{Base: srv.URL, Scheme: "Token", Token: secrets.New(testToken)})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := w.Get(t.Context(), "users/", nil); err != nil || !strings.Contains(string(r.Body), `"Token"`) || !r.JSON {
		t.Errorf("%v", err)
	}
}
