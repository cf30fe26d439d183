package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/usherhq/usher/flows"
)

// listGroups reads the groups. Those that cannot be proved to be all are shown, and an error.
func (r *run) listGroups(ctx context.Context, con flows.Console) error {
	g, err := r.grouper(con)
	if err != nil {
		return err
	}
	groups, err := g.Groups(ctx)
	if err != nil {
		return err
	}
	groups.Connection = r.conn.Name
	if err := r.masked(groups); err != nil {
		return err
	}
	r.res.Groups = groups
	r.res.Seen = fmt.Sprintf("%d groups, %s", groups.Total, groups.Grade)
	if groups.Grade == flows.Complete {
		return nil
	}
	why := "no witness is independent of the reading itself"
	for _, w := range groups.Witnesses {
		if w.Applies && !w.Agrees {
			why = w.Name + ": " + w.Says
			break
		}
	}
	return flows.Errorf(flows.Incomplete, "read the groups", "%d groups were read, and that these are all is not proved: %s", groups.Total, why).
		WithHint("see the steps in `usher runs show %s`, and what the service can do in `usher check %s`", r.row.ID, r.conn.Name)
}

func (r *run) grouper(con flows.Console) (flows.Grouper, error) {
	g, ok := con.(flows.Grouper)
	if !ok {
		return nil, r.cannot()
	}
	return g, nil
}

// lookAtGroup reads the groups of the order's names afresh, and who is to come in or out.
func (r *run) lookAtGroup(ctx context.Context, con flows.Console) (sight, error) {
	var now sight
	g, err := r.grouper(con)
	if err != nil {
		return now, err
	}
	if now.groups, err = findGroup(ctx, g, r.order.Subject); err != nil {
		return now, err
	}
	if r.order.Verb == GroupRename && foldCase(r.order.Group.To) != foldCase(r.order.Subject) {
		if now.taken, err = findGroup(ctx, g, r.order.Group.To); err != nil {
			return now, err
		}
	}
	if r.order.Verb == GroupMembers {
		err = r.people(ctx, con, &now)
	}
	return now, err
}

func findGroup(ctx context.Context, g flows.Grouper, name string) ([]flows.Group, error) {
	groups, err := g.FindGroup(ctx, name)
	if err != nil {
		return nil, err
	}
	for _, one := range groups {
		if foldCase(one.Name) != foldCase(name) {
			return nil, flows.Errorf(flows.Internal, "find the group", "searched for %s, and the flow found %s", name, flows.Clean(one.Name))
		}
	}
	return groups, nil
}

// people finds the accounts of the addresses that the order puts in or takes out, in one complete
// roster.
func (r *run) people(ctx context.Context, con flows.Console, now *sight) error {
	const op = "find who is to come in or out"
	snap, err := r.readRoster(ctx, con)
	if err != nil {
		return err
	}
	if snap.Grade != flows.Complete {
		return flows.Errorf(flows.Incomplete, op, "the roster of %s is not proved complete, so that nobody's account is certain", r.conn.Name).
			WithHint("see why with `usher list %s`", r.conn.Name)
	}
	now.ids, now.people = map[string]bool{}, map[string]flows.Account{}
	for _, a := range snap.Roster.Accounts {
		now.ids[a.ID] = true
	}
	for _, address := range slices.Concat(r.order.Group.Add, r.order.Group.Remove) {
		switch found := snap.Roster.ByEmail(address); len(found) {
		case 0:
			return flows.Errorf(flows.NotFound, op, "the complete roster of %s has no account of %s", r.conn.Name, address).
				WithHint("leave it out, or invite the person first")
		case 1:
			now.people[address] = found[0]
		default:
			return flows.Errorf(flows.Ambiguous, op, "%d accounts of %s answer to %s", len(found), r.conn.Name, address).
				WithHint("look at them in %s and leave one", r.place())
		}
	}
	return nil
}

