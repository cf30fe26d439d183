package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The end-to-end proofs run the binary that people run, as a process, against stand-ins that are
// another process, with a real browser. What happened is asked of the stand-ins' own truth.

const (
	// anyCommand bounds one command line; it is for what hangs, not for what is slow.
	anyCommand = 5 * time.Minute
	// ana has an account without open work on every stand-in, and neighbours that look like her.
	ana = "ana.lopez@example.com"
)

// theBinary builds usher once for this run of the tests, beside the copy of the test binary that
// testscript.Main makes, and removes at the end.
var theBinary = sync.OnceValues(func() (string, error) {
	beside, err := exec.LookPath("usher")
	if err != nil {
		return "", fmt.Errorf("find the folder of the tests' commands: %w", err)
	}
	bin := filepath.Join(filepath.Dir(filepath.Dir(beside)), "usher-built")
	ctx, cancel := context.WithTimeout(context.Background(), anyCommand)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build usher: %w\n%s", err, out)
	}
	return bin, nil
})

// A rig is a running `usher sandbox`, with the configuration it wrote and a folder for temporary
// files that nobody else uses: what is left there was left by usher.
type rig struct {
	bin    string
	config string
	tmp    string
	at     map[string]standInJSON
	bound  time.Duration // of one command line

	families []*family // of the command lines that were started
	weigh    bool      // measure their memory
}

// newRig starts the stand-ins with accounts enough for more than one page.
func newRig(t testing.TB) *rig {
	t.Helper()
	return newRigOf(t, 60)
}

// newRigOf starts stand-ins of that size, for a test that cannot do without a browser.
func newRigOf(t testing.TB, users int) *rig {
	t.Helper()
	needBrowser(t)
	return newServiceRig(t, users)
}

// newServiceRig is a rig for who goes through SCIM only, and needs no browser.
func newServiceRig(t testing.TB, users int) *rig {
	t.Helper()
	bin, err := theBinary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	r := &rig{bin: bin, config: filepath.Join(dir, configName), tmp: filepath.Join(dir, "tmp"), bound: anyCommand}
	if err := os.Mkdir(r.tmp, privateDir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.killLeft(t) })
	p := r.start(t, "sandbox", "--users", strconv.Itoa(users), "--write-config", r.config, "--format", "json")
	t.Cleanup(func() {
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Errorf("stop the stand-ins: %v", err)
		}
		if end := p.wait(t); end.code != 0 {
			t.Errorf("the stand-ins ended with %d: %s", end.code, end.err)
		}
	})
	until(t, "the stand-ins", func() bool {
		p.alive(t)
		return strings.HasSuffix(p.out.String(), "\n")
	})
	var ready sandboxJSON
	if err := json.Unmarshal([]byte(p.out.String()), &ready); err != nil {
		t.Fatalf("read what the sandbox printed: %v", err)
	}
	r.at = ready.Connections
	return r
}

// needBrowser skips loudly where there is no browser, and fails where that is CI's.
func needBrowser(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("a real browser takes its time")
	}
	if haveBrowser() {
		return
	}
	const missing = "no browser: run `apt-get install chromium-headless-shell`"
	if inCI() {
		t.Fatal(missing)
	}
	t.Skip("NOT TESTED: " + missing)
}

// file is a file in the folder beside the configuration.
func (r *rig) file(name string) string { return filepath.Join(r.config+".d", name) }

// database is the path of the rig's database.
func (r *rig) database() string { return r.file(databaseName) }

// A text is what a process writes while it is read.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (x *text) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.Write(p)
}

func (x *text) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.String()
}

// A process is a running usher.
type process struct {
	cmd      *exec.Cmd
	out, err text
	ended    chan struct{}
	cause    error
	family   *family
}

// An end is what became of a process; code is -1 where a signal ended it.
type end struct {
	code     int
	out, err string
	used     *os.ProcessState
}

