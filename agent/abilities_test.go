package agent_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

func TestReactivationIsDoneOnceAndSeen(t *testing.T) {
	t.Parallel()
	h := setup(t)
	wrote := "reactivate dee@example.com"
	h.wants(t, on(agent.Reactivate, "dee@example.com"), flows.Done, "", wrote)
	h.wants(t, on(agent.Reactivate, "dee@example.com"), flows.Already, "", wrote)
	h.wants(t, on(agent.Reactivate, "cy@example.com"), "", flows.Refused, wrote) // invited, not deactivated
	h.wants(t, on(agent.Reactivate, "nobody@example.com"), "", flows.NotFound, wrote)
}

func TestUpdateSaysWhatItWouldChangeAndChangesThat(t *testing.T) {
	t.Parallel()
	h := setup(t)
	change := flows.Change{Words: map[string]string{flows.WordDepartment: "Support", flows.WordFirst: "Ana"}}
	dry := update("ana@example.com", change)
	dry.DryRun = true
	plan := h.wants(t, dry, "", "").Plan
	if all := strings.Join(plan.Do, "\n"); len(plan.Do) != 2 || !strings.Contains(all, "department: (none) -> Support") {
		t.Errorf("the plan says %q", plan.Do)
	}
	h.wants(t, update("ana@example.com", change), flows.Done, "", "update ana@example.com")
	h.wants(t, update("ana@example.com", change), flows.Already, "", "update ana@example.com")
	h.wants(t, update("ana@example.com", flows.Change{}), "", flows.Invalid, "update ana@example.com")
	h.wants(t, update("ana@example.com", flows.Change{Words: map[string]string{"password": "x"}}), "", flows.Invalid, "update ana@example.com")
	h.wants(t, update("nobody@example.com", change), "", flows.NotFound, "update ana@example.com")
}

func TestANewAddressIsNeverAnotherPersons(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.wants(t, update("ana@example.com", flows.Change{Email: "bo@example.com"}), "", flows.Refused)
	res := h.wants(t, update("ana@example.com", flows.Change{Email: "ana.b@example.com"}), flows.Done, "", "update ana@example.com")
	if res.Account == nil || res.Account.Email != "ana.b@example.com" {
		t.Errorf("the result shows %+v", res.Account)
	}
	// Our own record knows the account by its id: the same order again finds it done.
	h.wants(t, update("ana@example.com", flows.Change{Email: "ana.b@example.com"}), flows.Already, "", "update ana@example.com")
	h.wants(t, update("nobody@example.com", flows.Change{Email: "cy@example.com"}), "", flows.NotFound, "update ana@example.com")
}

func TestARenameThatWasInterruptedIsKnownByTheAccountsID(t *testing.T) {
	t.Parallel()
	h := setup(t)
	order := update("ana@example.com", flows.Change{Email: "ana.b@example.com"})
	h.site.afterPress = die
	h.killed(t, order)
	h = move(t, h.site, h.path)
	h.wants(t, order, flows.Done, "", "update ana@example.com")
	h.journal(t, order, agent.PressVerified)
}

func TestAnUpdateThatComesOutOtherwiseIsUnverified(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.site.lie = func(o *flows.Outcome) { o.Account.Words = nil }
	h.site.afterPress = func() error {
		h.site.set("ana@example.com", func(a *flows.Account) { a.Words[flows.WordLast] = "Else" })
		return nil
	}
	h.wants(t, update("ana@example.com", flows.Change{Words: map[string]string{flows.WordLast: "Lopez"}}), "", flows.Unverified, "update ana@example.com")
}

func TestGroupsAreReadAndChangedThroughTheSameDoor(t *testing.T) {
	t.Parallel()
	h := setup(t)
	res := h.wants(t, on(agent.Groups, ""), "", "")
	if res.Groups == nil || len(res.Groups.Groups) != 2 || res.Groups.Connection != "acme" {
		t.Fatalf("the groups came out as %+v", res.Groups)
	}
	h.wants(t, createGroup("Support"), flows.Done, "", "group-create Support")
	h.wants(t, createGroup("support"), flows.Already, "", "group-create Support")
	h.wants(t, renameGroup("Support", "Sales"), "", flows.Refused, "group-create Support")
	h.wants(t, renameGroup("Support", "Care"), flows.Done, "", "group-create Support", "group-rename Support")
	h.wants(t, renameGroup("Nothing", "Care"), "", flows.NotFound, "group-create Support", "group-rename Support")
}

