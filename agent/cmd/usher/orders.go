package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

func (c *cli) ordersCommand() *cobra.Command {
	return group("orders", "Show what was ordered, and see to what waits",
		c.ordersListCommand(), c.ordersShowCommand(), c.ordersCancelCommand(), c.ordersSettleCommand())
}

func (c *cli) ordersListCommand() *cobra.Command {
	var f agent.OrderFilter
	cmd := &cobra.Command{
		Use: "list", Short: "The latest orders", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.Limit < 1 {
				return usage("--limit is at least 1")
			}
			return c.with(cmd.Context(), func(ctx context.Context, h *house) error {
				orders, err := h.agent.Orders(ctx, f)
				if err != nil {
					return err
				}
				g := &grid{head: []string{"ORDER", "PLACED", "CONNECTION", "VERB", "SUBJECT", "STATE", "OUTCOME", "BY"}}
				for _, o := range orders {
					g.add(o.ID, c.at(o.Placed), o.Connection, verbText(o.Verb, o.DryRun), o.Subject, string(o.State), cameTo(o.Outcome, o.Code), o.By)
				}
				return c.print(g, list(orders))
			})
		},
	}
	cmd.Flags().StringVar(&f.Connection, "on", "", "only of this `connection`")
	cmd.Flags().StringVar(&f.Subject, "subject", "", "only about this `address`")
	cmd.Flags().IntVar(&f.Limit, "limit", 50, "how many at most")
	return cmd
}

// cameTo is the outcome, or the code of what went wrong.
func cameTo(k flows.OutcomeKind, code flows.Code) string {
	if code != "" {
		return string(code)
	}
	return string(k)
}

func verbText(v agent.Verb, dry bool) string {
	if dry {
		return string(v) + " (dry run)"
	}
	return string(v)
}

func (c *cli) ordersShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show ORDER", Short: "One order, with its runs and its plan", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, a []string) error {
			return c.with(cmd.Context(), func(ctx context.Context, h *house) error { return c.showOrder(ctx, h, a[0]) })
		},
	}
}

func (c *cli) showOrder(ctx context.Context, h *house, id string) error {
	o, err := h.agent.Order(ctx, id)
	if err != nil {
		return err
	}
	runs, err := h.agent.Runs(ctx, agent.RunFilter{Order: id})
	if err != nil {
		return err
	}
	var plan *agent.Plan
	if o.Run != "" {
		p, ok, err := h.agent.Plan(ctx, o.Run)
		if err != nil {
			return err
		}
		if ok {
			plan = &p
		}
	}
	if c.format == formatJSON {
		return c.json(map[string]any{"order": o, "runs": list(runs), "plan": plan})
	}
	g := &grid{head: []string{"WHAT", "VALUE"}}
	g.add("order", o.ID)
	g.add("verb", verbText(o.Verb, o.DryRun))
	g.add("connection", o.Connection)
	g.add("subject", o.Subject)
	if o.Person != nil {
		g.add("person", strings.TrimSpace(o.Person.First+" "+o.Person.Last))
		g.add("roles", strings.Join(o.Person.Roles, ", "))
	}
	if o.Change != nil {
		g.add("change", changeText(*o.Change))
	}
	if o.Group != nil {
		g.add("change", groupText(*o.Group))
	}
	g.add("reason", o.Reason)
	g.add("by", o.By+" ("+o.Source+")")
	g.add("placed", c.at(o.Placed))
	g.add("state", string(o.State))
	g.add("outcome", cameTo(o.Outcome, o.Code))
	for _, r := range runs {
		g.add("run", r.ID+" "+c.at(r.Started)+" "+verbText(r.Verb, r.DryRun)+" "+cameTo(r.Outcome, r.Code))
	}
	if err := c.print(g, nil); err != nil || plan == nil || c.format != formatTable {
		return err
	}
	return c.line("\n%s", planText(agent.Result{Connection: o.Connection, Plan: plan}))
}

func (c *cli) ordersCancelCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "cancel ORDER", Short: "Take back an order that has not begun", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, a []string) error {
			return c.with(cmd.Context(), func(ctx context.Context, h *house) error {
				if err := h.agent.Cancel(ctx, a[0], who(), reason); err != nil {
					return err
				}
				c.say("order %s is cancelled", a[0])
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the record")
	return cmd
}

func (c *cli) ordersSettleCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "settle CONNECTION EMAIL|GROUP --reason TEXT",
		Short: "Say that you have looked at an account or a group after an unverified write",
		Long: "settle closes the presses on the account (or the group) that nobody could verify: you have looked at it in\n" +
			"the console and know how it stands. The next order about it starts from what it finds.",
		Args: args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, a []string) error {
			subject := a[1] // the name of a group is no address
			if address, err := flows.Address(subject); err == nil {
				subject = address
			}
			if reason == "" {
				return usage("a reason is needed: what did you see in the console?").WithHint("add --reason TEXT")
			}
			return c.with(cmd.Context(), func(ctx context.Context, h *house) error {
				if _, err := h.named(a[:1]); err != nil {
					return err
				}
				n, err := h.agent.Settle(ctx, a[0], subject, who(), reason)
				if err != nil {
					return err
				}
				c.say("%s: %s of %s settled", a[0], settled(n), subject)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "what was seen, for the record")
	return cmd
}

// changeText says what an update asks for: "email=ana@example.com department=Support".
func changeText(c flows.Change) string {
	var parts []string
	if c.Email != "" {
		parts = append(parts, "email="+c.Email)
	}
	for _, word := range flows.ChangeWords() {
		if v, ok := c.Words[word]; ok {
			parts = append(parts, word+"="+v)
		}
	}
	return strings.Join(parts, " ")
}

func groupText(g agent.GroupChange) string {
	var parts []string
	if g.To != "" {
		parts = append(parts, "name="+g.To)
	}
	for _, a := range g.Add {
		parts = append(parts, "+"+a)
	}
	for _, a := range g.Remove {
		parts = append(parts, "-"+a)
	}
	return strings.Join(parts, " ")
}

func settled(n int) string {
	if n == 0 {
		return "nothing was open; no press"
	}
	return count(n, "open write")
}