// groupWanted says whether what was ordered of the group is so now.
func (r *run) groupWanted(now sight) bool {
	switch r.order.Verb {
	case GroupCreate:
		return len(now.groups) == 1
	case GroupRename:
		if foldCase(r.order.Group.To) == foldCase(r.order.Subject) {
			return len(now.groups) == 1 && now.groups[0].Name == r.order.Group.To
		}
		return len(now.groups) == 0 && len(now.taken) == 1
	case GroupMembers:
		add, remove := r.toMove(now)
		return len(now.groups) == 1 && r.readable(now.groups[0], now) == nil && len(add)+len(remove) == 0
	default:
		return false
	}
}

// toMove returns who is not in the group yet and should be, and who is in it and should not.
func (r *run) toMove(now sight) (add, remove []flows.Account) {
	if len(now.groups) != 1 {
		return nil, nil
	}
	for _, address := range r.order.Group.Add {
		if a := now.people[address]; !now.groups[0].Has(a.ID) {
			add = append(add, a)
		}
	}
	for _, address := range r.order.Group.Remove {
		if a := now.people[address]; now.groups[0].Has(a.ID) {
			remove = append(remove, a)
		}
	}
	return add, remove
}

// sameGroups says whether two readings show the same groups with the same members.
func sameGroups(a, b []flows.Group) bool {
	return slices.EqualFunc(a, b, func(x, y flows.Group) bool {
		return x.ID == y.ID && x.Name == y.Name && slices.Equal(memberIDs(x), memberIDs(y))
	})
}

