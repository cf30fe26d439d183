package scim

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/usherhq/usher/flows"
)

// perBatch is how many members one request puts in or takes out.
const perBatch = 100

// untouched refuses a name that is the product's own.
func (c *Console) untouched(ch change, names ...string) error {
	for _, n := range names {
		if c.reserved(n) {
			return flows.Errorf(flows.Refused, ch.op, "the group %s is %s's own", flows.Clean(n), c.title()).
				WithHint("usher never makes, renames or changes it; do that in %s", c.title())
		}
	}
	return nil
}

// begin is what every change of a group asks first.
func (c *Console) begin(ch change, names ...string) error {
	if err := c.usable(ch.op); err != nil {
		return err
	}
	for _, n := range names {
		if n == "" || n != flows.Clean(n) {
			return flows.Errorf(flows.Invalid, ch.op, "%q is no name of a group", flows.Clean(n)).WithHint("give one line of plain text")
		}
	}
	return c.untouched(ch, names...)
}

// CreateGroup makes an empty group.
func (c *Console) CreateGroup(ctx context.Context, name string) (flows.GroupOutcome, error) {
	ch := change{verb: verbCreate, subject: name, op: "create the group", key: verbCreate}
	if err := c.begin(ch, name); err != nil {
		return flows.GroupOutcome{}, err
	}
	there, err := c.FindGroup(ctx, name)
	switch {
	case err != nil:
		return flows.GroupOutcome{}, err
	case len(there) > 1:
		return flows.GroupOutcome{}, c.several(ch, len(there))
	case len(there) == 1:
		return flows.GroupOutcome{Kind: flows.Already, Group: &there[0], Seen: "there is a group of that name"}, nil
	}
	var seen *flows.Group
	k := creation{change: ch, resource: "Groups", body: map[string]any{"schemas": []string{schemaGroup}, "displayName": name}}
	k.quick = func(ctx context.Context, id string) (bool, error) {
		if id == "" {
			return true, nil
		}
		g, err := c.getGroup(ctx, id)
		return g != nil, err
	}
	k.full = func(ctx context.Context) (bool, error) {
		now, err := c.FindGroup(ctx, name)
		switch {
		case err != nil || len(now) == 0:
			return false, err
		case len(now) > 1:
			return false, c.several(ch, len(now)).AsSeen()
		case now[0].Name != name:
			return false, flows.Errorf(flows.Unverified, ch.op, "there is a group %s now", now[0].Name).WithHint("look at it in %s", c.title()).AsSeen()
		}
		seen = &now[0]
		return true, nil
	}
	if err := c.create(ctx, k); err != nil {
		return flows.GroupOutcome{}, err
	}
	return flows.GroupOutcome{Kind: flows.Done, Group: seen, Seen: "a fresh search shows one group of this name"}, nil
}

func (c *Console) several(ch change, n int) *flows.Error {
	return flows.Errorf(flows.Ambiguous, ch.op, "%d groups are named %s", n, ch.subject).WithHint("look at them in %s and leave one", c.title())
}

// groupAsPlanned reads the group afresh and refuses where it is another one than the plan's.
func (c *Console) groupAsPlanned(ctx context.Context, ch change, g flows.Group) (*group, error) {
	if g.ID == "" {
		return nil, flows.Errorf(flows.Invalid, ch.op, "the group has no id").WithHint("order by a name that `usher groups list` shows")
	}
	now, err := c.getGroup(ctx, g.ID)
	switch {
	case err != nil:
		return nil, err
	case now == nil:
		return nil, flows.Errorf(flows.NotFound, ch.op, "the group %s is gone", g.Name).WithHint("order again, so that a new plan is made")
	case flows.Clean(now.name) != g.Name:
		return nil, flows.Errorf(flows.Refused, ch.op, "the group %s is named %s now, and was %s when the plan was made", g.ID, flows.Clean(now.name), g.Name).
			WithHint("order again, so that a new plan is made")
	}
	// As the plan read it nobody was in it, and that was certain.
	now.empty = !now.shown && !g.Unread && len(g.Members) == 0
	return now, c.untouched(ch, now.name)
}

// RenameGroup gives a group another name.
func (c *Console) RenameGroup(ctx context.Context, g flows.Group, name string) (flows.GroupOutcome, error) {
	ch := change{verb: verbRename, subject: g.Name, op: "rename the group", key: verbRename}
	if err := c.begin(ch, g.Name, name); err != nil {
		return flows.GroupOutcome{}, err
	}
	first, err := c.groupAsPlanned(ctx, ch, g)
	if err != nil {
		return flows.GroupOutcome{}, err
	}
	if first.name == name {
		shown := c.show(first, nil)
		return flows.GroupOutcome{Kind: flows.Already, Group: &shown, Seen: "it is named so"}, nil
	}
	there, err := c.searchGroups(ctx, name)
	if err != nil {
		return flows.GroupOutcome{}, err
	}
	for _, o := range there {
		if o.id != first.id {
			return flows.GroupOutcome{}, flows.Errorf(flows.Refused, ch.op, "there is a group %s already", flows.Clean(o.name)).WithHint("give another name")
		}
	}
	now := &groupStanding{group: first}
	says, err := c.climb(ctx, ch, renameRungs(now, name), c.renameLook(ch, first, now, name))
	if err != nil {
		return flows.GroupOutcome{}, err
	}
	shown := c.show(now.group, nil)
	return flows.GroupOutcome{Kind: flows.Done, Group: &shown, Seen: says}, nil
}

