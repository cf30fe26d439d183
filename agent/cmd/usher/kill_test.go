package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/agent/internal/store"
	"github.com/usherhq/usher/flows"
)

// A point is where in a deactivation somebody is killed: after so many recorded steps, or so long
// after the press was written down, or so long after the stand-in's server got it.
type point struct {
	app    string
	victim string // usher, browser
	phase  string // step, press, request
	steps  int
	later  time.Duration
}

func (p point) String() string {
	where := fmt.Sprintf("%s after the %s", p.later, p.phase)
	if p.phase == "step" {
		where = fmt.Sprintf("after step %d", p.steps)
	}
	return fmt.Sprintf("kill -9 of %s on %s, %s", p.victim, p.app, where)
}

// killings draws n points from the seed. Two of three lie between the press and the recorded
// verification; apps and victims take turns.
func killings(seed uint64, n int) []point {
	rng := rand.New(rand.NewPCG(seed, 0x6b696c6c))
	points := make([]point, 0, n)
	for i := range n {
		p := point{app: "stonly", victim: "usher", phase: []string{"press", "request", "step"}[i%3]}
		if i/2%2 == 1 {
			p.app = "thoropass"
		}
		if i%2 == 1 {
			p.victim = "browser"
		}
		switch p.phase {
		case "step":
			p.steps = 1 + rng.IntN(12)
		case "press": // what opens the confirmation, the confirmation, and the answer
			p.later = time.Duration(rng.IntN(900)) * time.Millisecond
		case "request": // looking again
			p.later = time.Duration(rng.IntN(600)) * time.Millisecond
		}
		points = append(points, p)
	}
	return points
}

// A killed usher, or a killed browser, leaves a deactivation that the same command finishes: exactly
// one, whenever it was. The storm is in soak_test.go.
//
//nolint:tparallel // the group of parallel kills is waited for, to see where they came
func TestAKilledUsherOrBrowserLeavesExactlyOneDeactivation(t *testing.T) {
	t.Parallel()
	var between atomic.Bool
	t.Run("points", func(t *testing.T) {
		for i, p := range killings(rand.Uint64(), 3) {
			t.Run(fmt.Sprintf("%d %s", i+1, p), func(t *testing.T) {
				t.Parallel()
				if killAndFinish(t, p) {
					between.Store(true)
				}
			})
		}
	})
	if !between.Load() && !t.Failed() {
		t.Error("no kill came between the press and the recorded verification")
	}
}

// killAndFinish kills at the point, gives the same command until it ends well, and compares with
// the truth. It says where the kill came.
func killAndFinish(t *testing.T, p point) (between bool) {
	t.Helper()
	r := newRig(t)
	command := []string{"deactivate", ana, "--on", p.app, "--yes", "--holdings", "leave", "--format", "json"}
	first := r.start(t, command...)
	r.waitFor(t, first, p)
	killed := r.kill(t, first, p.victim)
	e := first.wait(t)
	t.Logf("%s: the command ended with %d", p, e.code)
	if killed.IsZero() {
		t.Log("nobody was killed: the victim had ended before")
	}

	const most = 4
	for try := 1; ; try++ {
		again := r.run(t, command...)
		if again.code == 0 {
			if o := again.outcome(t); o.Outcome != flows.Done && o.Outcome != flows.Already {
				t.Errorf("the outcome is %q", o.Outcome)
			}
			break
		}
		t.Logf("the same command ended with %d: %s", again.code, again.err)
		if try == most {
			t.Fatalf("the same command did not end well in %d tries", most)
		}
	}
	r.wrote(t, p.app, "deactivate "+ana)
	// A second one would be refused by the stand-in, and not stand among the writes.
	if n := len(r.truth(t, p.app).Requests); n != 1 {
		t.Errorf("the stand-in was asked for %d writes, want 1", n)
	}
	if st := r.truth(t, p.app).state(ana); st != flows.Deactivated {
		t.Errorf("the truth says %s is %s", ana, st)
	}
	for other := range r.at {
		if other != p.app {
			r.wrote(t, other)
		}
	}
	r.exits(t, 0, "audit", "verify")
	r.nothingLeft(t)
	between = r.wasBetween(t, p.app, killed)
	t.Logf("%s: between the press and the recorded verification: %v", p, between)
	return between
}

// waitFor waits until the process has come to the point.
func (r *rig) waitFor(t *testing.T, running *process, p point) {
	t.Helper()
	switch p.phase {
	case "request":
		until(t, p.phase, func() bool {
			return running.hasEnded() || len(r.truth(t, p.app).Requests) > 0
		})
	default:
		// The database is closed again before the kill: who recovers it is the next usher.
		db := r.open(t)
		until(t, p.phase, func() bool { return running.hasEnded() || r.reached(t, db, p) })
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	select {
	case <-running.ended:
	case <-time.After(p.later):
	}
}

func (r *rig) open(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), r.database())
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// reached says whether the journal shows the point.
func (r *rig) reached(t *testing.T, db *store.DB, p point) bool {
	t.Helper()
	if p.phase == "press" {
		open, err := db.OpenPresses(t.Context(), p.app)
		if err != nil {
			t.Fatal(err)
		}
		return len(open) > 0
	}
	runs, err := db.Runs(t.Context(), agent.RunFilter{Connection: p.app, Open: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range runs {
		steps, err := db.Steps(t.Context(), run.ID)
		if err != nil {
			t.Fatal(err)
		}
		if len(steps) >= p.steps {
			return true
		}
	}
	return false
}

// kill ends the victim as a power cut would, and returns when; the zero time where it was gone.
func (r *rig) kill(t *testing.T, running *process, victim string) time.Time {
	t.Helper()
	pids := []int{running.cmd.Process.Pid}
	if victim == "browser" {
		pids = r.browsers(t)
	}
	if running.hasEnded() {
		return time.Time{} // its process id may be somebody else's by now
	}
	var at time.Time
	for _, pid := range pids {
		now := time.Now()
		switch err := syscall.Kill(pid, syscall.SIGKILL); {
		case err == nil:
			at = now
		case !errors.Is(err, syscall.ESRCH):
			t.Fatal(err)
		}
	}
	return at
}

// wasBetween says whether that moment lies between a press and the record of what came of it.
func (r *rig) wasBetween(t *testing.T, app string, at time.Time) bool {
	t.Helper()
	db := r.open(t)
	presses, err := db.Presses(context.WithoutCancel(t.Context()), app, agent.Deactivate, ana)
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	for _, p := range presses {
		if p.State == agent.PressOpen {
			t.Errorf("press %s is open still", p.ID)
		}
	}
	return !at.IsZero() && slices.ContainsFunc(presses, func(p agent.Press) bool {
		return p.At.Before(at) && (p.Settled.IsZero() || at.Before(p.Settled))
	})
}
