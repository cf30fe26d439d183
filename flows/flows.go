// Package flows is the contract between the agent and any app: what an admin console can be asked
// to do, and in which words it answers. It is not a flow itself; those are the folders below it.
//
// Think of database/sql/driver: the agent calls a [Console], an app's folder (flows/stonly, ...)
// implements it, and flows/all lists the apps.
package flows

import (
	"context"
	"time"

	"github.com/usherhq/usher/secrets"
	"github.com/usherhq/usher/selectors"
)

// An App is a product with an admin console. It is data: adding an app adds no code elsewhere.
type App struct {
	// Name is the app's short name: also its folder in flows and in selectors.
	Name string
	// Title is the product's own name, for people.
	Title string
	// Roles are the roles that can be given by Invite, in our words ("user-access-admin").
	Roles []string
	// Admins are the roles that can manage users: the last holder of one is never removed.
	Admins []string
	// Never are the roles whose holder is never deactivated (the Owner of a Stonly team).
	Never []string
	// ReservedGroups are the names of groups that are the product's own: never renamed, never changed.
	ReservedGroups []string
	// UsersPages are the values of Connection.UsersPage, the default first; none where the console
	// has one page of users.
	UsersPages []string
	// Ways are the ways to reach it, the default one first.
	Ways []Way
	// Unverified says in a sentence what nobody has checked against the real product.
	Unverified string
	// Sandbox starts a stand-in of the console on loopback, for the demo and for tests.
	Sandbox func(context.Context, SandboxOptions) (StandIn, error)
}

// Way returns the app's way of that name; the empty name asks for the default one.
func (a App) Way(name string) (Way, bool) {
	for _, w := range a.Ways {
		if w.Name == name || name == "" {
			return w, true
		}
	}
	return Way{}, false
}

// The names of ways.
const (
	ViaBrowser = "browser"
	ViaSCIM    = "scim"
)

// RolesVia returns the roles that Invite can give that way.
func (a App) RolesVia(w Way) []string {
	if w.Roles != nil {
		return w.Roles
	}
	return a.Roles
}

// A Way is one way to reach an app: [ViaBrowser] or [ViaSCIM].
type Way struct {
	Name string
	// URL is the address that the vendor documents for all customers; empty where each has its own.
	URL string
	// Roles are what Invite can give this way, where they are not the app's; nil: App.Roles.
	Roles []string
	// NoRoles says that this way may show nobody's role. An account that shows none is then no reason
	// to think of an admin, and every plan says that the last-admin guard could not judge.
	NoRoles bool
	// Unverified says, beside App.Unverified, what nobody has checked of this way.
	Unverified string
	// Secrets are what it asks for, in the order in which a person is asked.
	Secrets []SecretSpec
	// Can lists what this way offers: "list", "invite", "deactivate", "reactivate", "update", "groups",
	// "holdings", "check".
	Can []string
	// Open signs in (or takes up the kept session) and returns the console. Open may be called
	// again after an error with session_lost; it never tries a refused password twice.
	Open func(context.Context, Env) (Console, error)
}

// A SecretSpec names one secret that a way needs.
type SecretSpec struct {
	Name     string // "user", "password", "totp", "token": the key in the connection's secrets
	Title    string // what a person is asked for
	Optional bool
	Public   bool // an address, not a secret: may be shown while it is typed
	// Once says that the product shows it a single time: it is kept before anything else is done.
	Once bool
}

