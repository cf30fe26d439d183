package browser

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-rod/rod/lib/cdp"
	"github.com/go-rod/rod/lib/launcher"

	"github.com/usherhq/usher/flows"
)

// flags of every browser we start. Background traffic is off: an admin's browser of ours talks to
// the console and to nobody else.
var flags = []string{
	"--remote-debugging-pipe",
	// The accessible names and roles that eyes.js asks the browser for.
	"--enable-blink-features=ComputedAccessibilityInfo",
	"--no-first-run", "--no-default-browser-check", "--disable-default-apps", "--disable-extensions",
	"--disable-background-networking", "--disable-component-update", "--disable-sync",
	"--disable-client-side-phishing-detection", "--disable-domain-reliability", "--disable-breakpad",
	"--disable-background-timer-throttling", "--disable-backgrounding-occluded-windows",
	"--disable-renderer-backgrounding", "--disable-hang-monitor", "--disable-popup-blocking",
	"--disable-features=Translate,MediaRouter,OptimizationHints,AutofillServerCommunication,InterestFeedContentSuggestions",
	"--metrics-recording-only", "--no-pings", "--password-store=basic", "--use-mock-keychain",
	"--mute-audio", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic",
	"--window-size=1440,960",
}

// wrapped are shell scripts of Debian that stay between us and the browser that they start: what
// is to die with us must be the browser itself, and not its parent.
var wrapped = map[string]string{"/usr/bin/chromium-headless-shell": "/usr/lib/chromium/chromium-headless-shell"}

func unwrap(path string) string {
	if bin, err := exec.LookPath(wrapped[path]); err == nil {
		return bin
	}
	return path
}

// Find returns the browser to use: the configured one, else the first that is installed.
func (c Config) Find() (string, error) {
	const op = "find a browser"
	if c.Bin != "" {
		path, err := exec.LookPath(c.Bin)
		if err != nil {
			return "", flows.Errorf(flows.Invalid, op, "%w", err).WithHint("set browser.bin to the path of chromium-headless-shell or chromium, or leave it out")
		}
		return unwrap(path), nil
	}
	for _, name := range []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome"} {
		if c.Headed && name == "chromium-headless-shell" {
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return unwrap(path), nil
		}
	}
	if c.Download {
		path, err := launcher.NewBrowser().Get()
		if err != nil {
			return "", flows.Errorf(flows.Unavailable, op, "download rod's pinned browser: %w", err).WithHint("%s", installHint())
		}
		return path, nil
	}
	return "", flows.Errorf(flows.Invalid, op, "no Chromium is installed").WithHint("%s", installHint())
}

func installHint() string {
	if runtime.GOOS == "linux" {
		return "run `apt-get install chromium-headless-shell` (Debian), or install chromium, or set browser.bin; `browser: {download: true}` fetches one"
	}
	return "install Chromium or Chrome, or set browser.bin; `browser: {download: true}` fetches one"
}

// connect starts a browser, or reaches the remote one. ended is nil for a remote one.
func (b *Browser) connect(ctx context.Context) (link cdp.WebSocketable, stop func(), ended <-chan struct{}, err error) {
	if b.cfg.Remote != "" {
		link, stop, err = dial(ctx, b.cfg.Remote)
		return link, stop, nil, err
	}
	bin, err := b.cfg.Find()
	if err != nil {
		return nil, nil, nil, err
	}
	base := b.cfg.Dir
	if base == "" {
		base = os.TempDir()
	}
	if err := sweep(base); err != nil {
		return nil, nil, nil, err
	}
	return launch(bin, base, b.cfg)
}

// dial reaches a browser that somebody else runs. Who holds that address holds every session, so
// off loopback it must be wss.
func dial(ctx context.Context, remote string) (cdp.WebSocketable, func(), error) {
	const op = "reach the remote browser"
	u, err := url.Parse(remote)
	if err != nil || u.Host == "" || (u.Scheme != "ws" && u.Scheme != "wss") {
		return nil, nil, flows.Errorf(flows.Invalid, op, "browser.remote is not a ws:// or wss:// address").WithHint("give the webSocketDebuggerUrl of its /json/version")
	}
	if u.Scheme == "ws" && !loopback(u.Hostname()) {
		return nil, nil, flows.Errorf(flows.Invalid, op, "browser.remote is plain ws:// off loopback: whoever listens takes the sessions").WithHint("use wss://")
	}
	ws := &cdp.WebSocket{}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	if err := ws.Connect(ctx, remote, nil); err != nil {
		cancel()
		return nil, nil, flows.Errorf(flows.Unavailable, op, "%w", err).WithHint("check that the browser of browser.remote runs")
	}
	var once sync.Once
	return ws, func() { once.Do(func() { cancel(); _ = ws.Close() }) }, nil
}

