package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/usherhq/usher/flows"
)

// list reads the roster. One that cannot be proved complete is kept, shown and an error.
func (r *run) list(ctx context.Context, con flows.Console) error {
	_, ok := con.(flows.Checker)
	r.sheetless = !ok
	snap, err := r.readRoster(ctx, con)
	if err != nil {
		return err
	}
	r.res.Roster, r.res.Snapshot = snap.Roster, snap.ID
	r.res.Seen = fmt.Sprintf("%d accounts, %s", snap.Total, snap.Grade)
	if snap.Grade == flows.Complete {
		return nil
	}
	why := "no witness is independent of the reading itself"
	hint := fmt.Sprintf("see the witnesses in `usher rosters %s`, and the steps in `usher runs show %s`", r.conn.Name, r.row.ID)
	for _, w := range snap.Roster.Witnesses {
		if w.Applies && !w.Agrees {
			why = w.Name + ": " + w.Says
			if w.Name == trendName {
				hint = fmt.Sprintf("look at %s whether that many really came or went; if so, `usher rosters rebase %s --reason TEXT`, and list again", r.place(), r.conn.Name)
			}
			break
		}
	}
	if snap.Grade == flows.Partial {
		why = "the reading did not come to the list's end"
	}
	return flows.Errorf(flows.Incomplete, "read the roster", "%d accounts were read, and that these are all is not proved: %s", snap.Total, why).
		WithHint("%s", hint)
}

// trendName is the witness that only the agent can call: it knows the rosters before.
const trendName = "trend"

// check resolves the names of the sheet and changes nothing.
func (r *run) check(ctx context.Context, con flows.Console) error {
	c, ok := con.(flows.Checker)
	if !ok {
		return flows.Errorf(flows.Unsupported, "check", "%s has no sheet to check via %s", r.app.Title, r.way.Name)
	}
	findings, err := c.Check(ctx)
	if merr := r.masked(&findings); merr != nil {
		return merr
	}
	r.res.Findings = findings
	if err != nil {
		return err
	}
	var bad []string
	for _, f := range findings {
		if !f.OK && !f.Skipped {
			bad = append(bad, f.Name)
		}
	}
	if len(bad) > 0 {
		return flows.Errorf(flows.Drift, "check", "%d of %d names do not resolve: %s", len(bad), len(findings), strings.Join(bad, ", ")).
			WithHint("compare `usher selectors show %s` with the pictures in `usher runs show %s`", r.app.Name, r.row.ID)
	}
	r.res.Seen = fmt.Sprintf("%d names looked at", len(findings))
	return nil
}

