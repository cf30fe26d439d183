package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/usherhq/usher/agent"
)

func (c *cli) rostersCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use:   "rosters [CONNECTION]",
		Short: "Show the rosters that are kept",
		Long: "rosters shows what was read of the connections and kept, the newest first: when, how many, and how\n" +
			"far it is proved. With a connection, the witnesses of its newest roster are shown too.",
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, names []string) error {
			return c.with(cmd.Context(), func(ctx context.Context, h *house) error {
				return c.rosters(ctx, h, names, limit)
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "how many of each connection at most")
	cmd.AddCommand(c.rostersRebaseCommand())
	return cmd
}

func (c *cli) rosters(ctx context.Context, h *house, names []string, limit int) error {
	conns, err := h.named(names)
	if err != nil {
		return err
	}
	if limit < 1 {
		return usage("--limit is at least 1")
	}
	g := &grid{head: []string{"ROSTER", "CONNECTION", "TAKEN", "ACCOUNTS", "GRADE", "SHEET", "RUN"}}
	var kept []agent.Snapshot
	for _, conn := range conns {
		some, err := h.agent.Rosters(ctx, agent.SnapshotFilter{Connection: conn.Name, Limit: limit})
		if err != nil {
			return err
		}
		kept = append(kept, some...)
	}
	for _, s := range kept {
		g.add(s.ID, s.Connection, c.at(s.Taken), strconv.Itoa(s.Total), string(s.Grade), s.Sheet, s.Run)
	}
	if err := c.print(g, list(kept)); err != nil {
		return err
	}
	if len(names) == 0 || len(kept) == 0 || c.format != formatTable {
		return nil
	}
	newest, err := h.agent.Roster(ctx, kept[0].ID)
	if err != nil || newest.Roster == nil {
		return err
	}
	return c.line("\n%s", summary(*newest.Roster))
}

func (c *cli) rostersRebaseCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "rebase CONNECTION --reason TEXT",
		Short: "Say that a change of the roster's size is right",
		Long: "rebase says that somebody knows why the number of accounts has changed much (a merger, a clean-up):\n" +
			"the next roster is not compared with those before.",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, names []string) error {
			if reason == "" {
				return usage("a reason is needed: it stands in the record").WithHint("add --reason TEXT")
			}
			return c.with(cmd.Context(), func(ctx context.Context, h *house) error {
				if err := h.agent.Rebase(ctx, names[0], who(), reason); err != nil {
					return err
				}
				c.say("the next roster of %s is not compared with those before", names[0])
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why the size has changed")
	return cmd
}
