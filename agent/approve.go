package agent

import (
	"context"
	"fmt"

	"github.com/usherhq/usher/flows"
)

// agreed says whether everybody who must agree has: a person who reviews the leaver's open work, and
// as many people as the policy wants.
func (r *run) agreed() error {
	const op = "approve"
	if r.plan.Waits {
		r.res.State, r.res.Manual = StateWaiting, r.plan.Manual
		return flows.Errorf(flows.Waiting, op, "the open work of %s is to be reviewed first", r.order.Subject).
			WithHint("review it (link and list above), then `usher deactivate %s --on %s --holdings reviewed`, or --holdings leave", r.order.Subject, r.conn.Name)
	}
	if n := r.a.opt.Policy.Approvals[r.order.Verb]; n > 0 && r.order.State != StateApproved {
		r.res.State = StateWaiting
		return flows.Errorf(flows.Waiting, op, "%s on %s needs the word of %d other(s)", r.order.Verb, r.conn.Name, n).
			WithHint("`usher orders show %s` tells how it stands", r.order.ID)
	}
	return nil
}

// Cancel takes back an order that has not begun.
func (a *Agent) Cancel(ctx context.Context, order, by, why string) error {
	err := a.opt.Store.Write(ctx, func(ctx context.Context, tx Tx) error {
		o, ok, err := tx.Order(ctx, order)
		if err != nil {
			return err
		}
		if !ok {
			return noSuch("order", order)
		}
		switch o.State {
		case StateNew, StatePlanned, StateWaiting, StateApproved:
		default:
			return flows.Errorf(flows.Refused, "cancel", "order %s is %s", o.ID, o.State).WithHint("only an order that waits can be cancelled")
		}
		o.State, o.Ended = StateCancelled, a.now()
		if err := tx.PutOrder(ctx, o); err != nil {
			return err
		}
		if err := a.resolve(ctx, tx, o.Connection, by, func(al Alert) bool { return al.Code == flows.Waiting && al.Order == o.ID }); err != nil {
			return err
		}
		return a.link(ctx, tx, Entry{Connection: o.Connection, Kind: "cancel", Order: o.ID, By: by}, map[string]string{"why": flows.Clean(why)})
	})
	if err != nil {
		return fmt.Errorf("cancel %s: %w", flows.Clean(order), err)
	}
	return nil
}
