package sandbox

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/usherhq/usher/flows"
)

// directory holds the accounts. What it gives out are copies.
type directory struct {
	mu     sync.Mutex
	people []*Person
	next   int                  // for ids of those who join later
	sorted map[string][]*Person // per order; dropped at every change
	groups []*Group             // of a service
}

func newDirectory(people []*Person) *directory {
	return &directory{people: people, sorted: map[string][]*Person{}}
}

// A query is what the list can be asked for.
type query struct {
	text          string
	states        []string // our words and "password_expired"; empty: all
	deactivated   bool     // with the deactivated ones, where states does not say
	order         string   // "name", "-last_active", ...
	offset, limit int
}

var orders = map[string]func(a, b *Person) int{
	"name":        func(a, b *Person) int { return cmp.Compare(strings.ToLower(a.Name()), strings.ToLower(b.Name())) },
	"email":       func(a, b *Person) int { return cmp.Compare(strings.ToLower(a.Email), strings.ToLower(b.Email)) },
	"state":       func(a, b *Person) int { return cmp.Compare(a.State, b.State) },
	"role":        func(a, b *Person) int { return cmp.Compare(a.Roles[0], b.Roles[0]) },
	"last_active": func(a, b *Person) int { return a.LastActive.Compare(b.LastActive) },
}

// list returns one window of the matching accounts and how many match. It returns false where it
// does not know the order.
func (d *directory) list(q query) ([]Person, int, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	all, ok := d.inOrder(q.order)
	if !ok {
		return nil, 0, false
	}
	text := strings.ToLower(strings.TrimSpace(q.text))
	out, n := []Person{}, 0
	for _, p := range all {
		if !q.matches(p, text) {
			continue
		}
		if n >= q.offset && len(out) < q.limit {
			out = append(out, clone(p))
		}
		n++
	}
	return out, n, true
}

func (q query) matches(p *Person, text string) bool {
	if text != "" && !strings.Contains(strings.ToLower(p.Name()), text) && !strings.Contains(strings.ToLower(p.Email), text) {
		return false
	}
	if len(q.states) == 0 {
		return q.deactivated || p.State != flows.Deactivated
	}
	return slices.ContainsFunc(q.states, func(want string) bool {
		if p.PasswordExpired && p.State == flows.Active {
			return want == "password_expired"
		}
		return want == string(p.State)
	})
}

func (d *directory) inOrder(order string) ([]*Person, bool) {
	if s, ok := d.sorted[order]; ok {
		return s, true
	}
	key, down := strings.CutPrefix(order, "-")
	by, ok := orders[key]
	if !ok {
		return nil, false
	}
	s := slices.Clone(d.people)
	slices.SortStableFunc(s, func(a, b *Person) int {
		c := by(a, b)
		if down {
			c = -c
		}
		return cmp.Or(c, cmp.Compare(a.ID, b.ID))
	})
	d.sorted[order] = s
	return s, true
}

func clone(p *Person) Person {
	c := *p
	c.Roles = slices.Clone(p.Roles)
	return c
}

func (d *directory) all() []Person {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]Person, len(d.people))
	for i, p := range d.people {
		out[i] = clone(p)
	}
	return out
}

// find returns the first account for which is answers true.
func (d *directory) find(is func(*Person) bool) (Person, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if i := slices.IndexFunc(d.people, is); i >= 0 {
		return clone(d.people[i]), true
	}
	return Person{}, false
}

func byID(id string) func(*Person) bool { return func(p *Person) bool { return p.ID == id } }

func byEmail(email string) func(*Person) bool {
	return func(p *Person) bool { return flows.SameAddress(p.Email, email) }
}

// add puts a new account in, under a new id.
func (d *directory) add(p Person) Person {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.put(p)
}

// invite puts a new account in, unless its address is taken.
func (d *directory) invite(p Person) (Person, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if slices.ContainsFunc(d.people, byEmail(p.Email)) {
		return Person{}, false
	}
	return d.put(p), true
}

func (d *directory) put(p Person) Person {
	d.next++
	p.ID = "usr_9" + leftPad(d.next)
	d.people = append(d.people, &p)
	clear(d.sorted)
	return clone(&p)
}

// change lets f change the account of that id, under the lock; gone takes it out.
func (d *directory) change(id string, f func(*Person) (gone bool, err *problem)) (Person, *problem) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := slices.IndexFunc(d.people, byID(id))
	if i < 0 {
		return Person{}, noSuchUser
	}
	p := d.people[i]
	gone, err := f(p)
	if err != nil {
		return clone(p), err
	}
	if gone {
		d.people = slices.Delete(d.people, i, i+1)
	}
	clear(d.sorted)
	return clone(p), nil
}

func (d *directory) drop(is func(*Person) bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.people = slices.DeleteFunc(d.people, is)
	clear(d.sorted)
}

// with lets f change everything, under the lock.
func (d *directory) with(f func(*directory)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(d)
	clear(d.sorted)
}

// forget takes an account out of every group. It is called under the lock.
func (d *directory) forget(id string) {
	for _, g := range d.groups {
		g.Members = slices.DeleteFunc(slices.Clone(g.Members), func(m string) bool { return m == id })
	}
}