// A Connection is one configured tenant of an app: the unit of locking, of schedules and of caps.
type Connection struct {
	Name string
	App  string
	Via  string // name of a Way; empty means the app's default
	URL  string // of the console; via scim the base URL of the service
	// API is the address of a further read-only API, where the app has one and it is not the vendor's
	// documented one.
	API string
	// ReadOnly refuses every write, whoever orders it.
	ReadOnly bool
	// PerSecond bounds the requests to a service via scim; 0 means five a second.
	PerSecond float64
	// SignIn is the address of the sign-in page where that is another origin; empty: URL's.
	SignIn string
	// Workspace is the name of the workspace that must be shown after sign-in; empty: not checked,
	// and every roster says so.
	Workspace string
	// UsersPage names the surface to work on, where an app has several (Thoropass: "workspace" or
	// "account"); empty means the app's default.
	UsersPage string
	// SSO names the identity provider people sign in with ("okta"); empty means passwords.
	SSO string
	// Acts are further classes of verb that may be used where deactivation is ordered and the
	// console offers only these: "delete", "revoke". "deactivate" and "remove" need no naming
	// where the app's own flow uses them.
	Acts []string
	// Holdings says what happens to open work assigned to a leaver: "" (ask), "reviewed", "leave".
	Holdings string
	// Protected are the patterns of addresses never written to, beside the global ones.
	Protected []string
	// Schedule is a cron expression for the nightly enumeration; Zone its time zone.
	Schedule string
	Zone     string
	// Secrets are references (env:NAME, file:PATH, ...) by the name of a SecretSpec.
	Secrets map[string]string
}

// Env is what the agent gives a flow to work with. Connection, Secrets, Sheets, Record and Now
// are required; where another is nil there is none.
type Env struct {
	Connection Connection
	Secrets    map[string]secrets.Value
	Sheets     *selectors.Set
	// Record keeps evidence as it happens, so that it survives the error.
	Record Recorder
	// Pressing is called right before each press that may change something, after every check.
	// When it returns nil the intent is on disk; when it returns an error nothing is pressed.
	Pressing func(ctx context.Context, p Press) error
	// Codes remembers which TOTP time steps were used, across crashes and processes.
	Codes CodeLedger
	// Sessions keeps cookies and storage between runs, encrypted.
	Sessions SessionKeeper
	// Accepted says whether a person accepted this element of this sheet for this connection; the
	// digest is selectors.Sheet.Digest(name), so an acceptance ends when the element changes.
	Accepted func(sheet, name, digest string) bool
	// Progress is told how far a long read is.
	Progress func(Progress)
	// Patience is how long a console may take until what it accepted is to be seen; 0 means 40 s.
	Patience time.Duration
	Now      func() time.Time
}

// A Press is the intent that is written down before a button that changes something is pressed.
type Press struct {
	// Verb is "invite", "deactivate", "reactivate", "update", "group-create", "group-rename" or
	// "group-members".
	Verb    string
	Subject string // the address; of a group verb the group's name as ordered
	// Element is the sheet's name of what is pressed; via scim, what is sent. A run presses an
	// element once.
	Element string
	// Final is true for the press that makes the change. What only opens the confirmation is
	// announced too, because where a console has changed it may be the act.
	Final bool
}

// Progress of a long read. Total is 0 while it is not known.
type Progress struct {
	Doing string
	Done  int
	Total int
}

// CodeLedger makes sure that one account never uses one TOTP time step twice.
type CodeLedger interface {
	// UseCode claims the step for the account (a stable name of connection and user). It returns
	// false where that step or a later one was used before. The claim is durable on return.
	UseCode(ctx context.Context, account string, step int64) (bool, error)
}

// SessionKeeper keeps one session per connection: a browser's cookies and storage, or what was learned
// of a SCIM service. A missing session is an empty Value.
type SessionKeeper interface {
	LoadSession(ctx context.Context) (secrets.Value, error)
	SaveSession(ctx context.Context, session secrets.Value) error
	DropSession(ctx context.Context) error
}

// A Console is one signed-in session in an admin console. It is used by one goroutine at a time.
type Console interface {
	// List reads every account. The roster's Grade says whether that is proved; a roster that
	// cannot be proved complete is returned with its grade, not as an error.
	List(ctx context.Context) (*Roster, error)
	// Find returns the accounts whose address is exactly email (case folded). No account and a
	// nil error mean absence proved by the search; where that cannot be proved the error is
	// Incomplete.
	Find(ctx context.Context, email string) ([]Account, error)
	// Invite lets a person in. One who has an account already is Already, one with a pending
	// invitation is Invited, and nothing is sent a second time.
	Invite(ctx context.Context, p Person) (Outcome, error)
	// Deactivate takes the account's access away. who is the account as the plan read it; where
	// the console shows another one now the error is Refused and nothing was pressed. An account
	// that is inactive already is no error: the outcome is Already.
	Deactivate(ctx context.Context, who Account) (Outcome, error)
	// Close ends the session's use; the kept session stays good. Close may be called twice.
	Close() error
}

