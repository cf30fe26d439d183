package agent

import (
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/usherhq/usher/flows"
)

// A Verb is what an order asks for.
type Verb string

// The verbs. List, Check and Groups change nothing.
const (
	List         Verb = "list"
	Check        Verb = "check"
	Invite       Verb = "invite"
	Deactivate   Verb = "deactivate"
	Reactivate   Verb = "reactivate"
	Update       Verb = "update"
	Groups       Verb = "groups"
	GroupCreate  Verb = "group-create"
	GroupRename  Verb = "group-rename"
	GroupMembers Verb = "group-members"
)

// Writes says whether the verb may change an account or a group.
func (v Verb) Writes() bool { return v != List && v != Check && v != Groups }

// ofGroup says whether the verb changes a group: its subject is the group's name.
func (v Verb) ofGroup() bool { return v == GroupCreate || v == GroupRename || v == GroupMembers }

// ability is what a way must offer for the verb.
func (v Verb) ability() string {
	if v.ofGroup() {
		return string(Groups)
	}
	return string(v)
}

// State of an order.
type State string

// The states. Approving is not built yet, its states are: an order that needs a person's word
// stays waiting.
const (
	StateNew       State = "new"
	StatePlanned   State = "planned" // a dry run: printed and kept
	StateWaiting   State = "waiting" // for a review or an approval
	StateApproved  State = "approved"
	StateRejected  State = "rejected"
	StateCancelled State = "cancelled"
	StateRunning   State = "running"
	StateEnded     State = "ended"
)

// An Order is a wish, from whatever source. [Agent.Do] is the one door it goes through.
type Order struct {
	// ID is given by Do. An order with an ID that is kept already (a waiting one) is taken up again.
	ID         string `json:"id"`
	Verb       Verb   `json:"verb"`
	Connection string `json:"connection"`
	// Subject is the address of a write; for an invitation Person.Email stands in where it is empty.
	// Of a verb on a group it is the group's name.
	Subject string        `json:"subject,omitempty"`
	Person  *flows.Person `json:"person,omitempty"` // of invite
	Change  *flows.Change `json:"change,omitempty"` // of update
	Group   *GroupChange  `json:"group,omitempty"`  // of group-rename and group-members
	Reason  string        `json:"reason,omitempty"`
	By      string        `json:"by"`     // who asked
	Source  string        `json:"source"` // "cli", "serve", ...
	DryRun  bool          `json:"dry_run,omitempty"`
	// Holdings says what happens to the leaver's open work: "" (the connection's policy, else ask),
	// "reviewed" or "leave".
	Holdings string `json:"holdings,omitempty"`
	// PlanHash binds the order to a plan that was agreed to: another plan is refused.
	PlanHash string `json:"plan_hash,omitempty"`
	// Batch is shared by the orders of one command; caps per run count over it. DoMany sets it.
	Batch string `json:"batch,omitempty"`

	Placed  time.Time         `json:"placed"`
	Ended   time.Time         `json:"ended,omitzero"`
	State   State             `json:"state"`
	Outcome flows.OutcomeKind `json:"outcome,omitempty"`
	Code    flows.Code        `json:"code,omitempty"`
	Run     string            `json:"run,omitempty"` // the latest attempt
}

// A GroupChange says what is to become of the group that an order names.
type GroupChange struct {
	To     string   `json:"to,omitempty"`     // its new name, of group-rename
	Add    []string `json:"add,omitempty"`    // addresses, of group-members
	Remove []string `json:"remove,omitempty"` // likewise
}

// The answers to what happens to a leaver's open work.
const (
	HoldingsReviewed = "reviewed"
	HoldingsLeave    = "leave"
)

// normal returns the order with its words trimmed and its addresses folded. Whether the address
// is one is for the guard to say.
func (o Order) normal() Order {
	if o.Verb.ofGroup() {
		o.Subject = strings.TrimSpace(o.Subject)
	} else {
		o.Subject = folded(o.Subject)
	}
	if o.Person != nil {
		p := *o.Person
		p.Email = folded(p.Email)
		p.First, p.Last = flows.Clean(p.First), flows.Clean(p.Last)
		p.Roles = append([]string(nil), p.Roles...)
		o.Person = &p
		if o.Subject == "" {
			o.Subject = p.Email
		}
	}
	if o.Change != nil {
		c := flows.Change{Email: folded(o.Change.Email), Words: maps.Clone(o.Change.Words)}
		o.Change = &c
	}
	if o.Group != nil {
		g := GroupChange{To: strings.TrimSpace(o.Group.To), Add: foldedAll(o.Group.Add), Remove: foldedAll(o.Group.Remove)}
		o.Group = &g
	}
	o.Reason = flows.Clean(o.Reason)
	if o.By == "" {
		o.By = "unknown"
	}
	if o.Source == "" {
		o.Source = "unknown"
	}
	return o
}

