package main_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// sound is a made-up house that keeps all laws, with one of each thing that they allow.
func sound() house {
	p := func(path string, imports ...string) pack {
		name := path[strings.LastIndex(path, "/")+1:]
		return pack{ImportPath: module + "/" + path, Name: name, Doc: "Package " + name + " is.", GoFiles: []string{name + ".go"}, Imports: ours(imports)}
	}
	return house{
		packages: []pack{
			p("selectors"), p("secrets"), p("flows", "./secrets", "./selectors"),
			p("flows/internal/drift", "./flows", "./selectors"),
			p("flows/internal/browser", "./flows", "./selectors", "./flows/internal/drift", "github.com/go-rod/rod/lib/cdp"),
			p("flows/internal/console", "./flows/internal/browser", "./flows/internal/drift", "github.com/pquerna/otp/totp"),
			p("flows/internal/sandbox", "./flows", "./secrets"),
			p("flows/stonly", "./flows/internal/console", "./flows/stonly/sandbox", "./selectors"),
			p("flows/stonly/sandbox", "./flows/internal/sandbox"),
			p("flows/thoropass", "./flows/internal/console"),
			p("flows/all", "./flows/stonly", "./flows/thoropass"),
			p("agent", "./flows", "./secrets", "./selectors"),
			p("agent/internal/store", "./agent", "database/sql", "github.com/uptrace/bun"),
			p("agent/internal/store/storetest", "./agent/internal/store"),
			p("agent/internal/people", "./agent"),
			p("scheduler", "./agent", "github.com/robfig/cron/v3", "github.com/riverqueue/river", "github.com/jackc/pgx/v5"),
			p("agent/cmd/usher", "./agent", "./agent/internal/store", "./scheduler", "./flows/all", "github.com/spf13/cobra"),
		},
		texts: map[string]string{
			"README.md":                      "usher",
			".ci/run":                        "make test",
			"flows/internal/browser/walk.go": "package browser\nimport (\"regexp\"; \"time\"; \"github.com/go-rod/rod\")\nvar _ = regexp.MustCompile(\"x\")\nvar _ rod.Page\nvar _ = time.Now\nfunc (w W) init() {}\n",
			"flows/stonly/users.go":          "package stonly\nvar _ = []string{\"users.invite\", \".stonly.com\", \"Settings > Users\", \"#1\", \"https://x.test/#users\", \"a list is read\"}\n",
			"flows/stonly/sandbox/page.go":   "package sandbox\nconst row = `[data-cy=row]`\n",
			"scheduler/scheduler_test.go":    "package scheduler\nimport \"time\"\nfunc init() { time.Sleep(1) }\n",
		},
	}
}

// ours puts the module before the paths that begin with "./".
func ours(imports []string) []string {
	out := slices.Clone(imports)
	for i, path := range out {
		if rest, ok := strings.CutPrefix(path, "./"); ok {
			out[i] = module + "/" + rest
		}
	}
	return out
}

func (h house) pack(path string) *pack {
	for i := range h.packages {
		if h.packages[i].path() == path {
			return &h.packages[i]
		}
	}
	panic("the sound house has no " + path)
}

// imports adds an import to a package; kind is "", "test" or "xtest".
func adds(kind, path, to string) func(*house) {
	return func(h *house) {
		p, to := h.pack(path), ours([]string{to})
		switch kind {
		case "":
			p.Imports = append(p.Imports, to...)
		case "test":
			p.TestImports = append(p.TestImports, to...)
		case "xtest":
			p.XTestImports = append(p.XTestImports, to...)
		default:
			panic(kind)
		}
	}
}

func writes(name, text string) func(*house) {
	return func(h *house) { h.texts[name] = text }
}

func TestASoundHouseBreaksNoLaw(t *testing.T) {
	t.Parallel()
	for what, build := range map[string]func(*house){
		"as it is": func(*house) {},
		"agent_test puts a store under the agent":     adds("xtest", "agent", "./agent/internal/store"),
		"a test of the command looks into the file":   adds("xtest", "agent/cmd/usher", "database/sql"),
		"a test of an app makes a code":               adds("test", "flows/thoropass", "github.com/pquerna/otp/totp"),
		"an archive's paths are from its own top":     writes("README.md", "see docs/home/x and https://x.test/home/x"),
		"a package that has tests alone says nothing": func(h *house) { p := h.pack("agent/cmd/usher"); p.Doc, p.GoFiles = "", nil },
	} {
		h := sound()
		build(&h)
		for _, l := range laws() {
			for _, where := range l.broken(h) {
				t.Errorf("%s: breaks the law of %s: %s", what, l.name, where)
			}
		}
	}
}

