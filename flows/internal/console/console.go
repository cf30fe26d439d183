// Package console holds the verbs of the shape that nearly all admin consoles share: sign in, open
// the users, show all of them, read the roster, find one by the exact address, invite, act on one,
// confirm, look again. It is driven by the names of a sheet, so that no app writes them a second
// time, and it is no app itself.
//
// The names it knows: the pages signin, home and users; the elements signin.*, code.*, shell.me,
// shell.workspace, users.*, invite.*, confirm.*; the table users. What a sheet does not name, its
// console does not have.
//
// github.com/pquerna/otp makes the one-time codes (RFC 6238).
package console

import (
	"context"
	"slices"
	"strings"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/browser"
	"github.com/usherhq/usher/selectors"
)

// A Shape is what is special about an app's console.
type Shape struct {
	App flows.App
	// Prefix goes before the names of the users page and its table, where the console has more
	// than one surface ("account.").
	Prefix string
	// Peek opens, on one's own row, what the act is offered in, presses nothing there, and returns
	// the beginnings of the names that are to be seen then. Nil where there is nothing to open.
	Peek func(w *browser.Walk, c *Console, me flows.Account) []string
	// Act walks from the users page, on which the one row of the account shows, through all that
	// is to be pressed to take its access away; the last press is announced. It returns once that
	// is pressed.
	Act func(w *browser.Walk, c *Console, who flows.Account)
}

// A Console is one signed-in session over a sheet.
type Console struct {
	Shape
	Env flows.Env
	Tab *browser.Tab

	partly string // why the list on the page is not of everybody; "" where it is
}

// Open opens a tab, signs in or takes up the kept session, and makes sure of the workspace.
func Open(ctx context.Context, b *browser.Browser, env flows.Env, shape Shape) (*Console, error) {
	tab, err := b.Open(ctx, env)
	if err != nil {
		return nil, err
	}
	c := &Console{Shape: shape, Env: env, Tab: tab}
	if err := c.signIn(ctx); err != nil {
		tab.Close()
		return nil, err
	}
	return c, nil
}

// Close ends the session's use; the kept session stays good.
func (c *Console) Close() error {
	c.Tab.Close()
	return nil
}

// Name is an element, page or table of the users surface.
func (c *Console) Name(n string) string { return c.Prefix + n }

// me is the address usher itself signs in with.
func (c *Console) me() string { return c.Env.Secrets["user"].Reveal() } // an address, shown anyway by the console

// inTenant makes sure that the console shows the workspace of the connection.
func (c *Console) inTenant(w *browser.Walk) {
	if w.Err() != nil {
		return
	}
	if want := c.Env.Connection.Workspace; want != "" {
		if got := w.Text("shell.workspace"); w.Err() == nil && !strings.EqualFold(got, flows.Clean(want)) {
			w.Fail(flows.Errorf(flows.WrongTenant, "know the workspace", "the console shows the workspace %q, the connection says %q", got, flows.Clean(want)).
				WithHint("check which workspace %s signs in to; nothing was read or changed", flows.Clean(c.me())))
		}
	}
}

// isMe makes sure that the console shows our own address, where it shows one.
func (c *Console) isMe(w *browser.Walk) {
	if w.Err() != nil || !w.Has("shell.me") {
		return
	}
	opened := w.Has("shell.menu") && !w.Shows("shell.me")
	if opened {
		w.Click("shell.menu")
	}
	got := w.Text("shell.me")
	whole := func(part string) bool { return flows.SameAddress(strings.Trim(part, "()<>[],;"), c.me()) }
	if w.Err() == nil && !slices.ContainsFunc(strings.Fields(got), whole) {
		w.Fail(flows.Errorf(flows.WrongTenant, "know who is signed in", "the console shows %q, usher signs in as %q", got, flows.Clean(c.me())).
			WithHint("run `usher unlock %s` after checking the account; nothing was read or changed", c.Env.Connection.Name))
	}
	if opened {
		w.Escape().Gone("shell.me")
	}
}

// theirs returns the console's words for our role, or says that it has none.
func (c *Console) theirs(role string) (selectors.Names, error) {
	words := c.Tab.Sheet().Words.Theirs(role)
	if len(words) == 0 {
		return nil, flows.Errorf(flows.Unsupported, "choose a role", "%s has no role %q", c.App.Title, flows.Clean(role)).
			WithHint("the roles are %s", strings.Join(c.App.Roles, ", "))
	}
	return words, nil
}
