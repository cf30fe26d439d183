// Package storetest is the suite that every agent.Store passes, whatever database is below it.
package storetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

// start is when the suite's rows are written.
var start = time.Date(2026, 11, 22, 21, 30, 0, int(123*time.Millisecond), time.UTC)

// Run runs the suite. open returns an empty store, which the suite does not close.
func Run(t *testing.T, open func(t *testing.T) agent.Store) {
	t.Helper()
	for _, one := range []struct {
		name string
		test func(*testing.T, agent.Store)
	}{
		{"an order comes back as it was put, and moves on", orders},
		{"a run ends once", runs},
		{"steps are kept in order, and none after the end", steps},
		{"a picture, a plan and a session come back", blobs},
		{"a press is settled once", presses},
		{"rosters come newest first, without accounts in lists", snapshots},
		{"of many who claim a TOTP step one gets it", codes},
		{"of many who want a lease one gets it", leases},
		{"a lease is taken over when it has run out or its holder is dead", takeover},
		{"breaker, acceptances, freeze and baseline are remembered", switches},
		{"reservations count other subjects of the batch and of the day", reservations},
		{"a chain takes only what follows its head", chain},
		{"an alert is open once, counted, and resolved for good", alerts},
		{"a delivery is claimed when it is due, in the order of its key", outbox},
		{"of many who claim a delivery one gets it", claims},
		{"a transaction that fails leaves nothing", rollback},
		{"transactions do not overlap", alone},
	} {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			one.test(t, open(t))
		})
	}
}

