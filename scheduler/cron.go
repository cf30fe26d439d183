package scheduler

import (
	"errors"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // the zones, for machines that have none (a bare Debian, a container)

	"github.com/robfig/cron/v3"
)

// A Schedule says when something is due. The zero Schedule never is.
type Schedule struct {
	expr string
	zone *time.Location
	wall *cron.SpecSchedule // reckons in UTC, for the hands of a wall clock
	all  *cron.SpecSchedule // reckons in zone; set where the hour is "*"
}

const (
	descriptors = "@hourly, @daily, @midnight, @weekly, @monthly, @yearly or @annually"
	fields      = "five fields: minute, hour, day of month, month, day of week (\"30 3 * * *\" is 03:30 each night)"
)

// Parse reads a schedule: five fields as in crontab(5), or one of @hourly, @daily, @midnight, @weekly,
// @monthly, @yearly and @annually. The zone is a name such as "Europe/Berlin", or "Local" for the
// machine's own; empty means UTC. A schedule that can never come due is an error, and so is @every:
// it would count from the start of the process, and nobody could say which night was missed.
//
// Where the clocks change, a time of day comes once a night, and every night. One that the
// clock jumps over (02:30 in Berlin in March) is due at the moment after the jump, 03:00; one that comes
// twice (02:30 in October) is due the first time only. Left alone, robfig/cron leaves out the one
// and doubles the other. Where the hour is "*", each hour that passes counts, as it does there.
func Parse(expr, zone string) (Schedule, error) {
	expr = strings.Join(strings.Fields(expr), " ")
	bad := func(why string) (Schedule, error) {
		return Schedule{}, fmt.Errorf("schedule %q: %s", expr, why)
	}
	switch {
	case expr == "":
		return Schedule{}, errors.New("schedule: it is empty; write " + fields)
	case strings.HasPrefix(expr, "TZ="), strings.HasPrefix(expr, "CRON_TZ="):
		return bad("the time zone is a setting of its own")
	case strings.HasPrefix(expr, "@every"):
		return bad("@every is not taken, write times of the day (\"0 */6 * * *\" is every six hours)")
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return Schedule{}, fmt.Errorf("schedule %q: the time zone %q is not known; write it as \"Europe/Berlin\", or leave it out for UTC", expr, zone)
	}
	wall, err := spec(expr)
	if err != nil {
		want := fields
		if strings.HasPrefix(expr, "@") {
			want = descriptors
		}
		return bad(fmt.Sprintf("%v; write %s", err, want))
	}
	s := Schedule{expr: expr, zone: loc, wall: wall}
	wall.Location = time.UTC
	if wall.Hour&anyHour != 0 {
		all := *wall
		all.Location = loc
		s.all = &all
	}
	// The five years that robfig/cron looks ahead hold each date from here, a 29 February too.
	if s.Next(time.Date(2021, time.January, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return bad("it never comes due")
	}
	return s, nil
}

// anyHour is the bit by which robfig/cron keeps that a field was "*".
const anyHour = 1 << 63

func spec(expr string) (*cron.SpecSchedule, error) {
	parsed, err := cron.ParseStandard(expr)
	if err != nil {
		return nil, err
	}
	s, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return nil, fmt.Errorf("it is of a kind that is not taken (%T)", parsed)
	}
	return s, nil
}

// String returns the schedule as it is written, and its zone.
func (s Schedule) String() string {
	if s.wall == nil {
		return "never"
	}
	return s.expr + " " + s.zone.String()
}

// Next returns the first time after the given one at which it is due, in UTC; the zero time if
// there is none within the next five years.
func (s Schedule) Next(after time.Time) time.Time {
	if s.wall == nil {
		return time.Time{}
	}
	if s.all != nil {
		return utc(s.all.Next(after))
	}
	hands := wallClock(after.In(s.zone))
	for {
		hands = s.wall.Next(hands)
		if hands.IsZero() {
			return hands
		}
		// Not later where the hour comes twice and the first of the two is past.
		if due := when(hands, s.zone); due.After(after) {
			return due.UTC()
		}
	}
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC()
}

// wallClock returns what the hands of a clock show at t, as if it were UTC.
func wallClock(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// when returns the first moment at which the clocks of zone show hands or, where they jump over it,
// the moment after the jump. time.Date leaves open which of two moments it returns.
func when(hands time.Time, zone *time.Location) time.Time {
	t := time.Date(hands.Year(), hands.Month(), hands.Day(), hands.Hour(), hands.Minute(), hands.Second(), 0, zone)
	start, end := t.ZoneBounds()
	switch shown := wallClock(t); {
	case shown.Before(hands) && !end.IsZero():
		return end
	case shown.After(hands) && !start.IsZero():
		return start
	case start.IsZero():
		return t
	}
	_, offset := start.Add(-time.Second).Zone()
	if earlier := hands.Add(-time.Duration(offset) * time.Second).In(zone); earlier.Before(start) {
		return earlier
	}
	return t
}
