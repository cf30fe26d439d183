package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/usherhq/usher/flows"
)

// makePlan says what would be done about the accounts that were read, and keeps it.
func (r *run) makePlan(ctx context.Context, con flows.Console, now sight) error {
	if len(now.accounts) > 1 {
		return flows.Errorf(flows.Ambiguous, "plan", "%d accounts of %s answer to %s", len(now.accounts), r.conn.Name, r.order.Subject).
			WithHint("look at them in %s and leave one", r.place())
	}
	p := &Plan{
		Verb: r.order.Verb, Connection: r.conn.Name, Subject: r.order.Subject, Person: r.order.Person,
		Change: r.order.Change, Group: r.order.Group, Groups: now.groups,
		Accounts: now.accounts, Do: []string{}, Read: r.a.now(),
	}
	if r.sheets != nil {
		p.Sheets = r.sheets.Digest()
	}
	var err error
	switch r.order.Verb {
	case Invite:
		err = r.planInvite(p)
	case Deactivate:
		err = r.planDeactivate(ctx, con, p, now)
	case Reactivate:
		err = r.planReactivate(ctx, con, p)
	case Update:
		err = r.planUpdate(ctx, con, p, now)
	default:
		err = r.planGroup(p, now)
	}
	if err != nil {
		return err
	}
	return r.keepPlan(ctx, p)
}

// keepPlan masks the plan, seals it with its hash and writes it down.
func (r *run) keepPlan(ctx context.Context, p *Plan) error {
	roster, people := p.roster, p.people
	if err := r.masked(p); err != nil {
		return err
	}
	if p.Do == nil {
		p.Do = []string{}
	}
	p.roster, p.people = roster, people
	if err := p.seal(); err != nil {
		return err
	}
	err := r.a.opt.Store.Write(ctx, func(ctx context.Context, tx Tx) error {
		if err := tx.AddPlan(ctx, r.row.ID, *p); err != nil {
			return err
		}
		return r.a.link(ctx, tx, Entry{Connection: r.conn.Name, Kind: "plan", Order: r.order.ID, Run: r.row.ID, By: r.order.By},
			map[string]any{"hash": p.Hash, "do": p.Do, "standing": p.Standing, "sheets": p.Sheets})
	})
	if err != nil {
		return fmt.Errorf("keep the plan: %w", err)
	}
	r.plan = p
	r.res.Plan, r.row.PlanHash = p, p.Hash
	return nil
}

func (r *run) planInvite(p *Plan) error {
	const op = "plan the invitation"
	for _, role := range r.order.Person.Roles {
		if roles := r.app.RolesVia(r.way); !hasRole(roles, role) {
			return flows.Errorf(flows.Unsupported, op, "%s has no role %q via %s", r.app.Title, flows.Clean(role), r.way.Name).
				WithHint("the roles are %s", strings.Join(roles, ", "))
		}
	}
	if len(p.Accounts) == 0 {
		p.Do = append(p.Do, fmt.Sprintf("invite %s to %s as %s", p.Subject, r.app.Title, strings.Join(r.order.Person.Roles, ", ")))
		p.Seen = "a search proves that no account has this address"
		return nil
	}
	a := p.Accounts[0]
	switch a.State {
	case flows.Active:
		p.Standing = flows.Already
		p.Seen = fmt.Sprintf("%s has an active account (%s)", p.Subject, strings.Join(a.Roles, ", "))
	case flows.Invited:
		p.Standing = flows.InvitationOut
		p.Seen = fmt.Sprintf("an invitation to %s is pending", p.Subject)
	case flows.InviteExpired:
		// Inviting anew is another act than inviting: it may reset what the person set up.
		p.Standing = flows.Manual
		p.Seen = fmt.Sprintf("the invitation to %s has expired", p.Subject)
		p.Manual = append(p.Manual, flows.ManualStep{What: fmt.Sprintf("send the invitation of %s again in %s", p.Subject, r.app.Title), Link: r.conn.URL})
	case flows.Deactivated:
		return flows.Errorf(flows.Unsupported, op, "%s has a deactivated account in %s; to reactivate it is another act than to invite", p.Subject, r.app.Title).
			WithHint("%s", r.howToReactivate())
	default:
		return flows.Errorf(flows.Refused, op, "%s has an account in %s whose state %q usher does not know", p.Subject, r.app.Title, a.Words["status"]).
			WithHint("add the word to the app's sheet under words")
	}
	return nil
}

