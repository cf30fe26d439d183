package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/scheduler"
)

// connectionJSON is a connection in `usher apps --format json`: {"connections":[...],"apps":[...]}.
type connectionJSON struct {
	Connection string       `json:"connection"`
	App        string       `json:"app"`
	Via        string       `json:"via"`
	Health     string       `json:"health"`
	Can        []string     `json:"can"`
	Roles      []string     `json:"roles"`
	Sheet      string       `json:"sheet"`
	Next       time.Time    `json:"next,omitzero"`
	Missed     int          `json:"missed"`
	Details    agent.Health `json:"details"`
}

// appJSON is an app in the same answer.
type appJSON struct {
	App        string    `json:"app"`
	Title      string    `json:"title"`
	Roles      []string  `json:"roles"`
	Unverified string    `json:"unverified,omitempty"`
	Ways       []wayJSON `json:"ways"`
	Assumed    int       `json:"assumed"`  // elements of the newest sheet that nobody has checked
	Elements   int       `json:"elements"` // of it
}

// wayJSON is one way to reach an app.
type wayJSON struct {
	Via        string   `json:"via"`
	Can        []string `json:"can"`
	Unverified string   `json:"unverified,omitempty"`
}

func (c *cli) appsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "apps",
		Short: "The connections and how they stand, and the apps there are",
		Long: "apps shows each connection: its health, its last complete roster, what can be done, the sheet it was read\n" +
			"with, and when it is read next. Below it says of each app what nobody has checked against the real product.",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.with(cmd.Context(), c.showApps) },
	}
}

func (c *cli) showApps(ctx context.Context, h *house) error {
	conns := h.agent.Connections()
	missed, err := h.missed(ctx, conns)
	if err != nil {
		return err
	}
	g := &grid{head: []string{"CONNECTION", "APP", "VIA", "HEALTH", "LAST COMPLETE", "ACCOUNTS", "CAN", "SHEET", "NEXT READ"}}
	rows := []connectionJSON{}
	for _, conn := range conns {
		r, err := h.describe(ctx, conn, missed)
		if err != nil {
			return err
		}
		rows = append(rows, r)
		taken, total := "never", ""
		if s := r.Details.LastComplete; s != nil {
			taken, total = c.at(s.Taken), strconv.Itoa(s.Total)
		}
		next := c.at(r.Next)
		if next == "" {
			next = "not scheduled"
		}
		g.add(r.Connection, r.App, r.Via, r.Health, taken, total, strings.Join(r.Can, " "), r.Sheet, next)
	}
	known, err := h.knownApps()
	if err != nil {
		return err
	}
	if c.format != formatTable {
		return c.print(g, map[string]any{"connections": rows, "apps": known})
	}
	if len(conns) > 0 {
		if err := c.print(g, nil); err != nil {
			return err
		}
	} else if err := c.line("no connection yet: run `usher connect APP`"); err != nil {
		return err
	}
	for _, a := range known {
		if err := c.line("\n%s (%s): roles %s", a.Title, a.App, strings.Join(a.Roles, ", ")); err != nil {
			return err
		}
		if a.Elements > 0 {
			if err := c.line("  %d of the %d elements of its sheet are assumed; see `usher selectors show %s`", a.Assumed, a.Elements, a.App); err != nil {
				return err
			}
		}
		if a.Unverified != "" {
			if err := c.line("  not verified: %s", a.Unverified); err != nil {
				return err
			}
		}
		for _, w := range a.Ways {
			if w.Unverified == "" {
				continue
			}
			if err := c.line("  not verified via %s: %s", w.Via, w.Unverified); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *house) describe(ctx context.Context, conn flows.Connection, missed map[string]scheduler.Missed) (connectionJSON, error) {
	app := h.app(conn.App)
	way, _ := app.Way(conn.Via)
	health, err := h.agent.Health(ctx, conn.Name)
	if err != nil {
		return connectionJSON{}, err
	}
	next, err := nextRun(conn, time.Now())
	if err != nil {
		return connectionJSON{}, err
	}
	r := connectionJSON{
		Connection: conn.Name, App: conn.App, Via: way.Name, Can: list(way.Can), Roles: list(app.RolesVia(way)),
		Next: next, Missed: len(missed[conn.Name].Due), Details: health,
	}
	if health.LastRoster != nil {
		r.Sheet = health.LastRoster.Sheet
	}
	r.Health = healthText(health, missed[conn.Name])
	return r, nil
}

// healthText says in a few words how a connection stands, the worst first.
func healthText(h agent.Health, m scheduler.Missed) string {
	switch {
	case h.Breaker != nil:
		return "locked: the sign-in was refused"
	case len(h.OpenPresses) > 0:
		return fmt.Sprintf("%s unverified", count(len(h.OpenPresses), "write"))
	case h.Failures > 0 && h.LastList != nil:
		return fmt.Sprintf("failed: %s (%s in a row)", h.LastList.Code, count(h.Failures, "time"))
	case len(m.Due) > 0:
		return fmt.Sprintf("%s missed", count(len(m.Due), "read"))
	case h.Freeze.On:
		return "frozen"
	case h.Lease != nil:
		return "at work: " + h.Lease.Doing
	case h.LastList == nil:
		return "never read"
	}
	return "ok"
}

func (h *house) knownApps() ([]appJSON, error) {
	load := sheets(h.conf.Selectors)
	out := make([]appJSON, 0, len(h.apps))
	for _, a := range h.apps {
		one := appJSON{App: a.Name, Title: a.Title, Roles: list(a.Roles), Unverified: a.Unverified}
		for _, w := range a.Ways {
			one.Ways = append(one.Ways, wayJSON{Via: w.Name, Can: list(w.Can), Unverified: w.Unverified})
		}
		if usesSheets(a) {
			set, err := load(a.Name)
			if err != nil {
				return nil, err
			}
			one.Assumed, one.Elements = assumed(set.Newest())
		}
		out = append(out, one)
	}
	return out, nil
}
