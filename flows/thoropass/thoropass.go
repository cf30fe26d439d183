// Package thoropass lists, invites and deactivates the users of a Thoropass workspace or account,
// through its admin console, and through SCIM for those who hold a key. It is what is special about
// that console; the rest is flows/internal/console, and how the console looks is selectors/thoropass.
//
// Nobody here has seen the real console. What its help pages say stands in the sheets, with the
// addresses; what they do not say is marked assumed there.
package thoropass

import (
	"context"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/browser"
	"github.com/usherhq/usher/flows/internal/console"
	"github.com/usherhq/usher/flows/thoropass/sandbox"
)

// App is Thoropass, reached through the browser.
func App(b *browser.Browser) flows.App {
	app := flows.App{
		Name:  "thoropass",
		Title: "Thoropass",
		// https://help.thoropass.com/en/articles/10054053-thoropass-roles-permissions-matrix, cut after
		// the sixth; the others are named on other help pages (see the sheet).
		Roles: []string{"account-admin", "admin", "user-access-admin", "contributor", "audit-contributor", "viewer", "auditor", "risk-owner", "salesperson"},
		// "multiple" is what the account page shows instead of the roles: it may hide an admin.
		Admins:     []string{"account-admin", "admin", "multiple"},
		UsersPages: []string{"workspace", "account"},
		Unverified: "The help pages name the menus and most buttons; the sign-in's labels, the users table's columns and the page addresses are assumed. Run `usher check` before the first write.",
		Sandbox:    sandbox.Start,
	}
	app.Ways = []flows.Way{{
		Name: "browser",
		Secrets: []flows.SecretSpec{
			{Name: "user", Title: "address usher signs in with", Public: true},
			{Name: "password", Title: "password"},
			{Name: "totp", Title: "TOTP secret (the text beside the QR code)"},
		},
		Can:  []string{"list", "invite", "deactivate", "holdings", "check"},
		Open: func(ctx context.Context, env flows.Env) (flows.Console, error) { return open(ctx, b, app, env) },
	}, viaSCIM(app)}
	return app
}

// users is one signed-in session on the workspace page or the account page.
type users struct {
	*console.Console
}

var (
	_ flows.Console = (*users)(nil)
	_ flows.Holder  = (*users)(nil)
	_ flows.Checker = (*users)(nil)
)

func open(ctx context.Context, b *browser.Browser, app flows.App, env flows.Env) (flows.Console, error) {
	shape := console.Shape{App: app, Peek: peek, Act: takeAway}
	switch env.Connection.UsersPage {
	case "", "workspace":
	case "account":
		shape.Prefix = "account."
	default:
		return nil, flows.Errorf(flows.Invalid, "open Thoropass", "users_page is %q", flows.Clean(env.Connection.UsersPage)).
			WithHint("it is workspace (Settings > Users) or account (Account Dashboard > User Management)")
	}
	c, err := console.Open(ctx, b, env, shape)
	if err != nil {
		return nil, err
	}
	return &users{c}, nil
}