func (r *run) planDeactivate(ctx context.Context, con flows.Console, p *Plan, now sight) error {
	const op = "plan the deactivation"
	sso := r.ssoStep()
	if now.doubt != "" {
		return flows.Errorf(flows.Unverified, op, "%s, and %s", standingOf(p.Accounts[0]), now.doubt).
			WithHint("look at %s in %s", p.Subject, r.place())
	}
	if len(p.Accounts) == 0 {
		removed, ok := lastVerified(r.presses)
		if !ok {
			return flows.Errorf(flows.NotFound, op, "a search of %s proves that no account has the address %s", r.conn.Name, p.Subject)
		}
		p.Standing = flows.Already
		p.Seen = fmt.Sprintf("run %s removed the account on %s, and a fresh search proves it absent", removed.Run, removed.At.Format("2006-01-02"))
		p.Manual = sso
		return nil
	}
	a := p.Accounts[0]
	if a.State == flows.Deactivated {
		p.Standing = flows.Already
		p.Seen = fmt.Sprintf("the account of %s is deactivated", p.Subject)
		p.Manual = sso
		return nil
	}
	p.Seen = standingOf(a)
	if how := a.Words["search"]; how != "" {
		p.Seen += "; " + how
	}
	p.Do = append(p.Do, fmt.Sprintf("deactivate the account %s of %s in %s", a.ID, p.Subject, r.app.Title))
	if roleless(r.way, a) && len(r.app.Admins) > 0 {
		p.Seen += fmt.Sprintf("; via %s nobody's role is to be seen, so whether this is the last admin could not be judged", r.way.Name)
	}
	if mayAdminister(r.app, r.way, a) {
		snap, err := r.readRoster(ctx, con)
		if err != nil {
			return fmt.Errorf("read the roster, to see that another admin stays: %w", err)
		}
		p.Roster, p.Grade, p.roster = snap.ID, snap.Grade, snap.Roster
	}
	if err := r.planHoldings(ctx, con, p); err != nil {
		return err
	}
	p.Manual = append(p.Manual, sso...)
	return nil
}

// standingOf says how an account stands: "the account of ana@example.com is active (member)".
func standingOf(a flows.Account) string {
	s := fmt.Sprintf("the account of %s is %s", a.Email, a.State)
	if len(a.Roles) > 0 {
		s += " (" + strings.Join(a.Roles, ", ") + ")"
	}
	return s
}

// howToReactivate is the next step for an account that is deactivated.
func (r *run) howToReactivate() string {
	if slices.Contains(r.way.Can, string(Reactivate)) {
		return fmt.Sprintf("`usher reactivate %s %s`", r.conn.Name, r.order.Subject)
	}
	return "reactivate it in " + r.place()
}

func (r *run) planReactivate(ctx context.Context, con flows.Console, p *Plan) error {
	const op = "plan the reactivation"
	if len(p.Accounts) == 0 {
		if err := r.elsewhere(ctx, con); err != nil {
			return err
		}
		return flows.Errorf(flows.NotFound, op, "a search of %s proves that no account has the address %s", r.conn.Name, p.Subject).
			WithHint("`usher invite %s %s` lets a person in who has none", r.conn.Name, p.Subject)
	}
	a := p.Accounts[0]
	p.Seen = standingOf(a)
	switch a.State {
	case flows.Active:
		p.Standing = flows.Already
	case flows.Deactivated:
		p.Do = append(p.Do, fmt.Sprintf("reactivate the account %s of %s in %s", a.ID, p.Subject, r.app.Title))
	default:
		return flows.Errorf(flows.Refused, op, "%s, and only a deactivated account is reactivated", p.Seen).WithHint("look at it in %s", r.place())
	}
	return nil
}

