package scim

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/usherhq/usher/flows"
)

func TestAnyBodyOfAnErrorBecomesACodeAndHarmlessWords(t *testing.T) {
	t.Parallel()
	scimError := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","scimType":"invalidValue","detail":"the seat limit is reached"}`
	for _, c := range []struct {
		name        string
		status      int
		kind, body  string
		code        flows.Code
		says, never string
	}{
		{"SCIM's own", 400, typeSCIM, scimError, flows.Unsupported, "invalidValue: the seat limit is reached", ""},
		{"a number as status", 403, typeSCIM, `{"status":403,"detail":"no rights"}`, flows.Unsupported, "no rights", ""},
		{"plain text", 401, "text/plain", "Unauthorized", flows.LoginRefused, "Unauthorized", ""},
		{"text without a type", 401, "", "go away", flows.LoginRefused, "go away", ""},
		{"a page", 404, "text/html", "<html><b>lost</b></html>", flows.Drift, "404", "lost"},
		{"nothing", 429, "", "", flows.Unavailable, "429 Too Many Requests", ""},
		{"junk", 500, "", strings.Repeat("\xff\x00", 5<<19), flows.Unavailable, "500", ""},
		{"escapes", 400, "text/plain", "\x1b[31mred\u202e", flows.Unsupported, "[31mred", "\x1b"},
		{"OAuth's form", 401, typeJSON, `{"error":"invalid_token","error_description":"expired"}`, flows.LoginRefused, "expired", ""},
		{"a list of errors", 400, typeJSON, `{"errors":[{"message":"bad name"}]}`, flows.Unsupported, "bad name", ""},
		{"the token", 400, "text/plain", "you sent " + testToken, flows.Unsupported, "400 Bad Request", "sent"},
		{"the token in base64", 400, "text/plain", "you sent " + base64.StdEncoding.EncodeToString([]byte(testToken)), flows.Unsupported, "400", "sent"},
		{"the token with something between", 400, "text/plain", "you sent tok-5ecret\u200b-0123456789", flows.Unsupported, "400", "sent"},
		{"a novel", 400, "text/plain", strings.Repeat("word ", 2000), flows.Unsupported, "word…", strings.Repeat("word ", 41)},
		{"not done", 501, typeJSON, `"no"`, flows.Unsupported, "501", ""},
		{"a redirect", 302, "", "", flows.Drift, "not SCIM", ""},
		{"another gateway", 520, "", "", flows.Unavailable, "520", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, j := wireTo(t, func(w http.ResponseWriter, _ *http.Request) {
				if c.kind != "" {
					w.Header().Set("Content-Type", c.kind)
				}
				w.WriteHeader(c.status)
				_, err := w.Write([]byte(c.body))
				_ = err // the client need not read 5 MB
			})
			_, err := w.Get(t.Context(), "Users", nil)
			wantCode(t, err, c.code)
			all := err.Error()
			for _, s := range j.steps {
				all += s.Note
			}
			if !strings.Contains(err.Error(), c.says) || c.never != "" && strings.Contains(all, c.never) || len(err.Error()) > 1000 {
				t.Errorf("says %q", all)
			}
		})
	}
}

func TestWhatIsNotSCIMIsDriftWhenOpened(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status     int
		kind, body string
		code       flows.Code
	}{
		"a page":           {200, "text/html", "<html>sign in</html>", flows.Drift},
		"other JSON":       {200, typeJSON, `{"ok":true}`, flows.Drift},
		"a JSON list":      {200, typeJSON, `[]`, flows.Drift},
		"half of it":       {200, typeSCIM, `{"totalResults":1,"Resources":[{"id":`, flows.Drift},
		"nothing":          {204, "", "", flows.Drift},
		"no such base":     {404, "text/plain", "404 page not found", flows.Invalid},
		"a refused token":  {401, "text/plain", "Unauthorized", flows.LoginRefused},
		"a forbidden list": {403, typeSCIM, `{"detail":"scope"}`, flows.Unsupported},
		"out of order":     {503, "", "", flows.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, 1)
			s.twist = func(w http.ResponseWriter, _ *http.Request, _ resource) bool {
				if c.kind != "" {
					w.Header().Set("Content-Type", c.kind)
				}
				w.WriteHeader(c.status)
				_, err := w.Write([]byte(c.body))
				return err == nil || c.status == 204
			}
			_, err := s.open(&journal{}, testShape())
			wantCode(t, err, c.code)
		})
	}
}
