package scim_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/scim"
)

// An order is one write, and how to tell from the store alone whether it is so.
type order struct {
	verb    string
	subject string // the address, or the group's name
	do      func(ctx context.Context, c *scim.Console) (flows.OutcomeKind, error)
	so      func(s *site) bool
	// touches are the ids and the names (folded) that a change of this order may be about.
	touches []string
	// most is how many real changes it may come to: one, and for members one a batch.
	most int
}

const (
	newcomer = "zoe.new@example.com"
	active1  = "person001@example.com"
	inactive = "person005@example.com"
)

func invite(email string) order {
	return order{
		verb: "invite", subject: email, touches: []string{strings.ToLower(email)}, most: 1,
		do: func(ctx context.Context, c *scim.Console) (flows.OutcomeKind, error) {
			o, err := c.Invite(ctx, flows.Person{Email: email, First: "Zoe", Last: "New", Roles: []string{"viewer"}})
			return o.Kind, err
		},
		so: func(s *site) bool {
			all := s.named(users, email)
			return len(all) == 1 && all[0].on()
		},
	}
}

func (s *site) deactivate(t *testing.T, email string) order {
	t.Helper()
	return s.switched(s.account(t, email), false)
}

func (s *site) reactivate(t *testing.T, email string) order {
	t.Helper()
	return s.switched(s.account(t, email), true)
}

// switched orders that an account has access, or has none.
func (s *site) switched(who flows.Account, on bool) order {
	o := order{
		verb: "deactivate", subject: who.Email, touches: []string{who.ID}, most: 1,
		do: func(ctx context.Context, c *scim.Console) (flows.OutcomeKind, error) {
			o, err := c.Deactivate(ctx, who)
			return o.Kind, err
		},
		// One who is gone has no access.
		so: func(s *site) bool {
			u, ok := s.byID(users, who.ID)
			return !ok || u.off()
		},
	}
	if on {
		o.verb = "reactivate"
		o.do = func(ctx context.Context, c *scim.Console) (flows.OutcomeKind, error) {
			o, err := c.Reactivate(ctx, who)
			return o.Kind, err
		}
		o.so = func(s *site) bool {
			u, ok := s.byID(users, who.ID)
			return ok && u.on()
		}
	}
	return o
}

// update orders another department, and that all else stays.
func (s *site) update(t *testing.T, email, department string) order {
	t.Helper()
	who := s.account(t, email)
	was, _ := s.byID(users, who.ID)
	return order{
		verb: "update", subject: email, touches: []string{who.ID}, most: 1,
		do: func(ctx context.Context, c *scim.Console) (flows.OutcomeKind, error) {
			o, err := c.Update(ctx, who, flows.Change{Words: map[string]string{flows.WordDepartment: department}})
			return o.Kind, err
		},
		so: func(s *site) bool {
			u, ok := s.byID(users, who.ID)
			extra, _ := u[enterURN].(map[string]any)
			return ok && extra["department"] == department && u["nickName"] == was["nickName"] && u["externalId"] == was["externalId"] && u.label() == was.label()
		},
	}
}

// readdress orders another address for somebody.
func (s *site) readdress(t *testing.T, email, to string) order {
	t.Helper()
	who := s.account(t, email)
	return order{
		verb: "update", subject: email, touches: []string{who.ID}, most: 1,
		do: func(ctx context.Context, c *scim.Console) (flows.OutcomeKind, error) {
			o, err := c.Update(ctx, who, flows.Change{Email: to})
			return o.Kind, err
		},
		so: func(s *site) bool {
			u, ok := s.byID(users, who.ID)
			return ok && strings.EqualFold(u.label(), to)
		},
	}
}

func found(name string) order {
	return order{
		verb: "group-create", subject: name, touches: []string{strings.ToLower(name)}, most: 1,
		do: func(ctx context.Context, c *scim.Console) (flows.OutcomeKind, error) {
			o, err := c.CreateGroup(ctx, name)
			return o.Kind, err
		},
		so: func(s *site) bool { return len(s.named(groups, name)) == 1 },
	}
}

