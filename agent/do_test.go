package agent_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

func TestDeactivationIsDoneSeenAndRecorded(t *testing.T) {
	t.Parallel()
	h := setup(t)
	res := h.wants(t, deactivate(" Ana@Example.com "), flows.Done, "", "deactivate ana@example.com")
	if res.State != agent.StateEnded || res.Account == nil || res.Account.State != flows.Deactivated || res.Plan == nil || res.Plan.Hash == "" {
		t.Errorf("the result is %+v", res)
	}
	ctx := quiet(t)
	run, steps, err := h.Run(ctx, res.Run)
	if err != nil || run.Outcome != flows.Done || len(steps) != 1 || run.Ended.IsZero() {
		t.Errorf("the run is %+v with %d steps, %v", run, len(steps), err)
	}
	if pic, err := h.Picture(ctx, steps[0].Picture); err != nil || string(pic) != "picture of a page" {
		t.Errorf("the picture is %q, %v", pic, err)
	}
	presses, err := h.store.Presses(ctx, "acme", agent.Deactivate, "ana@example.com")
	if err != nil || len(presses) != 1 || presses[0].State != agent.PressVerified {
		t.Errorf("the journal says %+v, %v", presses, err)
	}
	entries, err := h.Entries(ctx, "acme", 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, e := range entries {
		kinds = append(kinds, e.Kind)
	}
	if want := []string{"order", "run", "plan", "guard", "press", "ended"}; !slices.Equal(kinds, want) {
		t.Errorf("the chain says %q, want %q", kinds, want)
	}
}

func TestWhatStandsAlreadyIsNotPressed(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.wants(t, deactivate("dee@example.com"), flows.Already, "")
	h.wants(t, invite("ana@example.com", "member"), flows.Already, "")
	h.wants(t, invite("cy@example.com", "member"), flows.InvitationOut, "")
	h.wants(t, deactivate("nobody@example.com"), "", flows.NotFound)
	h.wants(t, invite("new@example.com", "pope"), "", flows.Unsupported)
	h.wants(t, invite("dee@example.com", "member"), "", flows.Unsupported)
	h.site.set("cy@example.com", func(a *flows.Account) { a.State = flows.InviteExpired })
	if res := h.wants(t, invite("cy@example.com", "member"), flows.Manual, ""); len(res.Manual) != 1 {
		t.Errorf("an expired invitation leaves %+v to do", res.Manual)
	}
	h.wants(t, invite("new@example.com", "member"), flows.InvitationOut, "", "invite new@example.com")
	h.wants(t, invite("new@example.com", "member"), flows.InvitationOut, "", "invite new@example.com")
}

func TestTwoAccountsOfOneAddressAreAmbiguous(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.site.add("ANA@example.com", flows.Active, "member")
	h.wants(t, deactivate("ana@example.com"), "", flows.Ambiguous)
}

func TestOrdersThatMakeNoSenseAreInvalidAndNotPlaced(t *testing.T) {
	t.Parallel()
	h := setup(t)
	both := invite("x@example.com", "member")
	both.Subject = "y@example.com"
	held := deactivate("ana@example.com")
	held.Holdings = "burn"
	for name, o := range map[string]agent.Order{
		"no verb": {Connection: "acme"}, "two addresses": both, "unknown connection": {Verb: agent.List, Connection: "none"},
		"list with an address": {Verb: agent.List, Connection: "acme", Subject: "ana@example.com"}, "bad holdings": held,
		"no person": {Verb: agent.Invite, Connection: "acme", Subject: "x@example.com"}, "no role": invite("x@example.com"),
	} {
		if _, err := h.Do(quiet(t), o); flows.CodeOf(err) != flows.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	orders, err := h.Orders(quiet(t), agent.OrderFilter{})
	if err != nil || len(orders) != 0 {
		t.Errorf("%d orders are kept, %v", len(orders), err)
	}
}

func TestDryRunPlansAndPressesNothing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	o := deactivate("ana@example.com")
	o.DryRun = true
	res := h.wants(t, o, "", "")
	if res.State != agent.StatePlanned || len(res.Plan.Do) != 1 {
		t.Fatalf("the dry run is %+v", res)
	}
	kept, ok, err := h.Plan(quiet(t), res.Run)
	if err != nil || !ok || kept.Hash != res.Plan.Hash {
		t.Errorf("the plan that is kept: %+v, %v", kept, err)
	}
	refused := deactivate("boss@example.com")
	refused.DryRun = true
	if res := h.wants(t, refused, "", flows.Refused); len(res.Plan.Refusals) != 1 {
		t.Errorf("the plan does not show the refusal: %+v", res.Plan)
	}
	again := deactivate("ana@example.com")
	again.PlanHash = res.Plan.Hash
	h.wants(t, again, flows.Done, "", "deactivate ana@example.com")
}

func TestPlanIsRefusedWhenTheAccountChangedSince(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*flows.Account){
		"role":  func(a *flows.Account) { a.Roles = []string{"viewer"} },
		"state": func(a *flows.Account) { a.State = flows.Invited },
		"id":    func(a *flows.Account) { a.ID = "other" },
		"name":  func(a *flows.Account) { a.Name = "Somebody Else" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			o := deactivate("ana@example.com")
			o.DryRun = true
			planned := h.wants(t, o, "", "")
			h.site.set("ana@example.com", change)
			h.wants(t, agent.Order{ID: planned.Order}, "", flows.Refused)
		})
	}
}

