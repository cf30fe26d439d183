package agent_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

// guardCase is an order that one guard, and no other check, stands in the way of.
type guardCase struct {
	guard string
	name  string
	opt   func(*agent.Options)
	site  func(*site)
	ready func(*testing.T, *house) // before the order
	order agent.Order
	code  flows.Code
}

func guardCases() []guardCase {
	frozen := func(t *testing.T, h *house) {
		t.Helper()
		if err := h.Freeze(quiet(t), true, "kim", "fire drill"); err != nil {
			t.Fatal(err)
		}
	}
	protect := func(p string) func(*agent.Options) {
		return func(o *agent.Options) { o.Policy.Protected = []string{p} }
	}
	retire := func(emails ...string) func(*site) {
		return func(s *site) {
			for _, e := range emails {
				s.set(e, func(a *flows.Account) { a.State = flows.Deactivated })
			}
		}
	}
	return []guardCase{
		{"address", "an empty address", nil, func(s *site) { s.add("", flows.Active, "member") }, nil, deactivate(""), flows.Invalid},
		{"address", "no address", nil, func(s *site) { s.add("ana", flows.Active, "member") }, nil, deactivate("ana"), flows.Invalid},
		{"address", "two addresses", nil, func(s *site) { s.add("a@example.com,b@example.com", flows.Active, "member") }, nil, deactivate("a@example.com,b@example.com"), flows.Invalid},
		{"address", "an address in a change of a group that is none", nil, func(s *site) { s.add("ana", flows.Active, "member") }, nil, members("Sales", []string{"ana"}), flows.Invalid},
		{"address", "a name that no group can have", nil, nil, nil, agent.Order{Verb: agent.GroupCreate, Connection: "acme", Subject: "Sa\u202eles", By: "kim", Source: "test"}, flows.Invalid},
		{"read only", "a connection that somebody else writes to", func(o *agent.Options) { o.Connections[0].ReadOnly = true }, nil, nil, deactivate("ana@example.com"), flows.Refused},
		{"read only", "a group of such a connection", func(o *agent.Options) { o.Connections[0].ReadOnly = true }, nil, nil, createGroup("Support"), flows.Refused},
		{"reserved group", "members of the product's own group", nil, nil, nil, members("everybody", []string{"ana@example.com"}), flows.Refused},
		{"reserved group", "a name of the product's own group", nil, func(s *site) { s.groups = s.groups[1:] }, nil, renameGroup("Sales", "EVERYBODY"), flows.Refused},
		{"protected", "into a group", protect("bo@*"), nil, nil, members("Sales", []string{"bo@example.com"}), flows.Refused},
		{"protected", "an address that an account is to get", protect("ceo@*"), nil, nil, update("ana@example.com", flows.Change{Email: "ceo@example.com"}), flows.Refused},
		{"freeze", "the switch is on", nil, nil, frozen, deactivate("ana@example.com"), flows.Refused},
		{"freeze", "an invitation while the switch is on", nil, nil, frozen, invite("new@example.com", "member"), flows.Refused},
		{"protected", "a pattern for all", protect("ana@*"), nil, nil, deactivate("ana@example.com"), flows.Refused},
		{"protected", "another letter case", protect("ANA@Example.COM"), nil, nil, deactivate("ana@example.com"), flows.Refused},
		{"protected", "a pattern of the connection", func(o *agent.Options) { o.Connections[0].Protected = []string{"*@example.com"} }, nil, nil, deactivate("ana@example.com"), flows.Refused},
		{"protected", "an invitation to a protected address", protect("*@rival.com"), nil, nil, invite("new@rival.com", "member"), flows.Refused},
		{"own account", "usher itself", nil, func(s *site) { s.set(robot, func(a *flows.Account) { a.Roles = []string{"member"} }) }, nil, deactivate(robot), flows.Refused},
		{"never role", "the owner", nil, nil, nil, deactivate("boss@example.com"), flows.Refused},
		{"last admin", "no other person is admin", nil, retire("ada@example.com"), nil, deactivate("adam@example.com"), flows.Refused},
		{"last admin", "the roster is not proved", nil, func(s *site) {
			s.onList = func(_ int, r *flows.Roster) error { r.Grade = flows.Suspect; return nil }
		}, nil, deactivate("adam@example.com"), flows.Refused},
		{"last admin", "a role nobody could read", nil, func(s *site) {
			retire("ada@example.com", "adam@example.com")(s)
			s.set("ana@example.com", func(a *flows.Account) { a.Roles = []string{"unknown"} })
		}, nil, deactivate("ana@example.com"), flows.Refused},
		{"caps", "none is left today", func(o *agent.Options) { o.Policy.Caps = agent.Caps{PerDay: 1} }, nil, func(t *testing.T, h *house) {
			t.Helper()
			if _, err := h.Do(quiet(t), deactivate("bo@example.com")); err != nil {
				t.Fatal(err)
			}
		}, deactivate("ana@example.com"), flows.Refused},
		{"caps", "a tenth of eight accounts is one", func(o *agent.Options) { o.Policy.Caps = agent.Caps{PerDayPercent: 10} }, nil, func(t *testing.T, h *house) {
			t.Helper()
			for _, o := range []agent.Order{list(), deactivate("bo@example.com")} {
				if _, err := h.Do(quiet(t), o); err != nil {
					t.Fatal(err)
				}
			}
		}, deactivate("ana@example.com"), flows.Refused},
	}
}

