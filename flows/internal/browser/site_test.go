package browser

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
	"github.com/usherhq/usher/selectors"
)

// shared is the one browser of the tests that do not end browsers.
var shared struct {
	once sync.Once
	b    *Browser
	err  error
}

// orphanDir names the folder for profiles in which the test binary, run as another process, starts
// a browser that it will not live to end.
const orphanDir = "USHER_TEST_ORPHAN_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(orphanDir); dir != "" {
		os.Exit(startAndWait(dir))
	}
	code := m.Run()
	if shared.b != nil {
		if err := shared.b.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// startAndWait starts a browser, says so, and waits for whoever started this process to go.
func startAndWait(dir string) int {
	b := New(Config{NoSandbox: os.Geteuid() == 0, Bin: os.Getenv("USHER_TEST_BROWSER"), Dir: dir})
	_, err := b.running(context.Background())
	if err == nil {
		_, err = fmt.Fprintln(os.Stdout, "up")
	}
	if err == nil {
		_, err = io.Copy(io.Discard, os.Stdin)
	}
	if err = errors.Join(err, b.Close()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// config returns how a browser is started here. Where none is installed the test fails under
// CI=true and is skipped, loudly, elsewhere.
func config(t *testing.T) Config {
	t.Helper()
	cfg := Config{NoSandbox: os.Geteuid() == 0, Bin: os.Getenv("USHER_TEST_BROWSER")}
	if _, err := cfg.Find(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("no browser: %v (%s)", err, flows.HintOf(err))
		}
		t.Skipf("NOTHING WAS TESTED: no browser: %v (%s)", err, flows.HintOf(err))
	}
	return cfg
}

// warm returns the shared browser with a script of its own: the process is one, the eyes are not.
func warm(t *testing.T, script string) *Browser {
	t.Helper()
	cfg := config(t)
	shared.once.Do(func() {
		shared.b = New(cfg)
		_, shared.err = shared.b.running(t.Context())
	})
	if shared.err != nil {
		t.Fatalf("start the browser: %v (%s)", shared.err, flows.HintOf(shared.err))
	}
	b := New(cfg)
	b.script, b.live = script, shared.b.live
	return b
}

// A site is a page on loopback, at two origins, that tells its server all that happens to it. The
// server's log is the truth: a page cannot have been pressed without it.
type site struct {
	here, there *httptest.Server
	mu          sync.Mutex
	log         []string
}

// The page tells at once and waits for the answer, so that what has happened is in the log before
// the browser says that the event is done.
const telling = `<!doctype html><meta charset=utf-8><title>A console</title><h1>Console</h1><script>
const tell = (what) => { const r = new XMLHttpRequest(); r.open('POST', '/log', false); r.send(what); };
for (const t of ['pointerdown', 'mousedown', 'click']) addEventListener(t, (e) => tell(t + ' ' + (e.target.id || e.target.tagName)), true);
for (const t of ['keydown']) addEventListener(t, (e) => tell(t + ' ' + e.key), true);
addEventListener('input', (e) => tell('input ' + e.target.id + ' ' + e.target.value), true);
const $ = (id) => document.getElementById(id);
// near calls f when the pointer is brought to another place. The browser tells of a pointer that
// stands still whenever the page is laid out anew, first of all of one in the corner.
let x = 0, y = 0;
const near = (f) => addEventListener('mousemove', (e) => { if (e.clientX !== x || e.clientY !== y) { x = e.clientX; y = e.clientY; f(); } });
// brought calls f each time that the pointer is brought anywhere, for changes that lay out nothing.
const brought = (f) => addEventListener('mousemove', (e) => { if (e.clientX || e.clientY) f(); });
</script>`

// newSite serves pages by their paths; {there} in one is the address of the other origin.
func newSite(t *testing.T, pages map[string]string) *site {
	t.Helper()
	s := &site{}
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/log" {
			b, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			s.mu.Lock()
			s.log = append(s.log, string(b))
			s.mu.Unlock()
			return
		}
		page, ok := pages[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		if _, err := io.WriteString(w, telling+strings.ReplaceAll(page, "{there}", s.there.URL)); err != nil {
			t.Logf("serve %s: %v", r.URL.Path, err)
		}
	})
	s.here, s.there = httptest.NewServer(h), httptest.NewServer(h)
	t.Cleanup(s.here.Close)
	t.Cleanup(s.there.Close)
	return s
}

// said returns the entries of the log that begin with one of the prefixes; all without one.
func (s *site) said(prefixes ...string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, e := range s.log {
		for _, p := range prefixes {
			if strings.HasPrefix(e, p) {
				out = append(out, e)
				break
			}
		}
		if len(prefixes) == 0 {
			out = append(out, e)
		}
	}
	return out
}

// notes is what the agent would keep.
type notes struct {
	mu      sync.Mutex
	steps   []flows.Step
	presses []flows.Press
	session secrets.Value
	// press is called for each announced press; nil: all are written down.
	press func(flows.Press) error
}

func (n *notes) Record(_ context.Context, s flows.Step) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.steps = append(n.steps, s)
	return nil
}

func (n *notes) pressing(_ context.Context, p flows.Press) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.presses = append(n.presses, p)
	if n.press != nil {
		return n.press(p)
	}
	return nil
}

func (n *notes) LoadSession(context.Context) (secrets.Value, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.session, nil
}

func (n *notes) SaveSession(_ context.Context, v secrets.Value) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.session = v
	return nil
}

func (n *notes) DropSession(ctx context.Context) error { return n.SaveSession(ctx, secrets.Value{}) }

// sheets makes a sheet of the lines below "elements:" and, where there are, "tables:".
func sheets(t *testing.T, elements, tables string) *selectors.Set {
	t.Helper()
	text := `app: test
version: 1
since: "2026-11-22"
pages:
  home: {path: /, landmark: [heading], basis: assumed}
elements:
  heading: {find: [{role: heading, name: Console}], basis: assumed}
` + elements
	if tables != "" {
		text += "\ntables:\n" + tables
	}
	set, err := selectors.New("test", map[string][]byte{"v1.yaml": []byte(text)})
	if err != nil {
		t.Fatalf("the test's sheet: %v", err)
	}
	return set
}

// environment is what a tab is given for the site.
func environment(s *site, set *selectors.Set, n *notes) flows.Env {
	return flows.Env{
		Connection: flows.Connection{Name: "test", App: "test", URL: s.here.URL}, Sheets: set, Record: n, Pressing: n.pressing,
		Sessions: n, Accepted: func(string, string, string) bool { return true }, Now: time.Now,
	}
}

// open opens a tab whose presses are tried for a short while only.
func open(t *testing.T, b *Browser, env flows.Env) *Tab {
	t.Helper()
	b.step = 1800 * time.Millisecond
	tab, err := b.Open(t.Context(), env)
	if err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	t.Cleanup(tab.Close)
	return tab
}

// until waits for a condition, within a bound.
func until(t *testing.T, bound time.Duration, what string, is func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	for !is() {
		if !pause(ctx, 20*time.Millisecond) {
			t.Fatalf("waited %s in vain until %s", bound, what)
		}
	}
}
