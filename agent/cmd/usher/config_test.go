package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

func testApps() []flows.App {
	return []flows.App{{
		Name: "stonly", Title: "Stonly", Roles: []string{"member"},
		Ways: []flows.Way{{Name: "browser", Secrets: []flows.SecretSpec{
			{Name: "user", Title: "address", Public: true}, {Name: "password", Title: "password"},
			{Name: "totp", Title: "TOTP secret", Optional: true},
		}}},
	}}
}

const goodConnection = `
    app: stonly
    url: https://stonly.example.com
    secrets: {user: "env:U", password: "env:P"}
`

func TestPathsAreRelativeToTheConfiguration(t *testing.T) {
	t.Parallel()
	c, err := parseConfig("/etc/usher/usher.yaml", []byte("key: env:K\nsecrets: /var/s.age\nselectors: sheets\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []struct{ got, want string }{
		{c.Database, "/etc/usher/usher.db"}, {c.Secrets, "/var/s.age"}, {c.Selectors, "/etc/usher/sheets"},
	} {
		if got.got != got.want {
			t.Errorf("got %s, want %s", got.got, got.want)
		}
	}
}

func TestConnectionsKeepTheOrderOfTheFileAndTheZoneOfTheWhole(t *testing.T) {
	t.Parallel()
	text := "key: env:K\nzone: Europe/Berlin\nconnections:\n  zulu:" + goodConnection + "  alpha:" + goodConnection + "    zone: Asia/Tokyo\n  mike:" + goodConnection
	c, err := parseConfig("usher.yaml", []byte(text), testApps())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, conn := range c.connections() {
		got = append(got, conn.Name+" "+conn.Zone)
	}
	if want := "zulu Europe/Berlin,alpha Asia/Tokyo,mike Europe/Berlin"; strings.Join(got, ",") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestCapsThatAreNotSaidKeepTheirDefaults(t *testing.T) {
	t.Parallel()
	c, err := parseConfig("usher.yaml", []byte("key: env:K\nguard: {caps: {per_run: 3, percent: 5}}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := agent.DefaultCaps()
	want.PerRun, want.PerRunPercent, want.PerDayPercent = 3, 5, 10
	if got := c.policy().Caps; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestAddressesOfConsoles(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"https://app.stonly.com", "https://app.stonly.com/x?y=1", "http://127.0.0.1:8080", "http://localhost", "http://[::1]:1/",
	} {
		if why := goodURL(good); why != "" {
			t.Errorf("%s is refused: %s", good, why)
		}
	}
	for _, bad := range []string{
		"", "app.stonly.com", "http://app.stonly.com", "http://127.0.0.1.example.com", "http://localhost.example.com", "ftp://x.example.com",
		"https://user:pass@app.stonly.com", "javascript:alert(1)", "https:", "//app.stonly.com", "http://10.0.0.1",
	} {
		if goodURL(bad) == "" {
			t.Errorf("%q is taken", bad)
		}
	}
}

// An error shows its line, and a configuration may hold a password that should not be there.
func TestAnExcerptShowsNoValueThatMayBeASecret(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"      password: hunter2", "password: 'hunter2'", `"password": hunter2`, "  passwort: hunter2 # old", "hunter2", "  - hunter2",
		"    secrets: {user: a, password: hunter2}", "  stonly: {app: stonly, password: hunter2}", "password : hunter2", "password:hunter2",
		"totp: hunter2:hunter2", "key: hunter2", "user: hunter2", "url: {x: hunter2}",
		"url: slack://hunter2@channel", "url: https://hooks.slack.com/services/hunter2", "url: https://kim:hunter2@example.com", "secret: hunter2",
	} {
		if got := harmless(line); strings.Contains(got, "hunter2") {
			t.Errorf("%q is shown as %q", line, got)
		}
	}
	for _, line := range []string{
		"    url: https://stonly.example.com", `url: "http://127.0.0.1:9093/" # here`, "    url: age:chat.url", "kind: webhook", "  password: env:STONLY_PASSWORD", "zone: UTC", "# a comment", "connections:", `  user: "age:stonly.user"`,
	} {
		if got := harmless(line); got != line {
			t.Errorf("%q is shown as %q", line, got)
		}
	}
}

func TestAddingAConnectionLeavesTheRestOfTheFileAsItIs(t *testing.T) {
	t.Parallel()
	fields := []field{
		{key: "app", value: "stonly"}, {key: "url", value: "https://new.example.com"}, {key: "workspace", value: "Ex: Inc # 1"},
		{key: "secrets", sub: []field{{key: "user", value: "env:U"}, {key: "password", value: "age:new.password"}}},
	}
	old := "  old:" + goodConnection
	for name, before := range map[string]string{
		"no connections":          "key: env:K # the key\n",
		"no newline at the end":   "key: env:K",
		"an empty key":            "key: env:K\nconnections:\n# below\nzone: UTC\n",
		"a null":                  "key: env:K\nconnections: null\n",
		"empty braces":            "key: env:K\nconnections: {}\nzone: UTC\n",
		"one, at the end":         "key: env:K\nconnections:\n" + old,
		"one, with a key below":   "key: env:K\nconnections:\n" + old + "\n# the zone\nzone: UTC\n",
		"one, indented by four":   "key: env:K\nconnections:\n    old:\n        app: stonly\n        url: https://o.example.com\n        secrets: {user: \"env:U\", password: \"env:P\"}\n",
		"a comment at the margin": "key: env:K\nconnections:\n" + old + "# not the end\n  two:" + goodConnection,
	} {
		path := filepath.Join(t.TempDir(), "usher.yaml")
		if err := os.WriteFile(path, []byte(before), 0o640); err != nil {
			t.Fatal(err)
		}
		c, err := addConnection(path, "new", fields, testApps())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if k := c.Connections["new"]; k.Workspace != "Ex: Inc # 1" || k.Secrets["password"] != "age:new.password" {
			t.Errorf("%s: read back as %+v", name, k)
		}
		after, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(before, "\n") {
			if !strings.HasPrefix(line, "connections:") && !strings.Contains(string(after), line) {
				t.Errorf("%s: the line %q is lost:\n%s", name, line, after)
			}
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
			t.Errorf("%s: the mode is %v (%v)", name, info.Mode(), err)
		}
	}
}

func TestAConnectionThatCannotBeAddedChangesNothing(t *testing.T) {
	t.Parallel()
	good := []field{
		{key: "app", value: "stonly"}, {key: "url", value: "https://new.example.com"},
		{key: "secrets", sub: []field{{key: "user", value: "env:U"}, {key: "password", value: "env:P"}}},
	}
	for name, c := range map[string]struct {
		before string
		fields []field
	}{
		"connections in braces": {"key: env:K\nconnections: {old: {app: stonly, url: \"https://o.example.com\", secrets: {user: \"env:U\", password: \"env:P\"}}}\n", good},
		"a bad address":         {"key: env:K\n", append([]field{{key: "url", value: "http://new.example.com"}}, good[0], good[2])},
		"malformed before":      {"key: [\n", good},
		"the name is taken":     {"key: env:K\nconnections:\n  new:" + goodConnection, good},
	} {
		path := filepath.Join(t.TempDir(), "usher.yaml")
		if err := os.WriteFile(path, []byte(c.before), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := addConnection(path, "new", c.fields, testApps()); flows.CodeOf(err) != flows.Invalid {
			t.Errorf("%s: %v", name, err)
		}
		after, err := os.ReadFile(path)
		if err != nil || string(after) != c.before {
			t.Errorf("%s: the file is now %q (%v)", name, after, err)
		}
		if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); err != nil || len(left) != 1 {
			t.Errorf("%s: %v lie there (%v)", name, left, err)
		}
	}
}

// A configuration is a person's file, but its errors must point and never panic.
func FuzzConfiguration(f *testing.F) {
	f.Add("key: env:K\nconnections:\n  s:" + goodConnection)
	f.Add("key: env:K\nconnections: {}\n")
	f.Add("- a\n- b")
	f.Add("a: &x [*x]")
	f.Add("key: env:K\nconnections:\n  ? [a]\n  : b\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseConfig("usher.yaml", []byte(text), testApps())
		if err != nil {
			if flows.CodeOf(err) != flows.Invalid {
				t.Fatalf("%v", err)
			}
			return
		}
		if len(c.order) != len(c.Connections) {
			t.Fatalf("%d names in the file's order, %d connections", len(c.order), len(c.Connections))
		}
	})
}
