package agent_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

// times fails the first n calls with the code.
func times(n int, code flows.Code) func(int) error {
	return func(call int) error {
		if call <= n {
			return flows.Errorf(code, "read", "not now")
		}
		return nil
	}
}

func TestWhatMayBeTriedAgainIsAndNoMore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code  flows.Code
		fails int
		want  flows.Code
		opens int
	}{
		{flows.SessionLost, 1, "", 2},
		{flows.SessionLost, 2, flows.SessionLost, 2},
		{flows.Unavailable, 2, "", 3},
		{flows.Unavailable, 3, flows.Unavailable, 3},
		{flows.Incomplete, 1, "", 2},
		{flows.Incomplete, 2, flows.Incomplete, 2},
		{flows.Drift, 1, flows.Drift, 1},
		{flows.Challenge, 1, flows.Challenge, 1},
		{flows.WrongTenant, 1, flows.WrongTenant, 1},
	} {
		t.Run(string(c.code), func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			h.site.onFind = times(c.fails, c.code)
			var writes []string
			var outcome flows.OutcomeKind
			if c.want == "" {
				outcome, writes = flows.Done, []string{"deactivate ana@example.com"}
			}
			h.wants(t, deactivate("ana@example.com"), outcome, c.want, writes...)
			if h.site.opens != c.opens {
				t.Errorf("%d times opened, want %d", h.site.opens, c.opens)
			}
		})
	}
}

func TestAConsoleThatNamesALongTimeIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.site.onFind = func(int) error {
		e := flows.Errorf(flows.Unavailable, "find", "429")
		e.After = time.Hour
		return e
	}
	h.wants(t, deactivate("ana@example.com"), "", flows.Unavailable)
	if h.site.opens != 1 {
		t.Errorf("%d times opened", h.site.opens)
	}
}

func TestARefusedPasswordIsTriedOnceUntilItChangesOrAPersonSaysSo(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.site.password = "another one"
	tries := func(want int) {
		t.Helper()
		h.wants(t, list(), "", flows.LoginRefused)
		if h.site.signIns != want {
			t.Fatalf("the password was typed %d times, want %d", h.site.signIns, want)
		}
	}
	tries(1)
	tries(1)
	health, err := h.Health(quiet(t), "acme")
	if err != nil || health.Breaker == nil || strings.Contains(health.Breaker.Why, password) || health.Failures != 2 {
		t.Errorf("its health is %+v, %v", health, err)
	}
	again := move(t, h.site, h.path) // a restart
	again.wants(t, list(), "", flows.LoginRefused)
	if open, err := again.Unlock(quiet(t), "acme", "kim"); err != nil || !open {
		t.Errorf("unlocked %v, %v", open, err)
	}
	tries(2)
	changed := move(t, h.site, h.path, func(o *agent.Options) {
		old := o.Secrets
		o.Secrets = func(ctx context.Context, ref string) (secrets.Value, error) {
			if ref == "password" {
				return secrets.New("another one"), nil
			}
			return old(ctx, ref)
		}
	})
	changed.wants(t, list(), "", "")
	if health, err := changed.Health(quiet(t), "acme"); err != nil || health.Breaker != nil || health.Failures != 0 {
		t.Errorf("after the change its health is %+v, %v", health, err)
	}
}

func TestAMissingSecretIsSaidBeforeAnythingIsOpened(t *testing.T) {
	t.Parallel()
	for _, ref := range []string{"", "nowhere"} {
		h := setup(t, func(o *agent.Options) { o.Connections[0].Secrets["password"] = ref })
		h.wants(t, list(), "", flows.Invalid)
		if h.site.opens != 0 {
			t.Errorf("the console was opened")
		}
	}
}

func TestTheSessionIsKeptSealedAndTakenUp(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.wants(t, list(), "", "")
	h.wants(t, list(), "", "")
	if h.site.signIns != 1 {
		t.Errorf("signed in %d times", h.site.signIns)
	}
	sealed, ok, err := h.store.Session(quiet(t), "acme")
	if err != nil || !ok || strings.Contains(string(sealed), "cookie") {
		t.Errorf("the session lies there as %q, %v", sealed, err)
	}
}

func TestAConnectionThatIsWorkedIsWaitedForAndThenSaid(t *testing.T) {
	t.Parallel()
	var said atomic.Value
	h := setup(t, func(o *agent.Options) {
		o.Progress = func(_ string, p flows.Progress) { said.Store(p.Doing) }
	})
	ctx := quiet(t)
	l := h.LiveLease("acme", h.clock.Now())
	if _, ok, err := h.store.TakeLease(ctx, l, "", h.clock.Now()); err != nil || !ok {
		t.Fatal(err)
	}
	res := h.wants(t, list(), "", flows.Unavailable)
	if !strings.Contains(res.Message, "by process") || h.site.opens != 0 {
		t.Errorf("it says %q, and opened %d times", res.Message, h.site.opens)
	}
	if s, _ := said.Load().(string); !strings.Contains(s, "waiting for list, by process") {
		t.Errorf("progress says %q", s)
	}
	if order, err := h.Order(ctx, res.Order); err != nil || order.State != agent.StateEnded || order.Code != flows.Unavailable {
		t.Errorf("the order is %+v, %v", order, err)
	}
}

