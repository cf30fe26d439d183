package agent

import (
	"context"
	"errors"
	"time"

	"github.com/usherhq/usher/flows"
)

// Health is what is known of a connection without asking it.
type Health struct {
	Connection   string       `json:"connection"`
	LastRun      *Run         `json:"last_run,omitempty"`
	LastList     *Run         `json:"last_list,omitempty"`     // the last enumeration that ended, however
	LastRoster   *Snapshot    `json:"last_roster,omitempty"`   // of any grade, without its accounts
	LastComplete *Snapshot    `json:"last_complete,omitempty"` // likewise
	Breaker      *Breaker     `json:"breaker,omitempty"`
	Lease        *Lease       `json:"lease,omitempty"` // while somebody works it
	Freeze       Freeze       `json:"freeze"`
	Accepted     []Acceptance `json:"accepted,omitempty"`
	OpenPresses  []Press      `json:"open_presses,omitempty"` // pressed, and nobody verified
	Failures     int          `json:"failures"`               // the latest enumerations in a row that failed
}

// Health returns what is known of the connection.
func (a *Agent) Health(ctx context.Context, connection string) (Health, error) {
	h := Health{Connection: connection}
	if _, _, _, err := a.connection(connection); err != nil {
		return h, err
	}
	st := a.opt.Store
	runs, err1 := st.Runs(ctx, RunFilter{Connection: connection, Limit: 1})
	lists, err2 := st.Runs(ctx, RunFilter{Connection: connection, Verb: List, Limit: 100})
	rosters, err3 := st.Snapshots(ctx, SnapshotFilter{Connection: connection, Limit: 1})
	complete, err4 := st.Snapshots(ctx, SnapshotFilter{Connection: connection, Grade: flows.Complete, Limit: 1})
	breaker, broken, err5 := st.Breaker(ctx, connection)
	lease, held, err6 := st.Lease(ctx, connection)
	freeze, err7 := st.Freeze(ctx)
	accepted, err8 := st.Acceptances(ctx, connection)
	open, err9 := st.OpenPresses(ctx, connection)
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7, err8, err9); err != nil {
		return h, err
	}
	h.Freeze, h.Accepted, h.OpenPresses = freeze, accepted, open
	if len(runs) > 0 {
		h.LastRun = &runs[0]
	}
	if len(rosters) > 0 {
		h.LastRoster = &rosters[0]
	}
	if len(complete) > 0 {
		h.LastComplete = &complete[0]
	}
	if broken {
		h.Breaker = &breaker
	}
	if held && !a.self.gone(lease) && a.now().Before(lease.Expires) {
		h.Lease = &lease
	}
	failing := true
	for i := range lists {
		if lists[i].Ended.IsZero() {
			continue
		}
		if h.LastList == nil {
			h.LastList = &lists[i]
		}
		if failing = failing && lists[i].Code != ""; failing {
			h.Failures++
		}
	}
	return h, nil
}

// A Night is one enumeration of a connection, for whoever looks whether one was missed.
type Night struct {
	Run     string      `json:"run"`
	Started time.Time   `json:"started"`
	Ended   time.Time   `json:"ended,omitzero"`
	Source  string      `json:"source"`
	Roster  string      `json:"roster,omitempty"`
	Grade   flows.Grade `json:"grade,omitempty"`
	Total   int         `json:"total"`
	Code    flows.Code  `json:"code,omitempty"`
}

// Nights returns the connection's last n enumerations, the newest first.
func (a *Agent) Nights(ctx context.Context, connection string, n int) ([]Night, error) {
	runs, err := a.opt.Store.Runs(ctx, RunFilter{Connection: connection, Verb: List, Limit: n})
	if err != nil {
		return nil, err
	}
	var out []Night
	for _, r := range runs {
		night := Night{Run: r.ID, Started: r.Started, Ended: r.Ended, Source: r.Source, Roster: r.Roster, Code: r.Code}
		if r.Roster != "" {
			s, err := a.opt.Store.Snapshots(ctx, SnapshotFilter{Connection: connection, Run: r.ID, Limit: 1})
			if err != nil {
				return nil, err
			}
			if len(s) > 0 {
				night.Grade, night.Total = s[0].Grade, s[0].Total
			}
		}
		out = append(out, night)
	}
	return out, nil
}