// start starts usher with the rig's configuration.
func (r *rig) start(t testing.TB, args ...string) *process {
	t.Helper()
	p := &process{ended: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	if args[0] != "sandbox" { // which lives as long as its test
		ctx, cancel = context.WithTimeout(ctx, r.bound)
	}
	t.Cleanup(cancel)
	p.cmd = exec.CommandContext(ctx, r.bin, args...)
	p.cmd.Env = append(os.Environ(), "TMPDIR="+r.tmp, "USHER_CONFIG="+r.config)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.err
	p.cmd.WaitDelay = 10 * time.Second
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.family = founded(p.cmd.Process.Pid)
	p.family.weigh = r.weigh
	go func() {
		p.cause = p.cmd.Wait()
		close(p.ended)
	}()
	if args[0] != "sandbox" {
		r.families = append(r.families, p.family)
		watched := make(chan struct{})
		go func() {
			defer close(watched)
			p.family.watch(p.ended)
		}()
		t.Cleanup(func() { <-watched })
	}
	return p
}

// alive fails the test where the process has ended.
func (p *process) alive(t testing.TB) {
	t.Helper()
	select {
	case <-p.ended:
		t.Fatalf("%v ended: %v\n%s", p.cmd.Args[1:], p.cause, p.err.String())
	default:
	}
}

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// wait waits for the process' end.
func (p *process) wait(t testing.TB) end {
	t.Helper()
	<-p.ended
	if _, exited := errors.AsType[*exec.ExitError](p.cause); p.cause != nil && !exited {
		t.Fatalf("run %v: %v\n%s", p.cmd.Args[1:], p.cause, p.err.String())
	}
	return end{code: p.cmd.ProcessState.ExitCode(), out: p.out.String(), err: p.err.String(), used: p.cmd.ProcessState}
}

// run runs usher to its end.
func (r *rig) run(t testing.TB, args ...string) end {
	t.Helper()
	return r.start(t, args...).wait(t)
}

// exits runs usher and wants its exit code.
func (r *rig) exits(t testing.TB, code int, args ...string) end {
	t.Helper()
	e := r.run(t, args...)
	if e.code != code {
		t.Fatalf("usher %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), e.code, code, e.out, e.err)
	}
	return e
}

// outcome returns the one outcome of a write's JSON answer.
func (e end) outcome(t testing.TB) outcomeJSON {
	t.Helper()
	var w writeJSON
	if err := json.Unmarshal([]byte(e.out), &w); err != nil || len(w.Outcomes) != 1 {
		t.Fatalf("read the answer: %v: %s%s", err, e.out, e.err)
	}
	return w.Outcomes[0]
}

// until waits for a condition, with a bound.
func until(t testing.TB, what string, is func() bool) {
	t.Helper()
	const bound = 2 * time.Minute
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.After(bound)
	for !is() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("%s: not within %s", what, bound)
		}
	}
}

// browsers returns the browsers that run on a profile in the rig's own folder, without their children.
func (r *rig) browsers(t testing.TB) []int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, f := range files {
		args, err := os.ReadFile(f)
		if err != nil || !bytes.Contains(args, []byte("--user-data-dir="+r.tmp+"/")) {
			continue // gone, or another's
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(f)))
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

// nothingLeft fails the test where a process that was seen under any usher of this rig lives on, or
// a file is left in the folder for temporary files.
func (r *rig) nothingLeft(t testing.TB) {
	t.Helper()
	// What was killed takes a moment to die.
	const moment = 5 * time.Second
	end := time.After(moment)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for left := r.left(); len(left) > 0; left = r.left() {
		select {
		case <-tick.C:
			continue
		case <-end:
			t.Errorf("processes are left: %v", left)
		}
		break
	}
	files, err := os.ReadDir(r.tmp)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		t.Errorf("%s is left in the folder for temporary files", f.Name())
	}
}

// left returns the processes that live of all families that were started.
func (r *rig) left() (all []member) {
	for _, f := range r.families {
		all = append(all, f.look()...)
	}
	return all
}

// killLeft ends what a failed test left behind.
func (r *rig) killLeft(t testing.TB) {
	t.Helper()
	for _, m := range r.left() {
		if err := syscall.Kill(m.pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Errorf("end a process: %v", err)
		}
	}
}
