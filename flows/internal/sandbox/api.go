package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/usherhq/usher/flows"
)

// api routes one site's API.
func (s *Server) api(site string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/flags", func(w http.ResponseWriter, _ *http.Request) { s.answer(w, http.StatusOK, s.flags(site)) })
	mux.HandleFunc("POST /api/flags/{fault}", s.struck)
	login := site == s.cfg.Sites[0]
	app := site == s.appSite()
	if login {
		mux.HandleFunc("POST /api/sign-in", s.faulty("sign_in", s.password(site)))
		mux.HandleFunc("POST /api/sign-in/code", s.faulty("sign_in", s.code(site)))
	}
	if app {
		mux.HandleFunc("POST /api/session", s.faulty("sign_in", s.handover))
		mux.HandleFunc("POST /api/sign-out", s.guest(s.signOut))
		mux.HandleFunc("GET /api/me", s.guest(s.faulty("other", s.me)))
		mux.HandleFunc("GET /api/roles", s.guest(s.faulty("other", s.roles)))
		mux.HandleFunc("GET /api/users", s.faulty("list", s.guest(s.list)))
		mux.HandleFunc("GET /api/users/{id}", s.guest(s.faulty("read", s.one)))
		mux.HandleFunc("GET /api/users/{id}/holdings", s.guest(s.faulty("read", s.holdings)))
		mux.HandleFunc("POST /api/users", s.guest(s.faulty("write", s.invite)))
		mux.HandleFunc("POST /api/users/{id}/{verb}", s.guest(s.faulty("write", s.act)))
		mux.HandleFunc("POST /api/people/{id}/delete", s.guest(s.faulty("write", s.deletePerson)))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.wait(r.Context(), s.cfg.Latency) {
			return
		}
		mux.ServeHTTP(&versioned{ResponseWriter: w, faults: s.faults}, r)
	})
}

// versioned says in every answer which flags it was made under.
type versioned struct {
	http.ResponseWriter
	faults *faults
}

// WriteHeader adds the version as late as can be, after the faults of this request were used.
func (v *versioned) WriteHeader(status int) {
	_, _, version := v.faults.list()
	v.Header().Set("X-Flags-Version", strconv.Itoa(version))
	v.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (v *versioned) Unwrap() http.ResponseWriter { return v.ResponseWriter }

// faulty lets the faults of a class of request strike first.
func (s *Server) faulty(class string, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		bad, ok := s.trouble(r, class)
		switch {
		case !ok:
			return
		case bad != nil:
			s.refuse(w, bad)
			return
		}
		h(w, r)
	}
}

// trouble is what the faults of a class of request make of it; false: the guest is gone meanwhile.
func (s *Server) trouble(r *http.Request, class string) (*problem, bool) {
	if f, ok := s.faults.strike("slow", hits(class, "any")); ok && !s.wait(r.Context(), f.duration("ms")) {
		return nil, false
	}
	if f, ok := s.faults.strike("rate_limit", hits(class, "read")); ok {
		p := *tooMany
		p.retryAfter = f.number("retry_after", 1)
		return &p, true
	}
	if f, ok := s.faults.strike("retry_after_date", hits(class, "read")); ok {
		p := *tooMany
		p.by = s.cfg.Now().Add(time.Duration(f.number("seconds", 0)) * time.Second)
		return &p, true
	}
	if _, ok := s.faults.strike("server_error", hits(class, "read")); ok {
		return wentWrong, true
	}
	return nil, true
}

// hits says whether a fault is meant for a class of request; otherwise is what it means where it
// does not say.
func hits(class, otherwise string) func(*Fault) bool {
	return func(f *Fault) bool {
		on := f.text("on", otherwise)
		return on == "any" || on == class || on == "read" && class == "list"
	}
}

// guest lets only signed-in browsers in, and only writes that carry the session's token.
func (s *Server) guest(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Path == "/api/users" {
			s.log.listed()
			if _, drop := s.faults.strike("session_drop", after); drop {
				s.signin.dropAll()
			}
		}
		c, err := r.Cookie(s.cookie())
		if err != nil {
			s.refuse(w, signedOut)
			return
		}
		in, ok := s.signin.session(c.Value)
		if !ok {
			s.refuse(w, signedOut)
			return
		}
		if r.Method != http.MethodGet && r.Header.Get("X-CSRF-Token") != in.csrf {
			s.refuse(w, badToken)
			return
		}
		h(w, r)
	}
}

// after counts list requests until the fault is due.
func after(f *Fault) bool {
	f.seen++
	return f.seen > f.number("after", 0)
}

func (s *Server) cookie() string { return s.cfg.App + "_session" }

func (s *Server) me(w http.ResponseWriter, _ *http.Request) {
	name := s.cfg.Workspace
	if f, ok := s.faults.strike("wrong_workspace", nil); ok {
		name = f.text("workspace", "Somebody Else Inc.")
	}
	p, _ := s.dir.find(byEmail(s.cfg.Admin.Email))
	s.answer(w, http.StatusOK, map[string]any{"user": s.show(p), "workspace": name})
}

