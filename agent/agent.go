// Package agent is where orders are taken and what is done with them: every wish to list, invite or
// deactivate, from whatever source, is an [Order] and ends in [Agent.Do]. There is no second way to
// change an account.
//
//	Order -> Plan -> Guard -> Approve -> Execute -> Verify -> Record -> Notice
//
// It is not where a console is driven (flows), nor where time is kept (scheduler), nor where rows
// are written (agent/internal/store).
package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
	"github.com/usherhq/usher/selectors"
)

// The keys of log fields.
const (
	logConnection = "connection"
	logOrder      = "order"
	logRun        = "run"
)

// A Box seals what lies in the database and must not be read there: sessions and pictures.
// secrets.Box is one.
type Box interface {
	Seal(plain []byte) ([]byte, error)
	Open(sealed []byte) ([]byte, error)
}

// Caps bound how many accounts may be written to. Zero means no bound of that kind.
type Caps struct {
	PerRun int // of one command or one reconciliation
	PerDay int // UTC
	// The percentages are of the last complete roster and bound deactivations; one is always
	// allowed. Where no complete roster is kept they cannot be judged, and only the counts hold.
	PerRunPercent float64
	PerDayPercent float64
}

// DefaultCaps are the bounds where the configuration names none.
func DefaultCaps() Caps { return Caps{PerRun: 25, PerDay: 50, PerRunPercent: 10, PerDayPercent: 20} }

// Policy is what the guards and the approvals go by.
type Policy struct {
	// Protected are patterns of addresses that are never written to, on any connection: "*" stands
	// for any run of characters, "?" for one; letter case does not matter.
	Protected []string
	// Caps hold for each connection; ConnectionCaps replaces them for the named ones.
	Caps           Caps
	ConnectionCaps map[string]Caps
	// Approvals says how many people a verb needs. Approving is not built yet: an order that needs
	// one stays waiting.
	Approvals map[Verb]int
}

// Options are what an Agent is made of. Store, Apps, Connections, Sheets, Secrets, Box and DigestKey
// are required.
type Options struct {
	Store       Store
	Apps        []flows.App
	Connections []flows.Connection
	// Sheets returns the sheets of an app; nil where the app needs none.
	Sheets func(app string) (*selectors.Set, error)
	// Secrets resolves a reference of a connection.
	Secrets func(ctx context.Context, ref string) (secrets.Value, error)
	Box     Box
	// DigestKey keys the digests by which the breaker knows that a secret has changed.
	DigestKey []byte
	Policy    Policy
	// Notice is told what needs a person; nil means nobody.
	Notice Notice
	// Sinks are where alerts are put out for. Whoever knows how to reach them takes them from the
	// store's outbox.
	Sinks []Sink
	// Progress is told how far a connection's long read is, or whom it waits for; from several
	// goroutines at once.
	Progress func(connection string, p flows.Progress)
	Now      func() time.Time

	// RunTimeout bounds one run (30 minutes), LeaseTTL is how long a lease outlives its last sign
	// of life (30 seconds), LeaseWait how long a run waits for another holder (two minutes).
	RunTimeout time.Duration
	LeaseTTL   time.Duration
	LeaseWait  time.Duration
	// Backoff are the pauses before an unavailable console is asked again.
	Backoff []time.Duration
}

// An Agent takes orders. It may be used by several goroutines.
type Agent struct {
	opt    Options
	apps   map[string]flows.App
	conns  map[string]flows.Connection
	guards []guard
	self   process
}

