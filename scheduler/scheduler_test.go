package scheduler

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// In these tests time is synctest's: it begins at midnight UTC on 2000-01-01 and passes only while every
// goroutine waits, so that a night takes no time and nothing depends on the speed of the machine.

// desk notes what is run. A run lasts as long as its connection's entry in takes.
type desk struct {
	takes map[string]time.Duration
	fails error

	mu      sync.Mutex
	runs    []string
	now     map[string]int // runs under way
	twice   bool           // two of one connection at once
	most    int            // runs at one time
	stopped int            // runs that ended because their context did
}

func (d *desk) Run(ctx context.Context, connection string, due time.Time) error {
	d.mu.Lock()
	if d.now == nil {
		d.now = map[string]int{}
	}
	d.runs = append(d.runs, connection+" "+due.Format("02 15:04"))
	d.now[connection]++
	d.twice = d.twice || d.now[connection] > 1
	under := 0
	for _, n := range d.now {
		under += n
	}
	d.most = max(d.most, under)
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		d.now[connection]--
		d.mu.Unlock()
	}()
	select {
	case <-time.After(d.takes[connection]):
		return d.fails
	case <-ctx.Done():
		d.mu.Lock()
		d.stopped++
		d.mu.Unlock()
		return context.Cause(ctx)
	}
}

func (d *desk) want(t *testing.T, runs ...string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(d.runs, runs) {
		t.Errorf("ran %q, want %q", d.runs, runs)
	}
	if d.twice {
		t.Error("two runs of one connection at once")
	}
}

func setup(t *testing.T, o Options) *Scheduler {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// pass lets d of synctest's time go by, and waits until all that it set off has come to rest.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestEachConnectionRunsWhenItIsDue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		s := setup(t, Options{Run: d.Run, Entries: []Entry{
			{"stonly", "30 3 * * *", ""},
			{"thoropass", "30 3 * * *", "Europe/Berlin"},
		}})
		s.Start(t.Context())
		pass(30 * time.Hour)
		d.want(t, "thoropass 01 02:30", "stonly 01 03:30", "thoropass 02 02:30", "stonly 02 03:30")
		if due, ok := s.Next("stonly"); !ok || !due.Equal(at(t, "2000-01-03T03:30:00Z")) {
			t.Errorf("next: %s %v", due, ok)
		}
		if due, ok := s.Next("spekit"); ok {
			t.Errorf("a connection without a schedule is due at %s", due)
		}
	})
}

func TestNextIsKnownBeforeStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := setup(t, Options{Run: (&desk{}).Run, Entries: []Entry{{"stonly", "30 3 * * *", ""}}})
		if due, ok := s.Next("stonly"); !ok || !due.Equal(at(t, "2000-01-01T03:30:00Z")) {
			t.Errorf("next: %s %v", due, ok)
		}
	})
}

func TestARunUnderWayIsNotJoinedByTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		d := &desk{takes: map[string]time.Duration{"stonly": 150 * time.Minute}}
		s := setup(t, Options{Run: d.Run, Entries: []Entry{{"stonly", "0 * * * *", ""}}})
		s.Start(zerolog.New(&log).WithContext(t.Context()))
		pass(4*time.Hour + time.Minute)
		s.Stop()
		d.want(t, "stonly 01 01:00", "stonly 01 04:00")
		if n := strings.Count(log.String(), "left out"); n != 2 {
			t.Errorf("the log tells of %d runs left out, want 2 (02:00 and 03:00)", n)
		}
	})
}

func TestNoMoreThanParallelRunAtOneTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hour := time.Hour
		d := &desk{takes: map[string]time.Duration{"a": hour, "b": hour, "c": hour, "d": hour, "e": hour}}
		o := Options{Run: d.Run, Parallel: 2}
		for _, c := range []string{"a", "b", "c", "d", "e"} {
			o.Entries = append(o.Entries, Entry{c, "@daily", ""})
		}
		s := setup(t, o)
		s.Start(t.Context())
		pass(28 * time.Hour)
		if d.most != 2 || len(d.runs) != 5 {
			t.Errorf("%d at one time, want 2; %d in all, want 5", d.most, len(d.runs))
		}
	})
}

func TestAFailedRunIsLoggedAndTheNextOneComes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		d := &desk{fails: errors.New("console is down")}
		s := setup(t, Options{Run: d.Run, Entries: []Entry{{"stonly", "@daily", ""}}})
		s.Start(zerolog.New(&log).WithContext(t.Context()))
		pass(49 * time.Hour)
		s.Stop()
		d.want(t, "stonly 02 00:00", "stonly 03 00:00")
		if n := strings.Count(log.String(), "console is down"); n != 2 {
			t.Errorf("the log names %d failures, want 2", n)
		}
	})
}

