package agent

import (
	"slices"
	"time"
)

// WithoutGuard takes a guard out, to see that a test misses it.
func (a *Agent) WithoutGuard(name string) {
	a.guards = slices.DeleteFunc(slices.Clone(a.guards), func(g guard) bool { return g.name == name })
}

// GuardNames are the names of the table of guards.
func GuardNames() []string {
	var names []string
	for _, g := range allGuards() {
		names = append(names, g.name)
	}
	return names
}

// Glob matches an address as the protected patterns do.
func Glob(pattern, address string) bool { return glob(pattern, address) }

// LiveLease is a lease held by this very process under another holder's name.
func (a *Agent) LiveLease(connection string, now time.Time) Lease {
	return Lease{
		Connection: connection, Holder: "other", Host: a.self.host, Boot: a.self.boot, PID: a.self.pid, Born: a.self.born,
		Doing: "list", Taken: now, Expires: now.Add(time.Hour),
	}
}

// NewID draws an id.
func NewID(now time.Time) (string, error) { return newID(now) }

// MessageOf is what is wrong, without the codes.
func MessageOf(err error) string { return messageOf(err) }
