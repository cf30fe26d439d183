//go:build linux

package browser

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
)

// endless is a table whose Next does nothing: whoever reads it waits in the page for ten seconds.
const endless = `<table id=t><thead><tr><th>Email</th><th>Role</th></tr></thead>
<tr><td>ann@example.com</td><td>Admin</td></tr></table><button id=next>Next</button>`

const endlessSheet = `
  users.table: {find: [{css: "#t"}], basis: assumed}
  users.next: {find: [{role: button, name: Next}], basis: assumed}
`

const endlessTables = `  users: {in: users.table, key: email, columns: {email: {header: Email, basis: assumed}}, paging: {next: users.next}}
`

// ownBrowser returns a browser of the test's own, with its profiles in a folder of their own.
func ownBrowser(t *testing.T) (b *Browser, dir string) {
	t.Helper()
	cfg := config(t)
	cfg.Dir = t.TempDir()
	b = New(cfg)
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("close the browser: %v", err)
		}
	})
	return b, cfg.Dir
}

// using returns the processes that were started with the folder in their arguments.
func using(t *testing.T, dir string) []int {
	t.Helper()
	var out []int
	for pid, args := range processes(t) {
		if strings.Contains(args, dir+"/") {
			out = append(out, pid)
		}
	}
	return out
}

// processes returns the arguments of all processes; one that has ended and is not yet waited for
// has none and is left out.
func processes(t *testing.T) map[int]string {
	t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	out := map[int]string{}
	for _, name := range names {
		args, err := os.ReadFile(name)
		if err != nil || len(args) == 0 {
			continue // it ended meanwhile, or is the kernel's
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if err != nil {
			t.Fatal(err)
		}
		out[pid] = string(bytes.ReplaceAll(args, []byte{0}, []byte{' '}))
	}
	return out
}

// family returns the processes that descend from the browser of the folder, and the browser.
func family(t *testing.T, dir string) (root int, below map[int]string) {
	t.Helper()
	all := processes(t)
	parents := map[int]int{}
	for pid := range all {
		b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil {
			continue // it ended meanwhile
		}
		f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if parents[pid], err = strconv.Atoi(f[1]); err != nil {
			t.Fatal(err)
		}
	}
	// A child has its parent's arguments until it is made another program: the eldest is meant.
	is := func(pid int) bool {
		return strings.Contains(all[pid], "--user-data-dir="+dir+"/") && !strings.Contains(all[pid], "--type=")
	}
	for pid := range all {
		if is(pid) && !is(parents[pid]) {
			root = pid
		}
	}
	if root == 0 {
		t.Fatalf("no browser of %s is alive", dir)
	}
	below = map[int]string{}
	for pid, args := range all {
		for p := parents[pid]; p > 1; p = parents[p] {
			if p == root {
				below[pid] = args
			}
		}
	}
	return root, below
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatalf("kill %d: %v", pid, err)
	}
}

func profiles(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// reading is a walk that reads a table which does not come to its end.
func reading(ctx context.Context, t *testing.T, b *Browser) (*Tab, <-chan error) {
	t.Helper()
	s := newSite(t, map[string]string{"/": endless})
	tab := open(t, b, environment(s, sheets(t, endlessSheet, endlessTables), &notes{}))
	w := tab.Walk(ctx, "read")
	if w.Go("home"); w.Err() != nil {
		t.Fatal(w.Err())
	}
	done := make(chan error, 1)
	go func() {
		w.Read("users")
		done <- w.Err()
	}()
	until(t, 20*time.Second, "the page is read", func() bool { return slices.Contains(s.said(), "click next") })
	return tab, done
}

func endsWithin(t *testing.T, bound time.Duration, done <-chan error) error {
	t.Helper()
	timer := time.NewTimer(bound)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		t.Fatalf("the reading had not ended %s later", bound)
		return nil
	}
}

func TestAKilledRendererEndsWhatWaitsForIt(t *testing.T) {
	t.Parallel()
	b, dir := ownBrowser(t)
	tab, done := reading(t.Context(), t, b)
	root, below := family(t, dir)
	killed := 0
	for pid, args := range below {
		if strings.Contains(args, "--type=renderer") {
			kill(t, pid)
			killed++
		}
	}
	if killed == 0 {
		t.Fatalf("the browser has no renderer among %v", below)
	}
	if err := endsWithin(t, 2*time.Second, done); flows.CodeOf(err) != flows.Unavailable {
		t.Errorf("the reading ended with %v, want unavailable", err)
	}
	if tab.Dead() == nil {
		t.Error("the tab does not say that it is dead")
	}
	if _, next := reading(t.Context(), t, b); next == nil {
		t.Error("the browser opens no further tab")
	}
	if again, _ := family(t, dir); again != root {
		t.Errorf("the browser was started anew (%d, was %d)", again, root)
	}
}