func TestStopEndsTheRunUnderWayAndWaitsForIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &desk{takes: map[string]time.Duration{"a": time.Hour, "b": time.Hour}}
		s := setup(t, Options{Run: d.Run, Parallel: 1, Entries: []Entry{{"a", "@hourly", ""}, {"b", "@hourly", ""}}})
		s.Start(t.Context())
		pass(61 * time.Minute)
		var both sync.WaitGroup
		both.Go(s.Stop)
		both.Go(s.Stop)
		both.Wait()
		if d.stopped != 1 || d.now["a"]+d.now["b"] != 0 {
			t.Errorf("after Stop %d runs had ended by their context, %v were under way", d.stopped, d.now)
		}
		before := len(d.runs)
		pass(5 * time.Hour)
		if len(d.runs) != before || before != 1 {
			t.Errorf("%q ran; want the one before Stop, and nothing that waited for its turn or came due later", d.runs)
		}
	})
}

func TestTheEndOfTheContextEndsTheClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		s := setup(t, Options{Run: d.Run, Entries: []Entry{{"stonly", "@hourly", ""}}})
		ctx, cancel := context.WithCancel(t.Context())
		s.Start(ctx)
		pass(90 * time.Minute)
		cancel()
		pass(5 * time.Hour)
		d.want(t, "stonly 01 01:00")
		s.Stop()
	})
}

func TestStopBeforeStartLetsNothingBegin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		s := setup(t, Options{Run: d.Run, Entries: []Entry{{"stonly", "@hourly", ""}}})
		s.Stop()
		s.Start(t.Context())
		pass(5 * time.Hour)
		d.want(t)
	})
}

func TestTheSecondStartPanics(t *testing.T) {
	t.Parallel()
	s := setup(t, Options{Run: (&desk{}).Run})
	s.Start(t.Context())
	defer func() {
		if recover() == nil {
			t.Error("it did not")
		}
	}()
	s.Start(t.Context())
}

// wall is a clock that somebody sets, beside the time that passes.
type wall struct {
	mu  sync.Mutex
	off time.Duration
}

func (w *wall) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.off)
}

func (w *wall) set(off time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.off = off
}

// A laptop closed over three nights: timers stand still, the wall clock does not.
func TestAfterASleepOneRunMakesUpForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		d, w := &desk{}, &wall{}
		s := setup(t, Options{Run: d.Run, Now: w.Now, Entries: []Entry{{"stonly", "30 3 * * *", ""}}})
		s.Start(zerolog.New(&log).WithContext(t.Context()))
		pass(time.Hour)
		w.set(72 * time.Hour)
		pass(maxNap)
		s.Stop()
		d.want(t, "stonly 03 03:30")
		if !strings.Contains(log.String(), `"skipped":2`) {
			t.Errorf("the log does not tell of the two nights: %s", log.String())
		}
	})
}

func TestAClockSetRightDoesNotLoseTheNights(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, w := &desk{}, &wall{off: 4 * 365 * 24 * time.Hour} // a board whose clock is years ahead until it has a network
		s := setup(t, Options{Run: d.Run, Now: w.Now, Entries: []Entry{{"stonly", "30 3 * * *", ""}}})
		s.Start(t.Context())
		pass(time.Hour)
		w.set(0)
		pass(3 * time.Hour)
		d.want(t, "stonly 01 03:30")
	})
}

func TestAClockCorrectedByAMomentDoesNotRunTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, w := &desk{}, &wall{off: 10 * time.Minute}
		s := setup(t, Options{Run: d.Run, Now: w.Now, Entries: []Entry{{"stonly", "30 3 * * *", ""}}})
		s.Start(t.Context())
		pass(3*time.Hour + 25*time.Minute)
		w.set(0)
		pass(3 * time.Hour)
		d.want(t, "stonly 01 03:30")
	})
}

func TestNewSaysWhichEntryCannotBeUsed(t *testing.T) {
	t.Parallel()
	run := (&desk{}).Run
	for _, c := range []struct {
		o    Options
		says string
	}{
		{Options{}, "nothing to run"},
		{Options{Run: run, Parallel: -1}, "-1 runs"},
		{Options{Run: run, Entries: []Entry{{"", "@daily", ""}}}, "names no connection"},
		{Options{Run: run, Entries: []Entry{{"stonly", "@daily", ""}, {"stonly", "@weekly", ""}}}, "connection stonly: it has two schedules"},
		{Options{Run: run, Entries: []Entry{{"stonly", "at night", ""}}}, `connection stonly: schedule "at night"`},
		{Options{Run: run, Entries: []Entry{{"stonly", "@daily", "Mars/Olympus"}}}, `connection stonly: schedule "@daily": the time zone "Mars/Olympus"`},
	} {
		if _, err := New(c.o); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("New says %v, want %q", err, c.says)
		}
	}
}
