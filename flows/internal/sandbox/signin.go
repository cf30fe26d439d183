package sandbox

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

const (
	mostWrong   = 5 // wrong passwords or codes in a row that lock the account
	codeStep    = 30
	pendingLife = 5 * time.Minute
	ticketLife  = time.Minute
)

// signIn knows the admin's password and second factor, and the sessions. Only the admin has a
// password: everybody else is refused.
type signIn struct {
	email, password, secret string
	ttl, lockFor            time.Duration
	now                     func() time.Time

	mu          sync.Mutex
	wrong       int
	lockedUntil time.Time
	lastStep    int64 // of the last accepted code: this one and older ones are refused
	pending     map[string]time.Time
	tickets     map[string]time.Time
	sessions    map[string]*session

	signIns, refusedPasswords, refusedCodes int
}

// A session is a signed-in browser.
type session struct {
	csrf string
	seen time.Time
}

func newSignIn(cfg Config) (*signIn, error) {
	in := &signIn{
		email: cfg.Admin.Email, ttl: cfg.SessionTTL, lockFor: cfg.LockFor, now: cfg.Now,
		// The tail looks different in JSON, in a URL and in HTML, so that a leak in disguise shows.
		password: rand.Text()[:16] + `+/%&="`,
		pending:  map[string]time.Time{}, tickets: map[string]time.Time{}, sessions: map[string]*session{},
	}
	if cfg.TOTP {
		key, err := totp.Generate(totp.GenerateOpts{Issuer: cfg.App, AccountName: cfg.Admin.Email})
		if err != nil {
			return nil, fmt.Errorf("make a TOTP secret: %w", err)
		}
		in.secret = key.Secret()
	}
	return in, nil
}

func (in *signIn) secrets() map[string]secrets.Value {
	m := map[string]secrets.Value{"user": secrets.New(in.email), "password": secrets.New(in.password)}
	if in.secret != "" {
		m["totp"] = secrets.New(in.secret)
	}
	return m
}

func (in *signIn) count(t *Truth) {
	in.mu.Lock()
	defer in.mu.Unlock()
	t.SignIns, t.RefusedPasswords, t.RefusedCodes = in.signIns, in.refusedPasswords, in.refusedCodes
	for _, s := range in.sessions {
		if in.now().Sub(s.seen) <= in.ttl {
			t.Sessions++
		}
	}
}

// checkPassword returns a pending sign-in where a code is wanted too, else a ticket.
func (in *signIn) checkPassword(email, password string) (pending, ticket string, why *problem) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.now().Before(in.lockedUntil) {
		in.refusedPasswords++
		return "", "", accountLocked
	}
	good := flows.SameAddress(email, in.email) &&
		subtle.ConstantTimeCompare([]byte(password), []byte(in.password)) == 1
	if !good {
		in.refusedPasswords++
		if in.strikeOut() {
			return "", "", accountLocked
		}
		return "", "", authFailed
	}
	if in.secret != "" {
		pending = rand.Text()
		in.pending[pending] = in.now().Add(pendingLife)
		return pending, "", nil
	}
	in.wrong = 0
	return "", in.ticket(), nil
}

// checkCode takes a code of the time step now or one beside it, newer than any step used before.
func (in *signIn) checkCode(pending, code string) (ticket string, why *problem) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if until, ok := in.pending[pending]; !ok || in.now().After(until) {
		return "", signInStale
	}
	if in.now().Before(in.lockedUntil) {
		return "", accountLocked
	}
	step := in.now().Unix() / codeStep
	for _, at := range []int64{step, step - 1, step + 1} {
		want, err := totp.GenerateCode(in.secret, time.Unix(at*codeStep, 0))
		if err != nil {
			return "", &problem{status: http.StatusInternalServerError, Code: "internal", Message: err.Error()}
		}
		if subtle.ConstantTimeCompare([]byte(code), []byte(want)) == 1 && at > in.lastStep {
			in.lastStep, in.wrong = at, 0
			delete(in.pending, pending)
			return in.ticket(), nil
		}
	}
	in.refusedCodes++
	if in.strikeOut() {
		delete(in.pending, pending)
		return "", accountLocked
	}
	return "", codeRefused
}

// strikeOut counts a wrong try and says whether it locked the account.
func (in *signIn) strikeOut() bool {
	if in.wrong++; in.wrong < mostWrong {
		return false
	}
	in.wrong = 0
	in.lockedUntil = in.now().Add(in.lockFor)
	return true
}

// ticket is good for one session, soon.
func (in *signIn) ticket() string {
	t := rand.Text()
	in.tickets[t] = in.now().Add(ticketLife)
	return t
}

// redeem turns a ticket into a session.
func (in *signIn) redeem(ticket string) (token string, s session, ok bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	until, ok := in.tickets[ticket]
	delete(in.tickets, ticket)
	if !ok || in.now().After(until) {
		return "", session{}, false
	}
	in.signIns++
	token, s = rand.Text()+rand.Text(), session{csrf: rand.Text(), seen: in.now()}
	in.sessions[token] = &s
	return token, s, true
}

// session returns the live session of that token and moves its end on.
func (in *signIn) session(token string) (session, bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	s, ok := in.sessions[token]
	if !ok {
		return session{}, false
	}
	if in.now().Sub(s.seen) > in.ttl {
		delete(in.sessions, token)
		return session{}, false
	}
	s.seen = in.now()
	return *s, true
}

func (in *signIn) end(token string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	delete(in.sessions, token)
}

// dropAll ends every session.
func (in *signIn) dropAll() {
	in.mu.Lock()
	defer in.mu.Unlock()
	clear(in.sessions)
}