func TestEveryGuardSaysNoAndTheSuiteMissesItWhenItIsTakenOut(t *testing.T) {
	t.Parallel()
	covered := map[string]bool{}
	for _, c := range guardCases() {
		covered[c.guard] = true
		t.Run(c.guard+": "+c.name, func(t *testing.T) {
			t.Parallel()
			for _, without := range []bool{false, true} {
				var change []func(*agent.Options)
				if c.opt != nil {
					change = append(change, c.opt)
				}
				h := setup(t, change...)
				if c.site != nil {
					c.site(h.site)
				}
				if c.ready != nil {
					c.ready(t, h)
				}
				before := len(h.site.log())
				if without {
					h.WithoutGuard(c.guard)
				}
				res, _ := h.Do(quiet(t), c.order)
				pressed := len(h.site.log()) - before
				switch {
				case !without && (res.Code != c.code || pressed != 0 || res.Hint == ""):
					t.Errorf("with the guard: code %q, hint %q, %d presses; want %q and none", res.Code, res.Hint, pressed, c.code)
				case without && pressed != 1:
					t.Errorf("without the guard: %d presses (%q %s), so the test does not tell whether it is there", pressed, res.Code, res.Message)
				}
				h.sound(t)
			}
		})
	}
	for _, name := range agent.GuardNames() {
		if !covered[name] {
			t.Errorf("no case shows what the guard %q is for", name)
		}
	}
}

func TestAnAdminGoesWhereAnotherPersonStays(t *testing.T) {
	t.Parallel()
	h := setup(t)
	res := h.wants(t, deactivate("adam@example.com"), flows.Done, "", "deactivate adam@example.com")
	if res.Plan.Grade != flows.Complete || res.Plan.Roster == "" {
		t.Errorf("the plan does not say on which roster it was judged: %+v", res.Plan)
	}
	h.wants(t, deactivate("ada@example.com"), "", flows.Refused, "deactivate adam@example.com")
	if h.site.lists != 2 {
		t.Errorf("%d rosters were read for two admins", h.site.lists)
	}
}

func TestTheSwitchTurnedBetweenPlanAndPressStopsThePress(t *testing.T) {
	t.Parallel()
	h := setup(t)
	// The flow has found the button when a person turns the switch.
	h.site.onPress = func() error { return h.Freeze(quiet(t), true, "kim", "stop") }
	h.wants(t, deactivate("ana@example.com"), "", flows.Refused)
	if open, err := h.store.OpenPresses(quiet(t), ""); err != nil || len(open) != 0 {
		t.Errorf("the journal has %d presses, %v", len(open), err)
	}
}

