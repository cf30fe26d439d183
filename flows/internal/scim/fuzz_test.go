package scim

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
)

var seeds = []string{
	`{"id":"1","userName":"a@example.com","active":true,"emails":[{"value":"a@example.com","type":"work","primary":true}]}`,
	`{"id":"g","displayName":"Sales","members":[{"value":"1","type":"User"},"2"]}`,
	`{"totalResults":2,"startIndex":1,"itemsPerPage":1,"Resources":[{"id":"1"}]}`,
	`{"totalResults":"2","totalresults":3}`, `{"status":400,"detail":"\u001b[31m","errors":[{"message":"x"}]}`,
	`{"patch":{"supported":true},"filter":{"maxResults":50}}`, `{"Resources":[{"name":"Group"}]}`,
	`{"version":1,"base":"https://x","writes":{"deactivate":"PUT"}}`, `null`, `[]`, `{"a":{"a":{"a":1}},"a":"\"`, "\ufeff{}",
}

func seed(f *testing.F) {
	f.Helper()
	for _, s := range seeds {
		f.Add([]byte(s))
	}
}

func FuzzUser(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		u, err := decodeUser(raw)
		if err != nil {
			return
		}
		if u.id == "" || u.account.ID != flows.Clean(u.account.ID) || u.account.Email == "" || u.account.Email != flows.Clean(u.account.Email) || u.account.Name != flows.Clean(u.account.Name) {
			t.Errorf("%+v", u.account)
		}
		for k, v := range u.account.Words {
			if v != flows.Clean(v) {
				t.Errorf("%s: %q", k, v)
			}
		}
		if _, err := json.Marshal(u.raw.clone()); err != nil {
			t.Error(err)
		}
	})
}

func FuzzGroup(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		g, err := decodeGroup(raw)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, m := range g.members {
			if m.ID == "" || seen[m.ID] || m.Name != flows.Clean(m.Name) {
				t.Errorf("%+v", m)
			}
			seen[m.ID] = true
		}
	})
}

func FuzzList(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := decodePage(raw)
		if err != nil {
			return
		}
		if p.total < nonsense || p.start < nonsense || p.size < nonsense || len(p.resources) > 0 && !p.shown {
			t.Errorf("%+v", p)
		}
	})
}

func FuzzError(f *testing.F) {
	seed(f)
	w := &Wire{}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, kind := range []string{"", typeSCIM, "text/plain", "text/html"} {
			words := w.words(&Reply{Status: 400, Header: http.Header{"Content-Type": {kind}}, Body: raw})
			if words != flows.Clean(words) || len([]rune(words)) > mostWords {
				t.Errorf("%q", words)
			}
		}
	})
}

func FuzzServiceProviderConfig(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		obj, err := decodeObject(raw)
		if err != nil {
			return
		}
		if n := count(obj.in("filter"), "maxResults"); n < 0 || n > mostItems {
			t.Error(n)
		}
		for _, s := range []string{supported(obj, "patch"), namesGroups(obj)} {
			if s != "" && s != yes && s != no {
				t.Error(s)
			}
		}
	})
}

func FuzzProfile(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := decodeProfile(raw, "https://x")
		if err != nil {
			return
		}
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if q, err := decodeProfile(b, "https://x"); err != nil || !p.equal(q) {
			t.Errorf("%s: %v", b, err)
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"1", "", "Mon, 23 Nov 2026 12:00:30 GMT", "-1", "99999999999999999999"} {
		f.Add(s)
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		if d, ok := retryAfter(s, now); d < 0 || d > 366*24*time.Hour || !ok && d != 0 {
			t.Errorf("%v", d)
		}
	})
}
