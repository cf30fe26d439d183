package scheduler

import (
	"context"
	"time"

	"github.com/rs/zerolog"
)

const (
	// A timer counts the time that the machine is awake; the wall clock goes on in its sleep, and
	// is set by others. So the wall clock is looked at this often, however far away the next run is.
	maxNap = 30 * time.Second
	// A clock that is set back further than this was wrong before, and what it made due was too.
	// One that is set back less is being corrected: what ran a moment ago must not run again.
	setBack = time.Hour
)

// now is the wall clock without the monotonic reading, by which Go would compare otherwise.
func (s *Scheduler) now() time.Time { return s.opt.Now().Round(0) }

// keepTime begins what is due until ctx ends.
func (s *Scheduler) keepTime(ctx context.Context, before time.Time) {
	for {
		now := s.now()
		if now.Before(before.Add(-setBack)) {
			s.reset(ctx, now)
		}
		before = now
		nap := time.NewTimer(s.beginDue(ctx, now))
		select {
		case <-nap.C:
		case <-ctx.Done():
			nap.Stop()
			return
		}
	}
}

// beginDue begins what is due, and returns how long to wait before looking again.
func (s *Scheduler) beginDue(ctx context.Context, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	nap := maxNap
	for _, j := range s.jobs {
		if !j.due.IsZero() && !j.due.After(now) && ctx.Err() == nil {
			s.begin(ctx, j, j.pass(ctx, now))
		}
		if !j.due.IsZero() {
			nap = min(nap, j.due.Sub(now))
		}
	}
	return nap
}

// pass sets the job to the first time after now, and returns the last one that was due. More than
// one is due where the machine has slept: then one run makes up for all, and the log says so.
func (j *job) pass(ctx context.Context, now time.Time) time.Time {
	due, skipped := j.due, 0
	for j.due = j.schedule.Next(due); !j.due.IsZero() && !j.due.After(now); j.due = j.schedule.Next(due) {
		due = j.due
		skipped++
	}
	if skipped > 0 {
		zerolog.Ctx(ctx).Warn().Str(logConnection, j.connection).Time(logDue, due).Int(logSkipped, skipped).
			Msg("several runs came due while the machine slept; only the last is made up for")
	}
	return due
}

func (s *Scheduler) reset(ctx context.Context, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	zerolog.Ctx(ctx).Warn().Msg("the clock was set back; what is due is reckoned anew")
	for _, j := range s.jobs {
		j.due = j.schedule.Next(now)
	}
}
