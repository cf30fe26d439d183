package agent

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/usherhq/usher/flows"
)

// errLeaseLost is the cause with which a run's context ends when another holder has the connection.
var errLeaseLost = errors.New("the lease of the connection was lost")

// A lease is held while a run works its connection, and renewed by a goroutine of its own.
type lease struct {
	a     *Agent
	row   Lease
	stop  chan struct{}
	ended chan struct{}
	once  sync.Once
}

// holdLease waits for the connection and returns a context that ends when the lease is lost.
func (a *Agent) holdLease(ctx context.Context, connection, doing string) (context.Context, *lease, error) {
	const op = "wait for the connection"
	now := a.now()
	holder, err := newID(now)
	if err != nil {
		return nil, nil, err
	}
	row := Lease{
		Connection: connection, Holder: holder, Host: a.self.host, Boot: a.self.boot, PID: a.self.pid, Born: a.self.born,
		Doing: doing, Taken: now,
	}
	wait, cancel := context.WithTimeout(ctx, a.opt.LeaseWait)
	defer cancel()
	tick := time.NewTicker(leasePoll)
	defer tick.Stop()
	dead, said := "", false
	for {
		row.Taken = a.now()
		row.Expires = row.Taken.Add(a.opt.LeaseTTL)
		held, ok, err := a.opt.Store.TakeLease(ctx, row, dead, row.Taken)
		switch {
		case err != nil:
			return nil, nil, fmt.Errorf("take the lease of %s: %w", connection, err)
		case ok:
			run, lose := context.WithCancelCause(ctx)
			l := &lease{a: a, row: row, stop: make(chan struct{}), ended: make(chan struct{})}
			go l.renew(run, lose)
			return run, l, nil
		case a.self.gone(held) && dead != held.Holder:
			zerolog.Ctx(ctx).Warn().Str(logConnection, connection).Int("pid", held.PID).Msg("lease of a dead process taken over")
			dead = held.Holder
			continue
		}
		who := fmt.Sprintf("%s, by process %d on %s since %s", held.Doing, held.PID, held.Host, held.Taken.UTC().Format(time.TimeOnly))
		if !said {
			said = true
			zerolog.Ctx(ctx).Warn().Str(logConnection, connection).Str("holder", who).Msg("connection is being worked, waiting")
			a.progress(connection, flows.Progress{Doing: "waiting for " + who})
		}
		select {
		case <-tick.C:
		case <-wait.Done():
			if ctx.Err() != nil {
				return nil, nil, stopped(ctx)
			}
			return nil, nil, flows.Errorf(flows.Unavailable, op, "%s is being worked: %s", connection, who).
				WithHint("wait until that run has ended, then order again")
		}
	}
}

// leasePoll is how often a waiting run asks again.
const leasePoll = 100 * time.Millisecond

// renew keeps the lease until release. A renewal that fails is tried again; once the lease has
// run out unrenewed, or another one holds it, the run's context ends.
func (l *lease) renew(ctx context.Context, lose context.CancelCauseFunc) {
	defer close(l.ended)
	defer lose(nil)
	tick := time.NewTicker(l.a.opt.LeaseTTL / 3)
	defer tick.Stop()
	until := l.row.Expires
	for {
		select {
		case <-l.stop:
			return
		case <-tick.C:
		}
		// The lease outlives a cancelled run until its end is recorded.
		step, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.a.opt.LeaseTTL/3)
		next := l.a.now().Add(l.a.opt.LeaseTTL)
		ok, err := l.a.opt.Store.RenewLease(step, l.row.Connection, l.row.Holder, next)
		cancel()
		switch {
		case err == nil && ok:
			until = next
		case err == nil, l.a.now().After(until):
			zerolog.Ctx(ctx).Error().Str(logConnection, l.row.Connection).AnErr("cause", err).Msg("lease lost")
			lose(errLeaseLost)
			<-l.stop
			return
		}
	}
}

// holds asks the store whether the lease stands, and moves its end.
func (l *lease) holds(ctx context.Context) error {
	ok, err := l.a.opt.Store.RenewLease(ctx, l.row.Connection, l.row.Holder, l.a.now().Add(l.a.opt.LeaseTTL))
	if err != nil {
		return fmt.Errorf("look at the lease of %s: %w", l.row.Connection, err)
	}
	if !ok {
		return flows.Errorf(flows.Unavailable, "look at the lease", "%w", errLeaseLost).
			WithHint("another process has taken %s over; see `usher runs list`", l.row.Connection)
	}
	return nil
}

// release ends the goroutine, waits for it and gives the lease back. It may be called twice.
func (l *lease) release(ctx context.Context) error {
	var err error
	l.once.Do(func() {
		close(l.stop)
		<-l.ended
		err = l.a.opt.Store.DropLease(ctx, l.row.Connection, l.row.Holder)
	})
	return err
}
