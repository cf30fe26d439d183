package main

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
)

// A cost is what one enumeration took.
type cost struct {
	users int
	took  time.Duration
	cpu   time.Duration // of usher and its browser, with all children
	procs int           // how many these were
	peak  int64         // bytes in use by all of them at once, shared pages counted once
	lists int           // answers of the list that the stand-in gave
	floor time.Duration // a bare HTTP loop over the same pages
	pages int           // of the loop
}

// BenchmarkListOf10000Users reads 10,000 accounts from each stand-in, with its default paging.
//
//	make bench-list        (or: go test -run '^$' -bench ListOf10000 -benchtime 1x ./agent/cmd/usher)
func BenchmarkListOf10000Users(b *testing.B) {
	for _, app := range []string{"thoropass", "stonly"} {
		b.Run(app, func(b *testing.B) {
			for b.Loop() {
				c := enumerate(b, app, 10_000)
				b.ReportMetric(c.took.Seconds(), "s/list")
				b.ReportMetric(c.cpu.Seconds(), "cpu-s/list")
				b.ReportMetric(float64(c.peak)/(1<<20), "peak-MiB")
				b.ReportMetric(c.floor.Seconds(), "s/bare-loop")
				b.Log(c)
			}
		})
	}
}

func (c cost) String() string {
	return fmt.Sprintf("%d accounts in %s: %s of CPU, usher and browser; at most %d MiB in use; %d answers of the list\n"+
		"a bare HTTP loop over the same API, without a browser and without a proof: %s for %d pages",
		c.users, c.took.Round(time.Millisecond), c.cpu.Round(10*time.Millisecond), c.peak>>20, c.lists, c.floor.Round(time.Millisecond), c.pages)
}

// The bench's small part: the roster is complete and is the truth, and the measuring measures.
func TestAListOf300UsersIsMeasuredCompleteAndTrue(t *testing.T) {
	t.Parallel()
	for _, app := range []string{"thoropass", "stonly"} {
		t.Run(app, func(t *testing.T) {
			t.Parallel()
			c := enumerate(t, app, 300)
			t.Log(c)
			if c.cpu < 100*time.Millisecond || c.peak < 20<<20 || c.procs < 5 {
				t.Errorf("this was measured: %+v", c)
			}
		})
	}
}

// enumerate lists a console of so many users, and says what it cost. The roster must be complete and
// be the truth.
func enumerate(t testing.TB, app string, users int) cost {
	t.Helper()
	r := newRigOf(t, users)
	r.bound, r.weigh = 30*time.Minute, true
	c := cost{users: users}
	began := time.Now()
	p := r.start(t, "list", app, "--format", "json")
	e := p.wait(t)
	c.took = time.Since(began)
	r.nothingLeft(t)
	c.cpu, c.procs = p.family.cpu()
	c.peak = p.family.most()
	if e.code != 0 {
		t.Fatalf("exit code %d: %s", e.code, e.err)
	}
	var got listJSON
	if err := json.Unmarshal([]byte(e.out), &got); err != nil {
		t.Fatal(err)
	}
	truth := r.truth(t, app)
	if got.Grade != flows.Complete || got.Total != users || len(got.Accounts) != users {
		t.Errorf("the roster is %s with %d accounts, of %d", got.Grade, len(got.Accounts), users)
	}
	for i, wrong := range truth.differs(&got.Roster, false) {
		if i < 10 {
			t.Error(wrong)
		}
	}
	c.lists = truth.Lists
	c.floor, c.pages = r.bareLoop(t, app, users)
	return c
}
