package agent_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

func TestARosterIsKeptWithItsProof(t *testing.T) {
	t.Parallel()
	h := setup(t)
	res := h.wants(t, list(), "", "")
	if res.Roster.Grade != flows.Complete || res.Roster.Total != 8 || res.Roster.Connection != "acme" {
		t.Errorf("the roster is %+v", res.Roster)
	}
	w := res.Roster.Witnesses[len(res.Roster.Witnesses)-1]
	if w.Name != "trend" || w.Applies {
		t.Errorf("the first roster has a trend: %+v", w)
	}
	last, ok, err := h.LastComplete(quiet(t), "acme")
	if err != nil || !ok || last.ID != res.Snapshot || len(last.Roster.Accounts) != 8 {
		t.Errorf("the last complete one is %+v, %v", last, err)
	}
}

func TestARosterThatIsNotProvedIsKeptShownAndAnError(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.site.onList = func(_ int, r *flows.Roster) error {
		r.Witnesses[0].Agrees, r.Witnesses[0].Says = false, "9 shown"
		r.Judge(true)
		return nil
	}
	res := h.wants(t, list(), "", flows.Incomplete)
	if res.Roster == nil || res.Roster.Grade != flows.Suspect || h.site.lists != 2 {
		t.Errorf("after %d readings the roster is %+v", h.site.lists, res.Roster)
	}
	kept, err := h.Rosters(quiet(t), agent.SnapshotFilter{Connection: "acme"})
	if err != nil || len(kept) != 2 || kept[0].Grade != flows.Suspect {
		t.Errorf("kept are %+v, %v", kept, err)
	}
	if _, ok, err := h.LastComplete(quiet(t), "acme"); ok || err != nil {
		t.Errorf("it counts as complete, %v", err)
	}
	h.site.onList = func(_ int, r *flows.Roster) error { r.Judge(false); return nil }
	if res := h.wants(t, list(), "", flows.Incomplete); res.Roster.Grade != flows.Partial {
		t.Errorf("a reading that did not end is %s", res.Roster.Grade)
	}
}

func TestASizeOutOfTheTrendIsSuspectUntilAPersonKnowsWhy(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for i := range 92 { // with the 8 there are: 100, so 10 may go
		h.site.add(fmt.Sprintf("u%d@example.com", i), flows.Active, "member")
	}
	h.wants(t, list(), "", "")
	h.site.accounts = h.site.accounts[:90]
	h.wants(t, list(), "", "")
	h.site.accounts = h.site.accounts[:80]
	for range 2 {
		if res := h.wants(t, list(), "", flows.Incomplete); res.Roster.Grade != flows.Suspect {
			t.Errorf("80 after 90 are %s", res.Roster.Grade)
		} else if !strings.Contains(res.Hint, "rebase") {
			t.Errorf("the hint is %q", res.Hint)
		}
	}
	if err := h.Rebase(quiet(t), "acme", "kim", "the sale of a branch"); err != nil {
		t.Fatal(err)
	}
	h.wants(t, list(), "", "")
	h.site.accounts = h.site.accounts[:60]
	h.wants(t, list(), "", flows.Incomplete)
	nights, err := h.Nights(quiet(t), "acme", 2)
	if err != nil || len(nights) != 2 || nights[0].Grade != flows.Suspect || nights[0].Total != 60 || nights[1].Total != 80 || nights[1].Grade != flows.Complete {
		t.Errorf("the nights are %+v, %v", nights, err)
	}
}

func TestDiffTellsWhatChangedBetweenTwoCompleteRosters(t *testing.T) {
	t.Parallel()
	acc := func(id, email string, state flows.State, roles ...string) flows.Account {
		return flows.Account{ID: id, Email: email, State: state, Roles: roles, LastSeen: id + string(state)}
	}
	from := &flows.Roster{Connection: "acme", Taken: time.Unix(1, 0), Grade: flows.Complete, Accounts: []flows.Account{
		acc("1", "a@x.com", flows.Active, "r1", "r2"), acc("2", "b@x.com", flows.Active, "r1"), acc("3", "c@x.com", flows.Active, "r1"), acc("4", "d@x.com", flows.Active, "r1"),
	}}
	to := &flows.Roster{Connection: "acme", Taken: time.Unix(2, 0), Grade: flows.Complete, Accounts: []flows.Account{
		acc("1", "A@x.com", flows.Active, "r2", "r1"), acc("2", "b@x.com", flows.Deactivated, "r3"), acc("4", "dd@x.com", flows.Active, "r1"), acc("5", "e@x.com", flows.Invited, "r1"),
	}}
	d, err := agent.DiffRosters(from, to)
	if err != nil {
		t.Fatal(err)
	}
	var got string
	for _, c := range d.Changes {
		got += fmt.Sprintf("%s %s; ", c.Kind, c.Email)
	}
	if want := "role b@x.com; state b@x.com; left c@x.com; address dd@x.com; joined e@x.com; "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, grade := range []flows.Grade{flows.Suspect, flows.Partial} {
		bad := *to
		bad.Grade = grade
		for _, pair := range [][2]*flows.Roster{{from, &bad}, {&bad, to}} {
			if _, err := agent.DiffRosters(pair[0], pair[1]); flows.CodeOf(err) != flows.Incomplete {
				t.Errorf("a %s roster was compared: %v", grade, err)
			}
		}
	}
	other := *to
	other.Connection = "other"
	if _, err := agent.DiffRosters(from, &other); flows.CodeOf(err) != flows.Invalid {
		t.Errorf("rosters of two connections were compared: %v", err)
	}
}

func TestLastDiffSkipsWhatIsNotComplete(t *testing.T) {
	t.Parallel()
	h := setup(t)
	if _, ok, err := h.LastDiff(quiet(t), "acme"); ok || err != nil {
		t.Fatalf("a diff of nothing, %v", err)
	}
	h.wants(t, list(), "", "")
	h.site.onList = func(_ int, r *flows.Roster) error { r.Grade = flows.Suspect; return nil }
	h.wants(t, list(), "", flows.Incomplete)
	h.site.onList = nil
	h.site.add("zoe@example.com", flows.Active, "member")
	h.wants(t, list(), "", "")
	d, ok, err := h.LastDiff(quiet(t), "acme")
	if err != nil || !ok || len(d.Changes) != 1 || d.Changes[0].Kind != agent.Joined || d.Changes[0].Email != "zoe@example.com" {
		t.Errorf("the diff is %+v, %v", d, err)
	}
}

func TestAnAcceptanceIsKnownToTheFlowAndOnRecord(t *testing.T) {
	t.Parallel()
	h := setup(t)
	if err := h.Accept(quiet(t), "acme", "acme/v1", "users.add", "d1", "kim"); err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	h.site.onEnv = func(env flows.Env) {
		for _, digest := range []string{"d1", "d2"} {
			got[digest] = env.Accepted("acme/v1", "users.add", digest)
		}
	}
	h.wants(t, list(), "", "")
	if !got["d1"] || got["d2"] {
		t.Errorf("the flow is told %v", got)
	}
	health, err := h.Health(quiet(t), "acme")
	if err != nil || len(health.Accepted) != 1 || health.LastList == nil || health.LastComplete == nil || health.Lease != nil {
		t.Errorf("the health is %+v, %v", health, err)
	}
}
