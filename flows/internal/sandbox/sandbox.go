// Package sandbox is the kit that the apps' stand-ins share: a small SaaS back end on loopback with
// seeded people, sign-in, sessions, a JSON API for the page, faults on demand, and a log of the
// truth. It is not a stand-in itself: what a console looks like is in flows/<app>/sandbox.
//
// An app's stand-in is a [Config], a page built into an embedded folder, and three lines:
//
//	s, err := sandbox.New(ctx, cfg) // opens every listener; s.URL(site) is known from here on
//	s.Serve("login", pages)       // the JSON API and the page, on each site
//	s.Serve("app", pages)
//	return s, nil                 // a *Server is a flows.StandIn
//
// # Routes of a site
//
// The page and the API share the origin. Every answer of the API carries X-Flags-Version; when it
// changes, the page reads /api/flags again before it uses the answer. Errors are
// {"error":{"code","message"}}. All but the first five want the session cookie (else 401
// "signed_out"), every write also wants the header X-CSRF-Token (else 403 "csrf").
//
//	GET  /api/flags                       Flags: site, URLs, paging, release, active page faults
//	POST /api/flags/{fault}               the page reports that a fault struck (counts "times" down)
//	POST /api/sign-in        {email, password}   -> {"next":"code","pending"} or what follows
//	POST /api/sign-in/code   {pending, code}     -> {"next":"home","csrf"} on the app's own site, or
//	                                                {"next":"handover","url"} to go on at the app's
//	POST /api/session        {ticket}            -> {"next":"home","csrf"}: the other end of a handover
//	POST /api/sign-out
//	GET  /api/me                          {"user", "workspace"}
//	GET  /api/roles                       {"roles":["admin", ...]}
//	GET  /api/users ?page=1&size=25 or ?offset=0&limit=25, q=, status=active,invited,
//	                 include_deactivated=true, sort=name|email|state|last_active (-name: descending)
//	                                      {"items":[User], "total", "offset", "limit", "more"}
//	GET  /api/users/{id}                  User
//	GET  /api/users/{id}/holdings         {"items":[{"kind","title","due"}]}
//	POST /api/users          {email, first_name, last_name, roles}   invite
//	POST /api/users/{id}/reinvite | deactivate | delete | revoke | reset_mfa
//	POST /api/users/{id}/roles  {roles}
//	POST /api/people/{id}/delete          delete_person
//
// Sign-in refusals: 401 "refused", 423 "locked", 401 "code_refused", 403 "challenge".
// Write refusals: 409 "exists" or "state", 422 "invalid", 403 "forbidden", 404 "not_found".
//
// # A service
//
// A stand-in without pages is a SCIM 2.0 service: its Config has a [Service], and
// [Server.ServeSCIM] takes the place of Serve. People, faults and the log of the truth are the same.
//
// The control listener has its own port: GET /_truth, GET and POST /_fault.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

// Paging models a page can be told to use.
const (
	Numbered = "numbered"
	Next     = "next"
	More     = "more"
	Infinite = "infinite"
	Virtual  = "virtual"
)

// A Config says what a stand-in is like. Zero values mean what the comments say.
type Config struct {
	App       string // the app's name: "thoropass"; also the prefix of the session cookie
	Workspace string // name of the workspace or team shown after sign-in
	// Sites are the origins to open, each on its own port; the last one is the app's. Where there
	// are two, the first is the sign-in's.
	Sites      []string
	SignInPath string // path of the sign-in page: "/login"
	// PageAsConnection is flows.Connection.UsersPage of the running stand-in.
	UsersPage string

	Users int    // how many accounts, the admin's and the fixed ones among them; 0: 100
	Seed  int64  // same seed, same people
	Admin Person // the account that usher signs in with
	// Fixed are accounts that are always there, right after the admin's. Use [Confusable], [Hostile]
	// and [OneOfEach] to fill it; where Users is smaller than the list its tail is left out.
	Fixed []Person
	Roles []Weighted // our words, with how often each is drawn
	// Several is the share of people who hold a second role, in percent.
	Several int
	// States are flows' states with weights; empty: mostly active.
	States []Weighted
	// Expired is the share of active people whose password is expired, in percent.
	Expired int
	// Holding makes up the title of open work; nil: nobody holds any.
	Holding func(n int) flows.Holding

	TOTP       bool          // sign-in asks for a code too
	SessionTTL time.Duration // idle time after which a session ends; 0: 30 minutes
	LockFor    time.Duration // how long five wrong passwords or codes lock the account; 0: 15 minutes
	Latency    time.Duration // added to every answer of the API

	Paging   string // empty: the first of Pagings
	Pagings  []string
	PageSize int // 0: 25
	Release  string
	Releases []string // empty: the app has one release
	// Flags are further values for the page, given out by /api/flags under "app_flags".
	Flags map[string]any

	// Refuse may refuse a write ("deactivate", ...) with a message; nil allows all. That nobody
	// ends his own account is enforced anyway.
	Refuse func(verb string, subject, by Person) string
	// GoneOn lists the verbs after which the account does not exist any more;
	// empty: "delete" and "delete_person".
	GoneOn []string

	// Service is what a stand-in without pages serves; nil: it has pages.
	Service *Service

	Now func() time.Time // nil: time.Now
}