func launch(bin, base string, cfg Config) (cdp.WebSocketable, func(), <-chan struct{}, error) {
	const op = "start the browser"
	profile, err := os.MkdirTemp(base, profilePrefix)
	if err != nil {
		return nil, nil, nil, flows.Errorf(flows.Internal, op, "make a profile folder: %w", err).WithHint("check the space and the rights of %s", base)
	}
	clean := func() { removeAll(profile) }
	if err := own(profile); err != nil {
		clean()
		return nil, nil, nil, flows.Errorf(flows.Internal, op, "%w", err)
	}
	toBrowser, w, err := os.Pipe()
	if err != nil {
		clean()
		return nil, nil, nil, flows.Errorf(flows.Internal, op, "%w", err)
	}
	r, fromBrowser, err := os.Pipe()
	if err != nil {
		clean()
		return nil, nil, nil, errors.Join(err, toBrowser.Close(), w.Close())
	}
	args := append([]string{"--user-data-dir=" + profile}, flags...)
	if !cfg.Headed {
		args = append(args, "--headless")
	}
	if cfg.NoSandbox {
		args = append(args, "--no-sandbox")
	}
	// The page to begin with; without it some builds wait for a window.
	args = append(args, "about:blank")
	cmd := exec.Command(bin, args...) //nolint:gosec,noctx // the browser's path is the operator's; it outlives every context and is ended by stop.
	cmd.ExtraFiles = []*os.File{toBrowser, fromBrowser}
	said := &tail{max: 4 << 10}
	cmd.Stderr = said
	// A locale of our own: labels in sheets are English.
	cmd.Env = append(os.Environ(), "LANGUAGE=en", "LANG=C.UTF-8")
	dieWithUs(cmd)

	started := make(chan error, 1)
	ended := make(chan struct{})
	go func() {
		// The browser dies with the thread that started it, so that thread must live as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(ended)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is told by its silence and its last words
		}
	}()
	err = <-started
	for _, f := range []*os.File{toBrowser, fromBrowser} {
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		clean()
		return nil, nil, nil, flows.Errorf(flows.Unavailable, op, "%w", err).WithHint("%s", startHint(cfg))
	}
	var once sync.Once
	link := &pipe{w: w, r: bufio.NewReaderSize(r, 1<<20)}
	stop := func() {
		once.Do(func() {
			// Closing the pipe is how a piped browser is told to go.
			_ = link.Send([]byte(`{"id":2147483647,"method":"Browser.close"}`))
			if !within(ended, 3*time.Second) {
				killGroup(cmd.Process.Pid)
				within(ended, 5*time.Second)
			}
			killGroup(cmd.Process.Pid) // children that outlived it
			_ = w.Close()
			_ = r.Close()
			clean()
		})
	}
	return &lastWords{link, said, ended}, stop, ended, nil
}

// lastWords adds to the end of the link what the browser said on its standard error.
type lastWords struct {
	cdp.WebSocketable
	said  *tail
	ended <-chan struct{}
}

func (l *lastWords) Read() ([]byte, error) {
	b, err := l.WebSocketable.Read()
	if err != nil && within(l.ended, time.Second) {
		if s := l.said.last(); s != "" {
			err = fmt.Errorf("it said: %s", s)
		}
	}
	return b, err
}

// tail keeps the last bytes written to it.
type tail struct {
	mu  sync.Mutex
	max int
	buf bytes.Buffer
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf.Write(p)
	if n := t.buf.Len() - t.max; n > 0 {
		t.buf.Next(n)
	}
	return len(p), nil
}

func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(t.buf.String()), "\n")
	return flows.Clean(lines[len(lines)-1])
}

func within(done <-chan struct{}, bound time.Duration) bool {
	timer := time.NewTimer(bound)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

const (
	profilePrefix = "usher-browser-"
	ownerFile     = "usher-owner"
)

// own writes whose profile this is: a process that is gone leaves it to the next sweep.
func own(profile string) error {
	pid := os.Getpid()
	err := os.WriteFile(filepath.Join(profile, ownerFile), []byte(strconv.Itoa(pid)+" "+born(pid)), 0o600)
	if err != nil {
		return fmt.Errorf("mark the profile folder: %w", err)
	}
	return nil
}

// sweep ends the browsers and removes the profiles of ushers that were killed.
func sweep(base string) error {
	dirs, err := filepath.Glob(filepath.Join(base, profilePrefix+"*"))
	if err != nil {
		return fmt.Errorf("look for old profile folders: %w", err)
	}
	for _, dir := range dirs {
		b, err := os.ReadFile(filepath.Join(dir, ownerFile)) //nolint:gosec // a folder of ours in a place of ours
		if err != nil {
			continue // another user's, or just being made
		}
		pidText, start, _ := strings.Cut(string(b), " ")
		pid, err := strconv.Atoi(pidText)
		if err != nil || (start != "" && born(pid) == start) || (start == "" && born(pid) != "") {
			continue
		}
		killUsing(dir)
		removeAll(dir)
	}
	return nil
}

// removeAll removes a profile; a dying browser may still write into it, so more than once.
func removeAll(dir string) {
	for range 20 {
		if os.RemoveAll(dir) == nil {
			if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
				return
			}
		}
		within(nil, 25*time.Millisecond)
	}
}

func loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback() // "127.example.com" is somebody's name
}
