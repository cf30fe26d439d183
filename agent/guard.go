package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/usherhq/usher/flows"
)

// A guard says no, with its reason, or nothing. Every guard is asked for every source alike.
type guard struct {
	name string
	// early guards need nothing of the console: they are asked before signing in as well, and once
	// more right at the press.
	early bool
	check func(ctx context.Context, g *guarded) error
}

// guarded is what the guards look at. plan is nil in the early look.
type guarded struct {
	read   Reader
	order  Order
	conn   flows.Connection
	app    flows.App
	way    flows.Way
	policy Policy
	own    string // the address usher itself signs in with
	plan   *Plan
	res    Reservation
}

// allGuards is the table of guards, in the order in which they are asked.
func allGuards() []guard {
	return []guard{
		{"address", true, guardAddress},
		{guardNameFreeze, true, guardFreeze},
		{"protected", true, guardProtected},
		{"own account", true, guardOwnAccount},
		{"reserved group", true, guardReservedGroup},
		{"read only", false, guardReadOnly},
		{"never role", false, guardNeverRole},
		{"last admin", false, guardLastAdmin},
		{guardNameCaps, false, guardCaps},
	}
}

// The names of the guards that ask nothing about the account.
const (
	guardNameFreeze = "freeze"
	guardNameCaps   = "caps"
)

// guardOp is what was being done when a guard said no.
const guardOp = "guard"

// ask asks the guards and returns the first no, with the guard's name.
func ask(ctx context.Context, guards []guard, g *guarded) (string, error) {
	for _, one := range guards {
		if g.plan == nil && !one.early {
			continue
		}
		if err := one.check(ctx, g); err != nil {
			return one.name, err
		}
	}
	return "", nil
}

// guardAddress wants whole addresses: an empty or malformed one could match anything. A group's name
// is what a person can read.
func guardAddress(_ context.Context, g *guarded) error {
	addresses := []string{g.order.Subject}
	if g.order.Verb.ofGroup() {
		addresses = nil
		names := []string{g.order.Subject}
		if c := g.order.Group; c != nil {
			addresses = slices.Concat(c.Add, c.Remove)
			if c.To != "" {
				names = append(names, c.To)
			}
		}
		for _, name := range names {
			if name == "" || name != flows.Clean(name) {
				return flows.Errorf(flows.Invalid, guardOp, "%q cannot name a group", flows.Clean(name)).WithHint("give one line of plain text")
			}
		}
	}
	if g.order.Change != nil && g.order.Change.Email != "" {
		addresses = append(addresses, g.order.Change.Email)
	}
	for _, a := range addresses {
		clean, err := flows.Address(a)
		if err != nil {
			return err
		}
		if clean != a {
			return flows.Errorf(flows.Invalid, guardOp, "the address is not in its plain form").WithHint("give %s", clean)
		}
	}
	return nil
}

// guardReadOnly keeps connections that somebody else writes to, such as an identity provider. It is
// asked once there is a plan, so that a person sees how the account stands, and one that is
// deactivated already is no failure.
func guardReadOnly(_ context.Context, g *guarded) error {
	if !g.conn.ReadOnly {
		return nil
	}
	return flows.Errorf(flows.Refused, guardOp, "%s is read_only: usher changes nothing there", g.conn.Name).
		WithHint("change it where it is kept (the identity provider), or take `read_only` out of the configuration once usher is its only writer")
}

// guardReservedGroup keeps the groups that are the product's own.
func guardReservedGroup(_ context.Context, g *guarded) error {
	if !g.order.Verb.ofGroup() {
		return nil
	}
	names := []string{g.order.Subject}
	if g.order.Group != nil {
		names = append(names, g.order.Group.To)
	}
	for _, name := range names {
		if slices.ContainsFunc(g.app.ReservedGroups, func(r string) bool { return foldCase(r) == foldCase(name) }) {
			return flows.Errorf(flows.Refused, guardOp, "%s is a group of %s's own", name, g.app.Title).
				WithHint("change it in %s itself", g.app.Title)
		}
	}
	return nil
}

