package sandbox

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

// A Service says what a stand-in without pages is like: a SCIM 2.0 service with users and groups. Its
// accounts are those of the [Config], dressed as SCIM resources; it is started with
// [Server.ServeSCIM].
type Service struct {
	Base  string // path that it is served under: "/scim/v2"
	Token secrets.Value
	// Vendor is the URN of attributes of the product's own, which stand on every account and which
	// nobody but the product knows.
	Vendor string
	// Everybody is the name of the group of all who are active, Admins that of the admins' group.
	// Both are the product's own: they are not renamed, and their members are not changed.
	Everybody, Admins string
	// AdminRole is the role in the truth of who is in the admins' group, PlainRole everybody else's.
	AdminRole, PlainRole string
	// Teams makes up the ordinary groups; nil: there are none.
	Teams func(people []Person) []Group
	// Faults are faults of the app's own, by name.
	Faults map[string]FaultSpec
}

// A Group is a group of a service, with the ids of its members.
type Group struct {
	ID      string
	Name    string
	Members []string
	// Resource is what is kept beside the name and the members, as SCIM names it.
	Resource map[string]any
}

// furnish dresses the people as resources and makes up the groups. The same seed makes the same.
func (v *Service) furnish(cfg Config, people []*Person) []*Group {
	rng := mathrand.New(mathrand.NewPCG(uint64(cfg.Seed), 0x7363696d)) //nolint:gosec // made-up people, not secrets
	now := cfg.Now().UTC().Truncate(time.Second)
	admins := &Group{Name: v.Admins, Members: []string{}}
	var copies []Person
	for i, p := range people {
		p.ID = drawnID(rng)
		settle(p, v.dress(*p, i, rng))
		p.since = now.Add(-time.Duration(i) * time.Hour)
		if slices.Contains(p.Roles, v.AdminRole) {
			admins.Members = append(admins.Members, p.ID)
		}
		copies = append(copies, clone(p))
	}
	all := []*Group{{Name: v.Everybody}, admins}
	if v.Teams != nil {
		for _, g := range v.Teams(copies) {
			all = append(all, &g)
		}
	}
	for _, g := range all {
		g.ID = drawnID(rng)
	}
	return all
}

// dress makes the SCIM resource of an account: some have a user name in mixed case, some a second
// address, some the enterprise attributes, and all what only the product knows.
func (v *Service) dress(p Person, i int, rng *mathrand.Rand) tree {
	userName := p.Email
	if i%7 == 3 {
		local, domain, _ := strings.Cut(p.Email, "@")
		userName = strings.ToUpper(local[:1]) + local[1:] + "@" + strings.ToUpper(domain[:1]) + domain[1:]
	}
	emails := []any{tree{"value": p.Email, "type": "work", "primary": true}}
	if i%11 == 5 {
		emails = append(emails, tree{"value": fmt.Sprintf("home%d@example.net", i), "type": "home"})
	}
	t := tree{
		"schemas": []any{coreUser}, "userName": userName, "externalId": drawnID(rng),
		"name":        tree{"givenName": p.First, "familyName": p.Last, "formatted": p.Name()},
		"displayName": p.Name(), "active": p.State != flows.Deactivated, "emails": emails,
	}
	if i%3 == 0 {
		t["title"] = titles[rng.IntN(len(titles))]
		t[enterprise] = tree{
			"employeeNumber": fmt.Sprintf("%05d", 10000+i), "costCenter": fmt.Sprintf("CC-%d", 100+rng.IntN(40)),
			"organization": "Acme", "division": divisions[rng.IntN(len(divisions))], "department": departments[rng.IntN(len(departments))],
		}
		addSchema(t, enterprise)
	}
	if v.Vendor != "" {
		t[v.Vendor] = tree{
			"seat": "full", "onboarding": tree{"track": fmt.Sprintf("t-%d", rng.IntN(9)), "step": float64(rng.IntN(12))},
			"favourites": []any{fmt.Sprintf("spek-%d", i), "spek-0"},
		}
		addSchema(t, v.Vendor)
	}
	return t
}

var (
	titles      = []string{"Account Executive", "Analyst", "Engineer", "Manager", "Support Specialist"}
	divisions   = []string{"Americas", "EMEA", "APAC"}
	departments = []string{"Sales", "Support", "Finance", "Research & Development", "People"}
)

// settle takes from a resource what the directory knows of an account.
func settle(p *Person, t tree) {
	p.Resource = t
	p.Email = words(t, "userName")
	p.First, p.Last = words(branch(t, "name"), "givenName"), words(branch(t, "name"), "familyName")
	p.State = flows.Active
	if active, ok := get(t, "active").(bool); ok && !active {
		p.State = flows.Deactivated
	}
}

// judge puts the roles into the truth of a service: the admins' group makes an admin.
func (s *Server) judge(t Truth) {
	v := s.cfg.Service
	if v == nil {
		return
	}
	admins, _ := t.Group(v.Admins)
	for i, u := range t.Users {
		role := v.PlainRole
		if slices.Contains(admins.Members, u.ID) {
			role = v.AdminRole
		}
		t.Users[i].Roles = []string{role}
	}
}

// People returns copies of all accounts, as the server keeps them.
func (s *Server) People() []Person { return s.dir.all() }

// Groups returns copies of all groups, in the order in which they were made.
func (s *Server) Groups() []Group {
	s.dir.mu.Lock()
	defer s.dir.mu.Unlock()
	var out []Group
	for _, g := range s.dir.groups {
		out = append(out, s.full(g))
	}
	return out
}

// full is a group with its members; that of everybody has none of its own. It is called under the
// directory's lock.
func (s *Server) full(g *Group) Group {
	c := *g
	c.Members = slices.Clone(g.Members)
	if g.Name == s.cfg.Service.Everybody {
		c.Members = []string{}
		for _, p := range s.dir.people {
			if p.State == flows.Active {
				c.Members = append(c.Members, p.ID)
			}
		}
	}
	return c
}

// Strikes uses a fault of the app's own once, where it is active.
func (s *Server) Strikes(name string) (Fault, bool) { return s.faults.strike(name, nil) }

func drawnID(rng *mathrand.Rand) string {
	var b [16]byte
	for i := range b {
		b[i] = byte(rng.UintN(256)) //nolint:gosec // it is below 256
	}
	return uuid(b)
}

func newID() string {
	var b [16]byte
	rand.Read(b[:])
	return uuid(b)
}

func uuid(b [16]byte) string {
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
