package scheduler

import (
	"strings"
	"testing"
	"time"
)

func parse(t *testing.T, expr, zone string) Schedule {
	t.Helper()
	s, err := Parse(expr, zone)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func at(t *testing.T, stamp string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339, stamp)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ expr, zone, says string }{
		{"", "", "it is empty"},
		{"   ", "", "it is empty"},
		{"nightly", "", "five fields"},
		{"30 3 * *", "", "five fields"},
		{"0 30 3 * * *", "", "five fields"},
		{"61 3 * * *", "", "61"},
		{"30 24 * * *", "", "24"},
		{"30 3 * * caturday", "", "caturday"},
		{"-5 3 * * *", "", "five fields"},
		{"*/0 3 * * *", "", "step"},
		{"@noon", "", "@daily"},
		{"@reboot", "", "@daily"},
		{"@every 6h", "", "@every is not taken"},
		{"TZ=Europe/Berlin 30 3 * * *", "", "time zone is a setting of its own"},
		{"CRON_TZ=Europe/Berlin 30 3 * * *", "", "time zone is a setting of its own"},
		{"TZ=", "", "time zone is a setting of its own"},
		{"30 3 * * *", "Europe/Bärlin", "is not known"},
		{"30 3 * * *", "CEST", "is not known"},
		{"30 3 * * *", "../zone", "is not known"},
		{"0 0 30 2 *", "", "never comes due"},
		{"0 , * * *", "", "never comes due"},
	} {
		_, err := Parse(c.expr, c.zone)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("Parse(%q, %q) says %v, want %q", c.expr, c.zone, err, c.says)
		}
	}
}

func TestNextFollowsTheZone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ expr, zone, after, want string }{
		{"30 3 * * *", "", "2026-11-22T03:29:59Z", "2026-11-22T03:30:00Z"},
		{"30 3 * * *", "", "2026-11-22T03:30:00Z", "2026-11-23T03:30:00Z"},
		{" 30  3 * * * ", "UTC", "2026-11-22T03:30:00.5Z", "2026-11-23T03:30:00Z"},
		{"30 3 * * *", "Europe/Berlin", "2026-11-22T00:00:00Z", "2026-11-22T02:30:00Z"},
		{"30 3 * * *", "Europe/Berlin", "2026-07-01T00:00:00Z", "2026-07-01T01:30:00Z"},
		{"30 3 * * *", "Asia/Kolkata", "2026-11-22T00:00:00Z", "2026-11-22T22:00:00Z"},
		{"30 3 * * *", "America/Los_Angeles", "2026-11-22T12:00:00Z", "2026-11-23T11:30:00Z"},
		{"0 2 * * mon-fri", "Europe/Berlin", "2026-11-20T12:00:00Z", "2026-11-23T01:00:00Z"},
		{"@daily", "Europe/Berlin", "2026-11-22T12:00:00Z", "2026-11-22T23:00:00Z"},
		{"@midnight", "", "2026-11-22T12:00:00Z", "2026-11-23T00:00:00Z"},
		{"@hourly", "Asia/Kolkata", "2026-11-22T12:00:00Z", "2026-11-22T12:30:00Z"},
		{"0 0 29 2 *", "", "2026-11-22T00:00:00Z", "2028-02-29T00:00:00Z"},
	} {
		if got := parse(t, c.expr, c.zone).Next(at(t, c.after)); !got.Equal(at(t, c.want)) || got.Location() != time.UTC {
			t.Errorf("%q in %q after %s: %s, want %s", c.expr, c.zone, c.after, got, c.want)
		}
	}
}