// guardFreeze lets nothing through while the switch is on.
func guardFreeze(ctx context.Context, g *guarded) error {
	f, err := g.read.Freeze(ctx)
	if err != nil {
		return fmt.Errorf("read the freeze switch: %w", err)
	}
	if !f.On {
		return nil
	}
	why := ""
	if f.Reason != "" {
		why = ": " + f.Reason
	}
	return flows.Errorf(flows.Refused, guardOp, "all writes are frozen since %s by %s%s", f.At.UTC().Format("2006-01-02 15:04"), f.By, why).
		WithHint("when the reason is gone, run `usher freeze off`")
}

// guardProtected keeps the addresses that no order may touch.
func guardProtected(_ context.Context, g *guarded) error {
	for _, address := range g.addresses() {
		for _, pattern := range slices.Concat(g.policy.Protected, g.conn.Protected) {
			if glob(pattern, address) {
				return flows.Errorf(flows.Refused, guardOp, "%s is protected by the pattern %q", address, pattern).
					WithHint("if that is wrong, change `protected` in the configuration")
			}
		}
	}
	return nil
}

// guardOwnAccount keeps usher from locking itself out.
func guardOwnAccount(_ context.Context, g *guarded) error {
	if g.own == "" {
		return nil
	}
	for _, address := range g.addresses() {
		if foldCase(address) == foldCase(g.own) {
			return flows.Errorf(flows.Refused, guardOp, "%s is the account that usher itself signs in with on %s", address, g.conn.Name).
				WithHint("to retire it, give the connection another account first: `usher connect %s`", g.conn.App)
		}
	}
	return nil
}

// addresses are the subject's, what it would become, who would come into or out of a group, and what
// the console shows for it (letter case may differ).
func (g *guarded) addresses() []string {
	var out []string
	if !g.order.Verb.ofGroup() {
		out = append(out, g.order.Subject)
	}
	if c := g.order.Change; c != nil && c.Email != "" {
		out = append(out, c.Email)
	}
	if c := g.order.Group; c != nil {
		out = slices.Concat(out, c.Add, c.Remove)
	}
	if g.plan != nil {
		for _, a := range slices.Concat(g.plan.Accounts, g.plan.people) {
			// A user name, or a further e-mail, may be the address that is protected.
			out = append(out, a.Email, a.Words["email"], a.Words["user_name"])
		}
	}
	return slices.DeleteFunc(out, func(a string) bool { return a == "" })
}

// guardNeverRole keeps the roles whose holder an app must not lose, such as the Owner of a team.
func guardNeverRole(_ context.Context, g *guarded) error {
	if g.order.Verb != Deactivate {
		return nil
	}
	for _, a := range g.plan.Accounts {
		for _, role := range a.Roles {
			if hasRole(g.app.Never, role) {
				return flows.Errorf(flows.Refused, guardOp, "%s is %s in %s, and who holds that role is never removed", g.order.Subject, role, g.app.Title).
					WithHint("hand the role to somebody else in %s first", g.app.Title)
			}
		}
	}
	return nil
}

// guardLastAdmin keeps the last active holder of each administering role, judged on a fresh complete
// roster only. usher's own account does not count: a team that only a robot administers is locked out.
// An account whose role nobody could read might be an admin, and is judged like one.
func guardLastAdmin(_ context.Context, g *guarded) error {
	if g.order.Verb != Deactivate {
		return nil
	}
	for _, a := range g.plan.Accounts {
		if !mayAdminister(g.app, g.way, a) {
			continue
		}
		r := g.plan.roster
		if r == nil || r.Grade != flows.Complete {
			return flows.Errorf(flows.Refused, guardOp, "%s may be an admin of %s, and no complete roster shows that another one stays", g.order.Subject, g.app.Title).
				WithHint("run `usher list %s` until it is proved complete, then order again", g.conn.Name)
		}
		for _, role := range a.Roles {
			if hasRole(g.app.Admins, role) && !g.another(r, a, role) {
				return lastAdmin(g, role)
			}
		}
		if !g.another(r, a, "") {
			return lastAdmin(g, "admin")
		}
	}
	return nil
}

func lastAdmin(g *guarded, role string) error {
	return flows.Errorf(flows.Refused, guardOp, "%s is the last %s of %s who is a person", g.order.Subject, role, g.app.Title).
		WithHint("give the role to somebody else first")
}

