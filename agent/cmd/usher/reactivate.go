package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

// changeFlags are what an order on one account or group can be told.
type changeFlags struct {
	reason   string
	plans    []string
	dry, yes bool
}

func (f *changeFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.reason, "reason", "", "why, for the record")
	cmd.Flags().StringSliceVar(&f.plans, "plan", nil, "do only the plan of this `hash`")
	cmd.Flags().BoolVar(&f.dry, "dry-run", false, "only say what would be done, and keep the plan")
	cmd.Flags().BoolVarP(&f.yes, "yes", "y", false, "do not ask")
}

func (c *cli) reactivateCommand() *cobra.Command {
	var f changeFlags
	cmd := &cobra.Command{
		Use:   "reactivate CONNECTION EMAIL",
		Short: "Give a deactivated account its access back, where the app can (via SCIM)",
		Long: "reactivate gives an account that was deactivated its access back, with whatever it could do before, and\n" +
			"looks again whether it is so. One that is active is left alone (already); a person without an account is\n" +
			"invited, not reactivated.",
		Args: args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, a []string) error {
			address, err := flows.Address(a[1])
			if err != nil {
				return err
			}
			o := agent.Order{Verb: agent.Reactivate, Subject: address}
			return c.change(cmd.Context(), a[0], o, f, "Reactivate "+address+" on "+a[0]+"?")
		},
	}
	f.add(cmd)
	return cmd
}

// change places one order on one connection: the plan is shown, a person is asked, and what was
// agreed to is done.
func (c *cli) change(ctx context.Context, connection string, o agent.Order, f changeFlags, question string) error {
	if f.dry && len(f.plans) > 0 {
		return usage("--dry-run makes a plan and --plan does one: give one of them")
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
		placed := order(o.Verb, conns[0].Name)
		placed.Subject, placed.Change, placed.Group = o.Subject, o.Change, o.Group
		placed.Reason, placed.DryRun = f.reason, f.dry
		return c.write(ctx, h, []agent.Order{placed}, writeFlags{dry: f.dry, yes: f.yes, plans: f.plans, question: question})
	})
}