func (s *site) rename(t *testing.T, name, to string) order {
	t.Helper()
	g := s.group(t, name)
	return order{
		verb: "group-rename", subject: name, touches: []string{g.ID}, most: 1,
		do: func(ctx context.Context, c *scim.Console) (flows.OutcomeKind, error) {
			o, err := c.RenameGroup(ctx, g, to)
			return o.Kind, err
		},
		so: func(s *site) bool {
			now, ok := s.byID(groups, g.ID)
			return ok && now.label() == to && slices.Equal(membersOf(now), ids(g.Members))
		},
	}
}

// members orders that accounts are put into a group, and others taken out.
func (s *site) members(t *testing.T, name string, in, out []string) order {
	t.Helper()
	g := s.group(t, name)
	who := func(emails []string) []flows.Account {
		var all []flows.Account
		for _, e := range emails {
			all = append(all, s.account(t, e))
		}
		return all
	}
	return s.enrol(g, who(in), who(out))
}

func (s *site) enrol(g flows.Group, in, out []flows.Account) order {
	want := slices.DeleteFunc(ids(g.Members), func(id string) bool {
		return slices.ContainsFunc(out, func(a flows.Account) bool { return a.ID == id })
	})
	for _, a := range in {
		if !slices.Contains(want, a.ID) {
			want = append(want, a.ID)
		}
	}
	slices.Sort(want)
	return order{
		verb: "group-members", subject: g.Name, touches: []string{g.ID}, most: 2 + (len(in)+len(out))/100,
		do: func(ctx context.Context, c *scim.Console) (flows.OutcomeKind, error) {
			o, err := c.ChangeMembers(ctx, g, in, out)
			return o.Kind, err
		},
		so: func(s *site) bool {
			now, ok := s.byID(groups, g.ID)
			return ok && slices.Equal(membersOf(now), want)
		},
	}
}

func (s *site) byID(kind, id string) (record, bool) {
	for _, r := range s.all(kind) {
		if r.id() == id {
			return r, true
		}
	}
	return nil, false
}

// membersOf returns the ids in a group, sorted, as often as they are in it.
func membersOf(g record) []string {
	all, _ := g["members"].([]any)
	out := []string{}
	for _, m := range all {
		out = append(out, memberID(m))
	}
	slices.Sort(out)
	return out
}

func ids(members []flows.Member) []string {
	out := []string{}
	for _, m := range members {
		out = append(out, m.ID)
	}
	slices.Sort(out)
	return out
}

// judge holds what the client says of an order against the store: was is whether it was so before, and
// log what has changed since. It returns what is wrong.
func (o order) judge(s *site, was bool, log []change, kind flows.OutcomeKind, err error) []string {
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	created := map[string]int{}
	mine := 0
	for _, c := range log {
		if !slices.Contains(o.touches, c.ID) && !slices.Contains(o.touches, strings.ToLower(c.Name)) {
			say("somebody else was touched: %v", c)
			continue
		}
		mine++
		if c.Verb == "create" {
			if created[strings.ToLower(c.Name)]++; created[strings.ToLower(c.Name)] > 1 {
				say("%s was created twice", c.Name)
			}
		}
	}
	if mine > o.most {
		say("a double write: %v", log)
	}
	so := o.so(s)
	switch {
	case err == nil && kind == flows.Already:
		if !so || !was || mine > 0 {
			say("already, and it is so: %v, was so: %v, changed: %v", so, was, log)
		}
	case err == nil && kind == flows.Manual:
		if mine > 0 {
			say("left to a person, and changed: %v", log)
		}
	case err == nil:
		if !so || mine == 0 {
			say("%s, and it is so: %v, changed: %v", kind, so, log)
		}
	case flows.CodeOf(err) != flows.Unverified:
		if mine > 0 {
			say("%v, and changed all the same: %v", err, log)
		}
	}
	if err != nil && kind != "" {
		say("an outcome beside an error: %s", kind)
	}
	return wrong
}
