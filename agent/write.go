package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/usherhq/usher/flows"
)

// write does an invitation or a deactivation in the open console: plan, guard, approve, execute.
func (r *run) write(ctx context.Context, con flows.Console) error {
	// A second attempt starts from what is on disk.
	r.settles, r.plan, r.res.Manual = nil, nil, nil
	presses, err := r.a.opt.Store.Presses(ctx, r.conn.Name, r.order.Verb, r.order.Subject)
	if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	accounts, err := con.Find(ctx, r.order.Subject)
	if err != nil {
		if open, _ := unverified(presses); len(open) > 0 && flows.CodeOf(err) == flows.Incomplete {
			return flows.Errorf(flows.Unverified, "look again", "an earlier press was not verified, and the search proves nothing: %w", err)
		}
		return err
	}
	for _, a := range accounts {
		if !flows.SameAddress(a.Email, r.order.Subject) {
			return flows.Errorf(flows.Internal, "find the account", "searched for %s, and the flow found %s", r.order.Subject, flows.Clean(a.Email))
		}
	}
	if err := r.verifyFirst(accounts, presses); err != nil {
		return err
	}
	if err := r.makePlan(ctx, con, accounts, presses); err != nil {
		return err
	}
	if r.order.PlanHash != "" && r.order.PlanHash != r.plan.Hash {
		return flows.Errorf(flows.Refused, "plan", "what is there now is not what the plan %.12s was made for", r.order.PlanHash).
			WithHint("look at the new plan (`usher runs show %s`) and order again", r.row.ID)
	}
	if r.plan.Standing != "" {
		r.standing()
		return nil
	}
	if err := r.guard(ctx, r.a.opt.Store, r.plan); err != nil {
		return err
	}
	if r.order.DryRun {
		r.res.State, r.res.Seen, r.res.Manual = StatePlanned, r.plan.Seen, r.plan.Manual
		return nil
	}
	if err := r.agreed(); err != nil {
		return err
	}
	if err := r.reserve(ctx); err != nil {
		return err
	}
	return r.execute(ctx, con)
}

// execute drives the flow and takes its word only where it fits what the journal and the fresh look
// say.
func (r *run) execute(ctx context.Context, con flows.Console) error {
	var out flows.Outcome
	var err error
	if r.order.Verb == Invite {
		out, err = con.Invite(ctx, *r.order.Person)
	} else {
		out, err = con.Deactivate(ctx, r.plan.Accounts[0])
	}
	if err != nil {
		return err
	}
	if err := r.believe(out); err != nil {
		return err
	}
	if r.pressed != nil {
		r.settle(r.pressed.ID, PressVerified, "seen by the flow")
	}
	r.res.Outcome, r.res.Seen, r.res.Account = out.Kind, out.Seen, out.Account
	r.res.Manual = slices.Concat(out.Manual, r.plan.Manual)
	return nil
}

// believe checks that an outcome is one: what is done was journalled and seen on the right account.
func (r *run) believe(out flows.Outcome) error {
	const op = "verify"
	no := func(format string, args ...any) error {
		code := flows.Internal
		if r.pressed != nil {
			code = flows.Unverified
		}
		return flows.Errorf(code, op, format, args...)
	}
	if a := out.Account; a != nil && !flows.SameAddress(a.Email, r.order.Subject) {
		return no("the flow saw %s, and the order is for %s", flows.Clean(a.Email), r.order.Subject)
	}
	switch out.Kind {
	case flows.Already, flows.Manual:
		if r.pressed != nil {
			return no("the flow pressed, and says %s", out.Kind)
		}
		return nil
	case flows.Done, flows.InvitationOut:
	default:
		return no("the flow says %q, which is no outcome", out.Kind)
	}
	invited := r.order.Verb == Invite
	switch a := out.Account; {
	case r.pressed == nil && invited && out.Kind == flows.InvitationOut && a != nil && a.State == flows.Invited:
		return nil // somebody else's invitation came in between: pending, and nothing was pressed
	case r.pressed == nil:
		return no("the flow says %s and journalled no press", out.Kind)
	case invited && a == nil:
		return no("the flow says %s and shows no account", out.Kind)
	case invited && out.Kind == flows.Done && a.State != flows.Active:
		return no("the flow says done, and the account is %s", a.State)
	case invited && out.Kind == flows.InvitationOut && a.State != flows.Invited:
		return no("the flow says invited, and the account is %s", a.State)
	case !invited && out.Kind != flows.Done:
		return no("the flow says %s to a deactivation", out.Kind)
	case !invited && a != nil && a.State != flows.Deactivated:
		return no("the flow says done, and the account is %s", a.State)
	case !invited && a == nil && out.Seen == "":
		return no("the flow says done, and not what it saw")
	}
	return nil
}

// guarded is what the guards look at in this run.
func (r *run) guarded(read Reader, plan *Plan) *guarded {
	return &guarded{
		read: read, order: r.order, conn: r.conn, app: r.app, policy: r.a.opt.Policy, own: r.own, plan: plan,
		res: Reservation{
			Connection: r.conn.Name, Verb: r.order.Verb, Subject: r.order.Subject, Run: r.row.ID, Batch: r.order.Batch,
			Day: r.a.now().Format("2006-01-02"), At: r.a.now(),
		},
	}
}

// guard asks the guards and writes down a no.
func (r *run) guard(ctx context.Context, read Reader, plan *Plan) error {
	name, err := ask(ctx, r.a.guards, r.guarded(read, plan))
	if err == nil {
		return nil
	}
	return r.guardNo(ctx, name, err)
}

func (r *run) guardNo(ctx context.Context, name string, no error) error {
	if plan := r.plan; plan != nil {
		plan.Refusals = append(plan.Refusals, messageOf(no))
	}
	err := r.a.opt.Store.Write(ctx, func(ctx context.Context, tx Tx) error {
		return r.a.link(ctx, tx, Entry{Connection: r.conn.Name, Kind: "guard", Order: r.order.ID, Run: r.row.ID, By: r.order.By},
			map[string]string{"guard": name, "decision": "no", "code": string(flows.CodeOf(no)), "why": r.clean(messageOf(no))})
	})
	return errors.Join(no, err)
}

// reserve asks all guards a last time and takes a place under the caps, in one transaction.
func (r *run) reserve(ctx context.Context) error {
	name := ""
	errNo := errors.New("a guard said no") // undoes the transaction; what it said is in no
	var no error
	err := r.a.opt.Store.Write(ctx, func(ctx context.Context, tx Tx) error {
		g := r.guarded(tx, r.plan)
		if name, no = ask(ctx, r.a.guards, g); no != nil {
			return errNo
		}
		if err := tx.AddReservation(ctx, g.res); err != nil {
			return err
		}
		var asked []string
		for _, one := range r.a.guards {
			asked = append(asked, one.name)
		}
		return r.a.link(ctx, tx, Entry{Connection: r.conn.Name, Kind: "guard", Order: r.order.ID, Run: r.row.ID, By: r.order.By},
			map[string]any{"decision": "yes", "asked": asked, "plan": r.plan.Hash})
	})
	if errors.Is(err, errNo) {
		return r.guardNo(ctx, name, no)
	}
	if err != nil {
		return fmt.Errorf("reserve the write: %w", err)
	}
	return nil
}
