// Package alert brings alerts to people: it takes what is due from the store's outbox, sends it to
// the configured receivers (chat, e-mail, a webhook, Prometheus Alertmanager), and tries again what
// did not get through. It does not decide what is an alert, nor when one is over; that is the
// agent's.
//
// A delivery is made at least once. It is claimed in a transaction, so that of several processes one
// sends it; it is made twice only where a receiver took it and its answer was lost.
//
// The address of a receiver is as good as a password. It is resolved for each send from its
// reference, stands neither in the database nor in a log, and is taken out of what goes wrong.
package alert

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

// The kinds of receiver.
const (
	Shoutrrr     = "shoutrrr"     // whatever shoutrrr has an address for: slack://, smtp://, teams://, ...
	Alertmanager = "alertmanager" // Prometheus Alertmanager, by its API v2
	Webhook      = "webhook"      // a POST of JSON, see [Payload]
)

// Kinds returns the kinds of receiver.
func Kinds() []string { return []string{Shoutrrr, Alertmanager, Webhook} }

// A Receiver is one place where alerts go.
type Receiver struct {
	agent.Sink
	Kind string
	// URL is an https address (http on loopback), or the reference of a secret that is one; for
	// Shoutrrr always a reference.
	URL string
	// Secret is the reference of a secret: the HMAC key of a Webhook; for Alertmanager the bearer
	// token or, with User, the password.
	Secret string
	User   string
}

// Outbox is what a Sender needs of the store.
type Outbox interface {
	Alert(ctx context.Context, id string) (agent.Alert, bool, error)
	Alerts(ctx context.Context, f agent.AlertFilter) ([]agent.Alert, error)
	Deliveries(ctx context.Context, f agent.DeliveryFilter) ([]agent.Delivery, error)
	Write(ctx context.Context, f func(ctx context.Context, tx agent.Tx) error) error
}

// Options are what a Sender is made of. Outbox and Secrets are required.
type Options struct {
	Outbox    Outbox
	Receivers []Receiver
	// Secrets resolves a reference.
	Secrets func(ctx context.Context, ref string) (secrets.Value, error)
	Now     func() time.Time

	// Timeout bounds one send (15 seconds), Poll is how often the outbox is looked into (10 seconds),
	// Keep how often an Alertmanager is told again what is open (a minute).
	Timeout, Poll, Keep time.Duration
}

// A Sender delivers. It may be used by several goroutines.
type Sender struct {
	opt   Options
	sinks []*sink

	mu     sync.Mutex
	cancel context.CancelFunc
	ended  sync.WaitGroup
}

// sink is a receiver at work.
type sink struct {
	Receiver
	driver driver
	turn   chan struct{} // holds a token while somebody sends
	wake   chan struct{}
}

// A driver knows how to reach one kind of receiver.
type driver interface {
	send(ctx context.Context, m message) error
}

// A keeper is a driver whose receiver must be told again and again what is open.
type keeper interface {
	keep(ctx context.Context, now time.Time, open []agent.Alert) error
}

// message is one thing to tell.
type message struct {
	alert    agent.Alert
	kind     agent.DeliveryKind
	delivery string
	now      time.Time
	test     bool
}

// New returns a Sender, or says which option cannot be used. It reaches for no receiver.
func New(o Options) (*Sender, error) {
	if o.Outbox == nil || o.Secrets == nil {
		return nil, errors.New("alert: an option that is required is missing (Outbox, Secrets)")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Timeout = orElse(o.Timeout, 15*time.Second)
	o.Poll = orElse(o.Poll, 10*time.Second)
	o.Keep = orElse(o.Keep, time.Minute)
	s := &Sender{opt: o}
	for _, r := range o.Receivers {
		if _, err := Check(r); err != nil {
			return nil, fmt.Errorf("receiver %s: %w", flows.Clean(r.Name), err)
		}
		k := &sink{Receiver: r, turn: make(chan struct{}, 1), wake: make(chan struct{}, 1)}
		at := address{ref: r.URL, secrets: o.Secrets}
		switch r.Kind {
		case Shoutrrr:
			k.driver = newShoutrrr(at)
		case Alertmanager:
			k.driver = &alertmanager{at: at, user: r.User, secret: r.Secret, client: newClient()}
		default:
			k.driver = &webhook{at: at, secret: r.Secret, client: newClient()}
		}
		s.sinks = append(s.sinks, k)
	}
	return s, nil
}

func orElse(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}

// Check says what in a receiver cannot work, and by which key of the configuration. Its errors do not
// repeat the URL.
func Check(r Receiver) (key string, err error) {
	if !slices.Contains(Kinds(), r.Kind) {
		return "kind", fmt.Errorf("there is no kind of receiver %q: the kinds are %s", flows.Clean(r.Kind), strings.Join(Kinds(), ", "))
	}
	for _, code := range r.Only {
		if c, ok := flows.Table[code]; !ok || c.Alert == "" {
			return "only", fmt.Errorf("no alert has the code %q", flows.Clean(string(code)))
		}
	}
	switch {
	case r.URL == "":
		return "url", errors.New("a receiver has a url")
	case r.Kind == Shoutrrr && !IsReference(r.URL):
		return "url", errors.New("the address of a shoutrrr receiver is a secret: keep it with `usher secrets set NAME` and write age:NAME")
	case r.Kind == Shoutrrr && r.Secret != "":
		return "secret", errors.New("a shoutrrr receiver has its secrets in its address")
	case r.User != "" && r.Kind != Alertmanager:
		return "user", errors.New("only an alertmanager has a user")
	case r.User != "" && r.Secret == "":
		return "user", errors.New("a user needs a secret: the reference of the password")
	case IsReference(r.URL):
		return "", nil
	}
	u, err := safeAddress(r.URL)
	if err == nil && u.User != nil {
		err = errors.New("an address in the configuration holds no user and no password: they are secrets")
	}
	return "url", err
}

// IsReference says whether a receiver's URL refers to a secret, and is not written out.
func IsReference(s string) bool { return !strings.Contains(s, "://") || strings.HasPrefix(s, "exec:") }

// safeAddress parses the address of a receiver that is spoken to over HTTP.
func safeAddress(s string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(s))
	switch {
	case err != nil || u.Host == "" || u.Opaque != "": // the error would repeat the address
		return nil, errors.New("this is not an address: https://... is wanted")
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return u, nil
	}
	return nil, errors.New("the address must be https (http on loopback only): alerts say who has which account")
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// address finds where a receiver is, each time anew.
type address struct {
	ref     string
	secrets func(ctx context.Context, ref string) (secrets.Value, error)
}

// resolve returns the address, and what takes it out of an error.
func (a address) resolve(ctx context.Context) (secrets.Value, *scrubber, error) {
	if !IsReference(a.ref) {
		v := secrets.New(a.ref)
		return v, newScrubber(v), nil
	}
	v, err := a.secret(ctx, a.ref)
	return v, newScrubber(v), err
}

func (a address) secret(ctx context.Context, ref string) (secrets.Value, error) {
	v, err := a.secrets(ctx, ref)
	if err == nil && v.Empty() {
		err = errors.New("it is empty")
	}
	if err != nil {
		return v, flows.Errorf(flows.Invalid, opSend, "the receiver's secret cannot be read: %w", err).
			WithHint("keep it with `usher secrets set NAME`, and name it in the configuration as age:NAME")
	}
	return secrets.New(strings.TrimSpace(v.Reveal())), nil
}

const opSend = "send the alert"
