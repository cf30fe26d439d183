package sandbox

import (
	"net/http"
	"slices"
	"strings"

	"github.com/usherhq/usher/flows"
)

// A change is one write on its way: apply does it, under the directory's lock, and returns what was
// changed, for the log. ok and refuse are how its API answers; nil: as the pages' API does.
type change struct {
	method  string // of the request, where it says more than the verb
	verb    string
	subject string
	apply   func() ([]Write, *problem)
	ok      func(http.ResponseWriter) int // answers, and returns the status
	refuse  func(http.ResponseWriter, *problem)
	refusal problem // what write_refused answers
	lose    func(http.ResponseWriter)
}

// answered puts in how the pages' API answers, where the change says nothing else.
func (s *Server) answered(c change) change {
	if c.ok == nil {
		c.ok = func(w http.ResponseWriter) int {
			s.answer(w, http.StatusOK, map[string]any{"ok": true})
			return http.StatusOK
		}
	}
	if c.refuse == nil {
		c.refuse, c.lose = s.refuse, s.lose
		c.refusal = problem{status: http.StatusConflict, Code: "refused"}
	}
	return c
}

// write lets the faults of writes strike around a change, and logs what was asked and what was done.
func (s *Server) write(w http.ResponseWriter, r *http.Request, c change) {
	c = s.answered(c)
	req := Request{At: s.cfg.Now().UTC(), Method: c.method, Verb: c.verb, Subject: c.subject, By: s.cfg.Admin.Email}
	defer func() { s.log.asked(req) }()
	hits := func(f *Fault) bool { return f.text("verb", c.verb) == c.verb }
	struck := func(name string) (Fault, bool) {
		f, ok := s.faults.strike(name, hits)
		if ok {
			req.Fault = name
		}
		return f, ok
	}
	ok := func() { req.Status = c.ok(w) }
	refuse := func(p *problem) {
		req.Status = p.status
		c.refuse(w, p)
	}
	if f, hit := struck("write_refused"); hit {
		p := c.refusal
		p.status = f.number("status", p.status)
		p.Message = f.text("message", "This change is not allowed right now")
		refuse(&p)
		return
	}
	if _, hit := struck("toast_without_effect"); hit {
		ok()
		return
	}
	if f, hit := struck("late_write"); hit {
		if s.begin() {
			go func() {
				defer s.wg.Done()
				if s.wait(s.ctx, f.duration("ms")) {
					s.do(c)
				}
			}()
		}
		ok()
		return
	}
	if bad := s.do(c); bad != nil {
		refuse(bad)
		return
	}
	if _, hit := struck("write_error_applied"); hit {
		refuse(wentWrong)
		return
	}
	if _, hit := struck("write_lost"); hit {
		c.lose(w)
		return
	}
	if f, hit := struck("late_answer"); hit && !s.wait(r.Context(), f.duration("ms")) {
		return
	}
	ok()
}

// lose breaks the connection after the answer's head: Chromium would send a request again by
// itself on a kept-alive connection that broke before any of the answer came.
func (s *Server) lose(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	if err := http.NewResponseController(w).Flush(); err != nil {
		s.log.fail(err)
	}
	panic(http.ErrAbortHandler) // net/http's way to cut the connection, without a word in any log
}

// do applies a change and logs it.
func (s *Server) do(c change) *problem {
	writes, bad := c.apply()
	if bad != nil {
		return bad
	}
	for _, one := range writes {
		one.At, one.By = s.cfg.Now().UTC(), s.cfg.Admin.Email
		s.log.wrote(one)
	}
	return nil
}