func memberIDs(g flows.Group) []string {
	ids := make([]string, 0, len(g.Members))
	for _, m := range g.Members {
		ids = append(ids, m.ID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// planGroup says what would be done about the group.
func (r *run) planGroup(p *Plan, now sight) error {
	const op = "plan the change of the group"
	if len(now.groups) > 1 {
		return flows.Errorf(flows.Ambiguous, op, "%d groups of %s are named %s", len(now.groups), r.conn.Name, p.Subject).
			WithHint("look at them in %s and leave one", r.app.Title)
	}
	if r.order.Verb == GroupCreate {
		if len(now.groups) == 1 {
			p.Standing, p.Seen = flows.Already, fmt.Sprintf("there is a group %s, with %s", now.groups[0].Name, members(now.groups[0]))
			return nil
		}
		p.Do = append(p.Do, fmt.Sprintf("create the group %s in %s", p.Subject, r.app.Title))
		p.Seen = "a search proves that no group has this name"
		return nil
	}
	if len(now.groups) == 0 {
		e := flows.Errorf(flows.NotFound, op, "a search of %s proves that no group is named %s", r.conn.Name, p.Subject)
		if len(now.taken) > 0 {
			return e.WithHint("there is a group %s; see `usher groups list %s`", now.taken[0].Name, r.conn.Name)
		}
		return e.WithHint("see `usher groups list %s`", r.conn.Name)
	}
	g := now.groups[0]
	p.Seen = fmt.Sprintf("the group %s has %s", g.Name, members(g))
	if r.order.Verb == GroupRename {
		switch {
		case len(now.taken) > 0:
			return flows.Errorf(flows.Refused, op, "there is a group %s already", now.taken[0].Name).WithHint("give another name")
		case g.Name == r.order.Group.To:
			p.Standing = flows.Already
		default:
			p.Do = append(p.Do, fmt.Sprintf("rename the group %s of %s to %s", g.Name, r.app.Title, r.order.Group.To))
		}
		return nil
	}
	if err := r.readable(g, now); err != nil {
		return err
	}
	add, remove := r.toMove(now)
	for _, a := range add {
		p.Do = append(p.Do, fmt.Sprintf("put %s into the group %s", a.Email, g.Name))
	}
	for _, a := range remove {
		p.Do = append(p.Do, fmt.Sprintf("take %s out of the group %s", a.Email, g.Name))
	}
	r.moving = moving{add, remove}
	p.people = slices.Concat(add, remove)
	if len(p.Do) == 0 {
		p.Standing = flows.Already
		p.Seen += "; everybody is in or out as ordered"
	}
	return nil
}

// readable says whether who is in the group can be told: one who is in it under a name that is no
// account's id cannot be told from one who is not.
func (r *run) readable(g flows.Group, now sight) error {
	// Who comes in is seen afterwards; that nobody is to be taken out of what is not shown is no proof.
	unknown := g.Unread && len(r.order.Group.Remove) > 0
	for _, m := range g.Members {
		unknown = unknown || !now.ids[m.ID]
	}
	if !unknown {
		return nil
	}
	return flows.Errorf(flows.Incomplete, "read who is in the group", "%s does not show who is in %s in terms of the accounts it lists, so that nobody's membership is certain", r.app.Title, g.Name).
		WithHint("change it in %s", r.app.Title)
}

func members(g flows.Group) string {
	if g.Unread {
		return "members that cannot be read"
	}
	if len(memberIDs(g)) == 1 {
		return "1 member"
	}
	return fmt.Sprintf("%d members", len(memberIDs(g)))
}

// moving is who changes sides in a group.
type moving struct{ add, remove []flows.Account }

// executeGroup drives the flow, and believes what was journalled and what the fresh read shows.
func (r *run) executeGroup(ctx context.Context, con flows.Console) error {
	g, err := r.grouper(con)
	if err != nil {
		return err
	}
	var out flows.GroupOutcome
	switch r.order.Verb {
	case GroupCreate:
		out, err = g.CreateGroup(ctx, r.order.Subject)
	case GroupRename:
		out, err = g.RenameGroup(ctx, r.plan.Groups[0], r.order.Group.To)
	default:
		out, err = g.ChangeMembers(ctx, r.plan.Groups[0], r.moving.add, r.moving.remove)
	}
	if err != nil {
		return err
	}
	if err := r.believeGroup(out); err != nil {
		return err
	}
	if r.pressed != nil {
		r.settle(r.pressed.ID, PressVerified, "seen by the flow")
	}
	r.res.Outcome, r.res.Seen, r.res.Group = out.Kind, out.Seen, out.Group
	return nil
}

func (r *run) believeGroup(out flows.GroupOutcome) error {
	no := func(format string, args ...any) error {
		code := flows.Internal
		if r.pressed != nil {
			code = flows.Unverified
		}
		return flows.Errorf(code, "verify", format, args...)
	}
	switch {
	case out.Kind == flows.Already && r.pressed == nil:
		return nil // somebody else did it in between
	case out.Kind != flows.Done:
		return no("the flow says %q to a change of a group", out.Kind)
	case r.pressed == nil:
		return no("the flow says done and journalled no press")
	case out.Group == nil:
		return no("the flow says done and shows no group")
	case r.order.Verb != GroupCreate && out.Group.ID != r.plan.Groups[0].ID:
		return no("the flow shows another group than the plan's")
	}
	g := *out.Group
	name := r.order.Subject
	if r.order.Verb == GroupRename {
		name = r.order.Group.To
	}
	if g.Name != name && (r.order.Verb != GroupMembers || foldCase(g.Name) != foldCase(name)) {
		return no("the flow says done, and the group is named %s", flows.Clean(g.Name))
	}
	var wrong []string
	for _, a := range r.moving.add {
		if !g.Has(a.ID) {
			wrong = append(wrong, a.Email+" is not in it")
		}
	}
	for _, a := range r.moving.remove {
		if g.Has(a.ID) {
			wrong = append(wrong, a.Email+" is still in it")
		}
	}
	if len(wrong) > 0 {
		return no("the flow says done, and in the group %s: %s", g.Name, strings.Join(wrong, ", "))
	}
	return nil
}
