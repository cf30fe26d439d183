package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"sync"
)

// journal is the truth's log: what was asked for, and what was changed.
type journal struct {
	mu       sync.Mutex
	writes   []Write
	requests []Request
	lists    int
	err      error
}

func (j *journal) wrote(w Write) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.writes = append(j.writes, w)
}

func (j *journal) asked(r Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.requests = append(j.requests, r)
}

func (j *journal) listed() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lists++
}

// fail keeps an error of the server's own until Close.
func (j *journal) fail(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.err = errors.Join(j.err, err)
}

func (j *journal) failed() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.err
}

func (j *journal) read() (writes []Write, requests []Request, lists int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]Write{}, j.writes...), append([]Request{}, j.requests...), j.lists
}

// truth puts together what the server knows.
func (s *Server) truth() Truth {
	t := Truth{Workspace: s.cfg.Workspace, Users: []TruthUser{}}
	for _, p := range s.dir.all() {
		t.Users = append(t.Users, TruthUser{
			ID: p.ID, Email: p.Email, Name: p.Name(), Roles: slices.Clone(p.Roles), State: p.State,
			PasswordExpired: p.PasswordExpired, Holdings: len(p.Holdings), Attributes: p.Resource,
		})
	}
	for _, g := range s.Groups() {
		t.Groups = append(t.Groups, TruthGroup{ID: g.ID, Name: g.Name, Members: g.Members})
	}
	s.judge(t)
	t.Writes, t.Requests, t.Lists = s.log.read()
	s.signin.count(&t)
	_, t.Struck, _ = s.faults.list()
	return t
}

func leftPad(n int) string { return fmt.Sprintf("%05d", n) }
