// Package scim is the client of SCIM 2.0 services (RFC 7643, 7644): it lists, finds, invites,
// deactivates, reactivates and updates accounts, and keeps groups. It is the only door to SCIM. It
// is not an app: what is special about one is its [Shape].
//
// Real services differ from the RFCs and from one another: they ignore filters and paging, answer
// 500 to what they did and 204 to what they did not. So nothing that a service says of a write is
// believed. What counts is what a fresh GET shows, and a list is complete only where its own count,
// asked for before and after, is the number of different accounts that were read.
package scim

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/usherhq/usher/flows"
)

// A Shape is what is special about an app that is reached via SCIM.
type Shape struct {
	App flows.App
	// AdminGroups are the names of the groups whose members hold the first of App.Admins. Where
	// there are none, nobody's role is known.
	AdminGroups []string
	// PlainRole is the role of an account that is known to be in none of them.
	PlainRole string
	// Groups says whether usher may use this service's groups at all.
	Groups bool
	// Second opens another source of who is active. It is nil, or returns nil, where there is none.
	Second func(ctx context.Context, env flows.Env) (Second, error)
}

// A Second is a source of who is active that is independent of SCIM.
type Second interface {
	// Name is what it is called, for people: "Spekit REST API".
	Name() string
	// Users returns every user, and the total that the source itself states (-1: none).
	Users(ctx context.Context) ([]SecondUser, int, error)
}

// A SecondUser is a user as a [Second] shows it.
type SecondUser struct {
	Email, Name string
	Active      bool
}

// A Console is a SCIM service whose token was taken. It is used by one goroutine at a time.
type Console struct {
	env      flows.Env
	shape    Shape
	wire     *Wire
	second   Second
	profile  *profile
	kept     *profile // as it was last saved
	patience time.Duration
	now      func() time.Time
	sleep    func(ctx context.Context, d time.Duration) error
}

const patience = 40 * time.Second

var (
	_ flows.Console     = (*Console)(nil)
	_ flows.Checker     = (*Console)(nil)
	_ flows.Reactivator = (*Console)(nil)
	_ flows.Updater     = (*Console)(nil)
	_ flows.Grouper     = (*Console)(nil)
	_ flows.Confirmer   = (*Console)(nil)
)

// Open makes sure that the service takes the token, and learns its dialect where that is not known yet.
func Open(ctx context.Context, env flows.Env, shape Shape) (*Console, error) {
	wire, err := NewWire(WireOptions{
		Base: env.Connection.URL, Token: env.Secrets["token"], PerSecond: env.Connection.PerSecond, Now: env.Now, Record: env.Record,
	})
	if err != nil {
		return nil, err
	}
	return open(ctx, env, shape, wire)
}

func open(ctx context.Context, env flows.Env, shape Shape, wire *Wire) (*Console, error) {
	c := &Console{
		env: env, shape: shape, wire: wire, patience: env.Patience, now: wire.now, sleep: wire.sleep,
	}
	if c.patience == 0 {
		c.patience = patience
	}
	kept := c.loadProfile(ctx)
	if err := c.verify(ctx); err != nil {
		return nil, err
	}
	if !kept {
		if err := c.probe(ctx); err != nil {
			return nil, err
		}
	}
	if err := c.keepProfile(ctx); err != nil {
		return nil, err
	}
	if shape.Second != nil {
		var err error
		if c.second, err = shape.Second(ctx, env); err != nil {
			return nil, fmt.Errorf("open the second source: %w", err)
		}
	}
	return c, nil
}

// Close lets go of the connections. There is no session at the service's side.
func (c *Console) Close() error {
	c.wire.Close()
	return nil
}

// step writes down what was done. What cannot be written down ends the flow.
func (c *Console) step(ctx context.Context, name string, began time.Time, element, note string, failed bool) error {
	if c.env.Record == nil {
		return nil
	}
	s := flows.Step{
		At: began, Name: flows.Clean(name), Took: max(c.now().Sub(began), 0), Element: element, Note: flows.Clean(note), Failed: failed,
	}
	if err := c.env.Record.Record(ctx, s); err != nil {
		return fmt.Errorf("write down a step: %w", err)
	}
	return nil
}

func (c *Console) progress(doing string, done, total int) {
	if c.env.Progress != nil {
		c.env.Progress(flows.Progress{Doing: doing, Done: done, Total: total})
	}
}

func lower(s string) string { return strings.ToLower(s) }
