// Package sandbox is a stand-in of the Stonly admin console: what its pages look like and what its
// server allows. It is not Stonly: the sign-in follows code written against the real one, most of
// the members page is assumed (see selectors/stonly).
//
// What is particular to it: the sign-in page loses what is typed before it has come to life, the
// session is a cookie and a token in localStorage, the action button of a row is there only for
// the row that one points at, and by default only the rows in sight are in the document.
package sandbox

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"slices"

	"github.com/usherhq/usher/flows"
	kit "github.com/usherhq/usher/flows/internal/sandbox"
)

// The pages as Vite built them from ui; `make ui` builds them again.
//
//go:embed all:dist
var built embed.FS

const (
	team   = "Juniper Support"
	teamID = 184207
	users  = 1034

	owner  = "owner"
	admin  = "admin"
	member = "member"

	site = "app"
)

// Start starts a stand-in on loopback; it ends with ctx or by Close. Its admin is an Admin of the
// team, not its Owner.
func Start(ctx context.Context, o flows.SandboxOptions) (flows.StandIn, error) {
	if o.UsersPage != "" {
		return nil, fmt.Errorf("stonly has one page of members, not %q", o.UsersPage)
	}
	pages, err := fs.Sub(built, "dist")
	if err != nil {
		return nil, fmt.Errorf("open the built pages: %w", err)
	}
	s, err := kit.New(ctx, config(o))
	if err != nil {
		return nil, fmt.Errorf("start the stand-in of stonly: %w", err)
	}
	s.Serve(site, pages)
	return s, nil
}

func config(o flows.SandboxOptions) kit.Config {
	if o.Users == 0 {
		o.Users = users
	}
	return kit.Config{
		App: "stonly", Workspace: team, Sites: []string{site}, SignInPath: "/authentication",
		Users: o.Users, Seed: o.Seed, Latency: o.Latency,
		Admin: kit.Person{Email: "usher@example.com", First: "Uma", Last: "Usher", Roles: []string{admin}},
		Fixed: slices.Concat(
			[]kit.Person{{
				Email: "olga.owner@example.com", First: "Olga", Last: "Owner",
				Roles: []string{owner}, State: flows.Active,
			}},
			kit.Confusable(member), kit.OneOfEach(member), kit.Hostile(member),
		),
		// A team has one Owner: the one above.
		Roles:  []kit.Weighted{{Word: owner}, {Word: admin, Weight: 4}, {Word: member, Weight: 96}},
		Refuse: refuse,

		Paging: o.Paging, Pagings: []string{kit.Virtual, kit.Numbered, kit.Next, kit.More, kit.Infinite},
		PageSize: 50,
		Release:  o.Release, Releases: []string{"1"},
		Flags: map[string]any{"team": map[string]any{"id": teamID, "name": team}},
	}
}

// refuse says what the server of Stonly does not let an Admin do.
func refuse(verb string, subject, _ kit.Person) string {
	switch {
	case slices.Contains(subject.Roles, owner) && verb != "reinvite":
		return "A team has exactly one owner. Transfer the ownership first."
	case verb != "invite" && verb != "reinvite" && verb != "deactivate" && verb != "role":
		return "This is not possible in this team."
	}
	return ""
}
