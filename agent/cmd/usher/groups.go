package main

import (
	"bufio"
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

// groupsJSON is the answer of `usher groups list CONNECTION --format json`, on one line:
//
//	{"connection":"spekit","taken":"...","groups":[{"id","name","members":[{"id","email","name"}],"reserved"}],
//	 "total":2,"witnesses":[...],"grade":"complete","run":"...","error":{"code","message","hint"}}
type groupsJSON struct {
	flows.Groups
	Run   string       `json:"run,omitempty"`
	Error *failureJSON `json:"error,omitempty"`
}

func (c *cli) groupsCommand() *cobra.Command {
	return group("groups", "Read and keep groups (teams), where the app has them (via SCIM)",
		c.groupsListCommand(), c.groupsCreateCommand(), c.groupsRenameCommand(),
		c.groupsMembersCommand("add", "Put people into a group"), c.groupsMembersCommand("remove", "Take people out of a group"))
}

func (c *cli) groupsListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list CONNECTION [GROUP]",
		Short: "The groups and how many are in each; with a group's name, who is in it",
		Args:  args(cobra.RangeArgs(1, 2)),
		RunE: func(cmd *cobra.Command, a []string) error {
			return c.with(cmd.Context(), func(ctx context.Context, h *house) error { return c.listGroups(ctx, h, a[0], a[1:]) })
		},
	}
}

func (c *cli) listGroups(ctx context.Context, h *house, connection string, only []string) error {
	conns, err := h.named([]string{connection})
	if err != nil {
		return err
	}
	r := h.do(ctx, []agent.Order{order(agent.Groups, conns[0].Name)})[0]
	out := groupsJSON{Run: r.Run, Error: failureOf(r.Err)}
	if r.Groups != nil {
		out.Groups = *r.Groups
	}
	out.Connection = conns[0].Name
	if len(only) > 0 && r.Groups != nil {
		if err := onlyGroup(&out.Groups, only[0]); err != nil {
			return flows.Worst(err, r.Err)
		}
	}
	if err := c.printGroups(out, len(only) > 0); err != nil {
		return err
	}
	return r.Err
}

// onlyGroup leaves the groups of that name.
func onlyGroup(g *flows.Groups, name string) error {
	g.Groups = slices.DeleteFunc(g.Groups, func(one flows.Group) bool { return !strings.EqualFold(one.Name, name) })
	if len(g.Groups) == 0 {
		return flows.Errorf(flows.NotFound, "find the group", "%s has no group %q", g.Connection, flows.Clean(name)).
			WithHint("see `usher groups list %s`", g.Connection)
	}
	return nil
}

func (c *cli) printGroups(out groupsJSON, members bool) error {
	if c.format == formatJSON {
		out.Groups.Groups, out.Witnesses = list(out.Groups.Groups), list(out.Witnesses)
		for i := range out.Groups.Groups {
			out.Groups.Groups[i].Members = list(out.Groups.Groups[i].Members)
		}
		return c.json(out)
	}
	if out.Grade == "" {
		return nil
	}
	g := &grid{head: []string{"GROUP", "MEMBERS", "NOTE"}}
	if members {
		g.head = []string{"GROUP", "EMAIL", "NAME", "ID"}
	}
	for _, one := range out.Groups.Groups {
		if !members {
			note := ""
			if one.Reserved {
				note = "the product's own: never changed"
			}
			g.add(one.Name, strconv.Itoa(len(one.Members)), note)
			continue
		}
		for _, m := range one.Members {
			g.add(one.Name, m.Email, m.Name, m.ID)
		}
	}
	if err := c.print(g, nil); err != nil {
		return err
	}
	c.say("%s: %s, %s%s", out.Connection, count(out.Total, "group"), string(out.Grade), witnessText(out.Witnesses, out.Notes))
	return nil
}

func (c *cli) groupsCreateCommand() *cobra.Command {
	var f changeFlags
	cmd := &cobra.Command{
		Use: "create CONNECTION NAME", Short: "Make an empty group", Args: args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, a []string) error {
			o := agent.Order{Verb: agent.GroupCreate, Subject: a[1]}
			return c.change(cmd.Context(), a[0], o, f, "Create the group "+flows.Clean(a[1])+" on "+a[0]+"?")
		},
	}
	f.add(cmd)
	return cmd
}

func (c *cli) groupsRenameCommand() *cobra.Command {
	var f changeFlags
	cmd := &cobra.Command{
		Use: "rename CONNECTION NAME NEW", Short: "Give a group another name", Args: args(cobra.ExactArgs(3)),
		RunE: func(cmd *cobra.Command, a []string) error {
			o := agent.Order{Verb: agent.GroupRename, Subject: a[1], Group: &agent.GroupChange{To: a[2]}}
			return c.change(cmd.Context(), a[0], o, f, "Rename the group "+flows.Clean(a[1])+" on "+a[0]+" to "+flows.Clean(a[2])+"?")
		},
	}
	f.add(cmd)
	return cmd
}

func (c *cli) groupsMembersCommand(verb, short string) *cobra.Command {
	var f changeFlags
	cmd := &cobra.Command{
		Use: verb + " CONNECTION GROUP EMAIL...", Short: short,
		Long: short + ". Who is in (or out) already is left alone, and so is everybody who is not named.\n" +
			"With - in place of the addresses they are read from standard input, one a line.",
		Args: args(cobra.MinimumNArgs(3)),
		RunE: func(cmd *cobra.Command, a []string) error {
			people, err := c.addresses(a[2:])
			if err != nil {
				return err
			}
			if len(a) == 3 && a[2] == "-" && !f.dry && !f.yes {
				return usage("standard input holds the addresses, so there is nobody to ask").WithHint("look at it with --dry-run, then add --yes")
			}
			change := &agent.GroupChange{Add: people}
			if verb == "remove" {
				change = &agent.GroupChange{Remove: people}
			}
			o := agent.Order{Verb: agent.GroupMembers, Subject: a[1], Group: change}
			return c.change(cmd.Context(), a[0], o, f, "Change the members of "+flows.Clean(a[1])+" on "+a[0]+" as planned above?")
		},
	}
	f.add(cmd)
	return cmd
}

// addresses reads the addresses that were typed, or those of standard input for "-".
func (c *cli) addresses(typed []string) ([]string, error) {
	if len(typed) == 1 && typed[0] == "-" {
		typed = nil
		const most = 1 << 20
		lines := bufio.NewScanner(io.LimitReader(c.in, most))
		for lines.Scan() {
			if l := strings.TrimSpace(lines.Text()); l != "" {
				typed = append(typed, l)
			}
		}
		if err := lines.Err(); err != nil {
			return nil, failed("read the addresses", err)
		}
	}
	out := make([]string, 0, len(typed))
	for _, t := range typed {
		a, err := flows.Address(t)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	if len(out) == 0 {
		return nil, usage("no address was given")
	}
	return out, nil
}
