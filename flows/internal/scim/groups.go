package scim

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/usherhq/usher/flows"
)

// A group is a resource of that type as it was read.
type group struct {
	id, name string
	members  []flows.Member // each once
	shown    bool           // the attribute is there, maybe empty
	empty    bool           // it is not there, and the service shows that of other groups
	nested   bool           // another group is a member
	raw      object         // nil in a list
	etag     string
}

// mostMembers is how many members of one group are read.
const mostMembers = mostItems

// decodeGroup reads one group. A member without a value makes it one that cannot be read: nobody
// could say who that is.
func decodeGroup(raw []byte) (*group, error) {
	obj, err := decodeObject(raw)
	if err != nil {
		return nil, err
	}
	id, err := idOf(obj)
	if err != nil {
		return nil, err
	}
	name, ok := obj.text("displayName")
	if !ok || flows.Clean(name) == "" {
		return nil, errors.New("a group without a name")
	}
	g := &group{id: id, name: name, raw: obj}
	if err := g.readMembers(obj); err != nil {
		return nil, err
	}
	return g, nil
}

func (g *group) readMembers(obj object) error {
	v, ok := obj.get("members")
	if !ok {
		return nil
	}
	g.shown = true
	var list []any
	switch v := v.(type) {
	case nil:
	case []any:
		list = v
	case map[string]any:
		list = []any{v} // some send one object
	default:
		return errors.New("a group whose members are no list")
	}
	if len(list) > mostMembers {
		return fmt.Errorf("a group of %d members", len(list))
	}
	seen := make(map[string]bool, len(list))
	for _, e := range list {
		m := object{}
		switch e := e.(type) {
		case string:
			m = object{"value": e}
		case map[string]any:
			m = e
		}
		id, _ := m.text("value")
		if id == "" || id != flows.Clean(id) {
			return errors.New("a group with a member without a value")
		}
		if kind, _ := m.text("type"); strings.EqualFold(kind, "group") {
			g.nested = true
		}
		if seen[id] {
			continue
		}
		seen[id] = true
		display, _ := m.text("display")
		g.members = append(g.members, flows.Member{ID: id, Name: flows.Clean(display)})
	}
	return nil
}

// unread says why it is not known who is in the group, or "". users are the ids of all accounts; nil
// where they were not read.
func (g *group) unread(users map[string]bool) string {
	if !g.shown && !g.empty {
		return "does not show who is in it"
	}
	if users == nil || g.nested {
		return "" // that a group is in it is told of where it matters
	}
	for _, m := range g.members {
		if !users[m.ID] {
			return "shows a member that is the id of no account"
		}
	}
	return ""
}

// sameName compares names of groups: whole, case folded, white space at the ends left out.
func sameName(a, b string) bool { return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) }

// reserved says whether a name is the product's own.
func (c *Console) reserved(name string) bool {
	return slices.ContainsFunc(c.shape.App.ReservedGroups, func(r string) bool { return sameName(r, flows.Clean(name)) })
}

// usable is the refusal of an app whose groups usher leaves alone, or nil.
func (c *Console) usable(op string) error {
	if c.shape.Groups {
		return nil
	}
	return flows.Errorf(flows.Unsupported, op, "usher does not use the groups of %s", c.shape.App.Title).WithHint("keep them in the app")
}

// Groups reads every group with its members, and proves or not that these are all.
func (c *Console) Groups(ctx context.Context) (*flows.Groups, error) {
	if err := c.usable("read the groups"); err != nil {
		return nil, err
	}
	groups, r, err := c.readGroups(ctx)
	if err != nil {
		return nil, err
	}
	users, ur, err := c.readUsers(ctx)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]*user, len(users))
	for _, u := range users {
		byID[u.id] = u
	}
	out := &flows.Groups{Connection: c.env.Connection.Name, Taken: c.now(), Groups: make([]flows.Group, 0, len(groups)), Witnesses: r.witnesses()}
	ids := idsOf(users)
	for _, g := range groups {
		shown := c.show(g, byID)
		shown.Unread = g.unread(ids) != ""
		out.Groups = append(out.Groups, shown)
	}
	if !ur.whole() {
		out.Notes = append(out.Notes, "the list of users could not be proved complete, so that the address of a member may be missing: "+ur.whyNot())
	}
	judge := flows.Roster{Witnesses: out.Witnesses}
	judge.Judge(r.ended)
	out.Total, out.Grade = len(out.Groups), judge.Grade
	return out, nil
}

// show returns a group as it is told of.
func (c *Console) show(g *group, users map[string]*user) flows.Group {
	out := flows.Group{ID: g.id, Name: flows.Clean(g.name), Members: slices.Clone(g.members), Reserved: c.reserved(g.name), Unread: g.unread(nil) != ""}
	for i, m := range out.Members {
		if u := users[m.ID]; u != nil {
			out.Members[i].Email = u.account.Email
			if u.account.Name != "" {
				out.Members[i].Name = u.account.Name
			}
		}
	}
	if out.Members == nil {
		out.Members = []flows.Member{}
	}
	return out
}