func TestPlanHoldsWhenOnlyTheLastVisitChanged(t *testing.T) {
	t.Parallel()
	h := setup(t)
	o := deactivate("ana@example.com")
	o.DryRun = true
	planned := h.wants(t, o, "", "")
	h.site.set("ana@example.com", func(a *flows.Account) { a.LastSeen = "a minute ago" })
	res := h.wants(t, agent.Order{ID: planned.Order}, flows.Done, "", "deactivate ana@example.com")
	if res.Order != planned.Order {
		t.Errorf("order %s was taken up as %s", planned.Order, res.Order)
	}
	h.wants(t, agent.Order{ID: planned.Order}, flows.Done, "", "deactivate ana@example.com") // it has ended: told, not done again
}

func TestCancelledOrderIsNotTakenUp(t *testing.T) {
	t.Parallel()
	h := setup(t)
	o, err := h.Place(quiet(t), deactivate("ana@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Cancel(quiet(t), o.ID, "kim", "no"); err != nil {
		t.Fatal(err)
	}
	h.wants(t, agent.Order{ID: o.ID}, "", flows.Refused)
	if err := h.Cancel(quiet(t), o.ID, "kim", "no"); flows.CodeOf(err) != flows.Refused {
		t.Errorf("cancelled twice: %v", err)
	}
}

func TestOpenWorkIsReviewedBeforeTheRemoval(t *testing.T) {
	t.Parallel()
	open := []flows.Holding{{Kind: "task", Title: "Access review"}}
	for _, c := range []struct {
		name          string
		known         bool
		items         []flows.Holding
		order, policy string
		outcome       flows.OutcomeKind
		code          flows.Code
		manual        int
	}{
		{"unknown list", false, nil, "", "", "", flows.Waiting, 1},
		{"open items", true, open, "", "", "", flows.Waiting, 1},
		{"known and empty", true, nil, "", "", flows.Done, "", 0},
		{"reviewed by order", true, open, "reviewed", "", flows.Done, "", 0},
		{"left by order", true, open, "leave", "", flows.Done, "", 1},
		{"reviewed by policy", false, nil, "", "reviewed", flows.Done, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := setup(t, func(o *agent.Options) { o.Connections[0].Holdings = c.policy })
			h.site.holds, h.site.known, h.site.holdings = true, c.known, c.items
			o := deactivate("ana@example.com")
			o.Holdings = c.order
			var writes []string
			if c.outcome == flows.Done {
				writes = []string{"deactivate ana@example.com"}
			}
			res := h.wants(t, o, c.outcome, c.code, writes...)
			if len(res.Manual) != c.manual {
				t.Errorf("it leaves %+v to a person", res.Manual)
			}
			if c.code != flows.Waiting {
				return
			}
			if res.State != agent.StateWaiting || res.Manual[0].Link == "" || len(res.Manual[0].Items) != len(c.items) {
				t.Errorf("the order waits as %+v", res)
			}
			h.site.holdings = nil // worked off meanwhile: the plan that was agreed to still holds
			h.wants(t, agent.Order{ID: res.Order, Holdings: "reviewed"}, flows.Done, "", "deactivate ana@example.com")
		})
	}
}

func TestSSOLeavesTheAssignmentToAPerson(t *testing.T) {
	t.Parallel()
	h := setup(t, func(o *agent.Options) { o.Connections[0].SSO = "okta" })
	for _, subject := range []string{"ana@example.com", "dee@example.com"} {
		res, err := h.Do(quiet(t), deactivate(subject))
		if err != nil || len(res.Manual) != 1 || !strings.Contains(res.Manual[0].What, "in Okta") {
			t.Errorf("%s leaves %+v to do, %v", subject, res.Manual, err)
		}
	}
	if res, err := h.Do(quiet(t), invite("new@example.com", "member")); err != nil || len(res.Manual) != 0 {
		t.Errorf("an invitation leaves %+v to do, %v", res.Manual, err)
	}
}

