package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/usherhq/usher/flows"
	kit "github.com/usherhq/usher/flows/internal/sandbox"
	"github.com/usherhq/usher/flows/stonly/sandbox"
)

// guest is a browser without a page: it keeps cookies and the session's token.
type guest struct {
	t     *testing.T
	at    flows.StandIn
	http  http.Client
	token string
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
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &guest{t: t, at: s, http: http.Client{Jar: jar}}
}

// ask sends a request and returns the answer's status and body.
func (g *guest) ask(method, path string, body any) (int, []byte) {
	g.t.Helper()
	var send bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&send).Encode(body); err != nil {
			g.t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(g.t.Context(), method, g.at.Connection().URL+path, &send)
	if err != nil {
		g.t.Fatal(err)
	}
	req.Header.Set("X-CSRF-Token", g.token)
	res, err := g.http.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	got, err := io.ReadAll(res.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		g.t.Fatal(err)
	}
	return res.StatusCode, got
}

func (g *guest) signIn() *guest {
	g.t.Helper()
	secret := g.at.Secrets()
	status, body := g.ask(http.MethodPost, "/api/sign-in", map[string]string{
		"email": secret["user"].Reveal(), "password": secret["password"].Reveal(),
	})
	var in struct{ Next, CSRF string }
	if err := json.Unmarshal(body, &in); err != nil || status != http.StatusOK || in.Next != "home" {
		g.t.Fatalf("sign-in answered %d %s (%v)", status, body, err)
	}
	g.token = in.CSRF
	return g
}

func (g *guest) truth() kit.Truth {
	g.t.Helper()
	truth, err := kit.ReadTruth(g.t.Context(), g.at.TruthURL())
	if err != nil {
		g.t.Fatal(err)
	}
	return truth
}

func (g *guest) id(email string) string {
	g.t.Helper()
	u, ok := g.truth().User(email)
	if !ok {
		g.t.Fatalf("nobody has the address %s", email)
	}
	return u.ID
}

func TestDefaultTeamHasOneOwnerAndAnAdminWhoIsNot(t *testing.T) {
	t.Parallel()
	g := start(t, flows.SandboxOptions{})
	truth := g.truth()
	if len(truth.Users) != 1034 {
		t.Errorf("%d members, want 1034", len(truth.Users))
	}
	owners := slices.DeleteFunc(slices.Clone(truth.Users), func(u kit.TruthUser) bool {
		return !slices.Contains(u.Roles, "owner")
	})
	if len(owners) != 1 || owners[0].Email != "olga.owner@example.com" {
		t.Errorf("owners are %v, want one", owners)
	}
	me, ok := truth.User(g.at.Secrets()["user"].Reveal())
	if !ok || !slices.Equal(me.Roles, []string{"admin"}) {
		t.Errorf("usher's own account is %v, want an admin", me)
	}
	states := map[flows.State]int{}
	for _, u := range truth.Users {
		states[u.State]++
	}
	for _, s := range []flows.State{flows.Active, flows.Invited, flows.InviteExpired, flows.Deactivated} {
		if states[s] < 10 {
			t.Errorf("%d members are %s, too few to tell anything", states[s], s)
		}
	}
}

func TestPasswordIsItsOwnPerStandIn(t *testing.T) {
	t.Parallel()
	a, b := start(t, flows.SandboxOptions{Users: 3}), start(t, flows.SandboxOptions{Users: 3})
	if a.at.Secrets()["password"].Reveal() == b.at.Secrets()["password"].Reveal() {
		t.Error("two stand-ins share a password")
	}
	if _, ok := a.at.Secrets()["totp"]; ok {
		t.Error("the stand-in asks for a code, which nothing says of the real console")
	}
}

func TestOwnerAndOwnAccountStay(t *testing.T) {
	t.Parallel()
	g := start(t, flows.SandboxOptions{Users: 60}).signIn()
	for _, email := range []string{"olga.owner@example.com", g.at.Secrets()["user"].Reveal()} {
		status, body := g.ask(http.MethodPost, "/api/users/"+g.id(email)+"/deactivate", map[string]any{})
		if status != http.StatusForbidden {
			t.Errorf("deactivation of %s answered %d %s, want 403", email, status, body)
		}
		if u, _ := g.truth().User(email); u.State != flows.Active {
			t.Errorf("%s is %s, want active", email, u.State)
		}
	}
	status, body := g.ask(http.MethodPost, "/api/users/"+g.id("olga.owner@example.com")+"/roles",
		map[string]any{"roles": []string{"member"}})
	if status != http.StatusForbidden {
		t.Errorf("demotion of the owner answered %d %s, want 403", status, body)
	}
	if w := g.truth().Writes; len(w) != 0 {
		t.Errorf("something was written: %v", w)
	}
}

func TestWhatStonlyDoesNotOfferIsRefused(t *testing.T) {
	t.Parallel()
	g := start(t, flows.SandboxOptions{Users: 60}).signIn()
	for _, verb := range []string{"delete", "revoke", "reset_mfa"} {
		status, body := g.ask(http.MethodPost, "/api/users/"+g.id("ana.lopez@example.com")+"/"+verb, map[string]any{})
		if status != http.StatusForbidden {
			t.Errorf("%s answered %d %s, want 403", verb, status, body)
		}
	}
	if w := g.truth().Writes; len(w) != 0 {
		t.Errorf("something was written: %v", w)
	}
}