func write(t *testing.T, s agent.Store, f func(context.Context, agent.Tx) error) {
	t.Helper()
	if err := s.Write(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func refuse(t *testing.T, s agent.Store, what string, f func(context.Context, agent.Tx) error) {
	t.Helper()
	if err := s.Write(t.Context(), f); err == nil {
		t.Fatalf("%s was allowed", what)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s: got %+v, want %+v", what, got, want)
	}
}

func order(id string) agent.Order {
	return agent.Order{
		ID: id, Verb: agent.Invite, Connection: "acme", Subject: "ana@example.com",
		Person: &flows.Person{Email: "ana@example.com", First: "Ána", Roles: []string{"member"}},
		Reason: "it's a 'start'; ?", By: "kim", Source: "cli", Holdings: "leave", Batch: "b1", Placed: start, State: agent.StateNew,
	}
}

func aRun(id, order string) agent.Run {
	return agent.Run{ID: id, Order: order, Connection: "acme", Verb: agent.Invite, Subject: "ana@example.com", Source: "cli", By: "kim", Started: start}
}

// seed puts an order o1 with a run r1.
func seed(t *testing.T, s agent.Store) {
	t.Helper()
	write(t, s, func(ctx context.Context, tx agent.Tx) error {
		return errors.Join(tx.PutOrder(ctx, order("o1")), tx.AddRun(ctx, aRun("r1", "o1")))
	})
}

func orders(t *testing.T, s agent.Store) {
	t.Helper()
	ctx := t.Context()
	o := order("o1")
	write(t, s, func(ctx context.Context, tx agent.Tx) error { return tx.PutOrder(ctx, o) })
	got, ok, err := s.Order(ctx, "o1")
	check(t, err)
	equal(t, "found", ok, true)
	equal(t, "order", got, o)
	o.State, o.Ended, o.Outcome, o.Code, o.Run = agent.StateEnded, start.Add(time.Second), flows.InvitationOut, flows.Refused, "r1"
	p := order("o2")
	p.Connection, p.Subject, p.Person = "other", "bo@example.com", nil
	p.Change = &flows.Change{Email: "beau@example.com", Words: map[string]string{"department": "Küche"}}
	p.Group = &agent.GroupChange{To: "it's new", Add: []string{"ana@example.com"}}
	write(t, s, func(ctx context.Context, tx agent.Tx) error {
		return errors.Join(tx.PutOrder(ctx, o), tx.PutOrder(ctx, p))
	})
	all, err := s.Orders(ctx, agent.OrderFilter{})
	check(t, err)
	equal(t, "orders, newest first", all, []agent.Order{p, o})
	for _, f := range []agent.OrderFilter{{Connection: "acme"}, {Subject: "ana@example.com"}, {State: agent.StateEnded}} {
		some, err := s.Orders(ctx, f)
		check(t, err)
		equal(t, fmt.Sprintf("orders by %+v", f), some, []agent.Order{o})
	}
	last, err := s.Orders(ctx, agent.OrderFilter{Limit: 1})
	check(t, err)
	equal(t, "the newest", last, []agent.Order{p})
	_, ok, err = s.Order(ctx, "none")
	check(t, err)
	equal(t, "found", ok, false)
}

func runs(t *testing.T, s agent.Store) {
	t.Helper()
	ctx := t.Context()
	seed(t, s)
	refuse(t, s, "a run without an order", func(ctx context.Context, tx agent.Tx) error { return tx.AddRun(ctx, aRun("r9", "none")) })
	open, err := s.Runs(ctx, agent.RunFilter{Open: true})
	check(t, err)
	equal(t, "open runs", open, []agent.Run{aRun("r1", "o1")})
	r := aRun("r1", "o1")
	r.Ended, r.Outcome, r.Code, r.Seen, r.Message, r.Hint = start.Add(time.Minute), flows.Done, flows.Drift, "seen", "msg", "hint"
	r.PlanHash, r.Roster, r.Steps, r.Evidence = "h", "s1", 4, "e"
	write(t, s, func(ctx context.Context, tx agent.Tx) error { return tx.EndRun(ctx, r) })
	got, ok, err := s.Run(ctx, "r1")
	check(t, err)
	equal(t, "found", ok, true)
	equal(t, "run", got, r)
	refuse(t, s, "a second end", func(ctx context.Context, tx agent.Tx) error { return tx.EndRun(ctx, r) })
	open, err = s.Runs(ctx, agent.RunFilter{Open: true})
	check(t, err)
	equal(t, "open runs", len(open), 0)
	by, err := s.Runs(ctx, agent.RunFilter{Connection: "acme", Order: "o1", Verb: agent.Invite, Limit: 5})
	check(t, err)
	equal(t, "runs by all", by, []agent.Run{r})
}

func steps(t *testing.T, s agent.Store) {
	t.Helper()
	seed(t, s)
	var want []agent.StepRow
	for i := 1; i <= 12; i++ {
		want = append(want, agent.StepRow{Run: "r1", Seq: i, Picture: "p", Step: flows.Step{
			At: start, Name: fmt.Sprintf("step %d", i), Took: 3 * time.Microsecond, Element: "users.add", Selector: `[name="x"]`, Note: "it's", Failed: i == 2,
		}})
	}
	for _, row := range want {
		write(t, s, func(ctx context.Context, tx agent.Tx) error { return tx.AddStep(ctx, row) })
	}
	got, err := s.Steps(t.Context(), "r1")
	check(t, err)
	equal(t, "steps", got, want)
	refuse(t, s, "a step in the place of another", func(ctx context.Context, tx agent.Tx) error { return tx.AddStep(ctx, want[0]) })
	write(t, s, func(ctx context.Context, tx agent.Tx) error {
		r := aRun("r1", "o1")
		r.Ended = start
		return tx.EndRun(ctx, r)
	})
	refuse(t, s, "a step after the end", func(ctx context.Context, tx agent.Tx) error {
		return tx.AddStep(ctx, agent.StepRow{Run: "r1", Seq: 13, Step: flows.Step{At: start}})
	})
}

func blobs(t *testing.T, s agent.Store) {
	t.Helper()
	ctx := t.Context()
	seed(t, s)
	blob := []byte{0, 1, '\'', '?', 255, 0}
	write(t, s, func(ctx context.Context, tx agent.Tx) error {
		return errors.Join(tx.AddPicture(ctx, "hash", blob, start), tx.AddPicture(ctx, "hash", []byte("other"), start))
	})
	got, ok, err := s.Picture(ctx, "hash")
	check(t, err)
	if !ok || !bytes.Equal(got, blob) {
		t.Fatalf("the picture came back as %v", got)
	}
	plan := agent.Plan{
		Verb: agent.Invite, Connection: "acme", Subject: "ana@example.com", Do: []string{"invite"}, Hash: "h1", Read: start,
		Accounts: []flows.Account{{ID: "1", Email: "ana@example.com", Roles: []string{"member"}, Words: map[string]string{"role": "Member"}}},
	}
	later := plan
	later.Hash = "h2"
	write(t, s, func(ctx context.Context, tx agent.Tx) error {
		return errors.Join(tx.AddPlan(ctx, "r1", plan), tx.AddPlan(ctx, "r1", later))
	})
	p, ok, err := s.Plan(ctx, "r1")
	check(t, err)
	equal(t, "found", ok, true)
	equal(t, "the last plan", p, later)
	for _, content := range [][]byte{blob, {7}} {
		check(t, s.PutSession(ctx, "acme", content, start))
		kept, ok, err := s.Session(ctx, "acme")
		check(t, err)
		if !ok || !bytes.Equal(kept, content) {
			t.Fatalf("the session came back as %v", kept)
		}
	}
	check(t, s.DropSession(ctx, "acme"))
	check(t, s.DropSession(ctx, "acme"))
	_, ok, err = s.Session(ctx, "acme")
	check(t, err)
	equal(t, "a session after it was dropped", ok, false)
}

func presses(t *testing.T, s agent.Store) {
	t.Helper()
	ctx := t.Context()
	seed(t, s)
	p := agent.Press{
		ID: "p1", Run: "r1", Order: "o1", Connection: "acme", Verb: agent.Deactivate, Subject: "ana@example.com", Element: "user.deactivate",
		At: start, Before: []flows.Account{{ID: "7", Email: "ana@example.com", Roles: []string{"member"}, State: flows.Active}}, State: agent.PressOpen,
	}
	write(t, s, func(ctx context.Context, tx agent.Tx) error { return tx.AddPress(ctx, p) })
	open, err := s.OpenPresses(ctx, "acme")
	check(t, err)
	equal(t, "open presses", open, []agent.Press{p})
	none, err := s.OpenPresses(ctx, "other")
	check(t, err)
	equal(t, "open presses elsewhere", len(none), 0)
	settle := func(ctx context.Context, tx agent.Tx) error {
		return tx.SettlePress(ctx, "p1", agent.PressVerified, "r1", "seen", start.Add(time.Second))
	}
	write(t, s, settle)
	refuse(t, s, "a second settling", settle)
	p.State, p.By, p.Note, p.Settled = agent.PressVerified, "r1", "seen", start.Add(time.Second)
	got, err := s.Presses(ctx, "acme", agent.Deactivate, "ana@example.com")
	check(t, err)
	equal(t, "presses", got, []agent.Press{p})
	all, err := s.OpenPresses(ctx, "")
	check(t, err)
	equal(t, "open presses", len(all), 0)
}

func snapshots(t *testing.T, s agent.Store) {
	t.Helper()
	ctx := t.Context()
	seed(t, s)
	var want []agent.Snapshot
	for i, grade := range []flows.Grade{flows.Complete, flows.Suspect, flows.Complete} {
		r := &flows.Roster{Connection: "acme", Taken: start, Sheet: "acme/v1", Total: 1, Grade: grade, Accounts: []flows.Account{{ID: "1", Email: "ana@example.com", Roles: []string{}, Name: "<b>' \u2028"}}}
		snap := agent.Snapshot{ID: fmt.Sprintf("s%d", i), Connection: "acme", Run: "r1", Taken: start, Sheet: "acme/v1", Grade: grade, Total: 1, Roster: r}
		write(t, s, func(ctx context.Context, tx agent.Tx) error { return tx.AddSnapshot(ctx, snap) })
		got, ok, err := s.Snapshot(ctx, snap.ID)
		check(t, err)
		equal(t, "found", ok, true)
		equal(t, "snapshot", got, snap)
		snap.Roster = nil
		want = append([]agent.Snapshot{snap}, want...)
	}
	all, err := s.Snapshots(ctx, agent.SnapshotFilter{Connection: "acme", Run: "r1"})
	check(t, err)
	equal(t, "snapshots, newest first", all, want)
	last, err := s.Snapshots(ctx, agent.SnapshotFilter{Connection: "acme", Grade: flows.Suspect, Limit: 1})
	check(t, err)
	equal(t, "the last suspect one", last, want[1:2])
}

func codes(t *testing.T, s agent.Store) {
	t.Helper()
	ctx := t.Context()
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			ok, err := s.UseCode(ctx, "acme/ana", 100, start)
			if err != nil {
				t.Error(err)
			}
			if ok {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	equal(t, "winners of one step", won.Load(), int32(1))
	for _, c := range []struct {
		account string
		step    int64
		want    bool
	}{{"acme/ana", 99, false}, {"acme/ana", 100, false}, {"acme/ana", 101, true}, {"acme/bo", 100, true}} {
		ok, err := s.UseCode(ctx, c.account, c.step, start)
		check(t, err)
		equal(t, fmt.Sprintf("step %d of %s", c.step, c.account), ok, c.want)
	}
}

func aLease(holder string, taken time.Time) agent.Lease {
	return agent.Lease{Connection: "acme", Holder: holder, Host: "h", Boot: "b", PID: 4, Born: "99", Doing: "list", Taken: taken, Expires: taken.Add(30 * time.Second)}
}

func leases(t *testing.T, s agent.Store) {
	t.Helper()
	ctx := t.Context()
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			_, ok, err := s.TakeLease(ctx, aLease(fmt.Sprintf("w%d", i), start), "", start)
			if err != nil {
				t.Error(err)
			}
			if ok {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	equal(t, "holders of one lease", won.Load(), int32(1))
}

func takeover(t *testing.T, s agent.Store) {
	t.Helper()
	ctx := t.Context()
	take := func(holder, dead string, now time.Time, want bool) {
		t.Helper()
		_, ok, err := s.TakeLease(ctx, aLease(holder, now), dead, now)
		check(t, err)
		equal(t, holder+" takes", ok, want)
	}
	take("a", "", start, true)
	held, ok, err := s.TakeLease(ctx, aLease("b", start), "", start.Add(29*time.Second))
	check(t, err)
	equal(t, "b takes", ok, false)
	equal(t, "who holds it", held, aLease("a", start))
	take("b", "somebody else", start, false)
	take("b", "a", start, true)
	renewed, err := s.RenewLease(ctx, "acme", "a", start.Add(time.Hour))
	check(t, err)
	equal(t, "a renews after it lost it", renewed, false)
	renewed, err = s.RenewLease(ctx, "acme", "b", start.Add(time.Hour))
	check(t, err)
	equal(t, "b renews", renewed, true)
	take("c", "", start.Add(59*time.Minute), false)
	take("c", "", start.Add(61*time.Minute), true)
	check(t, s.DropLease(ctx, "acme", "b"))
	_, ok, err = s.Lease(ctx, "acme")
	check(t, err)
	equal(t, "c's lease after b dropped its own", ok, true)
	check(t, s.DropLease(ctx, "acme", "c"))
	take("d", "", start, true)
}

func switches(t *testing.T, s agent.Store) {
	t.Helper()
	ctx := t.Context()
	b := agent.Breaker{Connection: "acme", Digest: "d", Run: "r1", Why: "wrong", Opened: start}
	write(t, s, func(ctx context.Context, tx agent.Tx) error { return tx.PutBreaker(ctx, b) })
	got, ok, err := s.Breaker(ctx, "acme")
	check(t, err)
	equal(t, "found", ok, true)
	equal(t, "breaker", got, b)
	write(t, s, func(ctx context.Context, tx agent.Tx) error { return tx.DropBreaker(ctx, "acme") })
	_, ok, err = s.Breaker(ctx, "acme")
	check(t, err)
	equal(t, "a breaker after it was dropped", ok, false)

	a := agent.Acceptance{Connection: "acme", Sheet: "acme/v1", Name: "users.add", Digest: "d1", By: "kim", At: start}
	again := a
	again.By = "lou"
	second := a
	second.Digest = "d2"
	write(t, s, func(ctx context.Context, tx agent.Tx) error {
		return errors.Join(tx.AddAcceptance(ctx, a), tx.AddAcceptance(ctx, again), tx.AddAcceptance(ctx, second))
	})
	accepted, err := s.Acceptances(ctx, "acme")
	check(t, err)
	equal(t, "acceptances", accepted, []agent.Acceptance{a, second})

	f, err := s.Freeze(ctx)
	check(t, err)
	equal(t, "the switch nobody turned", f, agent.Freeze{})
	for _, turn := range []agent.Freeze{{On: true, By: "kim", Reason: "fire", At: start}, {By: "lou", At: start}} {
		write(t, s, func(ctx context.Context, tx agent.Tx) error { return tx.PutFreeze(ctx, turn) })
		f, err = s.Freeze(ctx)
		check(t, err)
		equal(t, "the switch", f, turn)
	}

	for _, when := range []time.Time{{}, start, start.Add(time.Hour)} {
		if !when.IsZero() {
			write(t, s, func(ctx context.Context, tx agent.Tx) error { return tx.PutBaseline(ctx, "acme", when) })
		}
		base, err := s.Baseline(ctx, "acme")
		check(t, err)
		equal(t, "baseline", base, when)
	}
}

func reservations(t *testing.T, s agent.Store) {
	t.Helper()
	seed(t, s)
	res := func(run, subject, batch, day string) agent.Reservation {
		return agent.Reservation{Connection: "acme", Verb: agent.Deactivate, Subject: subject, Run: run, Batch: batch, Day: day, At: start}
	}
	write(t, s, func(ctx context.Context, tx agent.Tx) error {
		for i, r := range []agent.Reservation{
			res("q0", "a@x.com", "b1", "d1"), res("q1", "b@x.com", "b1", "d1"), res("q2", "b@x.com", "b2", "d1"), res("q3", "c@x.com", "b2", "d2"), res("q4", "d@x.com", "b1", "d1"),
		} {
			if err := errors.Join(tx.AddRun(ctx, aRun(fmt.Sprintf("q%d", i), "o1")), tx.AddReservation(ctx, r)); err != nil {
				return err
			}
		}
		return tx.ReleaseReservation(ctx, "q4")
	})
	for _, c := range []struct {
		r          agent.Reservation
		batch, day int
	}{
		{res("", "z@x.com", "b1", "d1"), 2, 2},
		{res("", "a@x.com", "b1", "d1"), 1, 1},
		{res("", "z@x.com", "b2", "d2"), 2, 1},
		{res("", "z@x.com", "b9", "d9"), 0, 0},
	} {
		batch, day, err := s.Reserved(t.Context(), c.r)
		check(t, err)
		equal(t, fmt.Sprintf("reserved beside %+v", c.r), [2]int{batch, day}, [2]int{c.batch, c.day})
	}
}

func chain(t *testing.T, s agent.Store) {
	t.Helper()
	ctx := t.Context()
	entry := func(seq int64) agent.Entry {
		return agent.Entry{Connection: "acme", Seq: seq, At: start, Kind: "order", Order: "o1", Run: "r1", By: "kim", Body: json.RawMessage(`{"a":"it's ?"}`), Prev: "p", Hash: fmt.Sprintf("h%d", seq)}
	}
	for i := int64(1); i <= 3; i++ {
		write(t, s, func(ctx context.Context, tx agent.Tx) error {
			h, err := tx.Head(ctx, "acme")
			if err != nil {
				return err
			}
			if h.Seq != i-1 {
				return fmt.Errorf("the head is %d before entry %d", h.Seq, i)
			}
			return tx.AddEntry(ctx, entry(i))
		})
	}
	for _, seq := range []int64{3, 5} {
		refuse(t, s, "an entry that does not follow", func(ctx context.Context, tx agent.Tx) error { return tx.AddEntry(ctx, entry(seq)) })
	}
	got, err := s.Entries(ctx, "acme", 1, 1)
	check(t, err)
	equal(t, "a page of the chain", got, []agent.Entry{entry(2)})
	heads, err := s.Heads(ctx)
	check(t, err)
	equal(t, "heads", heads, []agent.Head{{Connection: "acme", Seq: 3, Hash: "h3", At: start}})
}

func rollback(t *testing.T, s agent.Store) {
	t.Helper()
	oops := errors.New("oops")
	err := s.Write(t.Context(), func(ctx context.Context, tx agent.Tx) error {
		if err := tx.PutOrder(ctx, order("o1")); err != nil {
			return err
		}
		if _, ok, err := tx.Order(ctx, "o1"); err != nil || !ok {
			return fmt.Errorf("the transaction does not see what it wrote: %w", err)
		}
		return oops
	})
	if !errors.Is(err, oops) {
		t.Fatalf("the error came out as %v", err)
	}
	_, ok, err := s.Order(t.Context(), "o1")
	check(t, err)
	equal(t, "the order of a failed transaction", ok, false)
}

func alone(t *testing.T, s agent.Store) {
	t.Helper()
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for range 5 {
				err := s.Write(t.Context(), func(ctx context.Context, tx agent.Tx) error {
					h, err := tx.Head(ctx, "acme")
					if err != nil {
						return err
					}
					return tx.AddEntry(ctx, agent.Entry{Connection: "acme", Seq: h.Seq + 1, At: start, Kind: "order", Body: json.RawMessage(`{}`)})
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	heads, err := s.Heads(t.Context())
	check(t, err)
	equal(t, "length of a chain that six wrote", heads[0].Seq, int64(30))
}
