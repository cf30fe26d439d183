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

// alarmed is a house with two sinks: one for all, one for what wakes somebody.
func alarmed(t *testing.T, change ...func(*agent.Options)) *house {
	t.Helper()
	return setup(t, append(change, func(o *agent.Options) {
		o.Sinks = []agent.Sink{{Name: "chat"}, {Name: "pager", PageOnly: true}}
	})...)
}

// open returns the codes of the open alerts, the newest first.
func (h *house) open(t *testing.T) []string {
	t.Helper()
	all, err := h.Alerts(quiet(t), agent.AlertFilter{State: agent.AlertOpen})
	if err != nil {
		t.Fatal(err)
	}
	codes := []string{}
	for _, a := range all {
		codes = append(codes, string(a.Code))
	}
	return codes
}

func (h *house) wantsOpen(t *testing.T, codes ...string) {
	t.Helper()
	if got := h.open(t); !slices.Equal(got, codes) {
		t.Fatalf("open are alerts of %q, want %q", got, codes)
	}
}

// told returns what is in the outbox, as "chat fire".
func (h *house) told(t *testing.T) []string {
	t.Helper()
	all, err := h.store.Deliveries(quiet(t), agent.DeliveryFilter{})
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, d := range all {
		out = append(out, d.Sink+" "+string(d.Kind))
	}
	return out
}

func (h *house) wantsTold(t *testing.T, want ...string) {
	t.Helper()
	if got := h.told(t); !slices.Equal(got, want) {
		t.Fatalf("the outbox has %q, want %q", got, want)
	}
}

