package agent_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

// die ends the goroutine that runs the order, as kill -9 ends the process: nothing after the press
// is written down.
func die() error {
	runtime.Goexit()
	return nil
}

// killed does the order in a goroutine that dies in one of the site's hooks.
func (h *house) killed(t *testing.T, o agent.Order) {
	t.Helper()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, err := h.Do(quiet(t), o)
		t.Errorf("the run came to its end: %v", err)
	}()
	<-gone
	h.site.beforePress, h.site.afterPress = nil, nil
}

func (h *house) journal(t *testing.T, o agent.Order, want ...agent.PressState) {
	t.Helper()
	subject := o.Subject
	if o.Person != nil {
		subject = o.Person.Email
	}
	presses, err := h.store.Presses(quiet(t), "acme", o.Verb, subject)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range presses {
		got = append(got, string(p.State))
	}
	var wanted []string
	for _, s := range want {
		wanted = append(wanted, string(s))
	}
	if strings.Join(got, " ") != strings.Join(wanted, " ") {
		t.Fatalf("the journal says %q, want %q", got, wanted)
	}
}

func TestInterruptionAfterThePressIsVerifiedAndNotRepeated(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		order   agent.Order
		vanish  bool
		outcome flows.OutcomeKind
		write   string
	}{
		"deactivated":           {deactivate("ana@example.com"), false, flows.Done, "deactivate ana@example.com"},
		"gone from the table":   {deactivate("ana@example.com"), true, flows.Done, "deactivate ana@example.com"},
		"the invitation is out": {invite("new@example.com", "member"), false, flows.InvitationOut, "invite new@example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			h.site.vanish = c.vanish
			h.site.afterPress = die
			h.killed(t, c.order)
			h.journal(t, c.order, agent.PressOpen)
			res := h.wants(t, c.order, c.outcome, "", c.write)
			if !strings.Contains(res.Seen, "verified after an interruption") {
				t.Errorf("it says %q", res.Seen)
			}
			h.journal(t, c.order, agent.PressVerified)
			runs, err := h.Runs(quiet(t), agent.RunFilter{Connection: "acme"})
			if err != nil || len(runs) != 2 || runs[1].Code != flows.Unverified || runs[1].Ended.IsZero() {
				t.Errorf("the run that died is told as %+v, %v", runs, err)
			}
			order, err := h.Order(quiet(t), runs[1].Order)
			if err != nil || order.State != agent.StateEnded || order.Code != flows.Unverified {
				t.Errorf("its order is told as %+v, %v", order, err)
			}
		})
	}
}

func TestInterruptionBeforeThePressTookEffectGoesOnOnce(t *testing.T) {
	t.Parallel()
	for _, o := range []agent.Order{deactivate("ana@example.com"), invite("new@example.com", "member")} {
		t.Run(string(o.Verb), func(t *testing.T) {
			t.Parallel()
			subject := o.Subject
			want := flows.Done
			if o.Person != nil {
				subject, want = o.Person.Email, flows.InvitationOut
			}
			h := setup(t)
			h.site.beforePress = die
			h.killed(t, o)
			h.wrote(t)
			h.wants(t, o, want, "", string(o.Verb)+" "+subject)
			h.journal(t, o, agent.PressNoEffect, agent.PressVerified)
		})
	}
}

func TestTwoPressesWithoutEffectAreNotFollowedByAThird(t *testing.T) {
	t.Parallel()
	h := setup(t)
	o := deactivate("ana@example.com")
	for range 2 {
		h.site.beforePress = die
		h.killed(t, o)
	}
	for range 2 {
		h.wants(t, o, "", flows.Unverified)
	}
	h.journal(t, o, agent.PressOpen, agent.PressOpen)
	if n, err := h.Settle(quiet(t), "acme", "Ana@example.com", "kim", "looked"); err != nil || n != 2 {
		t.Fatalf("%d presses settled, %v", n, err)
	}
	h.wants(t, o, flows.Done, "", "deactivate ana@example.com")
}

func TestAnInterruptionThatCannotBeToldIsUnverified(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*site){
		"another role":  func(s *site) { s.set("ana@example.com", func(a *flows.Account) { a.Roles = []string{"viewer"} }) },
		"another state": func(s *site) { s.set("ana@example.com", func(a *flows.Account) { a.State = flows.Unknown }) },
		"another id":    func(s *site) { s.set("ana@example.com", func(a *flows.Account) { a.ID = "new" }) },
		"no proof": func(s *site) {
			s.onFind = func(int) error { return flows.Errorf(flows.Incomplete, "find", "no proof") }
		},
		"a second one": func(s *site) { s.add("ana@example.com", flows.Active, "member") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			h.site.beforePress = die
			h.killed(t, deactivate("ana@example.com"))
			change(h.site)
			h.wants(t, deactivate("ana@example.com"), "", flows.Unverified)
			h.journal(t, deactivate("ana@example.com"), agent.PressOpen)
		})
	}
}

func TestAnErrorAfterThePressIsFollowedByALookAndNoSecondPress(t *testing.T) {
	t.Parallel()
	for _, code := range []flows.Code{flows.SessionLost, flows.Unavailable, flows.Unverified, flows.Drift, flows.Incomplete} {
		for _, effect := range []bool{true, false} {
			t.Run(string(code), func(t *testing.T) {
				t.Parallel()
				h := setup(t)
				h.site.noEffect = !effect
				h.site.afterPress = func() error { return flows.Errorf(code, "press", "something went wrong") }
				o := deactivate("ana@example.com")
				if effect {
					h.wants(t, o, flows.Done, "", "deactivate ana@example.com")
					h.journal(t, o, agent.PressVerified)
					return
				}
				h.wants(t, o, "", flows.Unverified, "deactivate ana@example.com")
				h.journal(t, o, agent.PressOpen)
				if len(h.notice.sent) != 1 || !h.notice.sent[0].Page {
					t.Errorf("nobody is woken: %+v", h.notice.sent)
				}
			})
		}
	}
}

func TestAPanicAfterThePressIsUnverifiedAndLookedAt(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.site.afterPress = func() error { panic("oops") }
	h.wants(t, deactivate("ana@example.com"), "", flows.Unverified, "deactivate ana@example.com")
	h.site.afterPress = nil
	h.wants(t, deactivate("ana@example.com"), flows.Done, "", "deactivate ana@example.com")
}

func TestARunThatDiedBeforeAnyPressIsToldSo(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.site.onPress = die
	h.killed(t, deactivate("ana@example.com"))
	h.site.onPress = nil
	h.wants(t, list(), "", "")
	runs, err := h.Runs(quiet(t), agent.RunFilter{Verb: agent.Deactivate})
	if err != nil || len(runs) != 1 || runs[0].Code != flows.Unavailable || !strings.Contains(runs[0].Message, "nothing had been pressed") {
		t.Errorf("it is told as %+v, %v", runs, err)
	}
}
