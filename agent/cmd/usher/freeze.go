package main

import (
	"context"

	"github.com/spf13/cobra"
)

func (c *cli) freezeCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:       "freeze on|off",
		Short:     "Stop every write, on every connection; without an argument: say how it stands",
		ValidArgs: []string{"on", "off"},
		Args:      args(cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs)),
		RunE: func(cmd *cobra.Command, a []string) error {
			return c.with(cmd.Context(), func(ctx context.Context, h *house) error {
				if len(a) == 1 {
					if err := h.agent.Freeze(ctx, a[0] == "on", who(), reason); err != nil {
						return err
					}
				}
				f, err := h.agent.Frozen(ctx)
				if err != nil {
					return err
				}
				if c.format == formatJSON {
					return c.json(f)
				}
				switch {
				case !f.On:
					return c.line("writes are allowed")
				case f.Reason != "":
					return c.line("all writes are frozen since %s UTC by %s: %s", c.at(f.At), f.By, f.Reason)
				default:
					return c.line("all writes are frozen since %s UTC by %s", c.at(f.At), f.By)
				}
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the record")
	return cmd
}