func TestCapsHoldAcrossTwoProcessesOnOneDatabase(t *testing.T) {
	t.Parallel()
	caps := func(o *agent.Options) {
		o.Policy.Caps = agent.Caps{PerDay: 3}
		o.LeaseWait = 30 * time.Second
	}
	a := setup(t, caps)
	b := move(t, a.site, a.path, caps)
	for i := range 8 {
		a.site.add(fmt.Sprintf("u%d@example.com", i), flows.Active, "member")
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	codes := map[flows.Code]int{}
	for i, h := range []*house{a, b} {
		for j := range 4 {
			wg.Go(func() {
				res, _ := h.Do(quiet(t), deactivate(fmt.Sprintf("u%d@example.com", 4*i+j)))
				mu.Lock()
				defer mu.Unlock()
				codes[res.Code]++
			})
		}
	}
	wg.Wait()
	if codes[""] != 3 || codes[flows.Refused] != 5 || len(a.site.log()) != 3 {
		t.Errorf("codes %v, writes %q; want three done and five refused", codes, a.site.log())
	}
	a.sound(t)
}

func TestAnOrderThatPressedNothingGivesItsPlaceBack(t *testing.T) {
	t.Parallel()
	h := setup(t, func(o *agent.Options) { o.Policy.Caps = agent.Caps{PerDay: 1} })
	h.site.onPress = func() error { return flows.Errorf(flows.Drift, "press", "the button is gone").WithHint("look") }
	h.wants(t, deactivate("bo@example.com"), "", flows.Drift)
	h.site.onPress = nil
	h.wants(t, deactivate("ana@example.com"), flows.Done, "", "deactivate ana@example.com")
	h.wants(t, deactivate("bo@example.com"), "", flows.Refused, "deactivate ana@example.com")
	h.clock.add(24 * time.Hour)
	h.wants(t, deactivate("bo@example.com"), flows.Done, "", "deactivate ana@example.com", "deactivate bo@example.com")
}

func TestCapPerRunCountsTheOrdersOfOneCommand(t *testing.T) {
	t.Parallel()
	h := setup(t, func(o *agent.Options) { o.Policy.ConnectionCaps = map[string]agent.Caps{"acme": {PerRun: 1}} })
	orders := []agent.Order{deactivate("ana@example.com"), deactivate("bo@example.com")}
	res := h.DoMany(quiet(t), orders, 4)
	if res[0].Code != "" || res[1].Code != flows.Refused {
		t.Errorf("one command: %q, %q", res[0].Code, res[1].Code)
	}
	if res := h.DoMany(quiet(t), orders[1:], 4); res[0].Code != "" {
		t.Errorf("the next command: %q %s", res[0].Code, res[0].Message)
	}
}

// Whatever is ordered in whatever order, no day and no command writes to more accounts than its cap.
func TestCapsAreNeverExceeded(t *testing.T) {
	t.Parallel()
	h := setup(t)
	round, failed := 0, false
	rapid.Check(t, func(rt *rapid.T) {
		// A round costs dozens of transactions that reach the disk; rapid's hundred would take half a
		// minute. After a failure it goes on, so that rapid finds the smallest case.
		const rounds = 30
		if round++; round > rounds && !failed {
			return
		}
		failed = true // until the round has come to its end
		// One database for all rounds: each begins on a new day, with commands and people of its own.
		perDay, perRun := rapid.IntRange(1, 3).Draw(rt, "per day"), rapid.IntRange(1, 2).Draw(rt, "per run")
		h.clock.add(24 * time.Hour)
		h.site.noEffect = false
		h.opt.Policy.Caps = agent.Caps{PerDay: perDay, PerRun: perRun}
		a, err := agent.New(h.opt)
		if err != nil {
			rt.Fatal(err)
		}
		days, batches := map[string]int{}, map[string]int{}
		for i := range rapid.IntRange(1, 6).Draw(rt, "orders") {
			if rapid.IntRange(0, 4).Draw(rt, "night") == 0 {
				h.clock.add(24 * time.Hour)
			}
			email := fmt.Sprintf("u%d.%d@example.com", round, i)
			h.site.accounts = []flows.Account{{ID: email, Email: email, State: flows.Active, Roles: []string{"member"}}}
			o := deactivate(email)
			o.Batch = fmt.Sprintf("%d/%d", round, rapid.IntRange(1, 3).Draw(rt, "batch"))
			h.site.noEffect = rapid.IntRange(0, 3).Draw(rt, "no effect") == 0
			before := len(h.site.log())
			if _, err := a.Do(quiet(t), o); err != nil && !slices.Contains([]flows.Code{flows.Refused, flows.Unverified}, flows.CodeOf(err)) {
				rt.Fatal(err)
			}
			if len(h.site.log()) > before {
				days[h.clock.Now().UTC().Format(time.DateOnly)]++
				batches[o.Batch]++
			}
		}
		for day, n := range days {
			if n > perDay {
				rt.Fatalf("%d writes on %s, and the cap is %d", n, day, perDay)
			}
		}
		for batch, n := range batches {
			if n > perRun {
				rt.Fatalf("%d writes in %s, and the cap is %d", n, batch, perRun)
			}
		}
		failed = false
	})
}

func TestGlobMatchesAsARegularExpressionDoes(t *testing.T) {
	t.Parallel()
	letters := rapid.StringOfN(rapid.RuneFrom([]rune("aAbs\u017fkK\u212a@.*?")), 0, 8, -1)
	rapid.Check(t, func(rt *rapid.T) {
		pattern := letters.Draw(rt, "pattern")
		address := strings.NewReplacer("*", "", "?", "").Replace(letters.Draw(rt, "address"))
		re := regexp.MustCompile("(?is)^" + strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern)) + "$")
		if got, want := agent.Glob(pattern, address), re.MatchString(address); got != want {
			rt.Fatalf("glob(%q, %q) is %v", pattern, address, got)
		}
	})
}

func TestPatternThatCanMatchNoAddressIsRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"", "ceo", "a@b.com, c@d.com", "ceo @b.com"} {
		h := setup(t)
		h.opt.Policy.Protected = []string{p}
		if _, err := agent.New(h.opt); flows.CodeOf(err) != flows.Invalid {
			t.Errorf("the pattern %q: %v", p, err)
		}
	}
}