// Each law is broken by at least one house, and by that breach no other law is.
func TestEachLawCanBeBroken(t *testing.T) {
	t.Parallel()
	inFlow := func(text string) func(*house) {
		return writes("flows/stonly/login.go", "package stonly\nconst x = `"+text+"`\n")
	}
	add := func(p pack) func(*house) {
		return func(h *house) {
			p.GoFiles = []string{"x.go"}
			p.ImportPath = module + "/" + p.ImportPath
			h.packages = append(h.packages, p)
		}
	}
	shown := map[string]bool{}
	for _, c := range []struct {
		law   string
		build func(*house)
	}{
		{"top", writes("internal/x.go", "package x\n")},
		{"top", writes("docs/x.md", "x")},
		{"place", add(pack{ImportPath: "agent/policy", Name: "policy", Doc: "Package policy is."})},
		{"place", add(pack{ImportPath: "flows/internal/walk", Name: "walk", Doc: "Package walk is."})},
		{"place", add(pack{ImportPath: "flows/stonly/pages", Name: "pages", Doc: "Package pages is."})},
		{"place", add(pack{ImportPath: "agent/internal/mail", Name: "mail", Doc: "Package mail is."})},
		{"floors", adds("", "selectors", "./secrets")},
		{"floors", adds("", "selectors", "./flows")},
		{"floors", adds("test", "selectors", "./flows")},
		{"floors", adds("", "flows", "./flows/internal/browser")},
		{"floors", adds("", "flows/internal/drift", "./flows/internal/browser")},
		{"floors", adds("", "flows/internal/drift", "./flows/internal/console")},
		{"floors", adds("", "flows/internal/console", "./flows/stonly")},
		{"floors", adds("", "flows/stonly", "./flows/all")},
		{"floors", adds("", "flows/stonly", "./agent")},
		{"floors", adds("", "agent", "./agent/internal/store")},
		{"floors", adds("test", "agent", "./scheduler")},
		{"floors", adds("", "scheduler", "./agent/cmd/usher")},
		{"apps", adds("", "flows/stonly", "./flows/thoropass")},
		{"apps", adds("", "flows/thoropass", "./flows/stonly/sandbox")},
		{"apps", adds("xtest", "flows/thoropass", "./flows/stonly")},
		{"rooms", adds("", "agent/internal/people", "./agent/internal/store")},
		{"rooms", adds("", "scheduler", "./agent/internal/store")},
		{"all", adds("", "agent", "./flows/stonly")},
		{"all", adds("", "agent/cmd/usher", "./flows/stonly/sandbox")},
		{"stand-ins", adds("", "flows/internal/sandbox", "./selectors")},
		{"stand-ins", adds("", "flows/stonly/sandbox", "./flows/internal/console")},
		{"names", add(pack{ImportPath: "secrets/util", Name: "util", Doc: "Package util is."})},
		{"names", add(pack{ImportPath: "agent/internal/store/models", Name: "rows", Doc: "Package rows is."})},
		{"comments", add(pack{ImportPath: "secrets/vault", Name: "vault", Doc: " "})},
		{"sleep", writes("agent/wait.go", "package agent\nimport \"time\"\nfunc f() { time.Sleep(1) }\n")},
		{"sleep", writes("agent/wait.go", "package agent\nimport t \"time\"\nvar nap = t.Sleep\n")},
		{"sleep", writes("agent/wait.go", "package agent\nfunc {\n")},
		{"must", writes("flows/internal/browser/x.go", "package browser\nimport \"github.com/go-rod/rod\"\nfunc f(p *rod.Page) { p.MustElement(\"x\").MustClick() }\n")},
		{"must", writes("flows/internal/browser/x.go", "package browser\nimport \"github.com/go-rod/rod/lib/launcher\"\nvar u = launcher.MustResolveURL(\"\")\n")},
		{"init", writes("agent/setup.go", "package agent\nfunc init() {}\n")},
		{"css", inFlow("[data-cy]")},
		{"css", inFlow("input[name=email]")},
		{"css", inFlow("#login")},
		{"css", inFlow(".row > td")},
		{"css", inFlow("tr:nth-child(2)")},
		{"css", inFlow("div.row")},
		{"paths", writes("README.md", "see "+strings.Join([]string{"", "home", "me", "x"}, "/"))},
		{"paths", writes("flows/stonly/sandbox/dist/app.js", `x="`+strings.Join([]string{"", "root", "x"}, "/")+`"`)},
		{"door browser", adds("", "flows/stonly", "github.com/go-rod/rod")},
		{"door browser", adds("xtest", "agent/cmd/usher", "github.com/go-rod/rod/lib/launcher")},
		{"door queue", adds("", "agent", "github.com/riverqueue/river")},
		{"door sql", adds("", "agent", "database/sql")},
		{"door sql", adds("", "scheduler", "modernc.org/sqlite")},
		{"door sql", adds("test", "agent", "github.com/pressly/goose/v3")},
		{"door postgres", adds("", "agent/internal/people", "github.com/jackc/pgx/v5/pgxpool")},
		{"door command line", adds("", "agent/internal/people", "github.com/spf13/cobra")},
		{"door cron", adds("", "agent", "github.com/robfig/cron/v3")},
		{"door codes", adds("", "flows/thoropass", "github.com/pquerna/otp/totp")},
		{"door codes", adds("", "agent", "github.com/pquerna/otp")},
	} {
		h := sound()
		c.build(&h)
		broken := map[string][]string{}
		for _, l := range laws() {
			if where := l.broken(h); len(where) > 0 {
				broken[l.name] = where
			}
		}
		if len(broken) != 1 || len(broken[c.law]) == 0 {
			t.Errorf("a house made to break the law of %s breaks %q", c.law, broken)
		}
		shown[c.law] = true
	}
	for _, l := range laws() {
		if !shown[l.name] {
			t.Errorf("nothing shows that the law of %s can be broken", l.name)
		}
		delete(shown, l.name)
	}
	for _, name := range slices.Sorted(maps.Keys(shown)) {
		t.Errorf("there is no law of %s", name)
	}
}
