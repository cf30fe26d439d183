package main

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/agent/internal/alert"
	"github.com/usherhq/usher/flows"
)

const (
	// alertsWithin is how long a command stays for its alerts, and alertWithin for one of them.
	alertsWithin = 5 * time.Second
	alertWithin  = 4 * time.Second
)

// sender returns what delivers the alerts of the configuration.
func (c *cli) sender(h *house, within time.Duration) (*alert.Sender, error) {
	if within == 0 {
		within = alertWithin
	}
	s, err := alert.New(alert.Options{Outbox: h.store, Receivers: h.conf.receivers(), Secrets: c.secretsOf(h), Timeout: within})
	return s, failed("set up the alerts", err)
}

// flushAlerts delivers what is due before a command ends, also one that was interrupted: what it came
// to may be what a person must know. What does not get through stays in the outbox.
func (h *house) flushAlerts(ctx context.Context) {
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), alertsWithin)
	defer cancel()
	if err := h.alerts.Flush(end); err != nil {
		zerolog.Ctx(ctx).Warn().Err(err).Msg("alerts not delivered")
	}
}

func (c *cli) alertsCommand() *cobra.Command {
	return group("alerts", "What needs a person, and whether people can be told", c.alertsListCommand(), c.alertsTestCommand())
}

// alertJSON is an element of `usher alerts list --format json`.
type alertJSON struct {
	agent.Alert
	Deliveries []agent.Delivery `json:"deliveries"`
}

func (c *cli) alertsListCommand() *cobra.Command {
	var every bool
	f := agent.AlertFilter{}
	cmd := &cobra.Command{
		Use: "list", Short: "The open alerts, and how far each was delivered",
		Long: "list shows what needs a person. An alert is resolved by what is seen: a complete list, a passing check, a\n" +
			"verified write, or a person's `usher unlock`, `usher orders settle`, `usher orders cancel` or `usher freeze off`.",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.Limit < 1 {
				return usage("--limit is at least 1")
			}
			if !every {
				f.State = agent.AlertOpen
			}
			return c.with(cmd.Context(), func(ctx context.Context, h *house) error { return c.listAlerts(ctx, h, f) })
		},
	}
	cmd.Flags().BoolVar(&every, "all", false, "the resolved ones too")
	cmd.Flags().StringVar(&f.Connection, "on", "", "only of this `connection`")
	cmd.Flags().IntVar(&f.Limit, "limit", 100, "how many at most")
	return cmd
}

func (c *cli) listAlerts(ctx context.Context, h *house, f agent.AlertFilter) error {
	alerts, err := h.agent.Alerts(ctx, f)
	if err != nil {
		return err
	}
	g := &grid{head: []string{"LAST", "CONNECTION", "CODE", "STATE", "TIMES", "DELIVERED", "RUN", "WHAT"}}
	out := []alertJSON{}
	open := 0
	for _, a := range alerts {
		deliveries, err := h.agent.Deliveries(ctx, a.ID)
		if err != nil {
			return err
		}
		out = append(out, alertJSON{Alert: a, Deliveries: list(deliveries)})
		if a.State == agent.AlertOpen {
			open++
		}
		g.add(c.at(a.Last), a.Connection, string(a.Code), string(a.State), strconv.Itoa(a.Count), deliveredText(deliveries), a.Run, short(a.Title+": "+a.Text, 100))
	}
	if err := c.print(g, out); err != nil {
		return err
	}
	if open == 0 {
		c.say("no alert is open")
	}
	return nil
}

// deliveredText says for each receiver how far its last delivery has come.
func deliveredText(deliveries []agent.Delivery) string {
	var names []string
	last := map[string]agent.DeliveryState{}
	for _, d := range deliveries {
		if !slices.Contains(names, d.Sink) {
			names = append(names, d.Sink)
		}
		last[d.Sink] = d.State
	}
	for i, n := range names {
		names[i] = n + " " + string(last[n])
	}
	return strings.Join(names, ", ")
}

// trialJSON is an element of `usher alerts test --format json`.
type trialJSON struct {
	Receiver  string       `json:"receiver"`
	Kind      string       `json:"kind"`
	Delivered bool         `json:"delivered"`
	Error     *failureJSON `json:"error,omitempty"`
}

func (c *cli) alertsTestCommand() *cobra.Command {
	return &cobra.Command{
		Use: "test [NAME...]", Short: "Send a test to every receiver of alerts, or the named ones, now",
		RunE: func(cmd *cobra.Command, names []string) error {
			return c.with(cmd.Context(), func(ctx context.Context, h *house) error { return c.testAlerts(ctx, h, names) })
		},
	}
}

func (c *cli) testAlerts(ctx context.Context, h *house, names []string) error {
	if len(h.conf.sinks) == 0 {
		return usage("%s names no receiver of alerts", h.conf.path).WithHint("write one under `alerts`; the kinds are %s", strings.Join(alert.Kinds(), ", "))
	}
	for _, n := range names {
		if !slices.Contains(h.conf.sinks, n) {
			return usage("there is no receiver %q", flows.Clean(n)).WithHint("the receivers are %s", strings.Join(h.conf.sinks, ", "))
		}
	}
	g := &grid{head: []string{"RECEIVER", "KIND", "RESULT"}}
	out := []trialJSON{}
	var errs []error
	for _, t := range h.alerts.Test(ctx, names...) {
		result := "delivered"
		if t.Err != nil {
			result = "NOT DELIVERED: " + what(t.Err) + "; next: " + flows.HintOf(t.Err)
		}
		g.add(t.Sink, t.Kind, result)
		out = append(out, trialJSON{Receiver: t.Sink, Kind: t.Kind, Delivered: t.Err == nil, Error: failureOf(t.Err)})
		errs = append(errs, t.Err)
	}
	if err := c.print(g, out); err != nil {
		return err
	}
	return flows.Worst(errs...)
}
