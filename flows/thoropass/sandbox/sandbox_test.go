package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/usherhq/usher/flows"
	kit "github.com/usherhq/usher/flows/internal/sandbox"
	"github.com/usherhq/usher/flows/thoropass/sandbox"
)

func start(t *testing.T, o flows.SandboxOptions) flows.StandIn {
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
	return s
}

// A guest is a browser without a page.
type guest struct {
	t    *testing.T
	http *http.Client
	csrf string
}

func (g *guest) send(method, address string, body, into any) {
	g.t.Helper()
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(body); err != nil {
		g.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(g.t.Context(), method, address, &b)
	if err != nil {
		g.t.Fatal(err)
	}
	req.Header.Set("X-CSRF-Token", g.csrf)
	res, err := g.http.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		g.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		g.t.Fatalf("%s %s: %s %s", method, address, res.Status, text)
	}
	if raw, ok := into.(*[]byte); ok {
		*raw = text
		return
	}
	if err := json.Unmarshal(text, into); err != nil {
		g.t.Fatal(err)
	}
}

// signIn goes from the sign-in's origin to the app's with password, code and ticket.
func signIn(t *testing.T, s flows.StandIn) *guest {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	g := &guest{t: t, http: &http.Client{Jar: jar, Timeout: 20 * time.Second}}
	sec := s.Secrets()
	login := strings.TrimSuffix(s.Connection().SignIn, "/login")
	var a struct{ Pending, URL, Csrf string }
	g.send("POST", login+"/api/sign-in", map[string]string{"email": sec["user"].Reveal(), "password": sec["password"].Reveal()}, &a)
	code, err := totp.GenerateCode(sec["totp"].Reveal(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	g.send("POST", login+"/api/sign-in/code", map[string]string{"pending": a.Pending, "code": code}, &a)
	at, err := url.Parse(a.URL)
	if err != nil || !strings.HasPrefix(a.URL, s.Connection().URL+"/auth/callback?ticket=") {
		t.Fatalf("handed over to %q, %v", a.URL, err)
	}
	g.send("POST", s.Connection().URL+"/api/session", map[string]string{"ticket": at.Query().Get("ticket")}, &a)
	g.csrf = a.Csrf
	return g
}

func TestTheDefaultStandInHas212UsersAndAnAdminWhoIsOneOfThem(t *testing.T) {
	t.Parallel()
	s := start(t, flows.SandboxOptions{})
	truth, err := kit.ReadTruth(t.Context(), s.TruthURL())
	if err != nil {
		t.Fatal(err)
	}
	me, ok := truth.User(s.Secrets()["user"].Reveal())
	if len(truth.Users) != 212 || !ok || !slices.Contains(me.Roles, "admin") || me.State != flows.Active {
		t.Errorf("%d users, admin %+v", len(truth.Users), me)
	}
	c := s.Connection()
	if c.App != "thoropass" || c.Workspace != "Acme Robotics" || strings.HasPrefix(c.SignIn, c.URL) {
		t.Errorf("connection: %+v", c)
	}
	if ana, ok := truth.User("ana.lopez@example.com"); !ok || ana.State != flows.Active || ana.Holdings != 0 {
		t.Errorf("ana.lopez: %+v", ana)
	}
	if hal, ok := truth.User("hal.holder@example.com"); !ok || hal.Holdings != 3 {
		t.Errorf("hal.holder: %+v", hal)
	}
}

func TestEveryPagingModelListsEverybody(t *testing.T) {
	t.Parallel()
	for _, paging := range []string{"", "next", "numbered", "more", "infinite", "virtual"} {
		t.Run("paging "+paging, func(t *testing.T) {
			t.Parallel()
			s := start(t, flows.SandboxOptions{Paging: paging, Users: 333, Seed: 5})
			g := signIn(t, s)
			app := s.Connection().URL
			var flags struct {
				Paging   string
				PageSize int `json:"page_size"`
			}
			g.send("GET", app+"/api/flags", nil, &flags)
			if flags.PageSize != 25 || paging != "" && flags.Paging != paging || paging == "" && flags.Paging != "next" {
				t.Fatalf("flags: %+v", flags)
			}
			seen := map[string]bool{}
			var p struct {
				Items []struct{ Email string }
				More  bool
				Total int
			}
			for p.More = true; p.More; {
				g.send("GET", fmt.Sprintf("%s/api/users?offset=%d&limit=%d&include_deactivated=true", app, len(seen), flags.PageSize), nil, &p)
				for _, u := range p.Items {
					seen[u.Email] = true
				}
			}
			truth, err := kit.ReadTruth(t.Context(), s.TruthURL())
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range truth.Users {
				if !seen[u.Email] {
					t.Errorf("%s is not in the list", u.Email)
				}
			}
			if len(seen) != 333 || p.Total != 333 {
				t.Errorf("%d listed, total %d, want 333", len(seen), p.Total)
			}
		})
	}
}

func TestTheUsersPageChoosesTheAdminsRole(t *testing.T) {
	t.Parallel()
	s := start(t, flows.SandboxOptions{UsersPage: "account", Release: "revoke", Users: 30})
	g := signIn(t, s)
	var flags struct {
		Release   string
		UsersPage string `json:"users_page"`
	}
	g.send("GET", s.Connection().URL+"/api/flags", nil, &flags)
	var me struct{ User struct{ Roles []string } }
	g.send("GET", s.Connection().URL+"/api/me", nil, &me)
	if flags.UsersPage != "account" || flags.Release != "revoke" || !slices.Equal(me.User.Roles, []string{"account-admin"}) ||
		s.Connection().UsersPage != "account" {
		t.Errorf("flags %+v, roles %v", flags, me.User.Roles)
	}
}

func TestUnknownOptionsAreErrors(t *testing.T) {
	t.Parallel()
	for _, o := range []flows.SandboxOptions{{UsersPage: "somewhere"}, {Paging: "scroll"}, {Release: "2027"}, {Users: -1}} {
		if s, err := sandbox.Start(t.Context(), o); err == nil {
			t.Errorf("%+v: no error", o)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestEachInstanceHasSecretsOfItsOwn(t *testing.T) {
	t.Parallel()
	a, b := start(t, flows.SandboxOptions{Users: 30}).Secrets(), start(t, flows.SandboxOptions{Users: 30}).Secrets()
	for _, name := range []string{"password", "totp"} {
		if a[name].Reveal() == "" || a[name].Reveal() == b[name].Reveal() {
			t.Errorf("%s is empty or the same in both", name)
		}
	}
}

// The built page is kept in the repository: what it asks for must be there, and nothing in it may
// come from elsewhere.
func TestTheBuiltPageIsWholeAndSelfContained(t *testing.T) {
	t.Parallel()
	s := start(t, flows.SandboxOptions{Users: 30})
	g := &guest{t: t, http: &http.Client{Timeout: 20 * time.Second}}
	for _, origin := range []string{s.Connection().URL, strings.TrimSuffix(s.Connection().SignIn, "/login")} {
		var index []byte
		g.send("GET", origin+"/settings/users", nil, &index)
		refs := regexp.MustCompile(`(?:src|href)="(/[^"]+)"`).FindAllStringSubmatch(string(index), -1)
		if len(refs) == 0 {
			t.Fatalf("no script in %s", index)
		}
		size := 0
		for _, ref := range refs {
			var file []byte
			g.send("GET", origin+ref[1], nil, &file)
			size += len(file)
			if !bytes.Contains(file, []byte("Deactivate User")) && strings.HasSuffix(ref[1], ".js") {
				t.Errorf("%s is not the page", ref[1])
			}
		}
		if size > 1_200_000 {
			t.Errorf("the page is %d bytes; 1.2 MB is the most", size)
		}
	}
}

func TestTheLockFileNamesNoRegistry(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("ui/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(b, []byte(`"resolved"`)) {
		t.Error("ui/package-lock.json has resolved addresses; ui/.npmrc is to leave them out")
	}
}
