package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
)

// A kill of usher while a SCIM service has a write in hand: the service answers late, so that the
// kill comes before it has done anything, or after, and always before the reply.
func TestAKilledUsherLeavesOneSCIMUserAndOneDeactivation(t *testing.T) {
	t.Parallel()
	r := newServiceRig(t, 60)
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0x7363696d))
	t.Logf("seed %d", seed)
	for i := range 4 {
		email := fmt.Sprintf("nina.new%d@example.com", i)
		r.killBetween(t, rng, "invite", email, "invite", "spekit", email, "--role", "user", "--yes", "--format", "json")
		r.killBetween(t, rng, "deactivate", email, "deactivate", email, "--on", "spekit", "--yes", "--format", "json")
	}
	r.exits(t, 0, "audit", "verify")
	r.nothingLeft(t)
}

// killBetween kills the command after its press is on disk and before the service has answered, runs
// the same command again, and compares with the truth.
func (r *rig) killBetween(t *testing.T, rng *rand.Rand, verb, email string, command ...string) {
	t.Helper()
	if rng.IntN(2) == 0 {
		r.fault(t, "spekit", "late_answer", "ms", 1500) // done at once
	} else {
		r.fault(t, "spekit", "slow", "ms", 1500, "on", "write") // not done, for who asked is gone
	}
	first := r.start(t, command...)
	// The request goes out right after the press is written: at once it may not be there yet, a
	// little later the service has done it and not said so.
	r.waitFor(t, first, point{app: "spekit", phase: "press", later: time.Duration(rng.IntN(60)) * time.Millisecond})
	if r.kill(t, first, "usher").IsZero() {
		t.Errorf("%s %s had ended before it could be killed: %d", verb, email, first.wait(t).code)
	}
	first.wait(t)
	t.Logf("%s %s: the service had done it before the kill: %v", verb, email, slices.Contains(r.truth(t, "spekit").writes(), verb+" "+email))
	r.fault(t, "spekit", "clear")
	again := r.exits(t, 0, command...)
	if o := again.outcome(t); o.Outcome != flows.Done && o.Outcome != flows.Already {
		t.Errorf("%s %s: the outcome is %q", verb, email, o.Outcome)
	}
	done := 0
	for _, w := range r.truth(t, "spekit").Writes {
		if w.Subject == email && w.Verb == verb {
			done++
		}
	}
	users := 0
	for _, u := range r.truth(t, "spekit").Users {
		if u.Email == email {
			users++
		}
	}
	if done != 1 || users != 1 {
		t.Errorf("%s %s: the service did it %d times, and has %d such users", verb, email, done, users)
	}
	want := flows.Active
	if verb == "deactivate" {
		want = flows.Deactivated
	}
	if st := r.truth(t, "spekit").state(email); st != want {
		t.Errorf("%s %s: the truth says %s", verb, email, st)
	}
}
