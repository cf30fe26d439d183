package agent

import (
	"context"
	"time"

	"github.com/usherhq/usher/flows"
)

// Store is where everything that must survive is kept. agent/internal/store implements it;
// storetest is the suite that every implementation passes. Reads may be made at any time;
// what belongs together is written in one transaction.
type Store interface {
	Reader
	Sessions
	Codes
	Leases
	// Write runs f in one transaction, alone: two of them never overlap, in other processes
	// neither. An error of f undoes all of it. f must use tx, not the store, to write.
	Write(ctx context.Context, f func(ctx context.Context, tx Tx) error) error
	Close() error
}

// Reader reads. A bool result is false where there is no such row.
type Reader interface {
	Order(ctx context.Context, id string) (Order, bool, error)
	Orders(ctx context.Context, f OrderFilter) ([]Order, error)
	Run(ctx context.Context, id string) (Run, bool, error)
	Runs(ctx context.Context, f RunFilter) ([]Run, error)
	Steps(ctx context.Context, run string) ([]StepRow, error)
	Picture(ctx context.Context, hash string) (sealed []byte, ok bool, err error)
	Plan(ctx context.Context, run string) (Plan, bool, error)
	// Presses returns those of the subject, the oldest first.
	Presses(ctx context.Context, connection string, verb Verb, subject string) ([]Press, error)
	// OpenPresses returns the connection's presses that nobody verified yet; "" means of all.
	OpenPresses(ctx context.Context, connection string) ([]Press, error)
	// Snapshots returns what is kept of the connection's rosters, without their accounts, the
	// newest first.
	Snapshots(ctx context.Context, f SnapshotFilter) ([]Snapshot, error)
	Snapshot(ctx context.Context, id string) (Snapshot, bool, error)
	Breaker(ctx context.Context, connection string) (Breaker, bool, error)
	Acceptances(ctx context.Context, connection string) ([]Acceptance, error)
	Freeze(ctx context.Context) (Freeze, error)
	Baseline(ctx context.Context, connection string) (time.Time, error)
	// Reserved counts the subjects other than r.Subject with a reservation that stands, for
	// r's connection and verb: in r's batch, and on r's day.
	Reserved(ctx context.Context, r Reservation) (batch, day int, err error)
	// Entries returns the chain of the connection after the given number, in order.
	Entries(ctx context.Context, connection string, after int64, limit int) ([]Entry, error)
	Heads(ctx context.Context) ([]Head, error)
	Alert(ctx context.Context, id string) (Alert, bool, error)
	// Alerts returns the open ones first, then the newest first.
	Alerts(ctx context.Context, f AlertFilter) ([]Alert, error)
	// Deliveries returns the oldest first.
	Deliveries(ctx context.Context, f DeliveryFilter) ([]Delivery, error)
}

// Tx is one transaction: what the store hands out and the queue accepts.
type Tx interface {
	Reader
	PutOrder(ctx context.Context, o Order) error // inserts, or replaces the order's state
	AddRun(ctx context.Context, r Run) error
	EndRun(ctx context.Context, r Run) error // a run that ended cannot end again
	AddStep(ctx context.Context, s StepRow) error
	AddPicture(ctx context.Context, hash string, sealed []byte, at time.Time) error
	AddPlan(ctx context.Context, run string, p Plan) error
	AddPress(ctx context.Context, p Press) error
	SettlePress(ctx context.Context, id string, state PressState, by, note string, at time.Time) error
	AddSnapshot(ctx context.Context, s Snapshot) error
	PutBreaker(ctx context.Context, b Breaker) error
	DropBreaker(ctx context.Context, connection string) error
	AddAcceptance(ctx context.Context, a Acceptance) error
	PutFreeze(ctx context.Context, f Freeze) error
	PutBaseline(ctx context.Context, connection string, at time.Time) error
	AddReservation(ctx context.Context, r Reservation) error
	ReleaseReservation(ctx context.Context, run string) error
	// Head returns the last entry's number and hash, and holds others off until the
	// transaction ends.
	Head(ctx context.Context, connection string) (Head, error)
	AddEntry(ctx context.Context, e Entry) error
	// PutAlert inserts the alert, or replaces its state; there is one open alert of a key at most.
	PutAlert(ctx context.Context, a Alert) error
	AddDelivery(ctx context.Context, d Delivery) error
	// ClaimDelivery takes the sink's oldest pending delivery that is due, counts the try and moves
	// its time to until, so that nobody else takes it before. One that tells of a key of which an
	// older one is still pending is not due: what is resolved was told before.
	ClaimDelivery(ctx context.Context, sink string, now, until time.Time) (Delivery, bool, error)
	// SettleDelivery writes down what came of a claimed delivery; false where it was claimed anew.
	SettleDelivery(ctx context.Context, d Delivery) (bool, error)
	// Raw returns the transaction as the database's driver knows it, for a queue in the same
	// database.
	Raw() any
}

// Sessions keeps one sealed browser session per connection.
type Sessions interface {
	Session(ctx context.Context, connection string) (sealed []byte, ok bool, err error)
	PutSession(ctx context.Context, connection string, sealed []byte, at time.Time) error
	DropSession(ctx context.Context, connection string) error
}

// Codes remembers the last TOTP time step that an account used.
type Codes interface {
	// UseCode claims the step; false where that one or a later one was used. Durable on return.
	UseCode(ctx context.Context, account string, step int64, at time.Time) (bool, error)
}

