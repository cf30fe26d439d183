package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/usherhq/usher/flows"
)

// write does an order on an account or a group in the open console: plan, guard, approve, execute.
func (r *run) write(ctx context.Context, con flows.Console) error {
	// A second attempt starts from what is on disk.
	r.settles, r.plan, r.res.Manual = nil, nil, nil
	presses, err := r.a.opt.Store.Presses(ctx, r.conn.Name, r.order.Verb, r.order.Subject)
	if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	r.presses = presses
	open, _ := unverified(presses)
	now, err := r.look(ctx, con)
	if err != nil {
		if len(open) > 0 && flows.CodeOf(err) == flows.Incomplete {
			return flows.Errorf(flows.Unverified, "look again", "an earlier press was not verified, and the search proves nothing: %w", err)
		}
		return err
	}
	if err := r.verifyFirst(ctx, now); err != nil {
		return err
	}
	if err := r.makePlan(ctx, con, now); err != nil {
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
	if r.order.Verb.ofGroup() {
		return r.executeGroup(ctx, con)
	}
	out, err := r.act(ctx, con)
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

// act asks the console for what was ordered.
func (r *run) act(ctx context.Context, con flows.Console) (flows.Outcome, error) {
	switch r.order.Verb {
	case Invite:
		return con.Invite(ctx, *r.order.Person)
	case Deactivate:
		return con.Deactivate(ctx, r.plan.Accounts[0])
	case Reactivate:
		if can, ok := con.(flows.Reactivator); ok {
			return can.Reactivate(ctx, r.plan.Accounts[0])
		}
	case Update:
		if can, ok := con.(flows.Updater); ok {
			return can.Update(ctx, r.plan.Accounts[0], *r.order.Change)
		}
	case List, Check, Groups, GroupCreate, GroupRename, GroupMembers:
	}
	return flows.Outcome{}, r.cannot()
}

// place is where a person looks or acts: the console's address, and via SCIM, whose address is no
// page, the app.
func (r *run) place() string {
	if r.way.Name == flows.ViaSCIM {
		return r.app.Title
	}
	return r.conn.URL
}

// cannot is the error of a verb that the console of this way does not offer.
func (r *run) cannot() error {
	return flows.Errorf(flows.Unsupported, string(r.order.Verb), "%s cannot do that via %s", r.app.Title, r.way.Name).
		WithHint("do it in %s", r.place())
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
	if a := out.Account; a != nil && !flows.SameAddress(a.Email, r.expected()) {
		return no("the flow saw %s, and the order is for %s", flows.Clean(a.Email), r.expected())
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
	if v := r.order.Verb; v == Reactivate || v == Update {
		switch a := out.Account; {
		case out.Kind != flows.Done:
			return no("the flow says %s to %s", out.Kind, v)
		case r.pressed == nil:
			return no("the flow says %s and journalled no press", out.Kind)
		case a == nil:
			return no("the flow says %s and shows no account", out.Kind)
		case v == Reactivate && a.State != flows.Active:
			return no("the flow says done, and the account is %s", a.State)
		case v == Update && len(r.order.Change.Differs(*a)) > 0:
			return no("the flow says done, and the account differs: %s", strings.Join(r.order.Change.Differs(*a), "; "))
		}
		return nil
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

// expected is the address that the account has once the order is done.
func (r *run) expected() string {
	if c := r.order.Change; c != nil && c.Email != "" {
		return c.Email
	}
	return r.order.Subject
}

// guarded is what the guards look at in this run.
func (r *run) guarded(read Reader, plan *Plan) *guarded {
	return &guarded{
		read: read, order: r.order, conn: r.conn, app: r.app, way: r.way, policy: r.a.opt.Policy, own: r.own, plan: plan,
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
	r.guardName = name
	if plan := r.plan; plan != nil {
		plan.Refusals = append(plan.Refusals, messageOf(no))
	}
	err := r.a.opt.Store.Write(ctx, func(ctx context.Context, tx Tx) error {
		return r.a.link(ctx, tx, Entry{Connection: r.conn.Name, Kind: "guard", Order: r.order.ID, Run: r.row.ID, By: r.order.By},
			map[string]string{"guard": name, "decision": "no", "code": string(flows.CodeOf(no)), "why": r.clean(messageOf(no))})
	})
	if err != nil {
		return errors.Join(no, err)
	}
	return no
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
