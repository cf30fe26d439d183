package sandbox

import "net/http"

// flags is what a page must know before it draws anything.
func (s *Server) flags(site string) map[string]any {
	active, _, version := s.faults.list()
	faults := map[string]any{}
	for _, f := range active {
		if !known[f.Name].page {
			continue
		}
		params := map[string]any{}
		for k, v := range f.Params {
			params[k] = v
		}
		if f.Name == "wrong_confirmation" {
			params["others"] = s.others(f.text("email", ""))
		}
		faults[f.Name] = params
	}
	return map[string]any{
		"version": version, "app": s.cfg.App, "site": site,
		"app_url": s.URL(s.appSite()), "sign_in_url": s.URL(s.cfg.Sites[0]) + s.cfg.SignInPath,
		"paging": s.cfg.Paging, "page_size": s.cfg.PageSize, "release": s.cfg.Release,
		"users_page": s.cfg.UsersPage, "app_flags": s.cfg.Flags, "faults": faults,
	}
}

// others are whom a wrong confirmation names: the first of them who is not the subject.
func (s *Server) others(email string) []userJSON {
	out := []userJSON{}
	for _, p := range s.dir.all() {
		wanted := p.State == "active" && p.Email != s.cfg.Admin.Email
		if email != "" {
			wanted = byEmail(email)(&p)
		}
		if wanted {
			out = append(out, s.show(p))
		}
		if len(out) == 2 {
			break
		}
	}
	return out
}

// struck is the page saying that a fault of its own struck.
func (s *Server) struck(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("fault")
	if !known[name].page {
		s.refuse(w, invalid("no such fault of the page"))
		return
	}
	_, was := s.faults.strike(name, nil)
	s.answer(w, http.StatusOK, map[string]any{"struck": was})
}

func (s *Server) password(site string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Email, Password string }
		if bad := read(r, &in); bad != nil {
			s.refuse(w, bad)
			return
		}
		if _, ok := s.faults.strike("captcha", nil); ok {
			s.refuse(w, wantsPerson)
			return
		}
		pending, ticket, why := s.signin.checkPassword(in.Email, in.Password)
		switch {
		case why != nil:
			s.refuse(w, why)
		case pending != "":
			s.answer(w, http.StatusOK, map[string]any{"next": "code", "pending": pending})
		default:
			s.letIn(w, site, ticket)
		}
	}
}

func (s *Server) code(site string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Pending, Code string }
		if bad := read(r, &in); bad != nil {
			s.refuse(w, bad)
			return
		}
		ticket, why := s.signin.checkCode(in.Pending, in.Code)
		if why != nil {
			s.refuse(w, why)
			return
		}
		s.letIn(w, site, ticket)
	}
}

// letIn starts the session where the sign-in is the app's own, or sends the browser over with a
// ticket that is good once.
func (s *Server) letIn(w http.ResponseWriter, site, ticket string) {
	if site != s.appSite() {
		s.answer(w, http.StatusOK, map[string]any{
			"next": "handover", "url": s.URL(s.appSite()) + "/auth/callback?ticket=" + ticket,
		})
		return
	}
	s.start(w, ticket)
}

func (s *Server) handover(w http.ResponseWriter, r *http.Request) {
	var in struct{ Ticket string }
	if bad := read(r, &in); bad != nil {
		s.refuse(w, bad)
		return
	}
	s.start(w, in.Ticket)
}

func (s *Server) start(w http.ResponseWriter, ticket string) {
	token, in, ok := s.signin.redeem(ticket)
	if !ok {
		s.refuse(w, signInStale)
		return
	}
	s.setCookie(w, token, 0)
	s.answer(w, http.StatusOK, map[string]any{"next": "home", "csrf": in.csrf})
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(s.cookie()); err == nil {
		s.signin.end(c.Value)
	}
	s.setCookie(w, "", -1)
	s.answer(w, http.StatusOK, map[string]any{"ok": true})
}

// setCookie has no Secure: a stand-in speaks plain HTTP on loopback.
func (s *Server) setCookie(w http.ResponseWriter, token string, age int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // plain HTTP on loopback
		Name: s.cookie(), Value: token, Path: "/", HttpOnly: true, MaxAge: age, SameSite: http.SameSiteLaxMode,
	})
}
