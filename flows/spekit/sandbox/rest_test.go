package sandbox_test

import (
	"strings"
	"testing"

	"github.com/usherhq/usher/flows"
)

// everybody reads all pages of the REST API, by address.
func (g *guest) everybody() (map[string]object, float64) {
	g.t.Helper()
	out, count := map[string]object{}, 0.0
	for next := g.at.Connection().API + "/users/?page_size=100"; next != ""; {
		page := g.rest(200, next)
		results, _ := page["results"].([]any)
		for _, r := range results {
			u, _ := r.(object)
			email, _ := u["email"].(string)
			out[strings.ToLower(email)] = u
		}
		count, _ = page["count"].(float64)
		next, _ = page["next"].(string)
	}
	return out, count
}

func TestTheRESTAPISaysWhatTheServiceSays(t *testing.T) {
	t.Parallel()
	g := start(t, flows.SandboxOptions{Users: 230})
	all, count := g.everybody()
	if len(all) != 230 || count != 230 {
		t.Errorf("%d users, count %v", len(all), count)
	}
	for _, u := range g.truth().Users {
		got := all[strings.ToLower(u.Email)]
		if got["is_active"] != (u.State == flows.Active) || got["id"] == u.ID || got["id"] == "" || got["created_on"] == nil {
			t.Errorf("%s is %v", u.Email, got)
		}
	}
	teams, _ := all[ana]["teams"].([]any)
	if len(teams) == 0 {
		t.Error("ana is in no team")
	}
	g.fault("second_differs", object{"email": ana, "says": "inactive"})
	if all, _ := g.everybody(); all[ana]["is_active"] != any(false) {
		t.Error("ana is active")
	}
	g.fault("second_differs", object{"email": ana})
	if all, count := g.everybody(); all[ana] != nil || count != 229 {
		t.Errorf("ana is there, of %v", count)
	}
	g.fault("server_error", object{"on": "rest"})
	g.rest(500, g.at.Connection().API+"/users/")
	g.ask(200, "GET", "/Users", nil)
}

func TestTheRESTAPIWantsItsOwnTokenAndIsReadOnly(t *testing.T) {
	t.Parallel()
	g := start(t, flows.SandboxOptions{Users: 3})
	at := g.at.Connection().API + "/users/"
	for _, auth := range []string{"", "Bearer " + g.at.Secrets()["rest_token"].Reveal(), "Token " + g.at.Secrets()["token"].Reveal()} {
		if status, _ := g.try("GET", at, auth, nil); status != 401 {
			t.Errorf("%d, want 401", status)
		}
	}
	if status, _ := g.try("POST", at, "Token "+g.at.Secrets()["rest_token"].Reveal(), object{}); status == 200 {
		t.Error("a POST was taken")
	}
	g.rest(404, at+"?cursor=nonsense!")
}

func TestThe31stRequestInTenSecondsIsTooMany(t *testing.T) {
	t.Parallel()
	g := start(t, flows.SandboxOptions{Users: 3})
	at := g.at.Connection().API + "/users/"
	for range 30 {
		g.rest(200, at)
	}
	g.rest(429, at)
	if g.header.Get("Retry-After") != "" {
		t.Error("there is a Retry-After, which nobody documents")
	}
}
