package scim

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/usherhq/usher/flows"
)

// Confirm says, where there is a second source, what that shows of the account instead of the state.
// It is asked once.
func (c *Console) Confirm(ctx context.Context, who flows.Account, want flows.State) (string, error) {
	if c.second == nil || want != flows.Active && want != flows.Deactivated {
		return "", nil
	}
	s, err := c.readSecond(ctx)
	if failed, ok := errors.AsType[*secondError](err); ok {
		return "", c.unasked(failed)
	}
	if err != nil {
		return "", err
	}
	v := c.judgeSecond(s, who)
	if v.state == want || want == flows.Deactivated && v.agrees {
		return "", nil
	}
	return v.says, nil
}

// unasked is the error of a second source that could not be asked, of the code that its own has.
func (c *Console) unasked(err *secondError) error {
	code := flows.CodeOf(err.err)
	if code == flows.Internal {
		code = flows.Unavailable
	}
	return flows.Errorf(code, "ask the "+c.second.Name(), "it could not be asked: %s", c.wire.harmless(err.err.Error())).
		WithHint("try again later; `usher check %s` says what it answers", c.env.Connection.Name)
}

// A secondVerdict is what the second source shows of one account.
type secondVerdict struct {
	state  flows.State // Unknown where it does not show the account
	agrees bool        // that the account has no access
	says   string
}

// judgeSecond looks an account up under every address that it is known by. One that is active under
// any of them has access. One that is shown under none has none only where the list is whole.
func (c *Console) judgeSecond(s *secondSight, accounts ...flows.Account) secondVerdict {
	name := "the " + c.second.Name()
	v := secondVerdict{state: flows.Unknown}
	for _, address := range addresses(accounts) {
		switch active, shown := s.active[address]; {
		case active:
			return secondVerdict{state: flows.Active, says: name + " shows it as active"}
		case shown:
			v = secondVerdict{state: flows.Deactivated, agrees: true, says: name + " shows it as inactive"}
		}
	}
	switch {
	case v.state != flows.Unknown:
	case s.whole():
		v.agrees, v.says = true, name+" does not show it, and lists all whom it counts"
	default:
		v.says = fmt.Sprintf("%s does not show it, and its list is not proved whole (%d of %s)", name, s.users, totalText(s.total))
	}
	return v
}

// addresses are all by which the accounts are known, folded, each once.
func addresses(accounts []flows.Account) []string {
	var out []string
	for _, a := range accounts {
		for _, s := range []string{a.Email, a.Words["email"], a.Words["user_name"]} {
			if k := fold(s); k != "" && !slices.Contains(out, k) {
				out = append(out, k)
			}
		}
	}
	return out
}

// alreadyOff is the outcome of an account that is inactive before anything was sent.
func (c *Console) alreadyOff(ctx context.Context, ch change, who flows.Account, u *user) (flows.Outcome, error) {
	out := flows.Outcome{Kind: flows.Already, Account: &u.account, Seen: "the account is inactive"}
	if c.second == nil {
		return out, nil
	}
	s, err := c.readSecond(ctx)
	if _, failed := errors.AsType[*secondError](err); failed {
		out.Seen += "; the " + c.second.Name() + " could not be asked"
		return out, nil
	}
	if err != nil {
		return flows.Outcome{}, err
	}
	v := c.judgeSecond(s, who, u.account)
	if v.state == flows.Active {
		return flows.Outcome{}, flows.Errorf(flows.Unverified, ch.op, "via SCIM the account is inactive, and %s", v.says).
			WithHint("look at %s in %s", ch.subject, c.title()).AsSeen()
	}
	out.Seen += "; " + v.says
	return out, nil
}

// secondAgrees waits until the second source shows the account as inactive too, and returns what is
// to be said of that.
func (c *Console) secondAgrees(ctx context.Context, ch change, accounts ...flows.Account) (string, error) {
	if c.second == nil {
		return "", nil
	}
	const so = "it is inactive via SCIM, and "
	for w := c.wait(); ; {
		var v secondVerdict
		s, err := c.readSecond(ctx)
		_, failed := errors.AsType[*secondError](err)
		switch {
		case err != nil && !failed:
			return "", c.unverified(ch, err, so+"the %s was not asked", c.second.Name())
		case err == nil:
			if v = c.judgeSecond(s, accounts...); v.agrees {
				return "; " + v.says, nil
			}
		}
		more, werr := w.more(ctx)
		switch {
		case werr != nil:
			return "", c.unverified(ch, werr, so+"the %s was not asked to the end", c.second.Name())
		case more:
		case failed:
			return "", c.unverified(ch, nil, so+"the %s could not be asked: %s", c.second.Name(), c.wire.harmless(err.Error()))
		case v.state == flows.Active:
			return "", c.unverified(ch, nil, so+"%s to the last", v.says).AsSeen()
		default:
			return "", c.unverified(ch, nil, so+"%s", v.says)
		}
	}
}