// A groupStanding is a group as the last look showed it.
type groupStanding struct{ group *group }

func renameRungs(now *groupStanding, name string) []rung {
	at := "Groups/" + url.PathEscape(now.group.id)
	patch := func(element string, op operation) rung {
		return rung{form: element, request: func() *request {
			return &request{element: element, method: http.MethodPatch, path: at, body: patchBody(op)}
		}}
	}
	return []rung{
		patch("PATCH displayName", operation{Op: "replace", Path: "displayName", Value: name}),
		patch("PATCH without path", operation{Op: "replace", Value: map[string]any{"id": now.group.id, "displayName": name}}),
		{form: "PUT", request: func() *request {
			// Left out of a PUT the members would be lost, so they go back as they came; where the
			// service does not show them there is nothing to send back.
			if !now.group.shown {
				return nil
			}
			body := now.group.raw.clone()
			body.drop("meta")
			body.set("displayName", name)
			return &request{element: "PUT", method: http.MethodPut, path: at, body: body, header: unless(now.group.etag)}
		}},
	}
}

func (c *Console) renameLook(ch change, first *group, now *groupStanding, name string) look {
	return func(ctx context.Context) (sight, string, error) {
		g, err := c.getGroup(ctx, first.id)
		if err != nil {
			return before, "", err
		}
		if g == nil {
			return between, "", c.unverified(ch, nil, "the group is gone").AsSeen()
		}
		g.empty = !g.shown && first.empty
		now.group = g
		if gone := missing(first.members, g); len(gone) > 0 {
			return between, "", c.unverified(ch, nil, "%d members are not in the group any more", len(gone)).AsSeen()
		}
		says := "a fresh read shows the name " + flows.Clean(g.name)
		switch g.name {
		case name:
			return wanted, says, nil
		case first.name:
			return before, says, nil
		}
		return between, says, nil
	}
}

// missing returns those who are not in the group.
func missing(members []flows.Member, g *group) []string {
	in := make(map[string]bool, len(g.members))
	for _, m := range g.members {
		in[m.ID] = true
	}
	var out []string
	for _, m := range members {
		if !in[m.ID] {
			out = append(out, m.ID)
		}
	}
	return out
}

// ChangeMembers puts accounts into a group and takes others out, and leaves everybody else in it.
func (c *Console) ChangeMembers(ctx context.Context, g flows.Group, add, remove []flows.Account) (flows.GroupOutcome, error) {
	ch := change{verb: verbMembers, subject: g.Name, op: "change the members of the group"}
	if err := c.begin(ch, g.Name); err != nil {
		return flows.GroupOutcome{}, err
	}
	for _, a := range slices.Concat(add, remove) {
		if a.ID == "" {
			return flows.GroupOutcome{}, flows.Errorf(flows.Invalid, ch.op, "the account of %s has no id", a.Email)
		}
		if slices.ContainsFunc(add, same(a)) && slices.ContainsFunc(remove, same(a)) {
			return flows.GroupOutcome{}, flows.Errorf(flows.Invalid, ch.op, "%s is to come in and to go out", a.Email)
		}
	}
	first, err := c.groupAsPlanned(ctx, ch, g)
	if err != nil {
		return flows.GroupOutcome{}, err
	}
	// Where no members are shown at all there may be none, as in a new group of a service that leaves out
	// what has no values. Who is put in is seen then or not; that somebody is out could not be told.
	hidden := first.unread(nil) != "" && (len(remove) > 0 || len(g.Members) > 0)
	if hidden || g.Unread && first.shown || byName(first, slices.Concat(add, remove)) {
		return flows.GroupOutcome{}, flows.Errorf(flows.Incomplete, ch.op, "%s does not show who is in the group %s, or not by the ids of accounts", c.title(), g.Name).
			WithHint("change its members in %s: whether it was done could not be seen", c.title())
	}
	m := &move{c: c, ch: ch, now: &groupStanding{group: first}}
	in, out := m.left(add, true), m.left(remove, false)
	if len(in)+len(out) == 0 {
		shown := c.named(first, add)
		return flows.GroupOutcome{Kind: flows.Already, Group: &shown, Seen: "everybody is in or out as ordered"}, nil
	}
	done := 0
	for _, way := range []struct {
		into bool
		who  []flows.Account
	}{{true, in}, {false, out}} {
		batches := slices.Collect(slices.Chunk(way.who, perBatch))
		for i, batch := range batches {
			if err := m.batch(ctx, batch, way.into, fmt.Sprintf("%d/%d", i+1, len(batches))); err != nil {
				if done > 0 && flows.CodeOf(err) != flows.Unverified {
					err = c.unverified(ch, err, "%d were done before, and then", done).AsSeen()
				}
				return flows.GroupOutcome{}, err
			}
			done += len(batch)
		}
	}
	if gap := len(m.left(add, true)) + len(m.left(remove, false)); gap > 0 {
		return flows.GroupOutcome{}, c.unverified(ch, nil, "%d of those who were put in or taken out are not so any more", gap).AsSeen()
	}
	shown := c.named(m.now.group, add)
	return flows.GroupOutcome{Kind: flows.Done, Group: &shown, Seen: fmt.Sprintf("a fresh read shows %d in and %d out, as ordered", len(add), len(remove))}, nil
}

