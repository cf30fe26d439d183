package main

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

func (c *cli) auditCommand() *cobra.Command {
	return group("audit", "Verify and export the record", c.auditVerifyCommand(), c.auditExportCommand())
}

func (c *cli) auditVerifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Check that nothing in the record was changed or taken out",
		Long: "verify recomputes every chain: each entry carries the hash of the one before it. The heads it prints are\n" +
			"worth keeping elsewhere: only against them does a cut tail show. A chain that does not hold exits with 1.",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), c.verifyAudit)
		},
	}
}

// verifyAudit answers in JSON with {"heads":[{"connection","seq","hash","at"}],"entries":N,"broken":{...},"error":{...}}.
func (c *cli) verifyAudit(ctx context.Context, h *house) error {
	a, err := h.agent.VerifyAudit(ctx)
	if err != nil {
		return err
	}
	var broken error
	if b := a.Broken; b != nil {
		broken = flows.Errorf(flows.Internal, "verify the record", "the chain of %s does not hold at entry %d: %s", b.Connection, b.Seq, b.Why).
			WithHint("compare with the heads and exports kept elsewhere; do not delete anything")
	}
	if c.format == formatJSON {
		return flows.Worst(broken, c.json(struct {
			agent.Audit
			Error *failureJSON `json:"error,omitempty"`
		}{agent.Audit{Heads: list(a.Heads), Entries: a.Entries, Broken: a.Broken}, failureOf(broken)}))
	}
	g := &grid{head: []string{"CHAIN", "ENTRIES", "LAST", "HEAD"}}
	for _, hd := range a.Heads {
		g.add(hd.Connection, strconv.FormatInt(hd.Seq, 10), c.at(hd.At), hd.Hash)
	}
	if err := c.print(g, nil); err != nil {
		return flows.Worst(broken, err)
	}
	if broken == nil {
		c.say("%s in %s: every chain holds", strconv.FormatInt(a.Entries, 10)+" entries", count(len(a.Heads), "chain"))
	}
	return broken
}

func (c *cli) auditExportCommand() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "export [CONNECTION]",
		Short: "Write the record as JSON, one entry a line",
		Args:  args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, names []string) error {
			return c.with(cmd.Context(), func(ctx context.Context, h *house) error {
				return c.toFile(to, func(w io.Writer) error { return exportAudit(ctx, h, names, w) })
			})
		},
	}
	cmd.Flags().StringVarP(&to, "output", "o", "", "write to this `file`, which must not exist yet")
	return cmd
}

func exportAudit(ctx context.Context, h *house, names []string, w io.Writer) error {
	heads, err := h.agent.Heads(ctx)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	// A connection may have no record yet; a name that nobody knows is a slip.
	found := len(names) == 0 || slices.ContainsFunc(h.agent.Connections(), func(c flows.Connection) bool { return c.Name == names[0] })
	for _, hd := range heads {
		if len(names) > 0 && hd.Connection != names[0] {
			continue
		}
		found = true
		if err := exportChain(ctx, h, hd.Connection, enc); err != nil {
			return err
		}
	}
	if !found {
		return usage("there is no record of %q", flows.Clean(names[0]))
	}
	return nil
}

func exportChain(ctx context.Context, h *house, connection string, enc *json.Encoder) error {
	const page = 500
	for after := int64(0); ; {
		entries, err := h.agent.Entries(ctx, connection, after, page)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return nil
		}
		for _, e := range entries {
			if err := enc.Encode(e); err != nil {
				return failed("write the record", err)
			}
			after = e.Seq
		}
	}
}