// folded is the address in lower case; what is none stays as it is, for the guard to refuse:
// lower-casing alone would make another person's address of some letters.
func folded(s string) string {
	if a, err := flows.Address(s); err == nil {
		return a
	}
	return strings.TrimSpace(s)
}

// valid says what is wrong with the order's shape, whatever the connection.
func (o Order) valid() error {
	const op = "read the order"
	switch o.Verb {
	case List, Check, Groups:
		if o.Subject != "" {
			return flows.Errorf(flows.Invalid, op, "%s takes no address", o.Verb)
		}
	case Deactivate, Reactivate, GroupCreate:
	case Update:
		if o.Change == nil {
			return flows.Errorf(flows.Invalid, op, "an update needs a change")
		}
		if err := o.Change.Valid(); err != nil {
			return err
		}
	case GroupRename, GroupMembers:
		if err := o.Group.valid(o.Verb); err != nil {
			return err
		}
	case Invite:
		if o.Person == nil {
			return flows.Errorf(flows.Invalid, op, "an invitation needs a person")
		}
		if o.Subject != o.Person.Email {
			return flows.Errorf(flows.Invalid, op, "the order names two addresses")
		}
		if len(o.Person.Roles) == 0 {
			return flows.Errorf(flows.Invalid, op, "an invitation needs at least one role").WithHint("give --role")
		}
	default:
		return flows.Errorf(flows.Invalid, op, "unknown verb %q", flows.Clean(string(o.Verb)))
	}
	if extra := o.extra(); extra != "" {
		return flows.Errorf(flows.Invalid, op, "%s takes no %s", o.Verb, extra)
	}
	switch o.Holdings {
	case "", HoldingsReviewed, HoldingsLeave:
	default:
		return flows.Errorf(flows.Invalid, op, "holdings is %q, and may be reviewed or leave", flows.Clean(o.Holdings))
	}
	return nil
}

// extra names a part of the order that its verb has no use for.
func (o Order) extra() string {
	switch {
	case o.Person != nil && o.Verb != Invite:
		return "person to invite"
	case o.Change != nil && o.Verb != Update:
		return "change of an account"
	case o.Group != nil && o.Verb != GroupRename && o.Verb != GroupMembers:
		return "change of a group"
	}
	return ""
}

func (g *GroupChange) valid(v Verb) error {
	const op = "read the order"
	switch {
	case g == nil || v == GroupRename && g.To == "" || v == GroupMembers && len(g.Add)+len(g.Remove) == 0:
		return flows.Errorf(flows.Invalid, op, "%s says nothing to change", v).WithHint("name the new name, or who is to come in or out")
	case v == GroupRename && len(g.Add)+len(g.Remove) > 0, v == GroupMembers && g.To != "":
		return flows.Errorf(flows.Invalid, op, "a group is renamed, or its members change: one order for each")
	}
	for _, a := range g.Add {
		if slices.Contains(g.Remove, a) {
			return flows.Errorf(flows.Invalid, op, "%s is to be put in and to be taken out", flows.Clean(a)).WithHint("name each address once")
		}
	}
	return nil
}

// foldedAll folds addresses, sorts them and drops what stands twice.
func foldedAll(all []string) []string {
	var out []string
	for _, a := range all {
		out = append(out, folded(a))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// newID returns twelve characters that sort by time: eight of milliseconds, four of chance, in
// the alphabet that leaves out what looks alike.
func newID(now time.Time) (string, error) {
	const letters = "0123456789abcdefghjkmnpqrstvwxyz"
	var b [12]byte
	// 40 bits of milliseconds since 2020 last until 2054.
	ms := now.UnixMilli() - time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	for i := 7; i >= 0; i-- {
		b[i] = letters[ms&31]
		ms >>= 5
	}
	var chance [4]byte
	if _, err := rand.Read(chance[:]); err != nil {
		return "", fmt.Errorf("draw an id: %w", err)
	}
	for i, c := range chance {
		b[8+i] = letters[c&31]
	}
	return string(b[:]), nil
}