func TestDeactivatedMembersStayInTheList(t *testing.T) {
	t.Parallel()
	g := start(t, flows.SandboxOptions{Users: 60}).signIn()
	const email = "ana.lopez@example.com"
	if status, body := g.ask(http.MethodPost, "/api/users/"+g.id(email)+"/deactivate", map[string]any{}); status != http.StatusOK {
		t.Fatalf("deactivation answered %d %s", status, body)
	}
	_, body := g.ask(http.MethodGet, "/api/users?include_deactivated=true&q="+url.QueryEscape(email), nil)
	var list struct {
		Items []struct{ Email, State string }
	}
	if err := json.Unmarshal(body, &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) == 0 || list.Items[0].Email != email || list.Items[0].State != "deactivated" {
		t.Errorf("the list shows %v, want %s deactivated first", list.Items, email)
	}
	w := g.truth().WritesOn(email)
	if len(w) != 1 || w[0].Verb != "deactivate" {
		t.Errorf("writes on %s are %v, want one deactivation", email, w)
	}
}

func TestPageIsServedUnderEveryAddressOfTheConsole(t *testing.T) {
	t.Parallel()
	g := start(t, flows.SandboxOptions{Users: 3})
	_, index := g.ask(http.MethodGet, "/authentication", nil)
	for _, path := range []string{"/", "/app/general/184207/teamManagement", "/app"} {
		if status, body := g.ask(http.MethodGet, path, nil); status != http.StatusOK || !bytes.Equal(body, index) {
			t.Errorf("%s answered %d %.80s, want the page", path, status, body)
		}
	}
	files := regexp.MustCompile(`(?:src|href)="(/[^"]+)"`).FindAllSubmatch(index, -1)
	if len(files) < 2 {
		t.Fatalf("the page names no script and style: %s", index)
	}
	for _, f := range files {
		if status, body := g.ask(http.MethodGet, string(f[1]), nil); status != http.StatusOK || len(body) < 1000 {
			t.Errorf("%s answered %d with %d bytes", f[1], status, len(body))
		}
	}
}

func TestPageIsToldItsPagingAndTeam(t *testing.T) {
	t.Parallel()
	for want, given := range map[string]string{
		"virtual": "", "numbered": "numbered", "next": "next", "more": "more", "infinite": "infinite",
	} {
		g := start(t, flows.SandboxOptions{Users: 3, Paging: given})
		_, body := g.ask(http.MethodGet, "/api/flags", nil)
		var flags struct {
			Paging string
			App    struct {
				Team struct {
					ID   int
					Name string
				}
			} `json:"app_flags"`
		}
		if err := json.Unmarshal(body, &flags); err != nil {
			t.Fatal(err)
		}
		if flags.Paging != want {
			t.Errorf("paging %q is told as %q, want %q", given, flags.Paging, want)
		}
		if team := flags.App.Team; team.ID == 0 || team.Name != g.at.Connection().Workspace {
			t.Errorf("the team is told as %+v, the connection's is %q", team, g.at.Connection().Workspace)
		}
	}
}

func TestStartRefusesWhatTheConsoleDoesNotHave(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]flows.SandboxOptions{
		"paging": {Paging: "carousel"}, "release": {Release: "99"}, "users page": {UsersPage: "account"}, "users": {Users: -1},
	} {
		s, err := sandbox.Start(context.Background(), o)
		if err == nil {
			t.Errorf("an unknown %s was taken", name)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestConnectionSaysHowToReachIt(t *testing.T) {
	t.Parallel()
	c := start(t, flows.SandboxOptions{Users: 3}).at.Connection()
	if c.App != "stonly" || c.Name != "stonly" || c.Workspace == "" || c.SignIn != c.URL+"/authentication" {
		t.Errorf("connection is %+v", c)
	}
}

// The lock file must not bind whoever builds the pages to one registry.
func TestLockFileNamesNoRegistry(t *testing.T) {
	t.Parallel()
	lock, err := os.ReadFile("ui/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Packages map[string]struct {
			Resolved  string
			Integrity string
		}
	}
	if err := json.Unmarshal(lock, &file); err != nil {
		t.Fatal(err)
	}
	for name, p := range file.Packages {
		if p.Resolved != "" || name != "" && p.Integrity == "" {
			t.Errorf("%s: resolved %q, integrity %q", name, p.Resolved, p.Integrity)
		}
	}
}

func TestVersionsOfThePageAreExact(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("ui/package.json")
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct{ Dependencies, DevDependencies map[string]string }
	if err := json.Unmarshal(b, &manifest); err != nil {
		t.Fatal(err)
	}
	exact := regexp.MustCompile(`^\d+\.\d+\.\d+$`)
	for _, of := range []map[string]string{manifest.Dependencies, manifest.DevDependencies} {
		if len(of) == 0 {
			t.Error("package.json names no versions")
		}
		for name, version := range of {
			if !exact.MatchString(version) {
				t.Errorf("%s has the version %q, which is not exact", name, version)
			}
		}
	}
}

func TestBuiltPagesAreSmallAndHaveStableNames(t *testing.T) {
	t.Parallel()
	var names []string
	total := int64(0)
	err := fs.WalkDir(os.DirFS("dist"), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		names, total = append(names, path), total+info.Size()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"assets/app.css", "assets/app.js", "index.html"}; !slices.Equal(names, want) {
		t.Errorf("dist holds %q, want %q", names, want)
	}
	if total > 1<<20 {
		t.Errorf("dist holds %d bytes, more than 1 MiB", total)
	}
}
