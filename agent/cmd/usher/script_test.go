package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/agent/internal/store"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"usher": main})
}

// The command line, as typed. A script named browser_*.txtar wants a browser and belongs to the
// other test.
func TestTheCommandLineDoesAsItsScriptsSay(t *testing.T) {
	t.Parallel()
	files := scripts(t)
	files = slices.DeleteFunc(files, needsBrowser)
	testscript.Run(t, params(files))
}

func TestTheCommandLineWithABrowserDoesAsItsScriptsSay(t *testing.T) {
	t.Parallel()
	files := slices.DeleteFunc(scripts(t), func(f string) bool { return !needsBrowser(f) })
	if len(files) == 0 {
		t.Fatal("no script wants a browser: the files were renamed")
	}
	if !haveBrowser() {
		const missing = "no browser: run `apt-get install chromium-headless-shell`"
		if inCI() {
			t.Fatal(missing)
		}
		t.Skip("NOT TESTED: the command line with a browser: " + missing)
	}
	if testing.Short() {
		t.Skip("a real browser takes its time")
	}
	testscript.Run(t, params(files))
}

func scripts(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("find the scripts: %v", err)
	}
	return files
}

func needsBrowser(file string) bool { return strings.HasPrefix(filepath.Base(file), "browser_") }

func haveBrowser() bool {
	for _, name := range []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"} {
		if _, err := exec.LookPath(name); err == nil {
			return true
		}
	}
	return false
}

func params(files []string) testscript.Params {
	return testscript.Params{
		Files:               files,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			home := filepath.Join(e.WorkDir, "home")
			e.Setenv("HOME", home)
			e.Setenv("XDG_CONFIG_HOME", filepath.Join(home, ".config"))
			return os.MkdirAll(home, 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "seed": seed, "waitfile": waitFile, "jsonhas": jsonHas, "keep": keepValue,
			"receiver": receiver, "standin": standin,
		},
	}
}

// exits CODE COMMAND ARG... runs a command and wants its exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("run %s: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// seed DATABASE ROSTERS puts the rosters of a JSON file (an array of agent.Snapshot) into the database.
func seed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: seed DATABASE ROSTERS")
	}
	var snaps []agent.Snapshot
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &snaps))
	ctx := context.Background()
	db, err := store.Open(ctx, ts.MkAbs(args[0]))
	ts.Check(err)
	err = db.Write(ctx, func(ctx context.Context, tx agent.Tx) error {
		for _, s := range snaps {
			run := agent.Run{
				ID: s.Run, Order: "order-" + s.Run, Connection: s.Connection, Verb: agent.List, Source: "cli", By: "test", Started: s.Taken,
			}
			if err := tx.PutOrder(ctx, agent.Order{ID: run.Order, Verb: agent.List, Connection: s.Connection, By: "test", Source: "cli", Placed: s.Taken, State: agent.StateEnded}); err != nil {
				return err
			}
			if err := tx.AddRun(ctx, run); err != nil {
				return err
			}
			run.Ended, run.Roster = s.Taken.Add(time.Second), s.ID
			if err := tx.EndRun(ctx, run); err != nil {
				return err
			}
			if err := tx.AddSnapshot(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
	ts.Check(errors.Join(err, db.Close()))
}

// waitfile FILE [TEXT] waits until a file is there and not empty, and has the text in it.
func waitFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: waitfile FILE [TEXT]")
	}
	text := strings.Join(args[1:], "")
	const bound = 30 * time.Second
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.After(bound)
	for {
		if b, err := os.ReadFile(ts.MkAbs(args[0])); err == nil && len(b) > 0 && strings.Contains(string(b), text) {
			return
		}
		select {
		case <-tick.C:
		case <-end:
			ts.Fatalf("%s (with %q in it) did not come within %s", args[0], text, bound)
		}
	}
}

// jsonhas PATH VALUE looks into the JSON on standard output (its first line): PATH is dotted, a number
// is an index, and VALUE is what is there as JSON or as plain text.
func jsonHas(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: [!] jsonhas PATH VALUE")
	}
	first, _, _ := strings.Cut(ts.ReadFile("stdout"), "\n")
	var v any
	ts.Check(json.Unmarshal([]byte(first), &v))
	for _, key := range strings.Split(args[0], ".") {
		v = step(v, key)
	}
	b, err := json.Marshal(v)
	ts.Check(err)
	got := string(b)
	if s, ok := v.(string); ok {
		got = s
	}
	if (got == args[1]) == neg {
		ts.Fatalf("%s is %s", args[0], got)
	}
}

func step(v any, key string) any {
	switch v := v.(type) {
	case map[string]any:
		return v[key]
	case []any:
		if key == "length" {
			return len(v)
		}
		if i, err := strconv.Atoi(key); err == nil && i < len(v) {
			return v[i]
		}
	}
	return nil
}

// keep VAR PATH keeps what jsonhas would look at in a variable of the script.
func keepValue(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: keep VAR PATH")
	}
	first, _, _ := strings.Cut(ts.ReadFile("stdout"), "\n")
	var v any
	ts.Check(json.Unmarshal([]byte(first), &v))
	for _, key := range strings.Split(args[1], ".") {
		v = step(v, key)
	}
	s, ok := v.(string)
	if !ok || s == "" {
		ts.Fatalf("%s is no text: %v", args[1], v)
	}
	ts.Setenv(args[0], s)
}