func (s *Server) roles(w http.ResponseWriter, _ *http.Request) {
	words := []string{}
	for _, r := range s.cfg.Roles {
		words = append(words, r.Word)
	}
	s.answer(w, http.StatusOK, map[string]any{"roles": words})
}

// A userJSON is an account as the page gets it.
type userJSON struct {
	ID              string   `json:"id"`
	Email           string   `json:"email"`
	First           string   `json:"first_name"`
	Last            string   `json:"last_name"`
	Name            string   `json:"name"`
	Roles           []string `json:"roles"`
	State           string   `json:"state"`
	PasswordExpired bool     `json:"password_expired"`
	LastActive      string   `json:"last_active,omitempty"` // RFC 3339
	Workspaces      int      `json:"workspaces"`
	Holdings        int      `json:"holdings"`
	Self            bool     `json:"self"` // the one who is signed in
	// RoleWord and StatusWord are shown in place of the role's and the status' own words.
	RoleWord   string `json:"role_word,omitempty"`
	StatusWord string `json:"status_word,omitempty"`
}

func (s *Server) show(p Person) userJSON {
	u := userJSON{
		ID: p.ID, Email: p.Email, First: p.First, Last: p.Last, Name: p.Name(), Roles: p.Roles,
		State: string(p.State), PasswordExpired: p.PasswordExpired, Workspaces: p.Workspaces,
		Holdings: len(p.Holdings), Self: p.Email == s.cfg.Admin.Email,
	}
	if !p.LastActive.IsZero() {
		u.LastActive = p.LastActive.Format(time.RFC3339)
	}
	his := func(f *Fault) bool { return byEmail(f.text("email", ""))(&p) }
	if f, ok := s.faults.strike("unknown_role", his); ok {
		u.RoleWord = f.text("word", "Galactic Overseer")
	}
	if f, ok := s.faults.strike("unknown_status", his); ok {
		u.StatusWord = f.text("word", "Hibernating")
	}
	return u
}

func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	s.shift()
	q, bad := parseQuery(r, s.cfg.PageSize)
	if bad != nil {
		s.refuse(w, bad)
		return
	}
	people, total, ok := s.dir.list(q)
	if !ok {
		s.refuse(w, invalid("sort by name, email, role, state or last_active"))
		return
	}
	items := make([]userJSON, 0, len(people))
	for _, p := range people {
		items = append(items, s.show(p))
	}
	body := map[string]any{
		"items": items, "offset": q.offset, "limit": q.limit,
		"more": q.offset+len(items) < total, "total": total,
	}
	if f, ok := s.faults.strike("wrong_total", nil); ok {
		body["total"] = total + f.number("delta", 0)
	}
	if _, ok := s.faults.strike("no_total", nil); ok {
		delete(body, "total")
	}
	s.answer(w, http.StatusOK, body)
}

// shift lets somebody join at the top while the list is being read.
func (s *Server) shift() {
	f, ok := s.faults.strike("shifting", func(f *Fault) bool {
		f.seen++
		return f.seen >= 2
	})
	if !ok {
		return
	}
	p := Person{
		Email: f.text("email", "aaron.aaberg@example.com"), First: "Aaron", Last: "Aaberg",
		Roles: []string{s.cfg.Roles[len(s.cfg.Roles)-1].Word}, State: flows.Active, LastActive: s.cfg.Now().UTC(), Workspaces: 1,
	}
	s.dir.invite(p)
}

func parseQuery(r *http.Request, size int) (query, *problem) {
	v := r.URL.Query()
	num := func(key string, otherwise int) int {
		n, err := strconv.Atoi(v.Get(key))
		if err != nil {
			return otherwise
		}
		return n
	}
	q := query{
		text: v.Get("q"), deactivated: v.Get("include_deactivated") == "true",
		order: or(v.Get("sort"), "name"), limit: num("limit", num("size", size)),
	}
	q.offset = num("offset", (num("page", 1)-1)*q.limit)
	if q.offset < 0 || q.limit < 1 || q.limit > 100 {
		return q, invalid("at most 100 users a page, from 0 on")
	}
	if st := v.Get("status"); st != "" {
		q.states = slices.DeleteFunc(strings.Split(st, ","), func(w string) bool { return w == "" })
	}
	return q, nil
}

func (s *Server) one(w http.ResponseWriter, r *http.Request) {
	p, ok := s.dir.find(byID(r.PathValue("id")))
	if !ok {
		s.refuse(w, noSuchUser)
		return
	}
	s.answer(w, http.StatusOK, s.show(p))
}

func (s *Server) holdings(w http.ResponseWriter, r *http.Request) {
	p, ok := s.dir.find(byID(r.PathValue("id")))
	if !ok {
		s.refuse(w, noSuchUser)
		return
	}
	s.answer(w, http.StatusOK, map[string]any{"items": append([]flows.Holding{}, p.Holdings...)})
}