func (r *run) planUpdate(ctx context.Context, con flows.Console, p *Plan, now sight) error {
	const op = "plan the update"
	if len(p.Accounts) == 0 {
		if err := r.elsewhere(ctx, con); err != nil {
			return err
		}
		e := flows.Errorf(flows.NotFound, op, "a search of %s proves that no account has the address %s", r.conn.Name, p.Subject)
		if now.other != nil {
			return e.WithHint("%s has an account; whether it is that of %s is not known", r.order.Change.Email, p.Subject)
		}
		return e
	}
	if now.other != nil {
		return flows.Errorf(flows.Refused, op, "%s has an account of its own in %s", r.order.Change.Email, r.app.Title).
			WithHint("look at both in %s: one address belongs to one account", r.place())
	}
	a := p.Accounts[0]
	differs := r.order.Change.Differs(a)
	p.Seen = standingOf(a)
	if len(differs) == 0 {
		p.Standing = flows.Already
		p.Seen += ", and says all of that already"
		return nil
	}
	for _, d := range differs {
		p.Do = append(p.Do, fmt.Sprintf("change the account %s of %s in %s: %s", a.ID, p.Subject, r.app.Title, d))
	}
	return nil
}

// planHoldings asks what open work the leaver has, where the app can say, and whether a person must
// look at it first.
func (r *run) planHoldings(ctx context.Context, con flows.Console, p *Plan) error {
	h, ok := con.(flows.Holder)
	if !ok {
		for _, w := range r.app.Ways {
			if w.Name != r.way.Name && slices.Contains(w.Can, "holdings") {
				p.Seen += fmt.Sprintf("; open work of a leaver is to be seen via %s only", w.Name)
			}
		}
		return nil
	}
	items, link, known, err := h.Holdings(ctx, p.Accounts[0])
	if err != nil {
		return fmt.Errorf("read the open work of %s: %w", p.Subject, err)
	}
	if known && len(items) == 0 {
		return nil
	}
	step := flows.ManualStep{Link: link, Items: items}
	switch r.holdings() {
	case HoldingsReviewed:
		return nil
	case HoldingsLeave:
		step.What = fmt.Sprintf("open work of %s is left as it is: assign it to somebody else", p.Subject)
	default:
		step.What = fmt.Sprintf("review the open work of %s in %s before the removal", p.Subject, r.app.Title)
		p.Waits = true
	}
	p.Manual = append(p.Manual, step)
	return nil
}

// holdings is the order's word on open work, else the connection's.
func (r *run) holdings() string {
	if r.order.Holdings != "" {
		return r.order.Holdings
	}
	return r.conn.Holdings
}

// standing ends the run where there is nothing to do.
func (r *run) standing() {
	r.res.Outcome, r.res.Seen, r.res.Manual = r.plan.Standing, r.plan.Seen, r.plan.Manual
	if len(r.plan.Accounts) == 1 {
		r.res.Account = &r.plan.Accounts[0]
	}
	if len(r.plan.Groups) == 1 {
		r.res.Group = &r.plan.Groups[0]
	}
}

// lastVerified returns the last press that was seen to have worked.
func lastVerified(presses []Press) (Press, bool) {
	for i := len(presses) - 1; i >= 0; i-- {
		if presses[i].State == PressVerified {
			return presses[i], true
		}
	}
	return Press{}, false
}

// ssoTitles are the names of identity providers as people know them.
var ssoTitles = map[string]string{
	"okta": "Okta", "entra": "Microsoft Entra ID", "azure": "Microsoft Entra ID", "google": "Google Workspace",
	"onelogin": "OneLogin", "jumpcloud": "JumpCloud", "ping": "Ping Identity",
}

// ssoStep is what a deactivation leaves to a person where people sign in through a provider.
func (r *run) ssoStep() []flows.ManualStep {
	if r.conn.SSO == "" || r.order.Verb != Deactivate {
		return nil
	}
	title := r.conn.SSO
	if t, ok := ssoTitles[strings.ToLower(title)]; ok {
		title = t
	}
	return []flows.ManualStep{{What: fmt.Sprintf(
		"remove the assignment of %s to %s in %s: the next sign-in through it could create the account anew", r.app.Title, r.order.Subject, title)}}
}