// Each row is a night on which the clocks change, and all times due in it.
func TestAChangeOfTheClocksNeitherDropsNorDoublesANight(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, expr, zone, from, until string
		want                          []string
	}{
		{"jumped over: at the moment after the jump", "30 2 * * *", "Europe/Berlin",
			"2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z", []string{"2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
		{"two times jumped over are one", "0,30 2 * * *", "Europe/Berlin",
			"2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z", []string{"2026-03-29T01:00:00Z"}},
		{"before and after the jump as written", "30 1,3 * * *", "Europe/Berlin",
			"2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z", []string{"2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"}},
		{"shown twice: the first time", "30 2 * * *", "Europe/Berlin",
			"2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z", []string{"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
		{"shown twice, in the west", "30 1 * * *", "America/New_York",
			"2026-10-31T12:00:00Z", "2026-11-02T12:00:00Z", []string{"2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"}},
		{"started in the second of the two hours", "30 2 * * *", "Europe/Berlin",
			"2026-10-25T01:10:00Z", "2026-10-26T12:00:00Z", []string{"2026-10-26T01:30:00Z"}},
		{"each hour counts, over the jump", "0 * * * *", "Europe/Berlin",
			"2026-03-28T23:59:00Z", "2026-03-29T02:30:00Z", []string{"2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"}},
		{"each hour counts, twice", "0 * * * *", "Europe/Berlin",
			"2026-10-24T23:59:00Z", "2026-10-25T02:30:00Z", []string{"2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"}},
		{"midnight jumped over", "@daily", "Africa/Cairo",
			"2026-04-23T12:00:00Z", "2026-04-25T12:00:00Z", []string{"2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"}},
		{"half an hour back", "45 1 * * *", "Australia/Lord_Howe",
			"2026-04-04T00:00:00Z", "2026-04-05T12:00:00Z", []string{"2026-04-04T14:45:00Z"}},
		{"a day left out", "30 2 * * *", "Pacific/Apia",
			"2011-12-29T00:00:00Z", "2011-12-31T00:00:00Z", []string{"2011-12-29T12:30:00Z", "2011-12-30T10:00:00Z", "2011-12-30T12:30:00Z"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := parse(t, c.expr, c.zone)
			var got []string
			for due := s.Next(at(t, c.from)); due.Before(at(t, c.until)); due = s.Next(due) {
				got = append(got, due.Format(time.RFC3339))
			}
			if strings.Join(got, " ") != strings.Join(c.want, " ") {
				t.Errorf("due at\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// The hands of the clock show the time asked for, once a day, in each zone of a list and through four years.
func TestEachDayHasItsOneNight(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "Africa/Cairo", "Asia/Tehran", "Australia/Lord_Howe", "Pacific/Apia"} {
		for _, expr := range []string{"0 0 * * *", "30 1 * * *", "30 2 * * *", "59 23 * * *"} {
			s := parse(t, expr, zone)
			days := map[string]bool{}
			for due := s.Next(at(t, "2024-01-01T00:00:00Z")); due.Before(at(t, "2028-01-01T00:00:00Z")); due = s.Next(due) {
				day := due.In(s.zone).Format(time.DateOnly)
				if days[day] {
					t.Errorf("%s in %s is due twice on %s", expr, zone, day)
				}
				days[day] = true
			}
			if len(days) < 1460 || len(days) > 1462 {
				t.Errorf("%s in %s is due on %d days of four years", expr, zone, len(days))
			}
		}
	}
}

func TestTheZeroScheduleNeverComesDue(t *testing.T) {
	t.Parallel()
	var s Schedule
	if due := s.Next(time.Now()); !due.IsZero() || s.String() != "never" {
		t.Errorf("%s: due %s", s, due)
	}
	if got := parse(t, "30  3 * * *", "Europe/Berlin").String(); got != "30 3 * * * Europe/Berlin" {
		t.Errorf("a schedule reads %q", got)
	}
}

// What parses comes due, later than asked, and at a whole minute.
func FuzzParse(f *testing.F) {
	for _, expr := range []string{"30 3 * * *", "@daily", "*/15 1-5,22 1,15 jan-mar sun", "TZ=", "@every 1s", "0 0 29 2 *", "? ? ? ? ?"} {
		f.Add(expr, "Europe/Berlin")
	}
	f.Fuzz(func(t *testing.T, expr, zone string) {
		s, err := Parse(expr, zone)
		if err != nil {
			return
		}
		after := time.Date(2026, time.March, 28, 12, 0, 0, 0, time.UTC)
		due := s.Next(after)
		if !due.After(after) || due.Second() != 0 || due.Nanosecond() != 0 {
			t.Errorf("%q in %q is due at %s after %s", expr, zone, due, after)
		}
	})
}
