package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/secrets"
)

func (c *cli) runsCommand() *cobra.Command {
	return group("runs", "Show what happened, step by step, with pictures",
		c.runsListCommand(), c.runsShowCommand(), c.runsExportCommand())
}

func (c *cli) runsListCommand() *cobra.Command {
	var f agent.RunFilter
	cmd := &cobra.Command{
		Use: "list", Short: "The latest runs", Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.Limit < 1 {
				return usage("--limit is at least 1")
			}
			return c.with(cmd.Context(), func(ctx context.Context, h *house) error {
				runs, err := h.agent.Runs(ctx, f)
				if err != nil {
					return err
				}
				g := &grid{head: []string{"RUN", "STARTED", "TOOK", "CONNECTION", "VERB", "SUBJECT", "CAME TO", "STEPS", "BY"}}
				for _, r := range runs {
					g.add(r.ID, c.at(r.Started), took(r), r.Connection, verbText(r.Verb, r.DryRun), r.Subject,
						runCameTo(r), strconv.Itoa(r.Steps), r.By)
				}
				return c.print(g, list(runs))
			})
		},
	}
	cmd.Flags().StringVar(&f.Connection, "on", "", "only of this `connection`")
	cmd.Flags().StringVar(&f.Order, "order", "", "only of this `order`")
	cmd.Flags().IntVar(&f.Limit, "limit", 50, "how many at most")
	return cmd
}

func took(r agent.Run) string {
	if r.Ended.IsZero() {
		return ""
	}
	return r.Ended.Sub(r.Started).Round(100 * time.Millisecond).String()
}

func runCameTo(r agent.Run) string {
	switch {
	case r.Ended.IsZero():
		return "(under way)"
	case r.Code == "" && r.Outcome == "":
		return "ok"
	}
	return cameTo(r.Outcome, r.Code)
}

func (c *cli) runsShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show RUN", Short: "The steps of a run", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, a []string) error {
			return c.with(cmd.Context(), func(ctx context.Context, h *house) error { return c.showRun(ctx, h, a[0]) })
		},
	}
}

func (c *cli) showRun(ctx context.Context, h *house, id string) error {
	run, steps, err := h.agent.Run(ctx, id)
	if err != nil {
		return err
	}
	if c.format == formatJSON {
		return c.json(map[string]any{"run": run, "steps": list(steps)})
	}
	g := &grid{head: []string{"STEP", "AT", "TOOK", "WHAT", "FOUND BY", "NOTE", "PICTURE"}}
	for _, s := range steps {
		note := s.Note
		if s.Failed {
			note = "FAILED: " + note
		}
		found := s.Selector
		if s.Element != "" && found != "" {
			found = s.Element + " = " + found
		}
		wide, cut := short, 60
		if c.format == formatCSV {
			wide = func(s string, _ int) string { return s }
		}
		g.add(strconv.Itoa(s.Seq), s.At.UTC().Format("15:04:05.000"), s.Took.Round(time.Millisecond).String(),
			wide(s.Name, cut), wide(found, cut), wide(note, 2*cut), short(s.Picture, 15))
	}
	if c.format == formatTable {
		if err := c.line("%s", runText(run)); err != nil {
			return err
		}
	}
	if err := c.print(g, nil); err != nil {
		return err
	}
	c.say("pictures: usher runs export %s -o %s.html", run.ID, run.ID)
	return nil
}

func runText(r agent.Run) string {
	s := fmt.Sprintf("run %s of order %s: %s", r.ID, r.Order, verbText(r.Verb, r.DryRun))
	if r.Subject != "" {
		s += " " + r.Subject
	}
	s += fmt.Sprintf(" on %s, %s UTC, by %s (%s)\ncame to: %s", r.Connection, r.Started.UTC().Format("2006-01-02 15:04:05"), r.By, r.Source, runCameTo(r))
	if r.Seen != "" {
		s += ": " + r.Seen
	}
	if r.Message != "" {
		s += ": " + r.Message
	}
	if r.Hint != "" {
		s += "\nnext: " + r.Hint
	}
	return s + "\n"
}

func (c *cli) runsExportCommand() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "export RUN",
		Short: "Write a run as one HTML page, with its pictures in it",
		Long: "export writes one page that needs nothing else: no script, nothing from the network, the pictures inside.\n" +
			"Secrets are masked in it.",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, a []string) error {
			return c.with(cmd.Context(), func(ctx context.Context, h *house) error {
				page, err := c.page(ctx, h, a[0])
				if err != nil {
					return err
				}
				return c.toFile(to, func(w io.Writer) error { return writePage(w, page) })
			})
		},
	}
	cmd.Flags().StringVarP(&to, "output", "o", "", "write to this `file`, which must not exist yet")
	return cmd
}

// page gathers what the exported page shows. The steps were masked when they were recorded; what the
// connection's secrets are now is masked once more, as far as they can be read.
func (c *cli) page(ctx context.Context, h *house, id string) (runPage, error) {
	run, steps, err := h.agent.Run(ctx, id)
	if err != nil {
		return runPage{}, err
	}
	p := runPage{Run: run, Made: time.Now().UTC(), mask: h.maskOf(ctx, run.Connection)}
	if plan, ok, err := h.agent.Plan(ctx, id); err != nil {
		return p, err
	} else if ok {
		p.Plan = &plan
	}
	for _, s := range steps {
		one := pageStep{StepRow: s}
		if s.Picture != "" {
			png, err := h.agent.Picture(ctx, s.Picture)
			if err != nil {
				one.Missing = what(err)
			}
			one.png = png
		}
		p.Steps = append(p.Steps, one)
	}
	return p, nil
}

// maskOf returns a mask of the connection's secrets, as far as they can be read now.
func (h *house) maskOf(ctx context.Context, connection string) *secrets.Mask {
	mask := secrets.NewMask()
	public := h.publicRefs()
	for _, conn := range h.agent.Connections() {
		if conn.Name != connection {
			continue
		}
		for _, ref := range conn.Secrets {
			if public[ref] {
				continue
			}
			if v, err := h.resolver.Resolve(ctx, ref); err == nil {
				mask.Add(v)
			}
		}
	}
	return mask
}