// A Checker can resolve every name of its sheet without changing anything.
type Checker interface {
	Check(ctx context.Context) ([]Finding, error)
}

// A Finding is what a check saw of one name of the sheet.
type Finding struct {
	Page   string `json:"page"`
	Name   string `json:"name"`
	Basis  string `json:"basis"`
	OK     bool   `json:"ok"`
	Found  string `json:"found,omitempty"`  // the candidate that found it
	Detail string `json:"detail,omitempty"` // why not, or what was passed over
	// Skipped is true for what cannot be looked at without pressing what might be a write.
	Skipped bool `json:"skipped,omitempty"`
}

// A Holder can say which open work is assigned to an account.
type Holder interface {
	// Holdings returns the open items and the address where a person reviews them. known is false
	// where the sheet does not know a table of them: then only the link is to be had.
	Holdings(ctx context.Context, who Account) (items []Holding, link string, known bool, err error)
}

// A Holding is one piece of open work, e.g. an evidence request.
type Holding struct {
	Kind  string `json:"kind"`
	Title string `json:"title"`
	Due   string `json:"due,omitempty"`
}

// Person is who is to be invited. Roles are in our words; at least one.
type Person struct {
	Email string   `json:"email"`
	First string   `json:"first,omitempty"`
	Last  string   `json:"last,omitempty"`
	Roles []string `json:"roles"`
}

// State of an account, in our words.
type State string

// The states. An unknown word of a console stays Unknown, never a default.
const (
	Active        State = "active"
	Invited       State = "invited"
	InviteExpired State = "invite_expired"
	Deactivated   State = "deactivated"
	Unknown       State = "unknown"
)

// An Account is a seat as the console shows it. All text in it is a stranger's, already made
// harmless by [Clean].
type Account struct {
	ID       string   `json:"id"` // the console's own where it shows one, else the folded address
	Email    string   `json:"email"`
	Name     string   `json:"name"`
	Roles    []string `json:"roles"` // our words; a word we do not know is "unknown"
	State    State    `json:"state"`
	LastSeen string   `json:"last_seen,omitempty"` // the console's words
	// Words are the console's own words beside the mapped values: "role", "status".
	Words map[string]string `json:"words,omitempty"`
}

// Outcome of a write; never one word "success".
type Outcome struct {
	Kind    OutcomeKind  `json:"outcome"`
	Account *Account     `json:"account,omitempty"` // as seen on the fresh read
	Seen    string       `json:"seen,omitempty"`    // what was seen, in a sentence
	Manual  []ManualStep `json:"manual,omitempty"`
}

// OutcomeKind is one of done, already, invited, manual.
type OutcomeKind string

// The outcomes.
const (
	Done          OutcomeKind = "done"    // changed, and seen to be changed on a fresh read
	Already       OutcomeKind = "already" // it was so before; nothing was pressed
	InvitationOut OutcomeKind = "invited" // an invitation is out, the account is not active yet
	Manual        OutcomeKind = "manual"  // a person must do this step
)

// A ManualStep is what a person must do; the next enumeration verifies it.
type ManualStep struct {
	What string `json:"what"`
	Link string `json:"link,omitempty"`
	// Items lists what is to be reviewed, where it could be read.
	Items []Holding `json:"items,omitempty"`
}

// SandboxOptions say how a stand-in behaves from the start. Zero values mean the app's defaults.
type SandboxOptions struct {
	Users     int
	Seed      int64
	Paging    string        // numbered, next, more, infinite, virtual
	Latency   time.Duration // added to every API answer
	Release   string        // which release of the console; empty: the first
	UsersPage string
}

// A StandIn is a running copy of a console, on loopback.
type StandIn interface {
	// Connection returns how to reach it: URL, SignIn, Workspace; without secrets.
	Connection() Connection
	// Secrets returns what its admin signs in with, by the name of a SecretSpec.
	Secrets() map[string]secrets.Value
	// TruthURL answers GET with the users and the writes as the server knows them.
	TruthURL() string
	// FaultURL takes POST {"name": ..., ...}.
	FaultURL() string
	// Close stops it and waits for its end. Close may be called twice.
	Close() error
}
