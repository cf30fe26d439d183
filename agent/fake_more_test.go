package agent_test

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

var (
	_ flows.Reactivator = (*console)(nil)
	_ flows.Updater     = (*console)(nil)
	_ flows.Grouper     = (*console)(nil)
)

func on(verb agent.Verb, subject string) agent.Order {
	return agent.Order{Verb: verb, Connection: "acme", Subject: subject, By: "kim", Source: "test"}
}

func update(subject string, c flows.Change) agent.Order {
	o := on(agent.Update, subject)
	o.Change = &c
	return o
}

func createGroup(name string) agent.Order { return on(agent.GroupCreate, name) }

func renameGroup(name, to string) agent.Order {
	o := on(agent.GroupRename, name)
	o.Group = &agent.GroupChange{To: to}
	return o
}

func members(name string, add []string, remove ...string) agent.Order {
	o := on(agent.GroupMembers, name)
	o.Group = &agent.GroupChange{Add: add, Remove: remove}
	return o
}

func (c *console) account(id string, f func(*flows.Account)) {
	for i := range c.s.accounts {
		if c.s.accounts[i].ID == id {
			f(&c.s.accounts[i])
		}
	}
}

func (c *console) Reactivate(ctx context.Context, who flows.Account) (flows.Outcome, error) {
	err := c.press(ctx, "reactivate", who.Email, func() {
		c.account(who.ID, func(a *flows.Account) { a.State = flows.Active })
	})
	if err != nil {
		return flows.Outcome{}, err
	}
	return c.look(who.Email, func(a flows.Account) (flows.OutcomeKind, bool) { return flows.Done, a.State == flows.Active })
}

func (c *console) Update(ctx context.Context, who flows.Account, change flows.Change) (flows.Outcome, error) {
	email := who.Email
	if change.Email != "" {
		email = change.Email
	}
	err := c.press(ctx, "update", who.Email, func() {
		c.account(who.ID, func(a *flows.Account) {
			a.Email = email
			a.Words = maps.Clone(a.Words)
			if a.Words == nil {
				a.Words = map[string]string{}
			}
			maps.Copy(a.Words, change.Words)
		})
	})
	if err != nil {
		return flows.Outcome{}, err
	}
	return c.look(email, func(a flows.Account) (flows.OutcomeKind, bool) { return flows.Done, len(change.Differs(a)) == 0 })
}

func (c *console) Groups(context.Context) (*flows.Groups, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return &flows.Groups{Groups: slices.Clone(c.s.groups), Total: len(c.s.groups), Grade: flows.Complete, Taken: c.env.Now()}, nil
}

func (c *console) FindGroup(_ context.Context, name string) ([]flows.Group, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.s.finds++
	if c.s.onFind != nil {
		if err := c.s.onFind(c.s.finds); err != nil {
			return nil, err
		}
	}
	var out []flows.Group
	for _, g := range c.s.groups {
		if strings.EqualFold(g.Name, name) {
			g.Members = slices.Clone(g.Members)
			out = append(out, g)
		}
	}
	return out, nil
}

func (c *console) seenGroup(id string) (flows.GroupOutcome, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	for _, g := range c.s.groups {
		if g.ID == id {
			return flows.GroupOutcome{Kind: flows.Done, Group: &g, Seen: "seen on a fresh read"}, nil
		}
	}
	return flows.GroupOutcome{}, flows.Errorf(flows.Unverified, "look again", "there is no group %s", id)
}

func (c *console) group(id string, f func(*flows.Group)) {
	for i := range c.s.groups {
		if c.s.groups[i].ID == id {
			f(&c.s.groups[i])
		}
	}
}

func (c *console) CreateGroup(ctx context.Context, name string) (flows.GroupOutcome, error) {
	err := c.press(ctx, "group-create", name, func() { c.s.groups = append(c.s.groups, flows.Group{ID: "g-new", Name: name}) })
	if err != nil {
		return flows.GroupOutcome{}, err
	}
	return c.seenGroup("g-new")
}

func (c *console) RenameGroup(ctx context.Context, g flows.Group, name string) (flows.GroupOutcome, error) {
	err := c.press(ctx, "group-rename", g.Name, func() { c.group(g.ID, func(g *flows.Group) { g.Name = name }) })
	if err != nil {
		return flows.GroupOutcome{}, err
	}
	return c.seenGroup(g.ID)
}

func (c *console) ChangeMembers(ctx context.Context, g flows.Group, add, remove []flows.Account) (flows.GroupOutcome, error) {
	err := c.press(ctx, "group-members", g.Name, func() {
		c.group(g.ID, func(g *flows.Group) {
			for _, a := range add {
				g.Members = append(slices.Clone(g.Members), flows.Member{ID: a.ID})
			}
			g.Members = slices.DeleteFunc(slices.Clone(g.Members), func(m flows.Member) bool {
				return slices.ContainsFunc(remove, func(a flows.Account) bool { return a.ID == m.ID })
			})
		})
	})
	if err != nil {
		return flows.GroupOutcome{}, err
	}
	return c.seenGroup(g.ID)
}
