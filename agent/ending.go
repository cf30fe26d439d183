package agent

import (
	"context"
	"fmt"

	"github.com/rs/zerolog"

	"github.com/usherhq/usher/flows"
)

// begin writes down that the run begins, and first closes those of dead processes: whoever holds the
// lease knows that no other run works this connection. again is true where the order has ended
// meanwhile, by another process.
func (r *run) begin(ctx context.Context) (again bool, err error) {
	now := r.a.now()
	id, err := newID(now)
	if err != nil {
		return false, err
	}
	r.row = Run{
		ID: id, Order: r.order.ID, Connection: r.conn.Name, Verb: r.order.Verb, Subject: r.order.Subject,
		Source: r.order.Source, By: r.order.By, DryRun: r.order.DryRun, Started: now,
	}
	r.res = Result{Order: r.order.ID, Run: id, Connection: r.conn.Name, Verb: r.order.Verb, Subject: r.order.Subject}
	err = r.a.opt.Store.Write(ctx, func(ctx context.Context, tx Tx) error {
		kept, ok, err := tx.Order(ctx, r.order.ID)
		if err != nil {
			return err
		}
		if again = ok && kept.State == StateEnded; again {
			return nil
		}
		if err := r.closeDead(ctx, tx); err != nil {
			return err
		}
		r.order.Run = id
		running := r.order
		running.State = StateRunning
		if err := tx.PutOrder(ctx, running); err != nil {
			return err
		}
		if err := tx.AddRun(ctx, r.row); err != nil {
			return err
		}
		return r.a.link(ctx, tx, Entry{Connection: r.conn.Name, Kind: "run", Order: r.order.ID, Run: id, By: r.order.By},
			map[string]any{"verb": r.order.Verb, "subject": r.order.Subject, "dry_run": r.order.DryRun})
	})
	if err != nil {
		return false, fmt.Errorf("write down the run: %w", err)
	}
	return again, nil
}

// closeDead ends the runs of this connection whose process is gone, and their orders with them: a
// person who asks must find that they were interrupted, not that they still run.
func (r *run) closeDead(ctx context.Context, tx Tx) error {
	dead, err := tx.Runs(ctx, RunFilter{Connection: r.conn.Name, Open: true})
	if err != nil {
		return err
	}
	open, err := tx.OpenPresses(ctx, r.conn.Name)
	if err != nil {
		return err
	}
	for _, d := range dead {
		d.Code, d.Message, d.Hint = flows.Unavailable, "the process ended before the run did; nothing had been pressed", "order again"
		for _, p := range open {
			if p.Run == d.ID {
				d.Code, d.Message = flows.Unverified, "the process ended after a press was begun; nobody has seen what came of it"
				d.Hint = "order the same again: it looks first"
			}
		}
		steps, err := tx.Steps(ctx, d.ID)
		if err != nil {
			return err
		}
		d.Steps, d.Evidence = len(steps), ""
		for _, s := range steps {
			if d.Evidence, err = evidence(d.Evidence, s); err != nil {
				return err
			}
		}
		if err := r.a.endRun(ctx, tx, d); err != nil {
			return err
		}
		// This order looks itself at what came of a press for the same account; of another's nobody
		// knows until somebody orders the same again.
		if d.Code == flows.Unverified && !flows.SameAddress(d.Subject, r.order.Subject) {
			err := r.a.raise(ctx, tx, matter{
				connection: d.Connection, code: d.Code, verb: d.Verb, order: d.Order, run: d.ID, subject: d.Subject, text: d.Message, hint: d.Hint,
			})
			if err != nil {
				return err
			}
		}
		if d.Code != flows.Unverified {
			if err := tx.ReleaseReservation(ctx, d.ID); err != nil {
				return err
			}
		}
		o, ok, err := tx.Order(ctx, d.Order)
		if err != nil {
			return err
		}
		if ok && o.State == StateRunning && o.Run == d.ID && o.ID != r.order.ID {
			o.State, o.Ended, o.Code = StateEnded, r.a.now(), d.Code
			if err := tx.PutOrder(ctx, o); err != nil {
				return err
			}
		}
	}
	return nil
}

// endRun writes down a run's end and links it into the chain.
func (a *Agent) endRun(ctx context.Context, tx Tx, row Run) error {
	row.Ended = a.now()
	if err := tx.EndRun(ctx, row); err != nil {
		return err
	}
	return a.link(ctx, tx, Entry{Connection: row.Connection, Kind: "ended", Order: row.Order, Run: row.ID, By: row.By}, endedBody{
		Verb: row.Verb, Subject: row.Subject, Outcome: string(row.Outcome), Code: string(row.Code), Seen: row.Seen,
		Message: row.Message, Steps: row.Steps, Evidence: row.Evidence, Roster: row.Roster,
	})
}

