// Package sandbox is a stand-in of the Thoropass console, on loopback: the sign-in with its code on
// one origin, the app on another, in the words that the vendor's help pages use. It is not
// Thoropass: how the real pages are built nobody here has seen.
package sandbox

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/usherhq/usher/flows"
	kit "github.com/usherhq/usher/flows/internal/sandbox"
)

// The page as `npm ci && npm run build` in ui makes it. It is kept in the repository so that
// go install needs no Node.
//
//go:embed dist
var dist embed.FS

// Users pages that the stand-in can be started on.
const (
	workspacePage = "workspace"
	accountPage   = "account"
)

const (
	login = "login"
	app   = "app"
)

// Start starts a stand-in: 212 users, "next" paging and the release with "Deactivate User" where o
// does not say otherwise. It ends when ctx does or by Close.
func Start(ctx context.Context, o flows.SandboxOptions) (flows.StandIn, error) {
	cfg, err := config(o)
	if err != nil {
		return nil, fmt.Errorf("start the Thoropass stand-in: %w", err)
	}
	pages, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, fmt.Errorf("open the built page: %w", err)
	}
	s, err := kit.New(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("start the Thoropass stand-in: %w", err)
	}
	s.Serve(login, pages)
	s.Serve(app, pages)
	return s, nil
}

func config(o flows.SandboxOptions) (kit.Config, error) {
	page := o.UsersPage
	if page == "" {
		page = workspacePage
	}
	admin := kit.Person{Email: "usher.service@example.com", First: "Usher", Last: "Service", Roles: []string{"admin"}}
	switch page {
	case workspacePage:
	case accountPage:
		admin.Roles = []string{"account-admin"}
	default:
		return kit.Config{}, fmt.Errorf("users page %q is neither %q nor %q", page, workspacePage, accountPage)
	}
	users := o.Users
	if users == 0 {
		users = 212
	}
	const lowest = "viewer"
	var fixed []kit.Person
	fixed = append(fixed, kit.Confusable(lowest)...)
	fixed = append(fixed, kit.OneOfEach(lowest)...)
	fixed = append(fixed, kit.Hostile(lowest)...)
	fixed = append(fixed, kit.Person{
		Email: "adele.admin@example.com", First: "Adèle", Last: "Admin",
		Roles: []string{"admin", "risk-owner"}, State: flows.Active,
	})
	return kit.Config{
		App: "thoropass", Workspace: "Acme Robotics", Sites: []string{login, app}, SignInPath: "/login",
		UsersPage: page, Users: users, Seed: o.Seed, Latency: o.Latency, TOTP: true,
		Admin: admin, Fixed: fixed,
		Roles: []kit.Weighted{
			{Word: "account-admin", Weight: 1}, {Word: "admin", Weight: 4}, {Word: "user-access-admin", Weight: 3},
			{Word: "contributor", Weight: 40}, {Word: "audit-contributor", Weight: 12}, {Word: lowest, Weight: 30},
			{Word: "auditor", Weight: 5}, {Word: "risk-owner", Weight: 8}, {Word: "salesperson", Weight: 6},
		},
		Several: 15, Expired: 6, Holding: holding,
		Paging:  o.Paging,
		Pagings: []string{kit.Next, kit.Numbered, kit.More, kit.Infinite, kit.Virtual},
		Release: o.Release, Releases: []string{"deactivate", "delete", "revoke"},
	}, nil
}

// holding makes up open work, the same for the same n.
func holding(n int) flows.Holding {
	titles := []string{
		"Upload the access review of the third quarter", "Screenshot of the firewall rules", "Signed acceptable use policy",
		"Penetration test report", "Evidence of background checks", "List of production database administrators",
	}
	kinds := []string{"Evidence request", "Task"}
	return flows.Holding{
		Kind: kinds[n%len(kinds)], Title: titles[n%len(titles)], Due: fmt.Sprintf("2026-12-%02d", 1+n%28),
	}
}