// Weighted is a word with how often it is drawn, against the sum of all weights.
type Weighted struct {
	Word   string
	Weight int
}

// A Server is a running stand-in; it fits [flows.StandIn].
type Server struct {
	cfg    Config
	sites  map[string]*site
	ctl    *site
	dir    *directory
	signin *signIn
	faults *faults
	log    *journal

	ctx    context.Context //nolint:containedctx // the life of the server's own goroutines
	cancel context.CancelFunc
	wg     sync.WaitGroup
	close  sync.Once
	// started is when the stand-in did.
	started time.Time
	closed  error
	// groupEdit is held while a group is changed.
	groupEdit sync.Mutex
	// mu is held where something is added to wg, and where ctx ends.
	mu sync.Mutex
}

var _ flows.StandIn = (*Server)(nil)

// A site is one origin: a listener and the server on it.
type site struct {
	name string
	ln   net.Listener
	srv  *http.Server
	url  string
}

// New makes up the people and opens a listener for each site and the control listener, which
// answers at once. The stand-in ends when ctx does or by Close.
func New(ctx context.Context, cfg Config) (*Server, error) {
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	people, err := populate(cfg)
	if err != nil {
		return nil, err
	}
	in, err := newSignIn(cfg)
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, sites: map[string]*site{}, signin: in,
		started: cfg.Now().UTC(),
		dir:     newDirectory(people), faults: newFaults(cfg), log: &journal{},
	}
	if cfg.Service != nil {
		s.dir.groups = cfg.Service.furnish(cfg, people)
	}
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	for _, name := range cfg.Sites {
		if s.sites[name], err = open(ctx, name); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	if s.ctl, err = open(ctx, "control"); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.run(s.ctl, s.control())
	s.wg.Go(func() {
		select {
		case <-ctx.Done():
			s.shut()
		case <-s.ctx.Done():
		}
	})
	return s, nil
}

func open(ctx context.Context, name string) (*site, error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open %s listener: %w", name, err)
	}
	return &site{name: name, ln: ln, url: "http://" + ln.Addr().String()}, nil
}

// run starts to answer on a site. The goroutine ends when the site's server is closed.
func (s *Server) run(on *site, h http.Handler) {
	on.srv = &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: quiet}
	s.wg.Go(func() {
		if err := on.srv.Serve(on.ln); !errors.Is(err, http.ErrServerClosed) {
			s.log.fail(fmt.Errorf("serve %s: %w", on.name, err))
		}
	})
}

// URL returns the origin of a site: "http://127.0.0.1:40123".
func (s *Server) URL(site string) string { return s.sites[site].url }

// Connection returns how to reach the stand-in, without secrets.
func (s *Server) Connection() flows.Connection {
	app, login := s.appSite(), s.cfg.Sites[0]
	return flows.Connection{
		Name: s.cfg.App, App: s.cfg.App, URL: s.URL(app), SignIn: s.URL(login) + s.cfg.SignInPath,
		Workspace: s.cfg.Workspace, UsersPage: s.cfg.UsersPage,
	}
}

// Secrets returns what the admin signs in with: "user", "password" and, where asked for, "totp".
func (s *Server) Secrets() map[string]secrets.Value { return s.signin.secrets() }

// TruthURL answers GET with a [Truth].
func (s *Server) TruthURL() string { return s.ctl.url + "/_truth" }

// FaultURL takes POST {"name": ..., ...} and answers GET with what is active.
func (s *Server) FaultURL() string { return s.ctl.url + "/_fault" }

// Close stops every listener and waits until nothing runs. It may be called twice.
func (s *Server) Close() error {
	s.shut()
	s.wg.Wait()
	return errors.Join(s.closed, s.log.failed())
}

// shut stops everything without waiting. Open connections are cut, as a stand-in has no guests to
// be polite to.
func (s *Server) shut() {
	s.close.Do(func() {
		s.mu.Lock()
		s.cancel()
		s.mu.Unlock()
		for _, on := range s.all() {
			var err error
			if on.srv != nil {
				err = on.srv.Close()
			} else {
				err = on.ln.Close()
			}
			s.closed = errors.Join(s.closed, err)
		}
	})
}

func (s *Server) all() []*site {
	var out []*site
	for _, on := range s.sites {
		if on != nil {
			out = append(out, on)
		}
	}
	if s.ctl != nil {
		out = append(out, s.ctl)
	}
	return out
}

func (s *Server) appSite() string { return s.cfg.Sites[len(s.cfg.Sites)-1] }