// Leases makes sure that one connection is worked by one holder at a time.
type Leases interface {
	// TakeLease makes l the connection's lease where there is none, where the one there expired
	// before now, or where its holder is dead (the holder the caller found dead; "" for none).
	// It returns the lease that stands afterwards, and whether that is l.
	TakeLease(ctx context.Context, l Lease, dead string, now time.Time) (Lease, bool, error)
	// RenewLease moves the end; false where the holder does not hold it any more.
	RenewLease(ctx context.Context, connection, holder string, expires time.Time) (bool, error)
	DropLease(ctx context.Context, connection, holder string) error
	Lease(ctx context.Context, connection string) (Lease, bool, error)
}

// OrderFilter chooses orders; the newest come first. Zero fields do not restrict.
type OrderFilter struct {
	Connection string
	Subject    string
	State      State
	Limit      int
}

// RunFilter chooses runs; the newest come first. Zero fields do not restrict.
type RunFilter struct {
	Connection string
	Order      string
	Verb       Verb
	Open       bool // only those that have not ended
	Limit      int
}

// SnapshotFilter chooses rosters; the newest come first. Zero fields do not restrict.
type SnapshotFilter struct {
	Connection string
	Run        string
	Grade      flows.Grade
	Limit      int
}

// A Run is one attempt at an order.
type Run struct {
	ID         string            `json:"id"`
	Order      string            `json:"order"`
	Connection string            `json:"connection"`
	Verb       Verb              `json:"verb"`
	Subject    string            `json:"subject,omitempty"`
	Source     string            `json:"source"`
	By         string            `json:"by"`
	DryRun     bool              `json:"dry_run,omitempty"`
	Started    time.Time         `json:"started"`
	Ended      time.Time         `json:"ended,omitzero"`
	Outcome    flows.OutcomeKind `json:"outcome,omitempty"`
	Code       flows.Code        `json:"code,omitempty"`
	Seen       string            `json:"seen,omitempty"`
	Message    string            `json:"message,omitempty"`
	Hint       string            `json:"hint,omitempty"`
	PlanHash   string            `json:"plan_hash,omitempty"`
	Roster     string            `json:"roster,omitempty"` // id of the snapshot
	Steps      int               `json:"steps"`
	// Evidence is a digest over all steps in their order; the chain carries it too.
	Evidence string `json:"evidence,omitempty"`
}

// StepRow is a step as it is kept. Its picture lies apart, sealed, under its hash.
type StepRow struct {
	Run     string `json:"run"`
	Seq     int    `json:"seq"`
	Picture string `json:"picture,omitempty"`
	flows.Step
}

// PressState says what is known of a press.
type PressState string

// The states of a press.
const (
	PressOpen     PressState = "open"      // begun; nobody has verified what came of it
	PressVerified PressState = "verified"  // what was wanted was seen
	PressNoEffect PressState = "no_effect" // a fresh look proved the old state
	PressSettled  PressState = "settled"   // a person said that they looked
)

// A Press is an entry of the journal: the intent, written before the button.
type Press struct {
	ID         string          `json:"id"`
	Run        string          `json:"run"`
	Order      string          `json:"order"`
	Connection string          `json:"connection"`
	Verb       Verb            `json:"verb"`
	Subject    string          `json:"subject"`
	Element    string          `json:"element"`
	At         time.Time       `json:"at"`
	Before     []flows.Account `json:"before"` // as the plan read them
	State      PressState      `json:"state"`
	By         string          `json:"by,omitempty"` // the run or the person that settled it
	Note       string          `json:"note,omitempty"`
	Settled    time.Time       `json:"settled,omitzero"`
}

// A Snapshot is a kept roster.
type Snapshot struct {
	ID         string        `json:"id"`
	Connection string        `json:"connection"`
	Run        string        `json:"run"`
	Taken      time.Time     `json:"taken"`
	Sheet      string        `json:"sheet"`
	Grade      flows.Grade   `json:"grade"`
	Total      int           `json:"total"`
	Roster     *flows.Roster `json:"roster,omitempty"` // nil in lists
}

// A Lease says who works a connection.
type Lease struct {
	Connection string    `json:"connection"`
	Holder     string    `json:"holder"` // one per acquisition
	Host       string    `json:"host"`
	Boot       string    `json:"boot"` // changes when the machine starts
	PID        int       `json:"pid"`
	Born       string    `json:"born"` // when that process started, as the system says it
	Doing      string    `json:"doing"`
	Taken      time.Time `json:"taken"`
	Expires    time.Time `json:"expires"`
}

// A Breaker stops sign-ins after a refused one.
type Breaker struct {
	Connection string    `json:"connection"`
	Digest     string    `json:"digest"` // of the secrets that were refused
	Run        string    `json:"run"`
	Why        string    `json:"why"`
	Opened     time.Time `json:"opened"`
}

// An Acceptance is a person's word that an element of a sheet is the right one on a connection.
type Acceptance struct {
	Connection string    `json:"connection"`
	Sheet      string    `json:"sheet"`
	Name       string    `json:"name"`
	Digest     string    `json:"digest"`
	By         string    `json:"by"`
	At         time.Time `json:"at"`
}

// Freeze is the switch that stops every write.
type Freeze struct {
	On     bool      `json:"on"`
	By     string    `json:"by,omitempty"`
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at,omitzero"`
}

// A Reservation is a write that counts against the caps.
type Reservation struct {
	Connection string
	Verb       Verb
	Subject    string
	Run        string
	Batch      string
	Day        string // UTC, 2006-01-02
	At         time.Time
}