// mayAdminister says whether the account holds an administering role, or one that nobody could read,
// unless this way shows nobody's role: then the plan says that it could not be judged.
func mayAdminister(app flows.App, way flows.Way, a flows.Account) bool {
	if len(app.Admins) == 0 || roleless(way, a) {
		return false
	}
	return len(a.Roles) == 0 || slices.ContainsFunc(a.Roles, func(r string) bool {
		return hasRole(app.Admins, r) || r == string(flows.Unknown)
	})
}

// roleless says whether the account shows no role because the way may show none.
func roleless(way flows.Way, a flows.Account) bool { return way.NoRoles && len(a.Roles) == 0 }

// another says whether somebody else who is active holds the role; "" means any administering one.
func (g *guarded) another(r *flows.Roster, but flows.Account, role string) bool {
	for _, a := range r.Accounts {
		if a.State != flows.Active || a.ID == but.ID || flows.SameAddress(a.Email, but.Email) || flows.SameAddress(a.Email, g.own) {
			continue
		}
		if role != "" && hasRole(a.Roles, role) {
			return true
		}
		if role == "" && slices.ContainsFunc(a.Roles, func(r string) bool { return hasRole(g.app.Admins, r) }) {
			return true
		}
	}
	return false
}

func hasRole(roles []string, role string) bool {
	return slices.ContainsFunc(roles, func(r string) bool { return strings.EqualFold(r, role) })
}

// guardCaps bounds how many accounts one command, and one day, may write to. It is asked in the
// transaction that reserves, so that two processes cannot both take the last place.
func guardCaps(ctx context.Context, g *guarded) error {
	caps, ok := g.policy.ConnectionCaps[g.conn.Name]
	if !ok {
		caps = g.policy.Caps
	}
	batch, day, err := g.read.Reserved(ctx, g.res)
	if err != nil {
		return fmt.Errorf("count today's writes: %w", err)
	}
	size := -1
	if g.order.Verb == Deactivate && (caps.PerRunPercent > 0 || caps.PerDayPercent > 0) {
		last, err := g.read.Snapshots(ctx, SnapshotFilter{Connection: g.conn.Name, Grade: flows.Complete, Limit: 1})
		if err != nil {
			return fmt.Errorf("read the last complete roster: %w", err)
		}
		if len(last) == 1 {
			size = last[0].Total
		}
	}
	for _, c := range []struct {
		taken, most int
		what        string
	}{
		{batch, caps.PerRun, "per run"},
		{day, caps.PerDay, "per day"},
		{batch, percent(caps.PerRunPercent, size), fmt.Sprintf("per run (%g %% of %d accounts)", caps.PerRunPercent, size)},
		{day, percent(caps.PerDayPercent, size), fmt.Sprintf("per day (%g %% of %d accounts)", caps.PerDayPercent, size)},
	} {
		if c.most > 0 && c.taken >= c.most {
			return flows.Errorf(flows.Refused, guardOp, "%s on %s: %d done or under way, and the cap is %d %s", g.order.Verb, g.conn.Name, c.taken, c.most, c.what).
				WithHint("look at `usher orders` whether that many are right; then raise `caps` in the configuration, or wait")
		}
	}
	return nil
}

// percent returns how many accounts p percent of size are, one at least; 0 where it cannot be said.
func percent(p float64, size int) int {
	if p <= 0 || size < 0 {
		return 0
	}
	return max(1, int(p*float64(size)/100))
}

// goodPatterns says which pattern could never match an address.
func goodPatterns(patterns []string) error {
	for _, p := range patterns {
		if p == "" || p != flows.Clean(p) || strings.ContainsAny(p, " ,;<>") || !strings.ContainsAny(p, "*@") {
			return fmt.Errorf("%q is not a pattern of addresses (such as ceo@example.com or *@board.example.com)", flows.Clean(p))
		}
	}
	return nil
}

// glob matches a whole address, case folded: "*" stands for any run, "?" for one character.
func glob(pattern, address string) bool {
	p, s := []rune(foldCase(pattern)), []rune(foldCase(address))
	star, mark, i, j := -1, 0, 0, 0
	for j < len(s) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == s[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}

// foldCase maps what strings.EqualFold calls equal to one form. Lower case alone would not do:
// the long s folds to s, so an address spelt with it would slip past a pattern.
func foldCase(s string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return least
	}, strings.TrimSpace(s))
}