func TestMembersMoveAsOrderedAndNobodyElse(t *testing.T) {
	t.Parallel()
	h := setup(t)
	order := members("Sales", []string{"bo@example.com", "ana@example.com"})
	res := h.wants(t, order, flows.Done, "", "group-members Sales")
	if want := []string{"put bo@example.com into the group Sales"}; !slices.Equal(res.Plan.Do, want) {
		t.Errorf("the plan says %q, want %q: ana is in already", res.Plan.Do, want)
	}
	h.wants(t, order, flows.Already, "", "group-members Sales")
	h.wants(t, members("Sales", nil, "ana@example.com"), flows.Done, "", "group-members Sales", "group-members Sales")
	h.wants(t, members("Sales", []string{"nobody@example.com"}), "", flows.NotFound, "group-members Sales", "group-members Sales")
	h.wants(t, members("Sales", []string{"bo@example.com"}, "bo@example.com"), "", flows.Invalid, "group-members Sales", "group-members Sales")
	if g := h.site.groups[1]; len(g.Members) != 1 || !g.Has("id-2") {
		t.Errorf("the console's group is %+v", g)
	}
}

func TestAReadOnlyConnectionStillTellsHowAnAccountStands(t *testing.T) {
	t.Parallel()
	h := setup(t, func(o *agent.Options) { o.Connections[0].ReadOnly = true })
	h.wants(t, deactivate("dee@example.com"), flows.Already, "")
	h.wants(t, deactivate("nobody@example.com"), "", flows.NotFound)
	res := h.wants(t, deactivate("ana@example.com"), "", flows.Refused)
	if res.Plan == nil || len(res.Plan.Accounts) != 1 || len(res.Plan.Refusals) != 1 {
		t.Errorf("the plan is %+v", res.Plan)
	}
}

func TestAMemberWhoDidNotMoveIsUnverified(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.site.noEffect = true
	h.wants(t, members("Sales", []string{"bo@example.com"}), "", flows.Unverified, "group-members Sales")
}

func TestMembersOnAnUnprovedRosterAreNobody(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.site.onList = func(_ int, r *flows.Roster) error { r.Grade = flows.Suspect; return nil }
	h.wants(t, members("Sales", []string{"bo@example.com"}), "", flows.Incomplete)
}

func TestAGroupsChangeThatWasInterruptedIsVerifiedOrGoneOnWith(t *testing.T) {
	t.Parallel()
	order := members("Sales", []string{"bo@example.com", "cy@example.com"})
	t.Run("all of it was done", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.site.afterPress = die
		h.killed(t, order)
		h = move(t, h.site, h.path)
		h.wants(t, order, flows.Done, "", "group-members Sales")
		h.journal(t, order, agent.PressVerified)
	})
	t.Run("a part of it was done", func(t *testing.T) {
		t.Parallel()
		h := setup(t)
		h.site.afterPress = func() error {
			h.site.groups[1].Members = h.site.groups[1].Members[:2] // ana, and only the first of the two
			return die()
		}
		h.killed(t, order)
		h = move(t, h.site, h.path)
		res := h.wants(t, order, flows.Done, "", "group-members Sales", "group-members Sales")
		if len(res.Plan.Do) != 1 {
			t.Errorf("the plan says %q, and one is left", res.Plan.Do)
		}
		h.journal(t, order, agent.PressNoEffect, agent.PressVerified)
	})
}

func TestAWayThatShowsNoRolesSaysThatTheLastAdminCouldNotBeJudged(t *testing.T) {
	t.Parallel()
	h := setup(t, func(o *agent.Options) { o.Apps[0].Ways[0].NoRoles = true })
	h.site.set("ana@example.com", func(a *flows.Account) { a.Roles = nil })
	res := h.wants(t, deactivate("ana@example.com"), flows.Done, "", "deactivate ana@example.com")
	if !strings.Contains(res.Plan.Seen, "could not be judged") {
		t.Errorf("the plan says %q", res.Plan.Seen)
	}
	// Where a role is to be seen, it is judged.
	h.site.set("ada@example.com", func(a *flows.Account) { a.State = flows.Deactivated })
	h.wants(t, deactivate("adam@example.com"), "", flows.Refused, "deactivate ana@example.com")
}

// A token that is taken back in the middle of the work is a refused sign-in as much as one at its start.
func TestARefusalInTheMiddleOfTheWorkOpensTheBreaker(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.site.onFind = func(int) error {
		return flows.Errorf(flows.Unverified, "look again", "it went wrong: %w", flows.Errorf(flows.LoginRefused, "ask", "the token was refused").WithHint("set it anew")).WithHint("look")
	}
	h.wants(t, deactivate("ana@example.com"), "", flows.Unverified)
	h.wants(t, deactivate("ana@example.com"), "", flows.LoginRefused)
	if h.site.opens != 1 {
		t.Errorf("it was tried %d times", h.site.opens)
	}
}
