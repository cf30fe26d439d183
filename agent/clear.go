package agent

import (
	"context"
	"slices"

	"github.com/usherhq/usher/flows"
)

// signedIn are what stands in the way of a sign-in: whoever read the whole list has passed it.
var signedIn = []flows.Code{flows.LoginRefused, flows.Challenge, flows.SessionLost, flows.WrongTenant}

// clear resolves what the run, whose end is being written down, has seen to be good. What a run did
// not look at stays open.
func (r *run) clear(ctx context.Context, tx Tx) error {
	if r.order.Verb.Writes() && r.res.Code != flows.Unverified {
		if err := r.a.clearPresses(ctx, tx, r.conn.Name, r.order.Subject, r.row.ID); err != nil {
			return err
		}
	}
	if r.res.Code != "" || r.order.DryRun {
		return nil
	}
	return r.a.resolve(ctx, tx, r.conn.Name, r.row.ID, r.sawGood)
}

// sawGood says whether the run, which ended well, shows that what al is about is good.
func (r *run) sawGood(al Alert) bool {
	if al.Code == flows.Internal && al.Verb == r.order.Verb {
		return true
	}
	switch verb := r.order.Verb; {
	case verb == List: // it ended well: the roster is complete
		return al.Code == flows.Incomplete || al.Code == flows.Unavailable || slices.Contains(signedIn, al.Code) ||
			al.Code == flows.Drift && r.sheetless
	case verb == Check:
		return al.Code == flows.Drift
	case verb.Writes() && r.res.Outcome != "":
		if slices.ContainsFunc(wide, func(guard string) bool {
			return al.Key == matter{connection: r.conn.Name, code: flows.Refused, guard: guard}.key()
		}) {
			return r.pressed != nil // every guard was asked on the way to the press
		}
		return al.Verb == verb && flows.SameAddress(al.Subject, r.order.Subject) &&
			(al.Code == flows.Ambiguous || al.Code == flows.Refused || al.Code == flows.Waiting)
	}
	return false
}

// clearPresses resolves what was unverified about the subject, where of every press it is known now
// what came of it.
func (a *Agent) clearPresses(ctx context.Context, tx Tx, connection, subject, by string) error {
	open, err := tx.OpenPresses(ctx, connection)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(open, func(p Press) bool { return flows.SameAddress(p.Subject, subject) }) {
		return nil
	}
	return a.resolve(ctx, tx, connection, by, func(al Alert) bool {
		return al.Code == flows.Unverified && flows.SameAddress(al.Subject, subject)
	})
}

// clearAccount resolves what is about the account: a person has looked at it, and says so.
func (a *Agent) clearAccount(ctx context.Context, tx Tx, connection, subject, by string) error {
	return a.resolve(ctx, tx, connection, by, func(al Alert) bool {
		own := matter{connection: connection, code: al.Code, verb: al.Verb, subject: al.Subject}
		return slices.Contains(ofAccount, al.Code) && al.Key == own.key() && flows.SameAddress(al.Subject, subject)
	})
}
