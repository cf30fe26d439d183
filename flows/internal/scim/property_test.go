package scim_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/scim"
)

// A weather is how often, in a hundred, a request goes wrong, and in which ways.
type weather struct {
	mu      sync.Mutex
	dice    func() int // from 0 to 99
	chance  int
	pending []*call // to be done later
	struck  int
}

// fault answers one request wrongly, now and then. What it answers, and whether it does what was asked
// first, is drawn.
func (w *weather) fault(s *site, c *call) *answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dice() >= w.chance {
		return nil
	}
	w.struck++
	applied := w.dice()%2 == 0
	do := func(a *answer) *answer {
		if applied {
			s.honest(c)
		}
		return a
	}
	kind := w.dice() % 11
	if !c.writes() && kind >= 7 { // what follows would be a lie that no client can see through
		kind -= 7
	}
	switch kind {
	case 0:
		return do(problem(http.StatusInternalServerError, "", "something broke"))
	case 1:
		return do(problem(http.StatusServiceUnavailable, "", "back soon").with("Retry-After", "0"))
	case 2:
		return do(limited("0"))
	case 3:
		return do(cut())
	case 4:
		return do(raw(http.StatusOK, "text/html", "<html>Maintenance</html>"))
	case 5:
		a := s.honest(c)
		a.body = a.body[:len(a.body)/2]
		return a
	case 6:
		return do(raw(http.StatusBadGateway, "text/html", "<h1>502</h1>"))
	case 7:
		return raw(http.StatusNoContent, "", "")
	case 8:
		return problem(http.StatusBadRequest, "invalidValue", "not like this")
	case 9:
		return problem(http.StatusNotImplemented, "", "not here")
	default:
		w.pending = append(w.pending, c)
		return raw(http.StatusGatewayTimeout, "", "")
	}
}

// clear does what was put off.
func (w *weather) clear(s *site) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.pending {
		s.honest(c)
	}
	w.pending = nil
}

var people = []string{newcomer, "Yan.Neu@example.com", "person001@example.com", "person002@example.com", "person003@example.com", "person005@example.com"}

// draw draws the next order. It may be one for somebody who is not there: then there is none.
func draw(t *testing.T, rt *rapid.T, s *site, step int) (order, bool) {
	t.Helper()
	email := rapid.SampledFrom(people).Draw(rt, "who")
	there := len(s.named(users, email)) > 0
	name := rapid.SampledFrom([]string{team, others, "Onboarding", "Care"}).Draw(rt, "group")
	grouped := len(s.named(groups, name)) > 0
	switch verb := rapid.SampledFrom([]string{"invite", "deactivate", "reactivate", "update", "found", "rename", "members"}).Draw(rt, "verb"); {
	case verb == "invite":
		return s.invited(email), true
	case verb == "found":
		return found(name), true
	case verb == "deactivate" && there:
		return s.deactivate(t, email), true
	case verb == "reactivate" && there:
		return s.reactivate(t, email), true
	case verb == "update" && there:
		return s.update(t, email, fmt.Sprint("Department ", rapid.IntRange(0, step).Draw(rt, "department"))), true
	case verb == "rename" && grouped:
		return s.rename(t, name, rapid.SampledFrom([]string{"Care", "Welcome", others}).Draw(rt, "name")), true
	case verb == "members" && grouped:
		all := []string{"person001@example.com", "person002@example.com", "person003@example.com", "person004@example.com", "person005@example.com"}
		at := rapid.IntRange(0, len(all)).Draw(rt, "in up to")
		return s.members(t, name, all[:at], all[at:]), true
	default:
		return order{}, false
	}
}

// invited is invite, where the account may be there already, and inactive.
func (s *site) invited(email string) order {
	o := invite(email)
	o.so = func(s *site) bool { return len(s.named(users, email)) == 1 }
	return o
}

// enough is how many sequences a test comes to by default; -rapid.checks asks for more.
func enough() int {
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if asked {
		return 1 << 30
	}
	return 6
}

// Whatever is ordered, and whatever goes wrong, the store is as our outcomes say: what is done is so,
// what failed has changed nothing, and only where we say that we do not know may it be either.
func TestTheStoreIsAsTheOutcomesSay(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	told := map[string]int{}
	tell := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		told[what]++
	}
	t.Cleanup(func() {
		t.Logf("outcomes: %v", told)
		if told[string(flows.Done)] == 0 || told["faults"] == 0 {
			t.Error("nothing was done, or nothing went wrong: this proved nothing")
		}
	})
	for _, chance := range []int{0, 5, 10, 15, 20, 25, 30, 40} {
		t.Run(fmt.Sprintf("%d in a hundred requests go wrong", chance), func(t *testing.T) {
			t.Parallel()
			round, failed, most := 0, false, enough()
			rapid.Check(t, func(rt *rapid.T) {
				if round++; round > most && !failed {
					return
				}
				failed = true // until the round has come to its end
				sequence(t, rt, chance, tell)
				failed = false
			})
		})
	}
}

// sequence gives up to eight orders in that weather, and holds each outcome against the store.
func sequence(t *testing.T, rt *rapid.T, chance int, tell func(string)) {
	t.Helper()
	s := newSite(t, 6, nil)
	defer s.srv.Close()
	s.twins = true // nothing but the client keeps an account from being made twice
	teams(s)
	seed := rapid.Uint64().Draw(rt, "seed")
	w := &weather{chance: chance, dice: func() int {
		seed = seed*6364136223846793005 + 1442695040888963407
		return int(seed >> 33 % 100)
	}}
	n := &notes{}
	for step := range rapid.IntRange(1, 8).Draw(rt, "orders") {
		o, ok := draw(t, rt, s, step)
		if !ok {
			continue
		}
		was, before := o.so(s), len(s.changes())
		s.mu.Lock()
		s.quirk = w.fault
		s.mu.Unlock()
		kind, err := given(t, s, n, o)
		w.clear(s)
		s.mu.Lock()
		s.quirk = nil
		s.mu.Unlock()
		tell(string(kind) + string(flows.CodeOf(err)))
		if w.struck > 0 {
			tell("faults")
		}
		for _, wrong := range o.judge(s, was, s.changes()[before:], kind, err) {
			s.mu.Lock()
			lines := strings.Join(s.lines[max(0, len(s.lines)-40):], "\n  ")
			s.mu.Unlock()
			rt.Fatalf("%s %s: %q, %v: %s\n  %s", o.verb, o.subject, kind, err, wrong, lines)
		}
	}
	harmless(t, n)
}

// given opens a console and gives the order.
func given(t *testing.T, s *site, n *notes, o order) (flows.OutcomeKind, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	env := environment(s.url(), n)
	env.Patience = 100 * time.Millisecond
	c, err := scim.Open(ctx, env, shape())
	if err != nil {
		return "", err
	}
	kind, err := o.do(ctx, c)
	if cerr := c.Close(); cerr != nil {
		t.Errorf("close: %v", cerr)
	}
	return kind, err
}
