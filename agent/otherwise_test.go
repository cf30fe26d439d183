package agent_test

import (
	"context"
	"strings"
	"testing"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

var _ flows.Confirmer = (*console)(nil)

// Confirm says what the site's other source says against a state.
func (c *console) Confirm(context.Context, flows.Account, flows.State) (string, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return c.s.doubt, nil
}

// A flow that saw that it went wrong is not overruled by a look that asks for less.
func TestWhatWasSeenToBeWrongIsNotOverruled(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.site.afterPress = func() error {
		return flows.Errorf(flows.Unverified, "look again", "somebody else was thrown out too").AsSeen()
	}
	h.wants(t, deactivate("ana@example.com"), "", flows.Unverified, "deactivate ana@example.com")
	h.journal(t, deactivate("ana@example.com"), agent.PressOpen)
}

func TestAnInactiveAccountThatAnotherSourceShowsAsActiveIsNotSettled(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.site.doubt = "the other source shows it as active"
	h.wants(t, deactivate("dee@example.com"), "", flows.Unverified)
	// Nor is an interrupted press taken for verified.
	h.site.afterPress = die
	h.killed(t, deactivate("ana@example.com"))
	h = move(t, h.site, h.path)
	h.wants(t, deactivate("ana@example.com"), "", flows.Unverified, "deactivate ana@example.com")
	h.site.doubt = ""
	h.wants(t, deactivate("ana@example.com"), flows.Done, "", "deactivate ana@example.com")
}

func TestALeaverWhoGoesByAnotherAddressNowIsNeitherGoneNorDone(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.wants(t, deactivate("ana@example.com"), flows.Done, "", "deactivate ana@example.com")
	// Somebody lets her in again, and gives her another address.
	h.site.set("ana@example.com", func(a *flows.Account) { a.State, a.Email = flows.Active, "ana.b@example.com" })
	res := h.wants(t, deactivate("ana@example.com"), "", flows.Ambiguous, "deactivate ana@example.com")
	if !strings.Contains(res.Message, "ana.b@example.com") {
		t.Errorf("it does not say which: %s", res.Message)
	}
	h.wants(t, on(agent.Reactivate, "ana@example.com"), "", flows.Ambiguous, "deactivate ana@example.com")
	h.wants(t, update("ana@example.com", flows.Change{Words: map[string]string{flows.WordLast: "B"}}), "", flows.Ambiguous, "deactivate ana@example.com")
	h.site.onList = func(_ int, r *flows.Roster) error {
		r.Grade, r.Accounts = flows.Suspect, nil
		return nil
	}
	h.wants(t, deactivate("ana@example.com"), "", flows.Incomplete, "deactivate ana@example.com")
}

func TestARenameThatWasInterruptedIsNoAbsence(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.site.afterPress = die
	h.killed(t, update("ana@example.com", flows.Change{Email: "ana.b@example.com"}))
	h = move(t, h.site, h.path)
	h.wants(t, deactivate("ana@example.com"), "", flows.Ambiguous, "update ana@example.com")
}

func TestAnotherOrderSettlesNoOpenPress(t *testing.T) {
	t.Parallel()
	h := setup(t)
	first := update("ana@example.com", flows.Change{Words: map[string]string{flows.WordDepartment: "Support"}})
	h.site.noEffect, h.site.afterPress = true, die
	h.killed(t, first)
	h.site.noEffect = false
	h = move(t, h.site, h.path)
	h.site.set("ana@example.com", func(a *flows.Account) { a.Words = map[string]string{flows.WordFirst: "Ana"} })
	res := h.wants(t, update("ana@example.com", flows.Change{Words: map[string]string{flows.WordFirst: "Ana"}}), "", flows.Unverified, "update ana@example.com")
	if !strings.Contains(res.Hint, "usher orders show") {
		t.Errorf("the hint is %q", res.Hint)
	}
	h.journal(t, first, agent.PressOpen)

	one := members("Sales", []string{"cy@example.com"})
	h.site.afterPress = die
	h.killed(t, one)
	h = move(t, h.site, h.path)
	h.wants(t, members("Sales", []string{"ana@example.com"}), "", flows.Unverified, "update ana@example.com", "group-members Sales")
	h.wants(t, one, flows.Done, "", "update ana@example.com", "group-members Sales")
}

func TestMembersThatCannotBeReadAreNotNobody(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*flows.Group){
		"not shown":              func(g *flows.Group) { g.Members, g.Unread = nil, true },
		"in terms of user names": func(g *flows.Group) { g.Members = []flows.Member{{ID: "ana@example.com"}} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			spoil(&h.site.groups[1])
			h.wants(t, members("Sales", nil, "ana@example.com"), "", flows.Incomplete)
		})
	}
}

func TestProtectedIsWhoHasTheAddressInWhateverPlace(t *testing.T) {
	t.Parallel()
	h := setup(t, func(o *agent.Options) { o.Policy.Protected = []string{"ceo@*"} })
	h.site.set("ana@example.com", func(a *flows.Account) { a.Words = map[string]string{"email": "ceo@example.com"} })
	h.wants(t, deactivate("ana@example.com"), "", flows.Refused)
	h.wants(t, members("Sales", nil, "ana@example.com"), "", flows.Refused)
}
