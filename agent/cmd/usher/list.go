package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

// listJSON is the answer of `usher list CONNECTION --format json`: one object a line, one line a
// connection. Accounts and witnesses are [] where there are none, never null. The fields stay;
// new ones may come.
//
//	{"connection":"stonly","taken":"...","sheet":"stonly/v1","grade":"complete","total":2,
//	 "witnesses":[{"name","independent","applies","agrees","says"}],
//	 "accounts":[{"id","email","name","roles":["member"],"state":"active","last_seen","words"}],
//	 "notes":[], "snapshot":"...", "run":"...", "error":{"code","message","hint"}}
//
// States are active, invited, invite_expired, deactivated, unknown. Grades are complete, suspect,
// partial, and "" where nothing could be read: then error says why, and nobody is "not there".
type listJSON struct {
	flows.Roster
	Snapshot string       `json:"snapshot,omitempty"`
	Run      string       `json:"run,omitempty"`
	Cached   bool         `json:"cached,omitempty"`
	Error    *failureJSON `json:"error,omitempty"`
}

func (c *cli) listCommand() *cobra.Command {
	var cached, diff bool
	cmd := &cobra.Command{
		Use:   "list CONNECTION...",
		Short: "Read who has an account, and prove that these are all",
		Long: "list signs in and reads every account of the connections.\n\n" +
			"A roster is complete only where it is proved: otherwise it is shown with its grade, and the command\n" +
			"exits with 26. --cached shows the last complete one without signing in. --diff shows what changed\n" +
			"between the last two complete ones.",
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, names []string) error {
			return c.with(cmd.Context(), func(ctx context.Context, h *house) error {
				return c.list(ctx, h, names, cached, diff)
			})
		},
	}
	cmd.Flags().BoolVar(&cached, "cached", false, "the last complete roster, without signing in")
	cmd.Flags().BoolVar(&diff, "diff", false, "what changed between the last two complete rosters")
	return cmd
}

func (c *cli) list(ctx context.Context, h *house, names []string, cached, diff bool) error {
	conns, err := h.named(names)
	if err != nil {
		return err
	}
	var rosters []listJSON
	var errs []error
	if cached {
		rosters, errs = c.cached(ctx, h, conns)
	} else {
		rosters, errs = fresh(ctx, h, conns)
	}
	if diff {
		return flows.Worst(append(errs, c.printDiffs(ctx, h, conns))...)
	}
	if err := c.printRosters(rosters); err != nil {
		return err
	}
	for _, r := range rosters {
		if r.Grade != "" {
			c.say("%s", summary(r.Roster))
		}
	}
	if len(errs) > 1 && c.format == formatTable {
		for i, err := range errs {
			if err != nil {
				c.warn("usher: %s: %s", conns[i].Name, what(err))
			}
		}
	}
	return flows.Worst(errs...)
}

// fresh reads the rosters now.
func fresh(ctx context.Context, h *house, conns []flows.Connection) ([]listJSON, []error) {
	orders := make([]agent.Order, 0, len(conns))
	for _, conn := range conns {
		orders = append(orders, order(agent.List, conn.Name))
	}
	rosters := make([]listJSON, 0, len(conns))
	errs := make([]error, 0, len(conns))
	for _, r := range h.do(ctx, orders) {
		one := listJSON{Snapshot: r.Snapshot, Run: r.Run, Error: failureOf(r.Err)}
		if r.Roster != nil {
			one.Roster = *r.Roster
		}
		one.Connection = r.Connection
		rosters, errs = append(rosters, one), append(errs, r.Err)
	}
	return rosters, errs
}

// cached returns the last complete rosters.
func (c *cli) cached(ctx context.Context, h *house, conns []flows.Connection) ([]listJSON, []error) {
	rosters := make([]listJSON, 0, len(conns))
	errs := make([]error, 0, len(conns))
	for _, conn := range conns {
		one := listJSON{Cached: true}
		s, ok, err := h.agent.LastComplete(ctx, conn.Name)
		if err == nil && !ok {
			err = flows.Errorf(flows.Incomplete, "read the last complete roster", "no complete roster of %s is kept", conn.Name).
				WithHint("run `usher list %s`", conn.Name)
		}
		if err == nil {
			one.Snapshot, one.Run = s.ID, s.Run
			one.Roster = *s.Roster
		}
		one.Connection, one.Error = conn.Name, failureOf(err)
		rosters, errs = append(rosters, one), append(errs, err)
	}
	return rosters, errs
}

