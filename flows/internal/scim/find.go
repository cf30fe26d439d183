package scim

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/usherhq/usher/flows"
)

// wordSearch is the word of an account that says how it was found, where that proves less than it should.
const wordSearch = "search"

// Find returns the accounts of the address. What a filter finds is verified, and because a filter
// that finds nobody proves nothing, the whole list is always read.
func (c *Console) Find(ctx context.Context, email string) ([]flows.Account, error) {
	f, err := c.search(ctx, email)
	if err != nil {
		return nil, err
	}
	users, err := f.exactly(c.title())
	if err != nil {
		return nil, err
	}
	admins := &admins{}
	if len(users) > 0 {
		if admins, _, err = c.admins(ctx, f.ids); err != nil {
			return nil, err
		}
	}
	var out []flows.Account
	for _, u := range users {
		admins.give(&u.account)
		out = append(out, u.account)
	}
	return out, nil
}

// found is what a search came to.
type found struct {
	address  string
	exact    []*user         // whose address it is
	other    []*user         // of another address, with this one among their emails
	complete bool            // the list was read to its proved end
	why      string          // why not
	ids      map[string]bool // of everybody who was read
}

// exactly returns the users of the address, or the error that follows from what was found. title is
// the app's name, for people.
func (f *found) exactly(title string) ([]*user, error) {
	const op = "find the account"
	if len(f.other) > 0 {
		return nil, f.contested(op, title)
	}
	if f.complete {
		return f.exact, nil
	}
	if len(f.exact) == 0 {
		return nil, flows.Errorf(flows.Incomplete, op, "nobody of %s was found, and the list could not be proved complete: %s", f.address, f.why).
			WithHint("see `usher check` for what the service can do, and look in %s", title)
	}
	for _, u := range f.exact {
		u.account.Words[wordSearch] = "found by filter; the list could not be proved complete, so a second account of this address is not excluded"
	}
	return f.exact, nil
}

// contested is the error of an address that is also among the e-mails of another account. Whose it is
// only a person can say: to name the other account as the one to order by may hit somebody else.
func (f *found) contested(op, title string) error {
	var names, others []string
	for _, u := range f.exact {
		names = append(names, "the user name of the account "+u.id)
	}
	for _, u := range f.other {
		others = append(others, fmt.Sprintf("an e-mail of the account %s (%s)", u.id, u.account.Email))
	}
	if len(names) > 0 {
		return flows.Errorf(flows.Ambiguous, op, "%s is %s and also %s", f.address, some(names), some(others)).
			WithHint("look at both in %s and take the address off one", title)
	}
	return flows.Errorf(flows.Ambiguous, op, "%s is nobody's user name, and %s", f.address, some(others)).
		WithHint("look in %s at whose it is; if it is that person's, order by the user name", title)
}

// search looks for an address by filters and in the whole list.
func (c *Console) search(ctx context.Context, email string) (*found, error) {
	f := &found{address: strings.TrimSpace(email)}
	if f.address == "" {
		return nil, flows.Errorf(flows.Invalid, "find the account", "no address was given").WithHint("give one bare address such as ana@example.com")
	}
	byID := map[string]*user{}
	if err := c.byFilters(ctx, f.address, byID); err != nil {
		return nil, err
	}
	users, r, err := c.readUsers(ctx)
	switch {
	case err != nil && (len(byID) == 0 || ctx.Err() != nil || flows.CodeOf(err) == flows.LoginRefused || flows.CodeOf(err) == flows.Internal):
		return nil, err
	case err != nil:
		f.why = c.wire.harmless(err.Error())
	default:
		f.complete, f.why = r.whole(), r.whyNot()
		f.ids = idsOf(users)
		for _, u := range users {
			if u.answers(f.address) || u.mentions(f.address) {
				byID[u.id] = u
			}
		}
	}
	for _, u := range byID {
		if u.answers(f.address) {
			f.exact = append(f.exact, u)
		} else {
			f.other = append(f.other, u)
		}
	}
	sortUsers(f.exact)
	sortUsers(f.other)
	return f, nil
}

// byFilters asks for the address in the ways in which a service may know it.
func (c *Console) byFilters(ctx context.Context, address string, into map[string]*user) error {
	filters := []string{eq("userName", address)}
	if l := fold(address); l != address {
		filters = append(filters, eq("userName", l))
	}
	filters = append(filters, eq("externalId", address))
	for _, filter := range filters {
		users, err := c.filter(ctx, filter)
		if err != nil {
			return err
		}
		for _, u := range users {
			if u.answers(address) || u.mentions(address) {
				into[u.id] = u
			}
		}
		if len(into) > 0 || c.profile.Filter == unsupported {
			break
		}
	}
	return nil
}

// eq is a filter of SCIM.
func eq(attribute, value string) string { return attribute + " eq " + quote(value) }

// quote writes a string as a filter has it.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// filter returns the users that a search shows, whether or not they are what was searched for.
func (c *Console) filter(ctx context.Context, filter string) ([]*user, error) {
	if c.profile.Filter == unsupported {
		return nil, nil
	}
	p, err := c.query(ctx, "Users", filter, &c.profile.Filter)
	if err != nil || p == nil {
		return nil, err
	}
	var out []*user
	for _, raw := range p.resources {
		// What cannot be read here cannot be read in the list either, and is told of there.
		if u, err := decodeUser(raw); err == nil {
			out = append(out, u)
		}
	}
	return out, nil
}

// query asks with a filter. It returns nil where the service knows none, and remembers that.
func (c *Console) query(ctx context.Context, resource, filter string, learned *string) (*page, error) {
	began := c.now()
	reply, err := c.wire.read(ctx, resource, url.Values{"filter": {filter}, "startIndex": {"1"}, "count": {strconv.Itoa(c.count())}}, mostTries)
	if err != nil {
		return nil, err
	}
	op := "search " + lower(resource)
	name := "GET " + resource + " by filter"
	switch {
	case reply.Status == http.StatusNotFound:
		return &page{total: 0}, c.step(ctx, name, began, "", "404, taken for none", false)
	case reply.Status == http.StatusBadRequest || reply.Status == http.StatusNotImplemented:
		*learned = unsupported
		return nil, c.step(ctx, name, began, "", c.wire.says("answered "+statusOf(reply.Status), reply), true)
	case !reply.ok():
		return nil, c.wire.refusal(op, reply)
	}
	p, err := decodePage(reply.Body)
	if err != nil {
		return nil, c.wire.notSCIM(op, reply, err)
	}
	return p, c.step(ctx, name, began, "", fmt.Sprintf("%d of %s", len(p.resources), totalText(p.total)), false)
}
