package sandbox_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
	kit "github.com/usherhq/usher/flows/internal/sandbox"
	"github.com/usherhq/usher/flows/spekit/sandbox"
)

type object = map[string]any

// A guest is a SCIM client that believes nothing and repeats nothing.
type guest struct {
	t      *testing.T
	at     flows.StandIn
	client http.Client
	header http.Header // of the last answer
}

func start(t *testing.T, o flows.SandboxOptions) *guest {
	t.Helper()
	s, err := sandbox.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &guest{t: t, at: s, client: http.Client{Timeout: 20 * time.Second}}
}

// try sends a request; the status is 0 where the connection broke.
func (g *guest) try(method, address, authorization string, body any) (int, []byte) {
	g.t.Helper()
	var send bytes.Buffer
	if text, ok := body.(string); ok {
		send.WriteString(text)
	} else if body != nil {
		if err := json.NewEncoder(&send).Encode(body); err != nil {
			g.t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(g.t.Context(), method, address, &send)
	if err != nil {
		g.t.Fatal(err)
	}
	req.Header.Set("Authorization", authorization)
	req.Header.Set("Content-Type", "application/scim+json")
	res, err := g.client.Do(req)
	if err != nil {
		return 0, nil
	}
	got, err := io.ReadAll(res.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		g.t.Fatal(err)
	}
	g.header = res.Header
	return res.StatusCode, got
}

// ask sends a request to the service and wants that status; it returns the answer's object.
func (g *guest) ask(status int, method, path string, body any) object {
	g.t.Helper()
	got, text := g.try(method, g.at.Connection().URL+path, "Bearer "+g.at.Secrets()["token"].Reveal(), body)
	if got != status {
		g.t.Fatalf("%s %s: %d, want %d: %s", method, path, got, status, text)
	}
	out := object{}
	if len(text) > 0 && strings.Contains(g.header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(text, &out); err != nil {
			g.t.Fatalf("%s %s: %v: %s", method, path, err, text)
		}
	}
	return out
}

// rest asks the REST API.
func (g *guest) rest(status int, address string) object {
	g.t.Helper()
	got, text := g.try(http.MethodGet, address, "Token "+g.at.Secrets()["rest_token"].Reveal(), nil)
	if got != status {
		g.t.Fatalf("%s: %d, want %d: %s", address, got, status, text)
	}
	out := object{}
	if len(text) > 0 && strings.Contains(g.header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(text, &out); err != nil {
			g.t.Fatal(err)
		}
	}
	return out
}

func (g *guest) patch(status int, path string, ops ...object) object {
	g.t.Helper()
	return g.ask(status, http.MethodPatch, path, object{
		"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": ops,
	})
}

func (g *guest) found(filter string) []any {
	g.t.Helper()
	return list(g.ask(200, "GET", "/Users?filter="+url.QueryEscape(filter), nil))
}

func list(o object) []any {
	all, _ := o["Resources"].([]any)
	return all
}

func (g *guest) fault(name string, params object) {
	g.t.Helper()
	if err := kit.SetFault(g.t.Context(), g.at.FaultURL(), name, params); err != nil {
		g.t.Fatal(err)
	}
}

func (g *guest) truth() kit.Truth {
	g.t.Helper()
	truth, err := kit.ReadTruth(g.t.Context(), g.at.TruthURL())
	if err != nil {
		g.t.Fatal(err)
	}
	return truth
}

func (g *guest) user(email string) kit.TruthUser {
	g.t.Helper()
	u, ok := g.truth().User(email)
	if !ok {
		g.t.Fatalf("nobody has the address %s", email)
	}
	return u
}

func (g *guest) group(name string) kit.TruthGroup {
	g.t.Helper()
	group, ok := g.truth().Group(name)
	if !ok {
		g.t.Fatalf("there is no group %s", name)
	}
	return group
}

// wrote fails unless the writes since the start are these.
func (g *guest) wrote(want ...string) {
	g.t.Helper()
	var got []string
	for _, w := range g.truth().Writes {
		got = append(got, w.Verb+" "+w.Subject)
	}
	if strings.Join(got, "; ") != strings.Join(want, "; ") {
		g.t.Errorf("the server wrote %q, want %q", got, want)
	}
}
