// Package stonly lists, invites and deactivates the members of a Stonly team, through its admin
// console. It is what is special about that console; the rest is flows/internal/console, and how
// the console looks is selectors/stonly.
//
// Nobody here has seen the real page of team members. Only the sign-in page is known from outside,
// with its trap: fields that are filled before the page has come to life are emptied again.
package stonly

import (
	"context"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/browser"
	"github.com/usherhq/usher/flows/internal/console"
	"github.com/usherhq/usher/flows/stonly/sandbox"
)

// App is Stonly, reached through the browser.
func App(b *browser.Browser) flows.App {
	app := flows.App{
		Name:  "stonly",
		Title: "Stonly",
		// https://stonly.com/kb/guide/en/team-permissions-in-stonly-cgrH5mLGgI/Steps/1590928. The Owner,
		// exactly one, is made by handing the role over, never by an invitation.
		Roles:      []string{"admin", "member"},
		Admins:     []string{"owner", "admin"},
		Never:      []string{"owner"},
		Unverified: "The sign-in page is known from a public test suite; the page of team members is not documented, and nearly all of its sheet is assumed. Run `usher check` before the first write.",
		Sandbox:    sandbox.Start,
	}
	app.Ways = []flows.Way{{
		Name: "browser",
		Secrets: []flows.SecretSpec{
			{Name: "user", Title: "address usher signs in with", Public: true},
			{Name: "password", Title: "password"},
		},
		Can: []string{"list", "invite", "deactivate", "check"},
		Open: func(ctx context.Context, env flows.Env) (flows.Console, error) {
			return console.Open(ctx, b, env, console.Shape{App: app, Peek: peek, Act: takeAway})
		},
	}}
	return app
}

var (
	_ flows.Console = (*console.Console)(nil)
	_ flows.Checker = (*console.Console)(nil)
)
