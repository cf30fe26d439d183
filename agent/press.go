package agent

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/usherhq/usher/flows"
)

// pressing is flows.Env.Pressing: the last word before the button. It looks once more at everything
// that may have changed since the plan (the freeze switch, the lease, who is named), and when it
// returns nil the intent is on disk.
func (r *run) pressing(ctx context.Context, p flows.Press) error {
	const op = "press"
	switch {
	case !r.order.Verb.Writes() || r.order.DryRun || r.plan == nil || len(r.plan.Do) == 0:
		return flows.Errorf(flows.Refused, op, "this run may not change anything, and the flow wanted to press %s", p.Element).
			WithHint("this is a fault of the flow: report it")
	case p.Verb != string(r.order.Verb) || !flows.SameAddress(p.Subject, r.order.Subject):
		return flows.Errorf(flows.Refused, op, "the order is to %s %s, and the flow wanted to %s %s", r.order.Verb, r.order.Subject, p.Verb, p.Subject).
			WithHint("this is a fault of the flow: report it")
	case slices.Contains(r.elements, p.Element):
		return flows.Errorf(flows.Refused, op, "a run presses an element once, and the flow wanted to press %s again", p.Element).
			WithHint("this is a fault of the flow: report it")
	}
	if err := ctx.Err(); err != nil {
		return stopped(ctx)
	}
	if err := r.lease.holds(ctx); err != nil {
		return err
	}
	if r.pressed != nil {
		return r.goOn(ctx, p)
	}
	now := r.a.now()
	id, err := newID(now)
	if err != nil {
		return err
	}
	press := Press{
		ID: id, Run: r.row.ID, Order: r.order.ID, Connection: r.conn.Name, Verb: r.order.Verb, Subject: r.order.Subject,
		Element: r.clean(p.Element), At: now, Before: r.plan.Accounts, State: PressOpen,
	}
	if r.order.Verb.ofGroup() {
		press.Before = nil // the group as it was stands in the plan of the run
	}
	if err := r.masked(&press.Before); err != nil {
		return err
	}
	err = r.a.opt.Store.Write(ctx, func(ctx context.Context, tx Tx) error {
		if _, err := ask(ctx, r.a.guards, r.guarded(tx, nil)); err != nil {
			return err
		}
		if err := tx.AddPress(ctx, press); err != nil {
			return err
		}
		return r.a.link(ctx, tx, Entry{Connection: r.conn.Name, Kind: "press", Order: r.order.ID, Run: r.row.ID, By: r.order.By},
			map[string]string{"press": press.ID, "verb": string(press.Verb), "subject": press.Subject, "element": press.Element, "plan": r.plan.Hash})
	})
	if err != nil {
		return fmt.Errorf("write down the press: %w", err)
	}
	r.pressed, r.final = &press, p.Final
	r.elements = append(r.elements, p.Element)
	return nil
}

// goOn is the last word before the next button of the same act: what opens a confirmation speaks of
// the act as the confirmation does, and where a console has changed it may be the act. Both are
// announced; they are one press, with one effect to be seen.
func (r *run) goOn(ctx context.Context, p flows.Press) error {
	err := r.a.opt.Store.Write(ctx, func(ctx context.Context, tx Tx) error {
		if _, err := ask(ctx, r.a.guards, r.guarded(tx, nil)); err != nil {
			return err
		}
		return r.a.link(ctx, tx, Entry{Connection: r.conn.Name, Kind: "press", Order: r.order.ID, Run: r.row.ID, By: r.order.By},
			map[string]string{"press": r.pressed.ID, "verb": string(r.pressed.Verb), "subject": r.pressed.Subject, "element": r.clean(p.Element), "plan": r.plan.Hash})
	})
	if err != nil {
		return fmt.Errorf("write down the press: %w", err)
	}
	r.elements = append(r.elements, p.Element)
	r.final = r.final || p.Final
	return nil
}

// settle notes what became of a press, to be written with the run's end.
func (r *run) settle(press string, state PressState, note string) {
	r.settles = append(r.settles, settled{press, state, note})
}

// verifyFirst is asked before a plan is made: where a press for this subject was begun and nobody
// saw what came of it, the answer is to look, not to repeat. now is a fresh look.
func (r *run) verifyFirst(ctx context.Context, now sight) error {
	open, tries := unverified(r.presses)
	if len(open) == 0 {
		return nil
	}
	last := open[len(open)-1]
	begun := last.At.Format("2006-01-02 15:04:05")
	for _, p := range open {
		same, err := r.sameOrdered(ctx, p)
		if err != nil {
			return err
		}
		if !same {
			// What this order wants says nothing of what the other one did.
			return flows.Errorf(flows.Unverified, "look again", "another order (%s) to %s %s was pressed at %s UTC, and nobody has seen what came of it",
				p.Order, p.Verb, p.Subject, p.At.Format("2006-01-02 15:04:05")).
				WithHint("see `usher orders show %s`: order that again, or look in %s yourself and say so with `usher orders settle`", p.Order, r.place())
		}
	}
	switch {
	case r.wanted(now):
		for _, p := range open {
			r.settle(p.ID, PressVerified, "verified after an interruption")
		}
		r.seen(now, fmt.Sprintf("verified after an interruption: pressed at %s UTC by run %s, and now seen", begun, last.Run))
		return errDone
	case r.unchanged(last, now) && tries < 2:
		for _, p := range open {
			r.settle(p.ID, PressNoEffect, "a fresh look shows the account as it was before")
		}
		return nil
	case r.unchanged(last, now):
		return flows.Errorf(flows.Unverified, "look again", "%s %s was pressed twice, the last time at %s UTC, and the account stands as it was", r.order.Verb, r.order.Subject, begun).
			WithHint("do it by hand in %s; the same order again will see it and say so", r.place())
	default:
		return flows.Errorf(flows.Unverified, "look again", "%s %s was pressed at %s UTC, and what a fresh look shows is neither what was wanted nor what was there before", r.order.Verb, r.order.Subject, begun).
			WithHint("look at the account in %s yourself, then order again or `usher orders settle`", r.place())
	}
}