// readGroups reads every group. One that is listed without a member is read by itself: some services
// leave members out of their lists, or show none there.
func (c *Console) readGroups(ctx context.Context) ([]*group, *reading, error) {
	var groups []*group
	seen := map[string]bool{}
	r, err := c.readAll(ctx, "Groups", func() shelf {
		groups = groups[:0]
		clear(seen)
		return shelf{read: readGroup, keep: func(i item) {
			if !seen[i.id] {
				seen[i.id] = true
				groups = append(groups, i.group)
			}
		}}
	})
	if err != nil {
		return nil, nil, err
	}
	for i, g := range groups {
		if len(g.members) > 0 {
			continue
		}
		whole, err := c.getGroup(ctx, g.id)
		if err != nil {
			return nil, nil, err
		}
		if whole == nil {
			r.fault("the group %s is listed and not there", flows.Clean(g.name))
			continue
		}
		whole.raw = nil
		groups[i] = whole
	}
	// An attribute of no values may be left out. Where the service shows the members of another group,
	// one without that attribute has nobody in it.
	shows := slices.ContainsFunc(groups, func(g *group) bool { return len(g.members) > 0 })
	for _, g := range groups {
		g.empty = shows && !g.shown
	}
	return groups, r, nil
}

// readGroup reads one group of a list.
func readGroup(r *reader) (item, error) {
	raw, err := r.raw()
	if err != nil {
		return item{}, err
	}
	g, err := decodeGroup(raw)
	if err != nil {
		return item{err: err}, nil //nolint:nilerr // the others of the page can be read
	}
	g.raw = nil
	return item{id: g.id, group: g}, nil
}

// getGroup reads one group, or nil where there is none of that id.
func (c *Console) getGroup(ctx context.Context, id string) (*group, error) {
	reply, err := c.fetch(ctx, "Groups", id)
	if err != nil || reply == nil {
		return nil, err
	}
	g, err := decodeGroup(reply.Body)
	if err == nil && g.id != id {
		err = errors.New("asked for one group, and got another")
	}
	if err != nil {
		return nil, c.wire.notSCIM("read the group", reply, err)
	}
	g.etag = reply.Header.Get("ETag")
	return g, nil
}

// FindGroup returns the groups of the name, with all their members.
func (c *Console) FindGroup(ctx context.Context, name string) ([]flows.Group, error) {
	groups, err := c.searchGroups(ctx, name)
	if err != nil {
		return nil, err
	}
	var out []flows.Group
	for _, g := range groups {
		out = append(out, c.show(g, nil))
	}
	return out, nil
}

// searchGroups looks for a name by filter and in the whole list.
func (c *Console) searchGroups(ctx context.Context, name string) ([]*group, error) {
	const op = "find the group"
	if err := c.usable(op); err != nil {
		return nil, err
	}
	if name != flows.Clean(name) || name == "" {
		return nil, flows.Errorf(flows.Invalid, op, "%q is no name of a group", flows.Clean(name)).WithHint("give one line of plain text")
	}
	byID := map[string]bool{}
	if c.profile.GroupFilter != unsupported {
		p, err := c.query(ctx, "Groups", eq("displayName", name), &c.profile.GroupFilter)
		if err != nil {
			return nil, err
		}
		if p != nil {
			for _, raw := range p.resources {
				if g, err := decodeGroup(raw); err == nil && sameName(flows.Clean(g.name), name) {
					byID[g.id] = true
				}
			}
		}
	}
	groups, r, err := c.readGroups(ctx)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		if sameName(flows.Clean(g.name), name) {
			byID[g.id] = true
		}
	}
	if len(byID) == 0 && !r.whole() {
		return nil, flows.Errorf(flows.Incomplete, op, "no group %s was found, and the list could not be proved complete: %s", name, r.whyNot()).
			WithHint("see `usher check` for what the service can do, and look in %s", c.title())
	}
	ids := make([]string, 0, len(byID))
	for id := range byID {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var out []*group
	for _, id := range ids {
		g, err := c.getGroup(ctx, id) // whole, and as it is now
		if err != nil {
			return nil, err
		}
		if g != nil {
			g.empty = !g.shown && slices.ContainsFunc(groups, func(o *group) bool { return len(o.members) > 0 && o.id != id })
		}
		if g != nil && sameName(flows.Clean(g.name), name) {
			out = append(out, g)
		}
	}
	return out, nil
}

// fetch reads one resource, or nil where there is none of that id.
func (c *Console) fetch(ctx context.Context, resource, id string) (*Reply, error) {
	began := c.now()
	path := resource + "/" + url.PathEscape(id)
	op := "read " + strings.TrimSuffix(lower(resource), "s")
	if id == "." || id == ".." {
		return nil, flows.Errorf(flows.Unsupported, op, "its id is %q, which no address can hold", id).WithHint("do it in %s", c.title())
	}
	reply, err := c.wire.read(ctx, path, nil, mostTries)
	switch {
	case err != nil:
		return nil, err
	case reply.Status == 404 || reply.Status == 410:
		return nil, c.step(ctx, "GET "+resource+" "+id, began, "", statusOf(reply.Status), false)
	case !reply.ok():
		return nil, c.wire.refusal(op, reply)
	}
	return reply, c.step(ctx, "GET "+resource+" "+id, began, "", statusOf(reply.Status), false)
}
