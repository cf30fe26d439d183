package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

// deactivateFlags are what a deactivation can be told.
type deactivateFlags struct {
	on       []string
	reason   string
	holdings string
	plans    []string
	dry, yes bool
}

func (c *cli) deactivateCommand() *cobra.Command {
	var f deactivateFlags
	cmd := &cobra.Command{
		Use:   "deactivate EMAIL",
		Short: "Take a person's access away, on every connection or on some",
		Long: "deactivate takes a fresh look on every connection (or those named by --on), shows each plan, asks, and\n" +
			"then does what was agreed to: what has changed meanwhile is refused, not guessed. Nothing is done until\n" +
			"it is seen on a fresh page.\n\n" +
			"Each connection is an order of its own, and the command exits with the worst result. A person who has an\n" +
			"account on one connection and none on another is no failure; a console that cannot be reached is never\n" +
			"taken for one without the account.",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, a []string) error { return c.deactivate(cmd.Context(), a[0], f) },
	}
	cmd.Flags().StringSliceVar(&f.on, "on", nil, "only on this `connection`; may be given several times")
	cmd.Flags().StringVar(&f.reason, "reason", "", "why, for the record")
	cmd.Flags().StringVar(&f.holdings, "holdings", "", "the leaver's open work: reviewed, or leave it as it is")
	cmd.Flags().StringSliceVar(&f.plans, "plan", nil, "do only the plan of this `hash`; may be given several times")
	cmd.Flags().BoolVar(&f.dry, "dry-run", false, "only say what would be done, and keep the plan")
	cmd.Flags().BoolVarP(&f.yes, "yes", "y", false, "do not ask")
	return cmd
}

func (c *cli) deactivate(ctx context.Context, email string, f deactivateFlags) error {
	address, err := flows.Address(email)
	if err != nil {
		return err
	}
	switch f.holdings {
	case "", agent.HoldingsReviewed, agent.HoldingsLeave:
	default:
		return usage("--holdings is reviewed or leave, not %q", flows.Clean(f.holdings))
	}
	if f.dry && len(f.plans) > 0 {
		return usage("--dry-run makes a plan and --plan does one: give one of them")
	}
	if !f.dry {
		if err := c.mayAsk(f.yes); err != nil {
			return err
		}
	}
	return c.with(ctx, func(ctx context.Context, h *house) error {
		conns, err := h.named(f.on)
		if err != nil {
			return err
		}
		orders := make([]agent.Order, 0, len(conns))
		for _, conn := range conns {
			o := order(agent.Deactivate, conn.Name)
			o.Subject, o.Reason, o.Holdings, o.DryRun = address, f.reason, f.holdings, f.dry
			orders = append(orders, o)
		}
		return c.write(ctx, h, orders, writeFlags{
			dry: f.dry, yes: f.yes, plans: f.plans, question: "Deactivate " + address + " as planned above?",
		})
	})
}
