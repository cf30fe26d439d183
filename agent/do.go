package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/rs/zerolog"

	"github.com/usherhq/usher/flows"
)

// Do is the one door: it takes the order through plan, guard, approval, execution, verification and
// record, and tells whom it concerns. The result says what came of it also where the error is not
// nil; the error has a code, and a hint for a person.
func (a *Agent) Do(ctx context.Context, o Order) (Result, error) {
	r := a.do(ctx, o)
	return r, r.Err
}

// DoMany does the orders, those of one connection one after the other and up to parallel
// connections side by side, and returns their results in the order of orders. One that fails stops
// none of the others. [Worst] says how the whole went.
func (a *Agent) DoMany(ctx context.Context, orders []Order, parallel int) []Result {
	batch, err := newID(a.opt.Now())
	results := make([]Result, len(orders))
	by := map[string][]int{}
	var names []string
	for i, o := range orders {
		if err != nil {
			results[i] = failed(o, err)
			continue
		}
		if by[o.Connection] == nil {
			names = append(names, o.Connection)
		}
		by[o.Connection] = append(by[o.Connection], i)
	}
	places := make(chan struct{}, max(1, parallel))
	var wg sync.WaitGroup
	for _, name := range names {
		wg.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			for _, i := range by[name] {
				o := orders[i]
				if o.Batch == "" {
					o.Batch = batch
				}
				results[i] = a.do(ctx, o)
			}
		})
	}
	wg.Wait()
	return results
}

// Worst returns the error that a command over several orders ends with.
func Worst(results []Result) error {
	var errs []error
	for _, r := range results {
		errs = append(errs, r.Err)
	}
	return flows.Worst(errs...)
}

// Place keeps an order to be done later, by [Agent.Do] with its ID.
func (a *Agent) Place(ctx context.Context, o Order) (Order, error) {
	o = o.normal()
	if err := o.valid(); err != nil {
		return o, err
	}
	_, _, way, err := a.connection(o.Connection)
	if err != nil {
		return o, err
	}
	if o.Verb != Check && !slices.Contains(way.Can, o.Verb.ability()) {
		what := "cannot " + string(o.Verb)
		if o.Verb.ability() == string(Groups) {
			what = "has no groups"
		}
		return o, flows.Errorf(flows.Unsupported, "read the order", "%s %s via %s", o.Connection, what, way.Name).
			WithHint("it can %s", strings.Join(way.Can, ", "))
	}
	o.Placed, o.State = a.now(), StateNew
	if o.ID, err = newID(o.Placed); err != nil {
		return o, err
	}
	if o.Batch == "" {
		o.Batch = o.ID
	}
	err = a.opt.Store.Write(ctx, func(ctx context.Context, tx Tx) error {
		if err := tx.PutOrder(ctx, o); err != nil {
			return err
		}
		return a.link(ctx, tx, Entry{Connection: o.Connection, Kind: "order", Order: o.ID, By: o.By}, map[string]any{
			"verb": o.Verb, "subject": o.Subject, "person": o.Person, "change": o.Change, "group": o.Group, "reason": o.Reason, "source": o.Source,
			"dry_run": o.DryRun, "holdings": o.Holdings, "plan": o.PlanHash,
		})
	})
	if err != nil {
		return o, fmt.Errorf("keep the order: %w", err)
	}
	return o, nil
}

// takeUp returns the kept order, bound to the plan that it was last shown with.
func (a *Agent) takeUp(ctx context.Context, o Order) (Order, error) {
	kept, ok, err := a.opt.Store.Order(ctx, o.ID)
	if err != nil {
		return o, fmt.Errorf("read the order: %w", err)
	}
	if !ok {
		return o, noSuch("order", o.ID)
	}
	switch kept.State {
	case StateRejected, StateCancelled:
		return kept, flows.Errorf(flows.Refused, "take up the order", "order %s is %s", kept.ID, kept.State).WithHint("place a new one")
	case StatePlanned, StateWaiting, StateApproved:
		if kept.Run != "" {
			p, ok, err := a.opt.Store.Plan(ctx, kept.Run)
			if err != nil {
				return kept, fmt.Errorf("read the plan: %w", err)
			}
			if ok {
				kept.PlanHash = p.Hash
			}
		}
		kept.DryRun = false
	case StateNew, StateRunning, StateEnded:
		// As it is: one that runs is waited for, one that has ended is told, not done again.
	}
	if o.Holdings != "" {
		kept.Holdings = o.Holdings
	}
	return kept, kept.valid()
}

// failed is the result of an order that did not come to a run.
func failed(o Order, err error) Result {
	return Result{
		Order: o.ID, Connection: o.Connection, Verb: o.Verb, Subject: o.Subject, State: o.State,
		Code: flows.CodeOf(err), Message: flows.Clean(messageOf(err)), Hint: flows.HintOf(err), Err: err,
	}
}

func (a *Agent) do(ctx context.Context, o Order) Result {
	var err error
	if o.ID == "" {
		o, err = a.Place(ctx, o)
	} else {
		o, err = a.takeUp(ctx, o)
	}
	if err != nil {
		return failed(o, err)
	}
	conn, app, way, err := a.connection(o.Connection)
	if err != nil {
		return failed(o, err)
	}
	r := &run{a: a, order: o, conn: conn, app: app, way: way}
	res := r.do(ctx)
	a.notify(ctx, res)
	return res
}

// do holds the connection while the run's body works, and writes down how it ended.
func (r *run) do(ctx context.Context) Result {
	ctx, cancel := context.WithTimeout(ctx, r.a.opt.RunTimeout)
	defer cancel()
	doing := string(r.order.Verb)
	if r.order.Subject != "" {
		doing += " " + flows.Clean(r.order.Subject)
	}
	work, held, err := r.a.holdLease(ctx, r.conn.Name, doing)
	if err != nil {
		return r.unheld(ctx, err)
	}
	r.lease = held
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
		defer cancel()
		if err := held.release(end); err != nil {
			zerolog.Ctx(ctx).Warn().Err(err).Str(logConnection, r.conn.Name).Msg("lease not given back, it will run out")
		}
	}()
	again, err := r.begin(work)
	switch {
	case err != nil:
		return r.unheld(ctx, err)
	case again:
		return r.a.keptResult(ctx, r.order)
	}
	return r.end(ctx, r.body(work))
}

// unheld ends an order whose connection was not to be had.
func (r *run) unheld(ctx context.Context, cause error) Result {
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	err := r.a.opt.Store.Write(end, func(ctx context.Context, tx Tx) error {
		kept, ok, err := tx.Order(ctx, r.order.ID)
		if err != nil || !ok || kept.State == StateEnded {
			return err
		}
		r.order.State, r.order.Ended, r.order.Code = StateEnded, r.a.now(), flows.CodeOf(cause)
		if err := tx.PutOrder(ctx, r.order); err != nil {
			return err
		}
		if err := r.a.raise(ctx, tx, matterOf(failed(r.order, cause), "")); err != nil {
			return err
		}
		return r.a.link(ctx, tx, Entry{Connection: r.conn.Name, Kind: "ended", Order: r.order.ID, By: r.order.By},
			endedBody{Verb: r.order.Verb, Subject: r.order.Subject, Code: string(flows.CodeOf(cause)), Message: flows.Clean(messageOf(cause))})
	})
	return failed(r.order, errors.Join(cause, err))
}
