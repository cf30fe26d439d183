package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/scheduler"
)

// checkJSON is the answer of `usher check --format json`, one line per connection.
type checkJSON struct {
	Connection string          `json:"connection"`
	OK         bool            `json:"ok"`
	Run        string          `json:"run"`
	Findings   []flows.Finding `json:"findings"`
	// Missed is how many scheduled reads did not take place since the last one; Failures how many of
	// the latest reads failed in a row.
	Missed   int          `json:"missed"`
	Failures int          `json:"failures"`
	Error    *failureJSON `json:"error,omitempty"`
}

func (c *cli) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check [CONNECTION...]",
		Short: "Sign in and look for every name of the sheet, changing nothing",
		Long: "check signs in, and resolves every name of the sheet that can be seen without pressing what might be the\n" +
			"write itself. It exits as the error table says, also where the last scheduled read failed or was missed.",
		RunE: func(cmd *cobra.Command, names []string) error {
			return c.with(cmd.Context(), func(ctx context.Context, h *house) error { return c.check(ctx, h, names) })
		},
	}
}

func (c *cli) check(ctx context.Context, h *house, names []string) error {
	conns, err := h.named(names)
	if err != nil {
		return err
	}
	missed, err := h.missed(ctx, conns)
	if err != nil {
		return err
	}
	known := map[string]agent.Health{}
	orders := make([]agent.Order, 0, len(conns))
	for _, conn := range conns {
		health, err := h.agent.Health(ctx, conn.Name)
		if err != nil {
			return err
		}
		known[conn.Name] = health
		orders = append(orders, order(agent.Check, conn.Name))
	}
	var now, before []error // what fails now says more than what failed last night
	g := &grid{head: []string{"CONNECTION", "PAGE", "NAME", "BASIS", "RESULT", "DETAIL"}}
	var answers []checkJSON
	for _, r := range h.do(ctx, orders) {
		now = append(now, r.Err)
		health, m := known[r.Connection], missed[r.Connection]
		own := nights(r.Connection, health, m)
		before = append(before, own)
		if own != nil && c.format != formatJSON {
			c.warn("usher: %s", what(own))
		}
		if r.Err != nil && len(conns) > 1 && c.format != formatJSON {
			c.warn("usher: %s: %s", r.Connection, what(r.Err))
		}
		for _, f := range r.Findings {
			g.add(r.Connection, f.Page, f.Name, f.Basis, findingText(f), strings.Trim(f.Found+"; "+f.Detail, "; "))
		}
		if r.Err != nil {
			own = r.Err
		}
		answers = append(answers, checkJSON{
			Connection: r.Connection, OK: own == nil, Run: r.Run, Findings: list(r.Findings),
			Missed: len(m.Due), Failures: health.Failures, Error: failureOf(own),
		})
	}
	if err := c.printChecks(g, answers); err != nil {
		return err
	}
	if err := flows.Worst(now...); err != nil {
		return err
	}
	return flows.Worst(before...)
}

func (c *cli) printChecks(g *grid, answers []checkJSON) error {
	if c.format == formatJSON {
		for _, a := range answers {
			if err := c.json(a); err != nil {
				return err
			}
		}
		return nil
	}
	if err := c.print(g, nil); err != nil {
		return err
	}
	for _, a := range answers {
		bad, skipped := 0, 0
		for _, f := range a.Findings {
			if f.Skipped {
				skipped++
			} else if !f.OK {
				bad++
			}
		}
		c.say("%s: %d of %s found, %d not looked at (only what might be a write would show it)", a.Connection,
			len(a.Findings)-bad-skipped, count(len(a.Findings), "name"), skipped)
	}
	return nil
}

// nights says whether the scheduled reads are as they should be.
func nights(connection string, h agent.Health, m scheduler.Missed) error {
	if h.Failures > 0 && h.LastList != nil {
		return flows.Errorf(h.LastList.Code, "look at the last reads", "%s: the last read failed, %s in a row: %s",
			connection, count(h.Failures, "time"), h.LastList.Message).
			WithHint("see `usher runs show %s`", h.LastList.ID)
	}
	if len(m.Due) > 0 {
		return flows.Errorf(flows.Incomplete, "look at the last reads", "%s: %s", connection, missedText(m)).
			WithHint("see whether `usher serve` runs; `usher list %s` reads it now", connection)
	}
	return nil
}

func findingText(f flows.Finding) string {
	switch {
	case f.Skipped:
		return "not looked at"
	case f.OK:
		return "found"
	}
	return "MISSING"
}

// status is one line about a connection, for connect.
func status(r agent.Result) string {
	found := 0
	for _, f := range r.Findings {
		if f.OK {
			found++
		}
	}
	return fmt.Sprintf("%d of %d names found", found, len(r.Findings))
}