// sameOrdered says whether a press was for just what this order asks for: one verb and one subject may
// stand for many changes.
func (r *run) sameOrdered(ctx context.Context, p Press) (bool, error) {
	if r.order.Verb != Update && !r.order.Verb.ofGroup() {
		return true, nil
	}
	o, ok, err := r.a.opt.Store.Order(ctx, p.Order)
	if err != nil {
		return false, fmt.Errorf("read the order of a press: %w", err)
	}
	return ok && reflect.DeepEqual(o.Change, r.order.Change) && reflect.DeepEqual(o.Group, r.order.Group), nil
}

// unverified returns the open presses, and how many were made since the last one whose effect is
// known.
func unverified(presses []Press) (open []Press, tries int) {
	for _, p := range presses {
		switch p.State {
		case PressOpen:
			open = append(open, p)
			tries++
		case PressNoEffect:
			tries++
		default:
			open, tries = nil, 0
		}
	}
	return open, tries
}

// errUnchanged ends a look that proves that nothing came of a press that was not the last.
var errUnchanged = errors.New("unchanged")

// lookAfter is what follows an error after a press: one fresh sign-in and one fresh look. Only what
// is seen then counts; the press is never repeated by this run.
func (r *run) lookAfter(ctx context.Context, cause error) error {
	if ctx.Err() != nil || flows.SeenWrong(cause) {
		return r.notSeen(cause)
	}
	err := r.attempt(ctx, func(ctx context.Context, con flows.Console) error {
		now, err := r.look(ctx, con)
		if err != nil {
			return err
		}
		if !r.final && r.unchanged(*r.pressed, now) {
			r.settle(r.pressed.ID, PressSettled, "only what opens the confirmation was pressed, and a fresh look shows the account as it was")
			return errUnchanged
		}
		if flows.CodeOf(cause) == flows.Unsupported && r.unchanged(*r.pressed, now) {
			r.settle(r.pressed.ID, PressSettled, "the console refused it, and a fresh look shows the account as it was")
			return errUnchanged
		}
		if !r.wanted(now) {
			return fmt.Errorf("a fresh look does not show what was wanted")
		}
		r.settle(r.pressed.ID, PressVerified, "verified by a fresh look after "+string(flows.CodeOf(cause)))
		r.seen(now, "verified by a fresh look, after "+r.clean(messageOf(cause)))
		return errDone
	})
	switch {
	case errors.Is(err, errDone):
		return errDone
	case errors.Is(err, errUnchanged):
		return cause
	}
	return r.notSeen(fmt.Errorf("%w; looking again: %w", cause, err))
}

// notSeen is the error of a press whose effect nobody saw.
func (r *run) notSeen(cause error) error {
	return flows.Errorf(flows.Unverified, string(r.order.Verb), "pressed at %s UTC, and not seen to have worked: %s",
		r.pressed.At.Format(time.TimeOnly), messageOf(cause)).
		WithHint("look at %s in %s; the same order again looks first and does not press blindly", r.order.Subject, r.place())
}

// Settle says that a person has looked at what came of the open presses for the subject, so that the
// next order starts afresh. It returns how many there were.
func (a *Agent) Settle(ctx context.Context, connection, subject, by, why string) (int, error) {
	if _, _, _, err := a.connection(connection); err != nil {
		return 0, err
	}
	n := 0
	err := a.opt.Store.Write(ctx, func(ctx context.Context, tx Tx) error {
		open, err := tx.OpenPresses(ctx, connection)
		if err != nil {
			return err
		}
		for _, p := range open {
			if !flows.SameAddress(p.Subject, subject) {
				continue
			}
			n++
			if err := tx.SettlePress(ctx, p.ID, PressSettled, by, flows.Clean(why), a.now()); err != nil {
				return err
			}
			err := a.link(ctx, tx, Entry{Connection: connection, Kind: "settle", Order: p.Order, Run: p.Run, By: by},
				map[string]string{"press": p.ID, "subject": p.Subject, "why": flows.Clean(why)})
			if err != nil {
				return err
			}
		}
		return a.clearAccount(ctx, tx, connection, subject, by)
	})
	if err != nil {
		return 0, fmt.Errorf("settle %s: %w", connection, err)
	}
	return n, nil
}