// byName says whether the group shows one of the accounts by something else than its id: then who is in
// it cannot be told by ids.
func byName(g *group, accounts []flows.Account) bool {
	names := map[string]bool{}
	for _, a := range accounts {
		for _, k := range append(addresses([]flows.Account{a}), a.Words[flows.WordExternalID]) {
			names[k] = k != "" && k != fold(a.ID)
		}
	}
	return slices.ContainsFunc(g.members, func(m flows.Member) bool { return names[fold(m.ID)] })
}

func same(a flows.Account) func(flows.Account) bool {
	return func(b flows.Account) bool { return a.ID == b.ID }
}

// named shows a group with the addresses of those who were named in the order.
func (c *Console) named(g *group, accounts []flows.Account) flows.Group {
	users := map[string]*user{}
	for _, a := range accounts {
		users[a.ID] = &user{account: a}
	}
	return c.show(g, users)
}

// A move is a change of members under way.
type move struct {
	c   *Console
	ch  change
	now *groupStanding
}

// left returns, each once, who is not yet where he is to be.
func (m *move) left(who []flows.Account, into bool) []flows.Account {
	in := map[string]bool{}
	for _, one := range m.now.group.members {
		in[one.ID] = true
	}
	var out []flows.Account
	for _, a := range who {
		if in[a.ID] != into {
			in[a.ID] = into
			out = append(out, a)
		}
	}
	return out
}

// batch moves one batch and sees it done.
func (m *move) batch(ctx context.Context, who []flows.Account, into bool, which string) error {
	ch := m.ch
	ch.key = verbMembers + " remove"
	if into {
		ch.key = verbMembers + " add"
	}
	_, err := m.c.climb(ctx, ch, m.rungs(who, into, which), m.look(m.now.group, who, into))
	return err
}

func (m *move) rungs(who []flows.Account, into bool, which string) []rung {
	at := "Groups/" + url.PathEscape(m.now.group.id)
	patch := func(form, element string, ops func(left []flows.Account) []operation) rung {
		return rung{form: form, request: func() *request {
			left := m.left(who, into)
			if len(left) == 0 {
				return nil
			}
			return &request{element: element, method: http.MethodPatch, path: at, body: patchBody(ops(left)...)}
		}}
	}
	if into {
		return []rung{patch("add", "add members "+which, func(left []flows.Account) []operation {
			return []operation{{Op: "add", Path: "members", Value: values(left)}}
		})}
	}
	return []rung{
		patch("by filter", "remove members "+which, func(left []flows.Account) []operation {
			var ops []operation
			for _, a := range left {
				ops = append(ops, operation{Op: "remove", Path: "members[value eq " + quote(a.ID) + "]"})
			}
			return ops
		}),
		patch("by value", "remove members "+which+" (by value)", func(left []flows.Account) []operation {
			return []operation{{Op: "remove", Path: "members", Value: values(left)}}
		}),
	}
}

func values(who []flows.Account) []any {
	var out []any
	for _, a := range who {
		v := map[string]any{"value": a.ID}
		if display := a.Name; display != "" {
			v["display"] = display
		} else if a.Email != "" {
			v["display"] = a.Email
		}
		out = append(out, v)
	}
	return out
}

// look reads the group, and makes sure that nobody else has left it.
func (m *move) look(first *group, who []flows.Account, into bool) look {
	var others []flows.Member
	for _, one := range first.members {
		if into || !slices.ContainsFunc(who, func(a flows.Account) bool { return a.ID == one.ID }) {
			others = append(others, one)
		}
	}
	return func(ctx context.Context) (sight, string, error) {
		g, err := m.c.getGroup(ctx, first.id)
		if err != nil {
			return before, "", err
		}
		if g == nil {
			return between, "", m.c.unverified(m.ch, nil, "the group is gone").AsSeen()
		}
		g.empty = !g.shown // it was readable before, and who is missing is told of below
		m.now.group = g
		if gone := missing(others, g); len(gone) > 0 {
			return between, "", m.c.unverified(m.ch, nil, "%d others are not in the group any more: %s", len(gone), some(gone)).AsSeen()
		}
		switch left := m.left(who, into); len(left) {
		case 0:
			return wanted, "", nil
		case len(who):
			return before, fmt.Sprintf("none of %d", len(who)), nil
		default:
			return between, fmt.Sprintf("%d of %d", len(who)-len(left), len(who)), nil
		}
	}
}
