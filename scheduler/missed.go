package scheduler

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Missed are the times at which a connection should have been run and was not.
type Missed struct {
	Connection string
	Since      time.Time   // when its last run began
	Due        []time.Time // the oldest first, 1,000 at most
	More       bool        // there are more than Due says
}

const maxMissed = 1000

// Missed returns, for each connection that missed any, the runs that have come due since the last
// one began. Of a connection that never ran nothing is said, because nobody knows since when it
// should have. What this scheduler is about to run, or is running, is not missed.
func (s *Scheduler) Missed(ctx context.Context) ([]Missed, error) {
	if s.opt.Last == nil {
		return nil, errors.New("find missed runs: the scheduler does not know when the last ones were (Last)")
	}
	now := s.now()
	var all []Missed
	for _, j := range s.jobs { // the list itself never changes after New
		last, err := s.opt.Last(ctx, j.connection)
		if err != nil {
			return nil, fmt.Errorf("find missed runs of %s: %w", j.connection, err)
		}
		if last.IsZero() {
			continue
		}
		until := s.inHand(j, now)
		m := Missed{Connection: j.connection, Since: last}
		for due := j.schedule.Next(last); !due.IsZero() && due.Before(until); due = j.schedule.Next(due) {
			if len(m.Due) == maxMissed {
				m.More = true
				break
			}
			m.Due = append(m.Due, due)
		}
		if len(m.Due) > 0 {
			all = append(all, m)
		}
	}
	return all, nil
}

// inHand returns the time from which on nothing of the job is missed: what is under way now, or
// what the clock is just about to begin.
func (s *Scheduler) inHand(j *job, now time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	until := now.Add(1) // what is due this very moment, and not in hand, is missed
	if j.busy && j.busyDue.Before(until) {
		return j.busyDue
	}
	if s.cancel != nil && !j.due.IsZero() && j.due.Before(until) {
		return j.due
	}
	return until
}
