// Package scheduler is when things happen: the schedule of each connection, and the clock that starts
// its runs. It is not what is done then; that is given to it as a function.
//
// One process and one clock in memory. What was due while no process ran is not made up for: it is
// named by [Scheduler.Missed], so that the next start can say so. A run that comes due while the
// one before it is still under way is left out, and said in the log: a connection has one sign-in,
// and the run under way reads the same roster.
package scheduler

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// The keys of log fields.
const (
	logConnection = "connection"
	logDue        = "due"
	logTook       = "took"
	logSkipped    = "skipped"
)

// An Entry is the schedule of one connection.
type Entry struct {
	Connection string
	Expr       string // as in [Parse]
	Zone       string // as in [Parse]
}

// Options are what a Scheduler is made of. Run is required, Last only by [Scheduler.Missed].
type Options struct {
	Entries []Entry
	// Run does what is due, until ctx ends. It is called from several goroutines, but never twice
	// at once for one connection. Its error ends here: it is logged, and the next run is not
	// put off by it.
	Run func(ctx context.Context, connection string, due time.Time) error
	// Last returns when the connection's last run began, whoever asked for it and however it
	// ended, and the zero time where there was none.
	Last func(ctx context.Context, connection string) (time.Time, error)
	// Now is the wall clock; nil means time.Now.
	Now func() time.Time
	// Parallel bounds the runs at one time (2); what is due beyond that waits for its turn.
	Parallel int
}

const defaultParallel = 2

// A Scheduler runs each connection when it is due. It may be used by several goroutines.
type Scheduler struct {
	opt   Options
	slots chan struct{}
	work  sync.WaitGroup // the clock's goroutine, and the runs that it began

	mu      sync.Mutex // over what follows, and over due and busy of each job
	jobs    []*job
	cancel  context.CancelFunc // set by Start
	stopped bool
}

// A job is a connection with its schedule.
type job struct {
	connection string
	schedule   Schedule
	due        time.Time // the next one; zero before Start, and where there is no other
	busy       bool      // under way, or waiting for its turn
	busyDue    time.Time // of the run that makes it busy
}

// New returns a Scheduler that is not started, or says which entry cannot be used.
func New(o Options) (*Scheduler, error) {
	if o.Run == nil {
		return nil, errors.New("scheduler: nothing to run is given (Run)")
	}
	if o.Parallel < 0 {
		return nil, fmt.Errorf("scheduler: %d runs at one time cannot be", o.Parallel)
	}
	if o.Parallel == 0 {
		o.Parallel = defaultParallel
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Scheduler{opt: o, slots: make(chan struct{}, o.Parallel)}
	for _, e := range o.Entries {
		if e.Connection == "" {
			return nil, fmt.Errorf("schedule %q: it names no connection", e.Expr)
		}
		if s.find(e.Connection) != nil {
			return nil, fmt.Errorf("connection %s: it has two schedules", e.Connection)
		}
		sch, err := Parse(e.Expr, e.Zone)
		if err != nil {
			return nil, fmt.Errorf("connection %s: %w", e.Connection, err)
		}
		s.jobs = append(s.jobs, &job{connection: e.Connection, schedule: sch})
	}
	return s, nil
}

// Start begins to run what comes due from now on, until ctx ends or [Scheduler.Stop] is called.
// A second Start is a mistake of the programmer, and panics; after Stop, Start does nothing.
func (s *Scheduler) Start(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return
	}
	if s.cancel != nil {
		panic("scheduler: started twice")
	}
	ctx, s.cancel = context.WithCancel(ctx)
	now := s.now()
	for _, j := range s.jobs {
		j.due = j.schedule.Next(now)
	}
	s.work.Go(func() { s.keepTime(ctx, now) })
}

// Stop ends the context of the runs under way, waits until they have returned, and lets nothing
// else begin. It may be called twice, from several goroutines, and without a Start.
func (s *Scheduler) Stop() {
	s.mu.Lock()
	s.stopped = true
	if s.cancel != nil {
		s.cancel()
	}
	s.mu.Unlock()
	s.work.Wait()
}

// Next returns when the connection is due next; false where it has no schedule, or none that
// comes again.
func (s *Scheduler) Next(connection string) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.find(connection)
	if j == nil {
		return time.Time{}, false
	}
	due := j.due
	if due.IsZero() {
		due = j.schedule.Next(s.now())
	}
	return due, !due.IsZero()
}

func (s *Scheduler) find(connection string) *job {
	for _, j := range s.jobs {
		if j.connection == connection {
			return j
		}
	}
	return nil
}

// begin runs the job for the time it was due, once there is a slot. The caller holds mu.
func (s *Scheduler) begin(ctx context.Context, j *job, due time.Time) {
	if j.busy {
		zerolog.Ctx(ctx).Warn().Str(logConnection, j.connection).Time(logDue, due).
			Msg("the run before it is still under way; this one is left out")
		return
	}
	j.busy, j.busyDue = true, due
	s.work.Go(func() {
		defer func() {
			s.mu.Lock()
			j.busy = false
			s.mu.Unlock()
		}()
		select {
		case s.slots <- struct{}{}:
			defer func() { <-s.slots }()
		case <-ctx.Done():
			return
		}
		if ctx.Err() != nil { // both were ready, and select chose the slot
			return
		}
		s.run(ctx, j.connection, due)
	})
}

func (s *Scheduler) run(ctx context.Context, connection string, due time.Time) {
	log := zerolog.Ctx(ctx).With().Str(logConnection, connection).Time(logDue, due).Logger()
	began := time.Now()
	err := s.opt.Run(ctx, connection, due)
	took := time.Since(began)
	if err != nil {
		log.Error().Err(err).Dur(logTook, took).Msg("scheduled run ended with an error")
		return
	}
	log.Info().Dur(logTook, took).Msg("scheduled run done")
}
