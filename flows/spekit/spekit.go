// Package spekit lists, invites, deactivates, reactivates and updates the users of Spekit, and keeps
// its teams, through SCIM 2.0. It drives no browser. It is what is special about Spekit; the rest is
// flows/internal/scim.
//
// # What Spekit documents
//
//   - The endpoint's address, the unique identifier and the bearer token are made in the product, under
//     Settings > Connect; each customer has its own.
//     https://help.spekit.com/hc/en-us/articles/16160357800859-Okta-SCIM-Connection-Overview
//   - Users are created, updated and deactivated, and groups are pushed. OneLogin is to suspend, not to
//     delete. Entra must send its objectId as externalId.
//     https://help.spekit.com/hc/en-us/articles/16161615650459-OneLogin-SCIM-Connection-Overview
//     https://help.spekit.com/hc/en-us/articles/16126954733979-Entra-ID-Azure-SCIM-Connection-Overview
//   - A pushed group becomes a team, a second one of the same name a second team; "All Spekit Users" and
//     "Spekit Acct admins" are reserved; a team is not deleted through the identity provider.
//     https://help.spekit.com/hc/en-us/articles/4410587903131-3-Teams
//   - Who is new is Pending until the first sign-in. An organisation has one connection of this kind: where
//     its identity provider writes through it already, usher is to read only (read_only: true).
//     https://help.spekit.com/hc/en-us/articles/9923420400795-Single-Sign-On-FAQs
//     https://help.spekit.com/hc/en-us/articles/9923374365723-SSO-Overview-Configuration
//   - A read-only REST API lists the users too, 30 requests in ten seconds. It is the second witness of a
//     list, where its token is configured.
//     https://help.spekit.com/hc/en-us/articles/31041891807643-Spekit-API-Overview
//
// # What it does not
//
// PATCH or PUT, what DELETE does, filters, page sizes, limits, the attributes beside externalId, and
// whether the account admins can be told by SCIM: flows/internal/scim finds out, and verifies each write by
// reading. That the members of "Spekit Acct admins" are the account admins is taken from its name. Pending
// is not to be seen through SCIM: an account that nobody has used yet is active here.
package spekit

import (
	"context"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/scim"
	"github.com/usherhq/usher/flows/spekit/sandbox"
)

const (
	everybody    = "All Spekit Users"
	admins       = "Spekit Acct admins"
	plainRole    = "user"
	accountAdmin = "account-admin"
)

// App is Spekit, reached through SCIM.
func App() flows.App {
	app := flows.App{
		Name:           "spekit",
		Title:          "Spekit",
		Roles:          []string{plainRole},
		Admins:         []string{accountAdmin},
		ReservedGroups: []string{everybody, admins},
		Unverified: "Spekit documents that it speaks SCIM, not how: nobody here has seen its service. Every write is verified by reading, " +
			"and `usher check` says what the service can do. Run it before the first write.",
		Sandbox: sandbox.Start,
	}
	app.Ways = []flows.Way{{
		Name: flows.ViaSCIM,
		// Who is an admin may be told by a group, or by nothing.
		NoRoles: true,
		Secrets: []flows.SecretSpec{
			{Name: "token", Title: "bearer token of the SCIM connection (Settings > Connect; it is shown once)", Once: true},
			{Name: restToken, Title: "token of the read-only REST API (Settings > API Tokens; it is shown once)", Optional: true, Once: true},
		},
		Can: []string{"list", "invite", "deactivate", "reactivate", "update", "groups", "check"},
		Open: func(ctx context.Context, env flows.Env) (flows.Console, error) {
			return scim.Open(ctx, env, scim.Shape{
				App: app, AdminGroups: []string{admins}, PlainRole: plainRole, Groups: true, Second: second,
			})
		},
	}}
	return app
}