// readRoster lists, adds the trend to the witnesses, judges and keeps the snapshot, of any grade.
func (r *run) readRoster(ctx context.Context, con flows.Console) (Snapshot, error) {
	ros, err := con.List(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	if ros == nil {
		return Snapshot{}, flows.Errorf(flows.Internal, "read the roster", "the flow returned none")
	}
	ros.Connection = r.conn.Name
	if ros.Taken.IsZero() {
		ros.Taken = r.a.now()
	}
	ros.Taken = ros.Taken.UTC().Truncate(time.Millisecond)
	if err := r.masked(ros); err != nil {
		return Snapshot{}, err
	}
	w, err := r.trend(ctx, len(ros.Accounts))
	if err != nil {
		return Snapshot{}, err
	}
	// The flow's own grade stands where it is worse than what the witnesses give.
	graded := ros.Grade
	ros.Witnesses = append(ros.Witnesses, w)
	ros.Judge(graded != flows.Partial)
	if graded != flows.Complete && ros.Grade == flows.Complete {
		ros.Grade = flows.Suspect
	}
	snap := Snapshot{
		Connection: r.conn.Name, Run: r.row.ID, Taken: ros.Taken, Sheet: ros.Sheet, Grade: ros.Grade, Total: ros.Total, Roster: ros,
	}
	if snap.ID, err = newID(r.a.now()); err != nil {
		return Snapshot{}, err
	}
	err = r.a.opt.Store.Write(ctx, func(ctx context.Context, tx Tx) error {
		if err := tx.AddSnapshot(ctx, snap); err != nil {
			return err
		}
		return r.a.link(ctx, tx, Entry{Connection: r.conn.Name, Kind: "roster", Order: r.order.ID, Run: r.row.ID},
			map[string]any{"roster": snap.ID, "grade": snap.Grade, "total": snap.Total, "sheet": snap.Sheet})
	})
	if err != nil {
		return Snapshot{}, fmt.Errorf("keep the roster: %w", err)
	}
	return snap, nil
}

// trend compares the size with that of the last complete roster: a console that kept a filter, or a
// list that lost its second half, is otherwise a proved list of the wrong thing.
func (r *run) trend(ctx context.Context, size int) (flows.Witness, error) {
	w := flows.Witness{Name: trendName}
	kept, err := r.a.opt.Store.Snapshots(ctx, SnapshotFilter{Connection: r.conn.Name, Grade: flows.Complete, Limit: 1})
	if err != nil {
		return w, fmt.Errorf("read the last complete roster: %w", err)
	}
	since, err := r.a.opt.Store.Baseline(ctx, r.conn.Name)
	if err != nil {
		return w, fmt.Errorf("read since when the size is compared: %w", err)
	}
	if len(kept) == 0 || kept[0].Taken.Before(since) {
		w.Says = "no complete roster to compare with"
		return w, nil
	}
	last := kept[0]
	may := max(5, last.Total/10)
	w.Applies, w.Agrees = true, size >= last.Total-may && size <= last.Total+may
	w.Says = fmt.Sprintf("%d accounts, %d in the last complete roster, may differ by %d", size, last.Total, may)
	return w, nil
}

// Rebase says that a person knows why the size of the roster has changed: the next one is not
// compared with those before.
func (a *Agent) Rebase(ctx context.Context, connection, by, why string) error {
	if _, _, _, err := a.connection(connection); err != nil {
		return err
	}
	err := a.opt.Store.Write(ctx, func(ctx context.Context, tx Tx) error {
		// A roster taken in this very millisecond is one of those before.
		if err := tx.PutBaseline(ctx, connection, a.now().Add(time.Millisecond)); err != nil {
			return err
		}
		return a.link(ctx, tx, Entry{Connection: connection, Kind: "rebase", By: by}, map[string]string{"why": flows.Clean(why)})
	})
	if err != nil {
		return fmt.Errorf("rebase %s: %w", connection, err)
	}
	return nil
}

// Rosters returns what is kept, without the accounts, the newest first.
func (a *Agent) Rosters(ctx context.Context, f SnapshotFilter) ([]Snapshot, error) {
	return a.opt.Store.Snapshots(ctx, f)
}

// Roster returns a kept roster with its accounts.
func (a *Agent) Roster(ctx context.Context, id string) (Snapshot, error) {
	s, ok, err := a.opt.Store.Snapshot(ctx, id)
	if err == nil && !ok {
		err = noSuch("roster", id)
	}
	return s, err
}

// LastComplete returns the connection's last complete roster with its accounts; false where there is
// none yet.
func (a *Agent) LastComplete(ctx context.Context, connection string) (Snapshot, bool, error) {
	s, err := a.opt.Store.Snapshots(ctx, SnapshotFilter{Connection: connection, Grade: flows.Complete, Limit: 1})
	if err != nil || len(s) == 0 {
		return Snapshot{}, false, err
	}
	return a.opt.Store.Snapshot(ctx, s[0].ID)
}

// A Diff is what changed between two complete rosters.
type Diff struct {
	Connection string    `json:"connection"`
	From       time.Time `json:"from"`
	To         time.Time `json:"to"`
	FromID     string    `json:"from_id"`
	ToID       string    `json:"to_id"`
	Changes    []Change  `json:"changes"`
}

// ChangeKind says what changed of an account.
type ChangeKind string

// The kinds of change.
const (
	Joined       ChangeKind = "joined"
	Left         ChangeKind = "left"
	RoleChanged  ChangeKind = "role"
	StateChanged ChangeKind = "state"
	Renamed      ChangeKind = "address"
)

// A Change is one difference; an account may have several.
type Change struct {
	Kind   ChangeKind     `json:"kind"`
	Email  string         `json:"email"`
	Before *flows.Account `json:"before,omitempty"`
	After  *flows.Account `json:"after,omitempty"`
}

// Diff compares two kept rosters.
func (a *Agent) Diff(ctx context.Context, fromID, toID string) (Diff, error) {
	from, err := a.Roster(ctx, fromID)
	if err != nil {
		return Diff{}, err
	}
	to, err := a.Roster(ctx, toID)
	if err != nil {
		return Diff{}, err
	}
	d, err := DiffRosters(from.Roster, to.Roster)
	d.FromID, d.ToID = fromID, toID
	return d, err
}

// LastDiff compares the connection's last two complete rosters; false where there are not two.
func (a *Agent) LastDiff(ctx context.Context, connection string) (Diff, bool, error) {
	s, err := a.opt.Store.Snapshots(ctx, SnapshotFilter{Connection: connection, Grade: flows.Complete, Limit: 2})
	if err != nil || len(s) < 2 {
		return Diff{}, false, err
	}
	d, err := a.Diff(ctx, s[1].ID, s[0].ID)
	return d, err == nil, err
}

// DiffRosters says what changed between two rosters of one connection. Both must be complete: of
// any other one nobody knows who is missing.
func DiffRosters(from, to *flows.Roster) (Diff, error) {
	const op = "compare the rosters"
	if from == nil || to == nil || from.Grade != flows.Complete || to.Grade != flows.Complete {
		return Diff{}, flows.Errorf(flows.Incomplete, op, "only two complete rosters can be compared").
			WithHint("run `usher list` until it is proved complete")
	}
	if from.Connection != to.Connection {
		return Diff{}, flows.Errorf(flows.Invalid, op, "they are of two connections, %s and %s", from.Connection, to.Connection)
	}
	d := Diff{Connection: to.Connection, From: from.Taken, To: to.Taken, Changes: []Change{}}
	before := make(map[string]flows.Account, len(from.Accounts))
	for _, a := range from.Accounts {
		before[a.ID] = a
	}
	for _, now := range to.Accounts {
		was, ok := before[now.ID]
		if !ok {
			d.Changes = append(d.Changes, Change{Kind: Joined, Email: now.Email, After: &now})
			continue
		}
		delete(before, now.ID)
		add := func(k ChangeKind) {
			d.Changes = append(d.Changes, Change{Kind: k, Email: now.Email, Before: &was, After: &now})
		}
		if !flows.SameAddress(was.Email, now.Email) {
			add(Renamed)
		}
		if !slices.Equal(still(was).Roles, still(now).Roles) {
			add(RoleChanged)
		}
		if was.State != now.State {
			add(StateChanged)
		}
	}
	for _, was := range before {
		d.Changes = append(d.Changes, Change{Kind: Left, Email: was.Email, Before: &was})
	}
	slices.SortFunc(d.Changes, func(x, y Change) int {
		if c := strings.Compare(x.Email, y.Email); c != 0 {
			return c
		}
		return strings.Compare(string(x.Kind), string(y.Kind))
	})
	return d, nil
}