func TestADeadHoldersLeaseIsTakenOver(t *testing.T) {
	t.Parallel()
	for name, kill := range map[string]func(*agent.Lease){
		"no such process":            func(l *agent.Lease) { l.PID = 1 << 30 },
		"its id has another process": func(l *agent.Lease) { l.Born = "1" },
		"the machine started anew":   func(l *agent.Lease) { l.Boot = "before/pid:[1]" },
		"it has run out":             func(l *agent.Lease) { l.Host, l.Expires = "elsewhere", l.Taken.Add(-time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			l := h.LiveLease("acme", h.clock.Now())
			kill(&l)
			if _, ok, err := h.store.TakeLease(quiet(t), l, "", h.clock.Now()); err != nil || !ok {
				t.Fatal(err)
			}
			h.wants(t, list(), "", "")
		})
	}
}

func TestALiveHolderElsewhereIsNotTakenForDead(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*agent.Lease){
		"another host":               func(l *agent.Lease) { l.Host, l.PID = "elsewhere", 1<<30 },
		"another container":          func(l *agent.Lease) { l.Boot, l.PID = strings.Split(l.Boot, "/")[0]+"/pid:[1]", 1<<30 },
		"a system that does not say": func(l *agent.Lease) { l.Boot, l.PID = "", 1<<30 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			l := h.LiveLease("acme", h.clock.Now())
			change(&l)
			if _, ok, err := h.store.TakeLease(quiet(t), l, "", h.clock.Now()); err != nil || !ok {
				t.Fatal(err)
			}
			h.wants(t, list(), "", flows.Unavailable)
		})
	}
}

// steal gives the connection's lease to somebody else.
func (h *house) steal(t *testing.T) {
	t.Helper()
	ctx := quiet(t)
	held, ok, err := h.store.Lease(ctx, "acme")
	if err != nil || !ok {
		t.Errorf("no lease to steal, %v", err)
		return
	}
	if _, ok, err := h.store.TakeLease(ctx, h.LiveLease("acme", h.clock.Now()), held.Holder, h.clock.Now()); err != nil || !ok {
		t.Errorf("not stolen, %v", err)
	}
}

func TestALostLeaseStopsTheRun(t *testing.T) {
	t.Parallel()
	h := setup(t, func(o *agent.Options) { o.LeaseTTL = 300 * time.Millisecond })
	h.site.hold, h.site.inside = make(chan struct{}), make(chan struct{}, 1)
	done := make(chan agent.Result, 1)
	go func() {
		res, _ := h.Do(quiet(t), list())
		done <- res
	}()
	<-h.site.inside
	h.steal(t)
	select {
	case res := <-done:
		if res.Code != flows.Unavailable || !strings.Contains(res.Message, "lease") {
			t.Errorf("it ended with %q %s", res.Code, res.Message)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the run goes on without its lease")
	}
	held, ok, err := h.store.Lease(quiet(t), "acme")
	if err != nil || !ok || held.Holder != "other" {
		t.Errorf("the thief's lease is %+v, %v", held, err)
	}
}

func TestALeaseLostBeforeThePressStopsThePress(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.site.onPress = func() error { h.steal(t); return nil }
	h.opt.Backoff = []time.Duration{}
	a, err := agent.New(h.opt)
	if err != nil {
		t.Fatal(err)
	}
	if res, _ := a.Do(quiet(t), deactivate("ana@example.com")); res.Code != flows.Unavailable {
		t.Errorf("it ended with %q %s", res.Code, res.Message)
	}
	h.wrote(t)
}

func TestOneConnectionIsWorkedByOneAtATime(t *testing.T) {
	t.Parallel()
	long := func(o *agent.Options) { o.LeaseWait = 30 * time.Second }
	a := setup(t, long)
	b := move(t, a.site, a.path, long)
	var inside, most atomic.Int32
	a.site.onFind = func(int) error {
		if n := inside.Add(1); n > most.Load() {
			most.Store(n)
		}
		return nil
	}
	a.site.lie = func(*flows.Outcome) { inside.Add(-1) }
	var wg sync.WaitGroup
	for _, one := range []struct {
		h       *house
		subject string
	}{{a, "ana@example.com"}, {b, "bo@example.com"}, {a, "cy@example.com"}} {
		wg.Go(func() {
			if _, err := one.h.Do(quiet(t), deactivate(one.subject)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if most.Load() != 1 || len(a.site.log()) != 3 {
		t.Errorf("%d at a time, writes %q", most.Load(), a.site.log())
	}
	a.sound(t)
}

func TestAPersonIsToldOfAConsoleThatStaysDown(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.site.onOpen = func(int) error { return flows.Errorf(flows.Unavailable, "sign in", "502") }
	for want := range 3 {
		if len(h.notice.sent) != 0 {
			t.Fatalf("told after %d runs", want)
		}
		h.wants(t, list(), "", flows.Unavailable)
	}
	if len(h.notice.sent) != 1 || h.notice.sent[0].Page {
		t.Errorf("told %+v", h.notice.sent)
	}
}
