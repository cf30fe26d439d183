package scim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/usherhq/usher/flows"
)

// A secondSight is what the second source shows, by folded address.
type secondSight struct {
	active map[string]bool
	twice  []string // addresses that it shows with different answers
	total  int      // as it states, or unstated
	users  int
}

// readSecond asks the second source for everybody.
func (c *Console) readSecond(ctx context.Context) (*secondSight, error) {
	began := c.now()
	users, total, err := c.second.Users(ctx)
	if ctx.Err() != nil {
		return nil, stopped(ctx, "read "+c.second.Name())
	}
	note := fmt.Sprintf("%d of %s", len(users), totalText(total))
	if err != nil {
		note = c.wire.harmless(err.Error())
	}
	if rerr := c.step(ctx, "read "+c.second.Name(), began, "", note, err != nil); rerr != nil {
		return nil, rerr
	}
	if err != nil {
		return nil, &secondError{name: c.second.Name(), err: err}
	}
	s := &secondSight{active: map[string]bool{}, total: total, users: len(users)}
	for _, u := range users {
		k := fold(u.Email)
		if was, ok := s.active[k]; ok && was != u.Active {
			s.twice = append(s.twice, flows.Clean(u.Email))
			s.active[k] = true // of two answers the one that may do harm
			continue
		}
		s.active[k] = u.Active
	}
	return s, nil
}

// whole says whether the source lists as many as it counts itself, nobody of them in two minds.
func (s *secondSight) whole() bool { return s.total == s.users && len(s.twice) == 0 }

// fold puts an address in the form in which [flows.SameAddress] compares.
func fold(s string) string {
	s = strings.TrimSpace(s)
	if l := strings.ToLower(s); flows.SameAddress(l, s) {
		return l
	}
	return s
}

// A secondError says that the second source could not be asked.
type secondError struct {
	name string
	err  error
}

func (e *secondError) Error() string { return "ask the " + e.name + ": " + e.err.Error() }

func (e *secondError) Unwrap() error { return e.err }

// secondWitness compares who is active here and there.
func (c *Console) secondWitness(ctx context.Context, accounts []flows.Account) (flows.Witness, error) {
	w := flows.Witness{Name: "second", Independent: true, Applies: c.second != nil, Says: "there is no second source"}
	if c.second == nil {
		return w, nil
	}
	s, err := c.readSecond(ctx)
	if _, failed := errors.AsType[*secondError](err); failed {
		w.Says = "it could not be asked: " + c.wire.harmless(err.Error())
		return w, nil
	}
	if err != nil {
		return w, err
	}
	here := make(map[string]bool, len(accounts))
	var odd []string
	for _, a := range accounts {
		k := fold(a.Email)
		here[k] = here[k] || a.State == flows.Active
		there, known := s.active[k]
		switch {
		case a.State == flows.Active && !known:
			odd = append(odd, a.Email+" is active via SCIM and not known to it")
		case a.State == flows.Active && !there:
			odd = append(odd, a.Email+" is active via SCIM and not there")
		}
	}
	for k, active := range s.active {
		if active && !here[k] {
			odd = append(odd, flows.Clean(k)+" is active there and not via SCIM")
		}
	}
	if s.total != unstated && s.total != s.users {
		odd = append(odd, fmt.Sprintf("it states %d users and lists %d", s.total, s.users))
	}
	for _, k := range s.twice {
		odd = append(odd, k+" is there twice, active and not")
	}
	slices.Sort(odd)
	w.Agrees = len(odd) == 0
	w.Says = fmt.Sprintf("the %s shows the same %d users as active", c.second.Name(), countActive(s))
	if !w.Agrees {
		w.Says = fmt.Sprintf("the %s differs: %s", c.second.Name(), some(odd))
	}
	return w, nil
}

func countActive(s *secondSight) int {
	n := 0
	for _, active := range s.active {
		if active {
			n++
		}
	}
	return n
}

// some joins the first few of a list of words.
func some(list []string) string {
	const most = 5
	if len(list) <= most {
		return strings.Join(list, "; ")
	}
	return strings.Join(list[:most], "; ") + fmt.Sprintf("; and %d more", len(list)-most)
}
