package agent

import (
	"context"
	"fmt"
	"slices"

	"github.com/usherhq/usher/flows"
)

// A sight is what one fresh look shows of an order's subject.
type sight struct {
	accounts []flows.Account // of the subject's address
	// doubt is what another source says against the state of the accounts.
	doubt string
	// other is the account that has the new address of an update, where it is not the subject's.
	other  *flows.Account
	groups []flows.Group            // of the subject's name
	taken  []flows.Group            // of the name that it is to get
	people map[string]flows.Account // who is to come into a group or out of it, by address
	ids    map[string]bool          // of all accounts
}

// look reads the order's subject afresh.
func (r *run) look(ctx context.Context, con flows.Console) (sight, error) {
	if r.order.Verb.ofGroup() {
		return r.lookAtGroup(ctx, con)
	}
	var now sight
	var err error
	if now.accounts, err = find(ctx, con, r.order.Subject); err != nil {
		return now, err
	}
	if r.order.Verb == Deactivate && len(now.accounts) == 0 {
		if err := r.elsewhere(ctx, con); err != nil {
			return now, err
		}
	}
	if now.doubt, err = r.confirm(ctx, con, now.accounts); err != nil {
		return now, err
	}
	if r.order.Verb != Update || r.order.Change.Email == "" || flows.SameAddress(r.order.Change.Email, r.order.Subject) {
		return now, nil
	}
	renamed, err := find(ctx, con, r.order.Change.Email)
	switch {
	case err != nil:
		return now, err
	case len(renamed) == 0:
		return now, nil
	case len(now.accounts) == 0 && len(renamed) == 1 && r.pressedOn(renamed[0].ID):
		now.accounts = renamed // our own press has renamed it
	default:
		now.other = &renamed[0]
	}
	return now, nil
}

// confirm asks the console's other source, where it has one, whether an account that is as ordered is
// so there too.
func (r *run) confirm(ctx context.Context, con flows.Console, accounts []flows.Account) (string, error) {
	c, ok := con.(flows.Confirmer)
	if !ok || r.order.Verb != Deactivate {
		return "", nil
	}
	for _, a := range accounts {
		if a.State != flows.Deactivated {
			continue
		}
		if doubt, err := c.Confirm(ctx, a, flows.Deactivated); err != nil || doubt != "" {
			return doubt, err
		}
	}
	return "", nil
}

// elsewhere is asked where nobody has the subject's address. An account that usher has written to
// before may go by another one now: then it is neither gone nor not there.
func (r *run) elsewhere(ctx context.Context, con flows.Console) error {
	const op = "find the account"
	ids := map[string]bool{}
	for _, verb := range []Verb{Deactivate, Reactivate, Update} {
		presses, err := r.a.opt.Store.Presses(ctx, r.conn.Name, verb, r.order.Subject)
		if err != nil {
			return fmt.Errorf("read the journal: %w", err)
		}
		for _, p := range presses {
			for _, a := range p.Before {
				if a.ID != "" && foldCase(a.ID) != foldCase(a.Email) { // an address that stands in for an id tells nothing
					ids[a.ID] = true
				}
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	snap, err := r.readRoster(ctx, con)
	if err != nil {
		return err
	}
	for _, a := range snap.Roster.Accounts {
		if ids[a.ID] && !flows.SameAddress(a.Email, r.order.Subject) {
			return flows.Errorf(flows.Ambiguous, op, "nobody has the address %s, and the account %s that had it goes by %s now (%s)", r.order.Subject, a.ID, a.Email, a.State).
				WithHint("see in %s whose account that is; if it is the person's, order with %s", r.place(), a.Email)
		}
	}
	if snap.Grade != flows.Complete {
		return flows.Errorf(flows.Incomplete, op, "nobody has the address %s, and whether the account that had it goes by another one now is not proved", r.order.Subject).
			WithHint("see why with `usher list %s`", r.conn.Name)
	}
	return nil
}

// find returns the accounts of the address, and only those.
func find(ctx context.Context, con flows.Console, address string) ([]flows.Account, error) {
	accounts, err := con.Find(ctx, address)
	if err != nil {
		return nil, err
	}
	for _, a := range accounts {
		if !flows.SameAddress(a.Email, address) {
			return nil, flows.Errorf(flows.Internal, "find the account", "searched for %s, and the flow found %s", address, flows.Clean(a.Email))
		}
	}
	return accounts, nil
}

// pressedOn says whether a press of this run, or an earlier one for this subject, was on the account.
func (r *run) pressedOn(id string) bool {
	presses := r.presses
	if r.pressed != nil {
		presses = append(slices.Clone(presses), *r.pressed)
	}
	return slices.ContainsFunc(presses, func(p Press) bool {
		return len(p.Before) == 1 && p.Before[0].ID == id
	})
}

// wanted says whether what was ordered is so now.
func (r *run) wanted(now sight) bool {
	one := len(now.accounts) == 1
	switch r.order.Verb {
	case Invite:
		return one && (now.accounts[0].State == flows.Active || now.accounts[0].State == flows.Invited)
	case Deactivate:
		// Deactivated, or proved absent by the search.
		return now.doubt == "" && !slices.ContainsFunc(now.accounts, func(a flows.Account) bool { return a.State != flows.Deactivated })
	case Reactivate:
		return one && now.accounts[0].State == flows.Active
	case Update:
		return one && now.other == nil && len(r.order.Change.Differs(now.accounts[0])) == 0
	default:
		return r.groupWanted(now)
	}
}

// unchanged says whether all is as it was before the press.
func (r *run) unchanged(p Press, now sight) bool {
	if r.order.Verb.ofGroup() {
		if r.pressed != nil && p.ID == r.pressed.ID {
			return sameGroups(now.groups, r.plan.Groups)
		}
		// Of an earlier run: what was done in part is gone on with, for who is in a group already is
		// left alone.
		return !r.groupWanted(now)
	}
	if len(now.accounts) != len(p.Before) || now.other != nil {
		return false
	}
	for i, a := range now.accounts {
		if !same(a, p.Before[i]) || r.order.Verb == Update && !sameWords(a, p.Before[i]) {
			return false
		}
	}
	return true
}

// sameWords says whether two readings of an account agree in all that an update can change.
func sameWords(a, b flows.Account) bool {
	return !slices.ContainsFunc(flows.ChangeWords(), func(k string) bool { return a.Words[k] != b.Words[k] })
}

// seen sets the result of what was ordered and is so now.
func (r *run) seen(now sight, how string) {
	r.res.Outcome, r.res.Seen = flows.Done, how
	if len(now.accounts) == 1 {
		r.res.Account = &now.accounts[0]
		if r.order.Verb == Invite && now.accounts[0].State == flows.Invited {
			r.res.Outcome = flows.InvitationOut
		}
	}
	if len(now.groups) == 1 {
		r.res.Group = &now.groups[0]
	}
	r.res.Manual = append(r.res.Manual, r.ssoStep()...)
}
