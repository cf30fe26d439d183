package scim

import (
	"context"
	"fmt"
	"slices"

	"github.com/usherhq/usher/flows"
)

// List reads every account, and proves or not that these are all.
func (c *Console) List(ctx context.Context) (*flows.Roster, error) {
	users, r, err := c.readUsers(ctx)
	if err != nil {
		return nil, err
	}
	admins, notes, err := c.admins(ctx, idsOf(users))
	if err != nil {
		return nil, err
	}
	roster := &flows.Roster{Connection: c.env.Connection.Name, Taken: c.now(), Sheet: "scim", Notes: notes}
	roster.Accounts = make([]flows.Account, 0, len(users))
	unknown := 0
	for _, u := range users {
		admins.give(&u.account)
		if u.account.State == flows.Unknown {
			unknown++
		}
		roster.Accounts = append(roster.Accounts, u.account)
	}
	if unknown > 0 {
		roster.Notes = append(roster.Notes, fmt.Sprintf("of %d accounts it is not known whether they are active", unknown))
	}
	if note := c.provisioned(roster.Accounts); note != "" {
		roster.Notes = append(roster.Notes, note)
	}
	roster.Witnesses = append(r.witnesses(), flows.Witness{Name: "own account", Says: "a token has no account"})
	second, err := c.secondWitness(ctx, roster.Accounts)
	if err != nil {
		return nil, err
	}
	roster.Witnesses = append(roster.Witnesses, second)
	roster.Judge(r.ended)
	return roster, nil
}

// readUsers reads every user, without what is only needed to change one.
func (c *Console) readUsers(ctx context.Context) ([]*user, *reading, error) {
	var users []*user
	seen := map[string]bool{}
	r, err := c.readAll(ctx, "Users", func() shelf {
		users = users[:0]
		clear(seen)
		return shelf{read: readUser, keep: func(i item) {
			if !seen[i.id] {
				seen[i.id] = true
				c.noteActive(i.user)
				users = append(users, i.user)
			}
		}}
	})
	return users, r, err
}

func idsOf(users []*user) map[string]bool {
	ids := make(map[string]bool, len(users))
	for _, u := range users {
		ids[u.id] = true
	}
	return ids
}

// readUser reads one user of a list.
func readUser(r *reader) (item, error) {
	var s shown
	if err := s.read(r); err != nil {
		return item{}, err
	}
	u, err := s.user()
	if err != nil {
		return item{err: err}, nil //nolint:nilerr // the others of the page can be read
	}
	return item{id: u.id, user: u}, nil
}

// witnesses are what a reading says of its own completeness.
func (r *reading) witnesses() []flows.Witness {
	total := flows.Witness{Name: "total", Independent: true, Applies: r.total != unstated}
	switch {
	case r.total == unstated:
		total.Says = "the service states no total"
	case r.after == unstated:
		total.Says = fmt.Sprintf("%s stated, %d read; it was not asked again", totalText(r.total), r.distinct)
	default:
		total.Agrees = r.before == r.after && r.distinct == r.total
		total.Says = fmt.Sprintf("%d stated before, %s after, %d read", r.before, totalText(r.after), r.distinct)
	}
	paging := flows.Witness{Name: "paging", Applies: true, Agrees: len(r.faults) == 0, Says: "every page is the one that was asked for, and nobody came twice"}
	if !paging.Agrees {
		paging.Says = some(r.faults)
	}
	return []flows.Witness{total, paging}
}

// whyNot says in a few words why a reading proves nothing.
func (r *reading) whyNot() string {
	switch {
	case len(r.faults) > 0:
		return r.faults[0]
	case r.total == unstated:
		return "the service states no total"
	}
	return fmt.Sprintf("%s stated, %d read", totalText(r.total), r.distinct)
}

// admins are the accounts that hold the first of the app's admin roles.
type admins struct {
	known bool
	ids   map[string]bool
	admin string
	plain string
}

// give sets an account's roles, where they are known.
func (a *admins) give(acc *flows.Account) {
	switch {
	case !a.known:
	case a.ids[acc.ID]:
		acc.Roles = []string{a.admin}
	case a.plain != "":
		acc.Roles = []string{a.plain}
	}
}

// admins reads who is in the groups of admins. Where it cannot be read with certainty nobody's role
// is known, and the notes say why. users are the ids of everybody who was read: a member who is none of
// them is shown by something else than an id.
func (c *Console) admins(ctx context.Context, users map[string]bool) (*admins, []string, error) {
	a := &admins{ids: map[string]bool{}}
	if len(c.shape.AdminGroups) == 0 || len(c.shape.App.Admins) == 0 || !c.shape.Groups {
		return a, nil, nil
	}
	a.admin, a.plain = c.shape.App.Admins[0], c.shape.PlainRole
	groups, r, err := c.readGroups(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, nil, stopped(ctx, "read the groups")
	case flows.CodeOf(err) == flows.LoginRefused || flows.CodeOf(err) == flows.Internal:
		return nil, nil, err
	case err != nil:
		return a, []string{"nobody's role is known: " + c.wire.harmless(err.Error())}, nil
	case !r.whole():
		return a, []string{"nobody's role is known: the groups could not be read to their end: " + r.whyNot()}, nil
	}
	found := false
	for _, g := range groups {
		if !slices.ContainsFunc(c.shape.AdminGroups, func(name string) bool { return sameName(name, g.name) }) {
			continue
		}
		found = true
		if g.nested {
			return a, []string{"nobody's role is known: the group " + flows.Clean(g.name) + " has groups in it"}, nil
		}
		g.empty = false // that nobody at all is an admin is not to be taken from what is left out
		if why := g.unread(users); why != "" {
			return a, []string{"nobody's role is known: the group " + flows.Clean(g.name) + " " + why}, nil
		}
		for _, m := range g.members {
			a.ids[m.ID] = true
		}
	}
	if !found {
		return a, []string{"nobody's role is known: there is no group of admins"}, nil
	}
	a.known = true
	return a, nil, nil
}