// New returns an Agent, or says which option cannot be used.
func New(o Options) (*Agent, error) {
	const op = "set up the agent"
	switch {
	case o.Store == nil, o.Sheets == nil, o.Secrets == nil, o.Box == nil:
		return nil, errors.New("agent: an option that is required is missing (Store, Sheets, Secrets, Box)")
	case len(o.DigestKey) < 16:
		return nil, errors.New("agent: the digest key is shorter than 16 bytes")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.RunTimeout = orElse(o.RunTimeout, 30*time.Minute)
	o.LeaseTTL = orElse(o.LeaseTTL, 30*time.Second)
	o.LeaseWait = orElse(o.LeaseWait, 2*time.Minute)
	if o.Backoff == nil {
		o.Backoff = []time.Duration{2 * time.Second, 8 * time.Second, 30 * time.Second}
	}
	a := &Agent{opt: o, apps: map[string]flows.App{}, conns: map[string]flows.Connection{}, guards: allGuards()}
	for _, app := range o.Apps {
		a.apps[app.Name] = app
	}
	for _, c := range o.Connections {
		app, ok := a.apps[c.App]
		switch {
		case c.Name == "" || c.Name == Everywhere || c.Name != flows.Clean(c.Name):
			return nil, flows.Errorf(flows.Invalid, op, "%q cannot name a connection", flows.Clean(c.Name))
		case !ok:
			return nil, flows.Errorf(flows.Invalid, op, "connection %s: there is no app %q", c.Name, flows.Clean(c.App)).
				WithHint("the apps are %s", strings.Join(a.appNames(), ", "))
		}
		if _, ok := app.Way(c.Via); !ok {
			return nil, flows.Errorf(flows.Invalid, op, "connection %s: %s cannot be reached via %q", c.Name, app.Title, flows.Clean(c.Via))
		}
		if _, ok := a.conns[c.Name]; ok {
			return nil, flows.Errorf(flows.Invalid, op, "two connections are named %s", c.Name)
		}
		if err := goodPatterns(c.Protected); err != nil {
			return nil, flows.Errorf(flows.Invalid, op, "connection %s: %w", c.Name, err)
		}
		a.conns[c.Name] = c
	}
	if err := goodPatterns(o.Policy.Protected); err != nil {
		return nil, flows.Errorf(flows.Invalid, op, "policy: %w", err)
	}
	var err error
	if a.self, err = thisProcess(); err != nil {
		return nil, fmt.Errorf("agent: %w", err)
	}
	return a, nil
}

func orElse(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}

func (a *Agent) appNames() []string {
	var names []string
	for n := range a.apps {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Connections returns the configured connections, in the order of the configuration.
func (a *Agent) Connections() []flows.Connection { return slices.Clone(a.opt.Connections) }

// connection returns what is configured under the name.
func (a *Agent) connection(name string) (flows.Connection, flows.App, flows.Way, error) {
	c, ok := a.conns[name]
	if !ok {
		e := flows.Errorf(flows.Invalid, "find the connection", "there is no connection %q", flows.Clean(name))
		names := make([]string, 0, len(a.opt.Connections))
		for _, c := range a.opt.Connections {
			names = append(names, c.Name)
		}
		if len(names) == 0 {
			return c, flows.App{}, flows.Way{}, e.WithHint("run `usher connect APP`")
		}
		return c, flows.App{}, flows.Way{}, e.WithHint("the connections are %s", strings.Join(names, ", "))
	}
	app := a.apps[c.App]
	way, _ := app.Way(c.Via) // New has checked it
	return c, app, way, nil
}

// A Result is what came of an order on its connection.
type Result struct {
	Order      string `json:"order"`
	Run        string `json:"run,omitempty"`
	Connection string `json:"connection"`
	Verb       Verb   `json:"verb"`
	Subject    string `json:"subject,omitempty"`
	State      State  `json:"state"`
	// Outcome is set where Code is empty, and the other way round; a dry run that would write, a
	// list and a check have neither.
	Outcome flows.OutcomeKind  `json:"outcome"`
	Code    flows.Code         `json:"code"`
	Seen    string             `json:"seen,omitempty"`
	Message string             `json:"message,omitempty"` // of the error
	Hint    string             `json:"hint,omitempty"`
	Account *flows.Account     `json:"account,omitempty"`
	Plan    *Plan              `json:"plan,omitempty"`
	Manual  []flows.ManualStep `json:"manual,omitempty"`
	// Roster is what a list read, also where it could not be proved complete; Snapshot its id.
	Roster   *flows.Roster   `json:"roster,omitempty"`
	Snapshot string          `json:"snapshot,omitempty"`
	Findings []flows.Finding `json:"findings,omitempty"` // of a check
	Groups   *flows.Groups   `json:"groups,omitempty"`   // of a reading of groups
	Group    *flows.Group    `json:"group,omitempty"`    // as seen after a change
	// Err is what Do returns as its error.
	Err error `json:"-"`
}