func TestAKilledBrowserEndsWhatWaitsForItAndIsReplaced(t *testing.T) {
	t.Parallel()
	b, dir := ownBrowser(t)
	tab, done := reading(t.Context(), t, b)
	root, _ := family(t, dir)
	kill(t, root)
	if err := endsWithin(t, 2*time.Second, done); flows.CodeOf(err) != flows.Unavailable {
		t.Errorf("the reading ended with %v, want unavailable", err)
	}
	if tab.Dead() == nil {
		t.Error("the tab does not say that it is dead")
	}
	if _, next := reading(t.Context(), t, b); next == nil {
		t.Error("no new browser was started")
	}
	if again, _ := family(t, dir); again == root {
		t.Error("the dead browser is taken for the new one")
	}
	if n := len(profiles(t, dir)); n != 1 {
		t.Errorf("there are %d profile folders, want that of the new browser alone", n)
	}
}

func TestCloseLeavesNoProcessAndNoProfile(t *testing.T) {
	t.Parallel()
	b, dir := ownBrowser(t)
	tab, done := reading(t.Context(), t, b)
	_, below := family(t, dir)
	for range 2 { // it may be closed twice
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	tab.Close()
	if err := endsWithin(t, 2*time.Second, done); err == nil {
		t.Error("the reading ended well under a closed browser")
	}
	if left := using(t, dir); len(left) > 0 {
		t.Errorf("processes %v were left", left)
	}
	if left := profiles(t, dir); len(left) > 0 {
		t.Errorf("profiles %v were left", left)
	}
	until(t, 2*time.Second, "the browser's children are gone", func() bool {
		all := processes(t)
		for pid, args := range below {
			if all[pid] == args {
				return false
			}
		}
		return true
	})
	if _, err := b.Open(t.Context(), environment(newSite(t, nil), sheets(t, "", ""), &notes{})); flows.CodeOf(err) != flows.Internal {
		t.Errorf("a closed browser opens a tab, or says %v", err)
	}
}

func TestAKilledUsherLeavesNoBrowserAndItsProfileIsSwept(t *testing.T) {
	t.Parallel()
	b, dir := ownBrowser(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), orphanDir+"="+dir)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe() // held open until the test ends: it must not go by itself
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "up\n" {
		t.Fatalf("the other process says %q (%v)", line, err)
	}
	until(t, 10*time.Second, "the other process's browser has children", func() bool {
		_, below := family(t, dir)
		return len(below) > 0
	})
	if n := len(profiles(t, dir)); n != 1 {
		t.Fatalf("the other process has %d profiles", n)
	}
	kill(t, cmd.Process.Pid)
	if err := cmd.Wait(); err == nil {
		t.Error("the other process ended well; it was to be killed")
	}
	if err := in.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
	until(t, 5*time.Second, "its browser has died with it", func() bool { return len(using(t, dir)) == 0 })
	old := profiles(t, dir)
	if len(old) != 1 {
		t.Fatalf("the killed process has left %d profiles, so nothing can be swept", len(old))
	}
	if _, err := b.running(t.Context()); err != nil {
		t.Fatal(err)
	}
	now := profiles(t, dir)
	if len(now) != 1 || now[0] == old[0] {
		t.Errorf("the profiles are %v after the next start, were %v", now, old)
	}
	// What belongs to a living usher is left alone.
	second := New(b.cfg)
	if _, err := second.running(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(profiles(t, dir)); n != 2 {
		t.Errorf("two browsers have %d profiles", n)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if left := profiles(t, dir); !slices.Equal(left, now) {
		t.Errorf("the first browser's profile went with the second's: %v, want %v", left, now)
	}
}

// It changes PATH for the whole process.
func TestAMissingBrowserSaysHowToInstallOne(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	s := newSite(t, nil)
	_, err := New(Config{Dir: t.TempDir()}).Open(t.Context(), environment(s, sheets(t, "", ""), &notes{}))
	if flows.CodeOf(err) != flows.Invalid || !strings.Contains(flows.HintOf(err), "apt-get install chromium-headless-shell") {
		t.Errorf("it says %v (%s)", err, flows.HintOf(err))
	}
}

//nolint:paralleltest // it counts the goroutines of the whole process.
func TestACancelledReadingReturnsAtOnceAndLeavesNothingRunning(t *testing.T) {
	b, _ := ownBrowser(t)
	round := func() {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		tab, done := reading(ctx, t, b)
		cancel()
		if err := endsWithin(t, time.Second, done); !errors.Is(err, context.Canceled) {
			t.Errorf("the reading ended with %v, want that it was cancelled", err)
		}
		tab.Close()
	}
	round() // the browser is started and all its parts are awake
	before := runtime.NumGoroutine()
	for range 3 {
		round()
	}
	// Each round's two servers live until the test ends, with a goroutine each; connections that
	// the browser keeps open for later are closed by it in its own time.
	const servers = 3 * 2
	until(t, 20*time.Second, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before+servers })
}