// end writes down how the run ended, in one transaction with what became of its press, and returns
// the result. What cannot be written down is an error, whatever the console did.
func (r *run) end(ctx context.Context, cause error) Result {
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	err := r.cleanErr(cause)
	res := &r.res
	res.Seen = r.clean(res.Seen)
	if err != nil {
		res.Outcome, res.Account, res.Group = "", nil, nil
		res.Code, res.Message, res.Hint = flows.CodeOf(err), messageOf(err), flows.HintOf(err)
	}
	if res.State == "" {
		res.State = StateEnded
	}
	r.mu.Lock()
	row := r.row
	r.mu.Unlock()
	row.Outcome, row.Code, row.Seen, row.Message, row.Hint, row.Roster = res.Outcome, res.Code, res.Seen, res.Message, res.Hint, res.Snapshot
	o := r.order
	o.State, o.Outcome, o.Code = res.State, res.Outcome, res.Code
	if o.State == StateEnded {
		o.Ended = r.a.now()
	}
	var head Head
	werr := r.a.opt.Store.Write(end, func(ctx context.Context, tx Tx) error {
		for _, s := range r.settles {
			if err := tx.SettlePress(ctx, s.press, s.state, row.ID, s.note, r.a.now()); err != nil {
				return err
			}
		}
		if r.pressed == nil {
			if err := tx.ReleaseReservation(ctx, row.ID); err != nil {
				return err
			}
		}
		if err := tx.PutOrder(ctx, o); err != nil {
			return err
		}
		if err := r.a.endRun(ctx, tx, row); err != nil {
			return err
		}
		if err := r.clear(ctx, tx); err != nil {
			return err
		}
		if err := r.a.raise(ctx, tx, matterOf(*res, r.guardName)); err != nil {
			return err
		}
		var err error
		head, err = tx.Head(ctx, row.Connection)
		return err
	})
	if werr != nil {
		lost := flows.Errorf(flows.Internal, "record the run", "%v", r.clean(werr.Error())).
			WithHint("see to the database, then order the same again: it looks first")
		if err != nil {
			lost.Msg += "; the run itself ended with " + err.Error()
		}
		if r.pressed != nil {
			lost.Code = flows.Unverified
		}
		err = lost
		res.Outcome, res.Code, res.Message, res.Hint = "", lost.Code, lost.Msg, lost.Hint
		// What kept the end from being written may keep the alert too; then the log has it.
		if aerr := r.a.opt.Store.Write(end, func(ctx context.Context, tx Tx) error {
			return r.a.raise(ctx, tx, matterOf(*res, ""))
		}); aerr != nil {
			zerolog.Ctx(ctx).Error().Err(aerr).Str(logRun, row.ID).Str("code", string(res.Code)).Msg("alert not kept")
		}
	}
	res.Err = err
	zerolog.Ctx(ctx).Info().Str(logConnection, row.Connection).Str(logOrder, row.Order).Str(logRun, row.ID).
		Str("verb", string(row.Verb)).Str("outcome", string(res.Outcome)).Str("code", string(res.Code)).
		Int("steps", row.Steps).Int64("chain", head.Seq).Str("head", head.Hash).Msg("run ended")
	return *res
}

// keptResult is what an order that has ended came to, read back.
func (a *Agent) keptResult(ctx context.Context, o Order) Result {
	row, ok, err := a.opt.Store.Run(ctx, o.Run)
	if err != nil || !ok {
		kept, found, oerr := a.opt.Store.Order(ctx, o.ID)
		if err == nil && oerr == nil && found && kept.Run != "" {
			row, ok, err = a.opt.Store.Run(ctx, kept.Run)
		}
	}
	if err != nil {
		return failed(o, fmt.Errorf("read how the order ended: %w", err))
	}
	if !ok {
		return failed(o, flows.Errorf(flows.Refused, "take up the order", "order %s has ended", o.ID).WithHint("place a new one"))
	}
	res := Result{
		Order: o.ID, Run: row.ID, Connection: row.Connection, Verb: row.Verb, Subject: row.Subject, State: StateEnded,
		Outcome: row.Outcome, Code: row.Code, Seen: row.Seen, Message: row.Message, Hint: row.Hint, Snapshot: row.Roster,
	}
	if row.Code != "" {
		res.Err = &flows.Error{Code: row.Code, Op: string(row.Verb), Msg: row.Message, Hint: row.Hint}
	}
	return res
}