func (s *Server) invite(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Email string   `json:"email"`
		First string   `json:"first_name"`
		Last  string   `json:"last_name"`
		Roles []string `json:"roles"`
	}
	if bad := read(r, &in); bad != nil {
		s.refuse(w, bad)
		return
	}
	s.write(w, r, change{verb: "invite", subject: strings.TrimSpace(in.Email), apply: func() ([]Write, *problem) {
		email, err := flows.Address(in.Email)
		if err != nil {
			return nil, invalid("Enter a valid email address")
		}
		if bad := s.checkRoles(in.Roles); bad != nil {
			return nil, bad
		}
		p, ok := s.dir.invite(Person{
			Email: email, First: strings.TrimSpace(in.First), Last: strings.TrimSpace(in.Last),
			Roles: slices.Clone(in.Roles), State: flows.Invited, Workspaces: 1,
		})
		if !ok {
			return nil, addressUsed
		}
		return []Write{{Verb: "invite", Subject: p.Email, ID: p.ID, Roles: in.Roles}}, nil
	}})
}

func (s *Server) checkRoles(roles []string) *problem {
	if len(roles) == 0 {
		return invalid("Select a permission level")
	}
	for _, r := range roles {
		if !s.cfg.role(r) {
			return invalid("There is no such permission level: " + r)
		}
	}
	return nil
}

// act is every write on one account.
func (s *Server) act(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Roles []string `json:"roles"`
	}
	if bad := read(r, &in); bad != nil {
		s.refuse(w, bad)
		return
	}
	verb := map[string]string{"roles": "role"}[r.PathValue("verb")]
	verb = or(verb, r.PathValue("verb"))
	effect, ok := effects[verb]
	if !ok || verb == "delete_person" {
		http.NotFound(w, r)
		return
	}
	if verb == "role" {
		if bad := s.checkRoles(in.Roles); bad != nil {
			s.refuse(w, bad)
			return
		}
	} else {
		in.Roles = nil
	}
	s.actOn(w, r, verb, in.Roles, effect)
}

func (s *Server) deletePerson(w http.ResponseWriter, r *http.Request) {
	s.actOn(w, r, "delete_person", nil, effects["delete_person"])
}

func (s *Server) actOn(w http.ResponseWriter, r *http.Request, verb string, roles []string, effect func(*Person, []string) *problem) {
	id := r.PathValue("id")
	p, ok := s.dir.find(byID(id))
	if !ok {
		s.refuse(w, noSuchUser)
		return
	}
	s.write(w, r, change{verb: verb, subject: p.Email, apply: func() ([]Write, *problem) {
		p, bad := s.dir.change(id, func(p *Person) (bool, *problem) {
			if ends[verb] && p.Email == s.cfg.Admin.Email {
				return false, ownAccount
			}
			if s.cfg.Refuse != nil {
				if why := s.cfg.Refuse(verb, clone(p), s.cfg.Admin); why != "" {
					return false, &problem{status: http.StatusForbidden, Code: "forbidden", Message: why}
				}
			}
			if bad := effect(p, roles); bad != nil {
				return false, bad
			}
			return slices.Contains(s.cfg.GoneOn, verb), nil
		})
		return []Write{{Verb: verb, Subject: p.Email, ID: p.ID, Roles: roles}}, bad
	}})
}

// ends lists the verbs that take access away.
var ends = map[string]bool{"deactivate": true, "delete": true, "revoke": true, "delete_person": true}

// effects says what each verb does to an account that stays.
var effects = map[string]func(*Person, []string) *problem{
	"deactivate":    shutOut,
	"revoke":        shutOut,
	"delete":        func(*Person, []string) *problem { return nil },
	"delete_person": func(*Person, []string) *problem { return nil },
	"reset_mfa":     func(*Person, []string) *problem { return nil },
	"role": func(p *Person, roles []string) *problem {
		p.Roles = slices.Clone(roles)
		return nil
	},
	"reinvite": func(p *Person, _ []string) *problem {
		if p.State == flows.Deactivated {
			return isGoneAlready
		}
		p.State, p.PasswordExpired = flows.Invited, false
		return nil
	},
}

func shutOut(p *Person, _ []string) *problem {
	if p.State == flows.Deactivated {
		return isGoneAlready
	}
	p.State, p.PasswordExpired = flows.Deactivated, false
	return nil
}
