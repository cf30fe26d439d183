package scheduler

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// ledger is when each connection was last run.
type ledger map[string]time.Time

func (l ledger) Last(_ context.Context, connection string) (time.Time, error) {
	return l[connection], nil
}

func TestMissedNamesTheNightsSinceTheLastRun(t *testing.T) {
	t.Parallel()
	now := at(t, "2026-11-22T09:00:00Z")
	last := ledger{
		"away":    at(t, "2026-11-19T03:30:04Z"), // began when it was due
		"current": at(t, "2026-11-22T03:30:01Z"),
		"byhand":  at(t, "2026-11-22T08:00:00Z"), // somebody asked for it this morning
		"future":  at(t, "2027-01-01T00:00:00Z"), // the clock was wrong then
		"zoned":   at(t, "2026-11-21T12:00:00Z"),
	}
	o := Options{Run: (&desk{}).Run, Last: last.Last, Now: func() time.Time { return now }}
	for _, c := range []string{"away", "current", "byhand", "future", "never"} {
		o.Entries = append(o.Entries, Entry{c, "30 3 * * *", ""})
	}
	o.Entries = append(o.Entries, Entry{"zoned", "0 23 * * *", "America/Los_Angeles"})
	missed, err := setup(t, o).Missed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range missed {
		for _, due := range m.Due {
			got = append(got, m.Connection+" "+due.Format(time.RFC3339))
		}
		if m.More || !m.Since.Equal(last[m.Connection]) {
			t.Errorf("%+v", m)
		}
	}
	want := "away 2026-11-20T03:30:00Z away 2026-11-21T03:30:00Z away 2026-11-22T03:30:00Z zoned 2026-11-22T07:00:00Z"
	if strings.Join(got, " ") != want {
		t.Errorf("missed\n%s\nwant\n%s", strings.Join(got, " "), want)
	}
}

func TestMissedIsBounded(t *testing.T) {
	t.Parallel()
	last := ledger{"stonly": at(t, "2020-01-01T00:00:00Z")}
	now := at(t, "2026-11-22T09:00:00Z")
	s := setup(t, Options{Run: (&desk{}).Run, Last: last.Last, Now: func() time.Time { return now },
		Entries: []Entry{{"stonly", "* * * * *", ""}}})
	missed, err := s.Missed(t.Context())
	if err != nil || len(missed) != 1 || len(missed[0].Due) != maxMissed || !missed[0].More {
		t.Errorf("%d connections, err %v", len(missed), err)
	}
}

func TestWhatIsUnderWayIsNotMissed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		last := ledger{"stonly": at(t, "1999-12-30T12:00:00Z")}
		d := &desk{takes: map[string]time.Duration{"stonly": time.Hour}}
		s := setup(t, Options{Run: d.Run, Last: last.Last, Entries: []Entry{{"stonly", "30 3 * * *", ""}}})
		s.Start(t.Context())
		pass(4 * time.Hour)
		missed, err := s.Missed(t.Context())
		if err != nil || len(missed) != 1 || len(missed[0].Due) != 1 || !missed[0].Due[0].Equal(at(t, "1999-12-31T03:30:00Z")) {
			t.Errorf("missed %+v, err %v; want the night before Start, and not the one under way", missed, err)
		}
	})
}

func TestMissedTellsWhyItCannotKnow(t *testing.T) {
	t.Parallel()
	o := Options{Run: (&desk{}).Run, Entries: []Entry{{"stonly", "@daily", ""}}}
	if _, err := setup(t, o).Missed(t.Context()); err == nil {
		t.Error("without Last there is no error")
	}
	locked := errors.New("database is locked")
	o.Last = func(context.Context, string) (time.Time, error) { return time.Time{}, locked }
	if _, err := setup(t, o).Missed(t.Context()); !errors.Is(err, locked) || !strings.Contains(err.Error(), "stonly") {
		t.Errorf("error %v", err)
	}
}
