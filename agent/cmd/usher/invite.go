package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

// inviteFlags are what an invitation can be told.
type inviteFlags struct {
	roles       []string
	first, last string
	reason      string
	dry, yes    bool
}

func (c *cli) inviteCommand() *cobra.Command {
	var f inviteFlags
	cmd := &cobra.Command{
		Use:   "invite CONNECTION EMAIL --role ROLE",
		Short: "Let a person in",
		Long: "invite lets a person in, and looks again whether she is. Who has an account already gets none and no\n" +
			"mail (already); who has a pending invitation gets no second one (invited).",
		Args: args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, a []string) error {
			return c.invite(cmd.Context(), a[0], a[1], f)
		},
	}
	cmd.Flags().StringArrayVar(&f.roles, "role", nil, "a role to give, as `usher apps` names it; may be given several times")
	cmd.Flags().StringVar(&f.first, "first", "", "first name")
	cmd.Flags().StringVar(&f.last, "last", "", "last name")
	cmd.Flags().StringVar(&f.reason, "reason", "", "why, for the record")
	cmd.Flags().BoolVar(&f.dry, "dry-run", false, "only say what would be done, and keep the plan")
	cmd.Flags().BoolVarP(&f.yes, "yes", "y", false, "do not ask")
	return cmd
}

func (c *cli) invite(ctx context.Context, connection, email string, f inviteFlags) error {
	address, err := flows.Address(email)
	if err != nil {
		return err
	}
	if len(f.roles) == 0 {
		return usage("an invitation needs at least one role").WithHint("add --role ROLE; `usher apps` names the roles")
	}
	if !f.dry {
		if err := c.mayAsk(f.yes); err != nil {
			return err
		}
	}
	return c.with(ctx, func(ctx context.Context, h *house) error {
		conns, err := h.named([]string{connection})
		if err != nil {
			return err
		}
		o := order(agent.Invite, conns[0].Name)
		o.Person = &flows.Person{Email: address, First: f.first, Last: f.last, Roles: f.roles}
		o.Reason, o.DryRun = f.reason, f.dry
		return c.write(ctx, h, []agent.Order{o}, writeFlags{
			dry: f.dry, yes: f.yes, question: "Invite " + address + " to " + connection + "?",
		})
	})
}
