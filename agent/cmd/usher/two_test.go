package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

// Two people order the same at the same moment. One command line works the connection, the other
// says that it waits, and then finds the work done.
func TestTwoCommandLinesAtOnceOnOneConnectionWriteOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	command := []string{"deactivate", ana, "--on", "stonly", "--yes", "--holdings", "leave", "--format", "json"}
	both := []*process{r.start(t, command...), r.start(t, command...)}
	var outcomes []flows.OutcomeKind
	waited := 0
	for _, p := range both {
		e := p.wait(t)
		if e.code != 0 {
			t.Fatalf("exit code %d: %s", e.code, e.err)
		}
		outcomes = append(outcomes, e.outcome(t).Outcome)
		if strings.Contains(e.err, "connection is being worked, waiting") {
			waited++
		}
	}
	slices.Sort(outcomes)
	if want := []flows.OutcomeKind{flows.Already, flows.Done}; !slices.Equal(outcomes, want) {
		t.Errorf("the outcomes are %q, want %q", outcomes, want)
	}
	if waited != 1 {
		t.Errorf("%d command lines say that they wait, want 1", waited)
	}
	r.wrote(t, "stonly", "deactivate "+ana)
	r.oneAfterTheOther(t, 2)
	r.exits(t, 0, "audit", "verify")
	r.nothingLeft(t)
}

// oneAfterTheOther fails the test where two of the n runs overlap.
func (r *rig) oneAfterTheOther(t *testing.T, n int) {
	t.Helper()
	var runs []agent.Run
	if err := json.Unmarshal([]byte(r.exits(t, 0, "runs", "list", "--format", "json").out), &runs); err != nil {
		t.Fatal(err)
	}
	if len(runs) != n {
		t.Fatalf("%d runs, want %d", len(runs), n)
	}
	slices.SortFunc(runs, func(a, b agent.Run) int { return a.Started.Compare(b.Started) })
	for i, later := range runs[1:] {
		if earlier := runs[i]; later.Started.Before(earlier.Ended) {
			t.Errorf("run %s began at %s, before run %s ended at %s", later.ID, later.Started, earlier.ID, earlier.Ended)
		}
	}
}
