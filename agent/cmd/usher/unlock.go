package main

import (
	"context"

	"github.com/spf13/cobra"
)

func (c *cli) unlockCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "unlock CONNECTION",
		Short: "Allow sign-ins again after a refused one",
		Long: "After a refused password (or a code refused twice) usher does not sign in again with the same secrets:\n" +
			"the next wrong one could lock the account. A changed secret ends that by itself; unlock ends it by your word.",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, names []string) error {
			return c.with(cmd.Context(), func(ctx context.Context, h *house) error {
				conns, err := h.named(names)
				if err != nil {
					return err
				}
				was, err := h.agent.Unlock(ctx, conns[0].Name, who())
				if err != nil {
					return err
				}
				if c.format == formatJSON {
					return c.json(map[string]any{"connection": conns[0].Name, "was_locked": was})
				}
				if !was {
					return c.line("%s was not locked", conns[0].Name)
				}
				return c.line("%s is unlocked", conns[0].Name)
			})
		},
	}
}
