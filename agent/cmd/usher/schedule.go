package main

import (
	"context"
	"strconv"
	"time"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/scheduler"
)

// goodSchedule says what is wrong with a schedule; none is fine.
func goodSchedule(expr, zone string) error {
	if expr == "" {
		return nil
	}
	_, err := scheduler.Parse(expr, zone)
	return err
}

// nextRun returns when a connection is due next; the zero time where it has no schedule.
func nextRun(conn flows.Connection, now time.Time) (time.Time, error) {
	if conn.Schedule == "" {
		return time.Time{}, nil
	}
	s, err := scheduler.Parse(conn.Schedule, conn.Zone)
	if err != nil {
		return time.Time{}, err
	}
	return s.Next(now), nil
}

// scheduler returns the clock of the connections that have a schedule. Every run goes through the
// agent's one door.
func (h *house) scheduler(conns []flows.Connection) (*scheduler.Scheduler, error) {
	var entries []scheduler.Entry
	for _, c := range conns {
		if c.Schedule != "" {
			entries = append(entries, scheduler.Entry{Connection: c.Name, Expr: c.Schedule, Zone: c.Zone})
		}
	}
	return scheduler.New(scheduler.Options{
		Entries: entries, Parallel: side,
		Run: func(ctx context.Context, connection string, due time.Time) error {
			_, err := h.agent.Do(ctx, agent.Order{
				Verb: agent.List, Connection: connection, By: "usher", Source: "serve",
				Reason: "scheduled for " + due.UTC().Format(time.RFC3339),
			})
			h.alerts.Wake()
			return err
		},
		Last: func(ctx context.Context, connection string) (time.Time, error) {
			runs, err := h.agent.Runs(ctx, agent.RunFilter{Connection: connection, Verb: agent.List, Limit: 1})
			if err != nil || len(runs) == 0 {
				return time.Time{}, err
			}
			return runs[0].Started, nil
		},
	})
}

// missed returns the scheduled reads that nobody did, by connection.
func (h *house) missed(ctx context.Context, conns []flows.Connection) (map[string]scheduler.Missed, error) {
	s, err := h.scheduler(conns)
	if err != nil {
		return nil, err
	}
	defer s.Stop()
	some, err := s.Missed(ctx)
	if err != nil {
		return nil, err
	}
	by := map[string]scheduler.Missed{}
	for _, m := range some {
		by[m.Connection] = m
	}
	return by, nil
}

// missedText says which scheduled reads did not take place.
func missedText(m scheduler.Missed) string {
	n := strconv.Itoa(len(m.Due))
	if m.More {
		n = "more than " + n
	}
	return n + " scheduled, not read: the first was due " + m.Due[0].UTC().Format("2006-01-02 15:04") + " UTC"
}
