// Package sandbox is a stand-in of Spekit's SCIM 2.0 service and of its read-only REST API. It is not
// Spekit: where its documents are silent (paging, filters, the forms of PATCH, what DELETE does) it is
// a service that keeps to RFC 7644, and each of its faults is what some other service does.
//
// Where it is documented it does as Spekit: pushed groups become teams, a second one of the same name
// is a second team, "All Spekit Users" and "Spekit Acct admins" are the product's own, and a team is
// not deleted through the identity provider. Who was invited and has not come yet is Pending in
// Spekit's own pages; SCIM knows active and not active only, so there is nobody invited here. A seed
// and a number of users make the same people, with the same addresses as in the other stand-ins.
package sandbox

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"slices"

	"github.com/usherhq/usher/flows"
	kit "github.com/usherhq/usher/flows/internal/sandbox"
	"github.com/usherhq/usher/secrets"
)

const (
	site  = "api"
	users = 540

	everybody = "All Spekit Users"
	admins    = "Spekit Acct admins"
	admin     = "account-admin"
	user      = "user"
	vendor    = "urn:spekit:params:scim:schemas:extension:2.0:User"

	// perSecond is how many requests a second usher may make of the stand-in.
	perSecond = 200
)

// A standIn is a running stand-in, with what its guests must show.
type standIn struct {
	*kit.Server
	token, rest secrets.Value
}

// Start starts a stand-in on loopback; it ends with ctx or by Close.
func Start(ctx context.Context, o flows.SandboxOptions) (flows.StandIn, error) {
	if o.UsersPage != "" || o.Paging != "" || o.Release != "" {
		return nil, fmt.Errorf("spekit is reached through SCIM: there is no page %q, no paging %q and no release %q of it", o.UsersPage, o.Paging, o.Release)
	}
	in := &standIn{token: secrets.New("spk_" + rand.Text()), rest: secrets.New(rand.Text())}
	s, err := kit.New(ctx, config(o, in.token))
	if err != nil {
		return nil, fmt.Errorf("start the stand-in of spekit: %w", err)
	}
	in.Server = s
	s.ServeSCIM(site, map[string]http.Handler{"GET /v1/users/{$}": in.api()})
	return in, nil
}

// Connection returns how to reach the stand-in, without secrets.
func (in *standIn) Connection() flows.Connection {
	return flows.Connection{
		Name: "spekit", App: "spekit", Via: flows.ViaSCIM,
		URL: in.URL(site) + "/scim/v2", API: in.URL(site) + "/v1", PerSecond: perSecond,
	}
}

// Secrets returns the tokens of the service and of the REST API.
func (in *standIn) Secrets() map[string]secrets.Value {
	return map[string]secrets.Value{"token": in.token, "rest_token": in.rest}
}

func config(o flows.SandboxOptions, token secrets.Value) kit.Config {
	if o.Users == 0 {
		o.Users = users
	}
	return kit.Config{
		App: "spekit", Workspace: "Acme Robotics", Sites: []string{site},
		Users: o.Users, Seed: o.Seed, Latency: o.Latency,
		// Who made the tokens; in the log of writes it is by her.
		Admin: kit.Person{Email: "usher@example.com", First: "Uma", Last: "Usher", Roles: []string{admin}},
		Fixed: slices.Concat(
			kit.Settled(kit.Confusable(user)), kit.Settled(kit.OneOfEach(user)), kit.Settled(kit.Hostile(user)),
			[]kit.Person{{Email: "adele.admin@example.com", First: "Adèle", Last: "Admin", Roles: []string{admin}, State: flows.Active}},
		),
		Roles:  []kit.Weighted{{Word: admin, Weight: 2}, {Word: user, Weight: 98}},
		States: []kit.Weighted{{Word: string(flows.Active), Weight: 90}, {Word: string(flows.Deactivated), Weight: 10}},
		Service: &kit.Service{
			Base: "/scim/v2", Token: token, Vendor: vendor, Everybody: everybody, Admins: admins,
			AdminRole: admin, PlainRole: user, Teams: teams(o.Seed),
			Faults: map[string]kit.FaultSpec{"second_differs": {Params: map[string]bool{"email": false, "says": false}, Need: "email"}},
		},
	}
}

// teams makes up a few dozen teams; one of them is empty, and one large.
func teams(seed int64) func([]kit.Person) []kit.Group {
	return func(people []kit.Person) []kit.Group {
		rng := mathrand.New(mathrand.NewPCG(uint64(seed), 0x7465616d)) //nolint:gosec // made-up teams, not secrets
		out := []kit.Group{{Name: "Onboarding 2027", Members: []string{}}}
		for _, area := range []string{"Sales", "Support", "Engineering", "Finance", "People", "Marketing", "Legal", "Customer Success"} {
			for _, region := range []string{"Americas", "EMEA", "APAC"} {
				g := kit.Group{Name: area + " " + region, Members: []string{}}
				if region == "EMEA" {
					g.Resource = map[string]any{"externalId": "idp-" + area}
				}
				for _, p := range people {
					if rng.IntN(24) == 0 {
						g.Members = append(g.Members, p.ID)
					}
				}
				out = append(out, g)
			}
		}
		large := kit.Group{Name: "Read & Acknowledge", Members: []string{}}
		for i, p := range people {
			if i%4 != 0 {
				large.Members = append(large.Members, p.ID)
			}
		}
		return append(out, large)
	}
}
