package agent

import (
	"context"
	"slices"

	"github.com/usherhq/usher/flows"
)

// A sight is what one fresh look shows of an order's subject.
type sight struct {
	accounts []flows.Account // of the subject's address
	// other is the account that has the new address of an update, where it is not the subject's.
	other  *flows.Account
	groups []flows.Group            // of the subject's name
	taken  []flows.Group            // of the name that it is to get
	people map[string]flows.Account // who is to come into a group or out of it, by address
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

// pressedOn says whether a press of this run, or one that nobody verified, was on the account.
func (r *run) pressedOn(id string) bool {
	open := r.open
	if r.pressed != nil {
		open = append(slices.Clone(open), *r.pressed)
	}
	return slices.ContainsFunc(open, func(p Press) bool {
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
		return !slices.ContainsFunc(now.accounts, func(a flows.Account) bool { return a.State != flows.Deactivated })
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