func (c *cli) printRosters(rosters []listJSON) error {
	if c.format == formatJSON {
		for _, r := range rosters {
			r.Accounts, r.Witnesses = list(r.Accounts), list(r.Witnesses)
			for i := range r.Accounts {
				r.Accounts[i].Roles = list(r.Accounts[i].Roles)
			}
			if err := c.json(r); err != nil {
				return err
			}
		}
		return nil
	}
	g := &grid{head: []string{"CONNECTION", "EMAIL", "NAME", "ROLES", "STATE", "LAST SEEN"}}
	if c.format == formatCSV {
		g.head = append(g.head, "ID", "GRADE", "TAKEN")
	}
	for _, r := range rosters {
		for _, a := range r.Accounts {
			row := []string{r.Connection, a.Email, short(a.Name, 40), strings.Join(a.Roles, ", "), string(a.State), a.LastSeen}
			if c.format == formatCSV {
				row[2], row[3] = a.Name, strings.Join(a.Roles, ";")
				row = append(row, a.ID, string(r.Grade), c.at(r.Taken))
			}
			g.add(row...)
		}
	}
	if len(g.rows) == 0 && c.format == formatTable {
		return nil
	}
	return c.print(g, nil)
}

// summary says a roster and its proof in words.
func summary(r flows.Roster) string {
	var b strings.Builder
	b.WriteString(r.Connection + ": " + count(len(r.Accounts), "account") + ", " + string(r.Grade) +
		" (" + r.Sheet + ", " + r.Taken.UTC().Format("2006-01-02 15:04") + " UTC)")
	b.WriteString(witnessText(r.Witnesses, r.Notes))
	return b.String()
}

// witnessText says what speaks for a list being complete, and what against it, a line each.
func witnessText(witnesses []flows.Witness, notes []string) string {
	var b strings.Builder
	for _, w := range witnesses {
		mark := "  agrees    "
		switch {
		case !w.Applies:
			mark = "  not here  "
		case !w.Agrees:
			mark = "  DISAGREES "
		}
		b.WriteString("\n" + mark + w.Name)
		if w.Says != "" {
			b.WriteString(": " + flows.Clean(w.Says))
		}
		if w.Applies && w.Independent {
			b.WriteString(" (independent)")
		}
	}
	for _, n := range notes {
		b.WriteString("\n  note      " + flows.Clean(n))
	}
	return b.String()
}

// printDiffs answers --diff. In JSON each line is
// {"connection","from","to","from_id","to_id","changes":[{"kind","email","before","after"}]};
// from_id is "" where there are not two complete rosters yet.
func (c *cli) printDiffs(ctx context.Context, h *house, conns []flows.Connection) error {
	g := &grid{head: []string{"CONNECTION", "CHANGE", "EMAIL", "BEFORE", "AFTER"}}
	for _, conn := range conns {
		d, ok, err := h.agent.LastDiff(ctx, conn.Name)
		if err != nil {
			return err
		}
		if !ok {
			d = agent.Diff{Connection: conn.Name, Changes: []agent.Change{}}
			c.say("%s: there are not two complete rosters to compare yet", conn.Name)
		} else {
			c.say("%s: %s between %s and %s UTC", conn.Name, count(len(d.Changes), "change"),
				d.From.UTC().Format("2006-01-02 15:04"), d.To.UTC().Format("2006-01-02 15:04"))
		}
		if c.format == formatJSON {
			if err := c.json(d); err != nil {
				return err
			}
			continue
		}
		for _, ch := range d.Changes {
			g.add(conn.Name, string(ch.Kind), ch.Email, aspect(ch.Kind, ch.Before), aspect(ch.Kind, ch.After))
		}
	}
	if c.format == formatJSON || c.format == formatTable && len(g.rows) == 0 {
		return nil
	}
	return c.print(g, nil)
}

// aspect is one side of a change: what of the account the change is about.
func aspect(k agent.ChangeKind, a *flows.Account) string {
	if a == nil {
		return ""
	}
	switch k {
	case agent.RoleChanged:
		return strings.Join(a.Roles, ", ")
	case agent.Renamed:
		return a.Email
	case agent.StateChanged:
		return string(a.State)
	default:
		return string(a.State) + " " + strings.Join(a.Roles, ", ")
	}
}