func TestAnAccountThatWeRemovedAndThatIsAbsentIsAlready(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.site.vanish = true
	h.wants(t, deactivate("ana@example.com"), flows.Done, "", "deactivate ana@example.com")
	h.wants(t, deactivate("ana@example.com"), flows.Already, "", "deactivate ana@example.com")
	h.wants(t, deactivate("stranger@example.com"), "", flows.NotFound, "deactivate ana@example.com")
}

func TestApprovalThePolicyWantsKeepsTheOrderWaiting(t *testing.T) {
	t.Parallel()
	h := setup(t, func(o *agent.Options) { o.Policy.Approvals = map[agent.Verb]int{agent.Deactivate: 1} })
	if res := h.wants(t, deactivate("ana@example.com"), "", flows.Waiting); res.State != agent.StateWaiting {
		t.Errorf("the order is %s", res.State)
	}
	h.wants(t, invite("new@example.com", "member"), flows.InvitationOut, "", "invite new@example.com")
}

func TestAFlowThatDoesNotFitTheJournalIsNotBelieved(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set    func(*site)
		code   flows.Code
		writes []string
	}{
		"pressed without the journal": {func(s *site) { s.skipJournal = true }, flows.Internal, []string{"deactivate ana@example.com"}},
		"pressed for somebody else":   {func(s *site) { s.pressFor = "bo@example.com" }, flows.Refused, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			c.set(h.site)
			h.wants(t, deactivate("ana@example.com"), "", c.code, c.writes...)
		})
	}
}

func TestAnOutcomeThatContradictsItselfIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	for name, lie := range map[string]func(*flows.Outcome){
		"already, after a press": func(o *flows.Outcome) { o.Kind = flows.Already },
		"still active":           func(o *flows.Outcome) { o.Account.State = flows.Active },
		"another account":        func(o *flows.Outcome) { o.Account.Email = "bo@example.com" },
		"no such outcome":        func(o *flows.Outcome) { o.Kind = "success" },
		"nothing seen":           func(o *flows.Outcome) { o.Account, o.Seen = nil, "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			h.site.lie = lie
			res := h.wants(t, deactivate("ana@example.com"), flows.Done, "", "deactivate ana@example.com")
			if !strings.Contains(res.Seen, "fresh look") {
				t.Errorf("it says %q", res.Seen)
			}
		})
	}
}

func TestOneFailingConnectionStopsNoOther(t *testing.T) {
	t.Parallel()
	bad := newSite()
	bad.onOpen = func(int) error { return flows.Errorf(flows.Unavailable, "sign in", "502") }
	worse := newSite()
	worse.onOpen = func(int) error { panic("oops " + password) }
	h := setup(t, func(o *agent.Options) {
		for name, s := range map[string]*site{"bad": bad, "worse": worse} {
			app := s.app()
			app.Name = name
			o.Apps = append(o.Apps, app)
			c := o.Connections[0]
			c.Name, c.App = name, name
			o.Connections = append(o.Connections, c)
		}
	})
	var orders []agent.Order
	for _, name := range []string{"bad", "acme", "worse", "acme"} {
		o := deactivate("ana@example.com")
		o.Connection = name
		orders = append(orders, o)
	}
	orders[3].Subject = "bo@example.com"
	res := h.DoMany(quiet(t), orders, 2)
	for i, want := range []flows.Code{flows.Unavailable, "", flows.Internal, ""} {
		if res[i].Code != want || res[i].Connection != orders[i].Connection || res[i].Subject != orders[i].Subject {
			t.Errorf("result %d is %+v, want code %q", i, res[i], want)
		}
	}
	if err := agent.Worst(res); flows.CodeOf(err) != flows.Internal || strings.Contains(err.Error(), password) {
		t.Errorf("the worst is %v", err)
	}
	h.wrote(t, "deactivate ana@example.com", "deactivate bo@example.com")
	h.sound(t)
}

func TestAStoppedRunIsRecordedAndPressesNothing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.site.hold, h.site.inside = make(chan struct{}), make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(quiet(t))
	defer cancel()
	done := make(chan agent.Result, 1)
	go func() {
		res, err := h.Do(ctx, list())
		if !errors.Is(res.Err, err) {
			t.Errorf("Do returns %v beside %v", err, res.Err)
		}
		done <- res
	}()
	<-h.site.inside
	cancel()
	select {
	case res := <-done:
		if res.Code != flows.Unavailable || res.Run == "" {
			t.Errorf("the run ended with %+v", res)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the run did not stop")
	}
	if runs, err := h.Runs(quiet(t), agent.RunFilter{Open: true}); err != nil || len(runs) != 0 {
		t.Errorf("%d runs have no end, %v", len(runs), err)
	}
	h.sound(t)
}