// sendAll takes the outbox for delivered.
func (h *house) sendAll(t *testing.T) {
	t.Helper()
	err := h.store.Write(quiet(t), func(ctx context.Context, tx agent.Tx) error {
		for _, sink := range []string{"chat", "pager"} {
			for {
				d, ok, err := tx.ClaimDelivery(ctx, sink, h.clock.Now(), h.clock.Now())
				if err != nil {
					return err
				}
				if !ok {
					break
				}
				d.State = agent.DeliverySent
				if _, err := tx.SettleDelivery(ctx, d); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func failList(code flows.Code) func(int, *flows.Roster) error {
	return func(int, *flows.Roster) error {
		return flows.Errorf(code, "read", "this\x1b[31m went wrong with %s", password).WithHint("look")
	}
}

func TestAnAlertIsToldOnceCountedAndToldAgainAfterADay(t *testing.T) {
	t.Parallel()
	h := alarmed(t)
	h.site.onList = failList(flows.Drift)
	first := h.wants(t, list(), "", flows.Drift)
	again := h.wants(t, list(), "", flows.Drift)
	h.wantsTold(t, "chat fire")
	all, err := h.Alerts(quiet(t), agent.AlertFilter{})
	if err != nil || len(all) != 1 {
		t.Fatalf("the alerts are %+v, %v", all, err)
	}
	a := all[0]
	if a.Count != 2 || a.Run != again.Run || a.Run == first.Run || !a.Last.After(a.First) || a.Page || a.Connection != "acme" || a.Hint != "look" {
		t.Errorf("the alert is %+v", a)
	}
	if strings.Contains(a.Text, password) || strings.Contains(a.Text, "\x1b") || !strings.Contains(a.Title, "acme: the console does not look") {
		t.Errorf("the alert says %q: %q", a.Title, a.Text)
	}
	// A day later it is told again, but not on top of what was not delivered yet.
	h.clock.add(25 * time.Hour)
	h.wants(t, list(), "", flows.Drift)
	h.wantsTold(t, "chat fire")
	h.sendAll(t)
	h.clock.add(25 * time.Hour)
	h.wants(t, list(), "", flows.Drift)
	h.wantsTold(t, "chat fire", "chat fire")
	h.sendAll(t)
	h.wants(t, list(), "", flows.Drift)
	h.wantsTold(t, "chat fire", "chat fire")
	h.wantsOpen(t, "drift")
}

func TestOnlyWhatIsSeenToBeGoodIsResolved(t *testing.T) {
	t.Parallel()
	h := alarmed(t)
	for _, code := range []flows.Code{flows.Drift, flows.Incomplete, flows.Challenge, flows.WrongTenant, flows.Internal} {
		h.site.onList = failList(code)
		h.wants(t, list(), "", code)
	}
	h.wantsOpen(t, "internal", "wrong_tenant", "challenge", "incomplete", "drift")
	h.clock.add(1000 * time.Hour) // time heals nothing
	h.wants(t, invite("new@example.com", "member"), flows.InvitationOut, "", "invite new@example.com")
	if got := len(h.open(t)); got != 5 {
		t.Fatalf("%d alerts are open after an invitation that proves nothing about them", got)
	}
	h.site.onList = func(_ int, r *flows.Roster) error {
		r.Witnesses[0].Agrees = false
		r.Judge(true)
		return nil
	}
	if _, err := h.Do(quiet(t), list()); flows.CodeOf(err) != flows.Incomplete {
		t.Fatal(err)
	}
	if got := len(h.open(t)); got != 5 {
		t.Fatalf("%d alerts are open after a list that is not complete", got)
	}
	h.site.onList = nil
	if _, err := h.Do(quiet(t), list()); err != nil {
		t.Fatal(err)
	}
	// This console has no sheet, so nothing but a list can show that the drift is over.
	h.wantsOpen(t)
	for _, tell := range []string{"chat fire", "chat resolve"} {
		if n := len(slices.DeleteFunc(h.told(t), func(s string) bool { return s != tell })); n != 5 {
			t.Errorf("%d times %q, want 5", n, tell)
		}
	}
	all, err := h.Alerts(quiet(t), agent.AlertFilter{})
	if err != nil || len(all) != 5 || all[0].State != agent.AlertResolved || all[0].By == "" || all[0].Resolved.IsZero() {
		t.Errorf("the alerts are %+v, %v", all, err)
	}
	// The same again is another alert.
	h.site.onList = failList(flows.Incomplete)
	h.wants(t, list(), "", flows.Incomplete, "invite new@example.com")
	h.wantsOpen(t, "incomplete")
}

// sheeted is the console with a sheet.
type sheeted struct {
	flows.Console
	findings *[]flows.Finding
}

func (s sheeted) Check(context.Context) ([]flows.Finding, error) { return *s.findings, nil }

func TestDriftIsClearedByAPassingCheckAndByNothingElse(t *testing.T) {
	t.Parallel()
	findings := []flows.Finding{{Page: "users", Name: "users.add"}}
	h := alarmed(t, func(o *agent.Options) {
		open := o.Apps[0].Ways[0].Open
		o.Apps[0].Ways[0].Open = func(ctx context.Context, env flows.Env) (flows.Console, error) {
			con, err := open(ctx, env)
			return sheeted{con, &findings}, err
		}
	})
	check := agent.Order{Verb: agent.Check, Connection: "acme", By: "kim", Source: "test"}
	h.wants(t, check, "", flows.Drift)
	h.wants(t, list(), "", "")
	h.wantsOpen(t, "drift")
	h.wants(t, check, "", flows.Drift)
	h.wantsTold(t, "chat fire")
	h.site.onList = failList(flows.Incomplete)
	h.wants(t, list(), "", flows.Incomplete)
	findings[0].OK = true
	h.wants(t, check, "", "")
	h.wantsOpen(t, "incomplete") // of which a check knows nothing
	h.wantsTold(t, "chat fire", "chat fire", "chat resolve")
}

func TestWhatIsUnverifiedPagesUntilItIsKnown(t *testing.T) {
	t.Parallel()
	for name, known := range map[string]func(t *testing.T, h *house){
		"the same order sees it": func(t *testing.T, h *house) {
			t.Helper()
			h.wants(t, deactivate("ana@example.com"), flows.Done, "", "deactivate ana@example.com", "deactivate bo@example.com")
		},
		"a person says so": func(t *testing.T, h *house) {
			t.Helper()
			if n, err := h.Settle(quiet(t), "acme", "ana@example.com", "kim", "seen"); n != 1 || err != nil {
				t.Fatalf("settled %d, %v", n, err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := alarmed(t)
			h.site.afterPress = func() error {
				h.site.onFind = func(int) error { return flows.Errorf(flows.Unavailable, "look", "down") }
				h.site.onOpen = func(int) error { return flows.Errorf(flows.Unavailable, "open", "down") }
				return errors.New("the page went away")
			}
			if _, err := h.Do(quiet(t), deactivate("ana@example.com")); flows.CodeOf(err) != flows.Unverified {
				t.Fatal(err)
			}
			h.wantsOpen(t, "unverified")
			h.wantsTold(t, "chat fire", "pager fire")
			h.site.onOpen, h.site.onFind = nil, nil
			// Another's account says nothing about this one.
			h.site.afterPress = nil
			if _, err := h.Do(quiet(t), deactivate("bo@example.com")); err != nil {
				t.Fatal(err)
			}
			h.wantsOpen(t, "unverified")
			known(t, h)
			h.wantsOpen(t)
			h.wantsTold(t, "chat fire", "pager fire", "chat resolve", "pager resolve")
		})
	}
}

func TestAPressThatAProcessDiedWithPagesWhenItIsFound(t *testing.T) {
	t.Parallel()
	h := alarmed(t)
	h.site.afterPress = die
	h.killed(t, deactivate("ana@example.com"))
	h.wantsOpen(t)
	// Whoever orders the same looks itself; whoever works the connection otherwise finds it.
	if _, err := h.Do(quiet(t), list()); err != nil {
		t.Fatal(err)
	}
	h.wantsOpen(t, "unverified")
	h.wantsTold(t, "chat fire", "pager fire")
	h.wants(t, deactivate("ana@example.com"), flows.Done, "", "deactivate ana@example.com")
	h.wantsOpen(t)
	h.site.afterPress = die
	h.killed(t, deactivate("bo@example.com"))
	h.wants(t, deactivate("bo@example.com"), flows.Done, "", "deactivate ana@example.com", "deactivate bo@example.com")
	h.wantsTold(t, "chat fire", "pager fire", "chat resolve", "pager resolve")
}

func TestAConsoleThatIsDownIsAnAlertWhenItStaysDown(t *testing.T) {
	t.Parallel()
	h := alarmed(t)
	h.site.onList = failList(flows.Unavailable)
	for _, open := range [][]string{{}, {}, {"unavailable"}, {"unavailable"}} {
		h.wants(t, list(), "", flows.Unavailable)
		h.wantsOpen(t, open...)
	}
	h.wantsTold(t, "chat fire")
	h.site.onList = nil
	h.wants(t, list(), "", "")
	h.wantsOpen(t)
	h.wantsTold(t, "chat fire", "chat resolve")
}

func TestOneFreezeIsOneAlertHoweverManyItStops(t *testing.T) {
	t.Parallel()
	h := alarmed(t)
	if err := h.Freeze(quiet(t), true, "kim", "fire"); err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"ana@example.com", "bo@example.com"} {
		h.wants(t, deactivate(who), "", flows.Refused)
	}
	h.wants(t, deactivate("boss@example.com"), "", flows.Refused)
	h.wantsTold(t, "chat fire")
	if err := h.Freeze(quiet(t), false, "kim", ""); err != nil {
		t.Fatal(err)
	}
	h.wantsOpen(t)
	// What is refused of one account is that account's.
	h.wants(t, deactivate("boss@example.com"), "", flows.Refused)
	h.wants(t, deactivate("ana@example.com"), flows.Done, "", "deactivate ana@example.com")
	h.wantsOpen(t, "refused")
}

func TestAFullCapIsOverWithTheNextWriteThatPassesIt(t *testing.T) {
	t.Parallel()
	h := alarmed(t, func(o *agent.Options) { o.Policy.Caps = agent.Caps{PerDay: 1} })
	h.wants(t, deactivate("ana@example.com"), flows.Done, "", "deactivate ana@example.com")
	h.wants(t, deactivate("bo@example.com"), "", flows.Refused, "deactivate ana@example.com")
	h.wants(t, deactivate("cy@example.com"), "", flows.Refused, "deactivate ana@example.com")
	h.wantsTold(t, "chat fire")
	h.wants(t, deactivate("dee@example.com"), flows.Already, "", "deactivate ana@example.com") // no cap is asked
	h.wantsOpen(t, "refused")
	h.clock.add(24 * time.Hour)
	h.wants(t, deactivate("bo@example.com"), flows.Done, "", "deactivate ana@example.com", "deactivate bo@example.com")
	h.wantsOpen(t)
}

func TestUnlockingAndCancellingResolveWhatTheyEnd(t *testing.T) {
	t.Parallel()
	h := alarmed(t, func(o *agent.Options) { o.Policy.Approvals = map[agent.Verb]int{agent.Invite: 1} })
	h.site.password = "another"
	h.wants(t, list(), "", flows.LoginRefused)
	h.wants(t, list(), "", flows.LoginRefused)
	h.wantsTold(t, "chat fire", "pager fire")
	if was, err := h.Unlock(quiet(t), "acme", "kim"); !was || err != nil {
		t.Fatalf("unlocked %v, %v", was, err)
	}
	h.wantsOpen(t)
	h.site.password = password
	res := h.wants(t, invite("new@example.com", "member"), "", flows.Waiting)
	h.wantsOpen(t, "waiting")
	if err := h.Cancel(quiet(t), res.Order, "kim", "no"); err != nil {
		t.Fatal(err)
	}
	h.wantsOpen(t)
}

func TestASinkGetsWhatItWants(t *testing.T) {
	t.Parallel()
	page, drift := agent.Alert{Code: flows.Unverified, Page: true}, agent.Alert{Code: flows.Drift}
	for _, c := range []struct {
		sink        agent.Sink
		page, drift bool
	}{
		{agent.Sink{}, true, true},
		{agent.Sink{PageOnly: true}, true, false},
		{agent.Sink{Only: []flows.Code{flows.Drift}}, false, true},
		{agent.Sink{Only: []flows.Code{flows.Drift}, PageOnly: true}, false, false},
	} {
		if c.sink.Wants(page) != c.page || c.sink.Wants(drift) != c.drift {
			t.Errorf("%+v wants the page: %v, the drift: %v", c.sink, c.sink.Wants(page), c.sink.Wants(drift))
		}
	}
}
