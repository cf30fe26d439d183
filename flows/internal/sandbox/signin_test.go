package sandbox_test

import (
	"testing"
	"time"

	"github.com/usherhq/usher/flows/internal/sandbox"
)

func TestNobodyReadsOrWritesWithoutASession(t *testing.T) {
	t.Parallel()
	g := setup(t, nil)
	for _, path := range []string{"/api/me", "/api/roles", "/api/users", "/api/users/x", "/api/users/x/holdings"} {
		g.want(401, "signed_out", "GET", path, nil, nil)
	}
	for _, path := range []string{"/api/users", "/api/users/x/deactivate", "/api/people/x/delete", "/api/sign-out"} {
		g.want(401, "signed_out", "POST", path, object{}, nil)
	}
	if w := g.truth().Writes; len(w) != 0 {
		t.Errorf("writes: %v", w)
	}
}

func TestWritesWantTheTokenOfTheSession(t *testing.T) {
	t.Parallel()
	g := setup(t, nil).signIn()
	path := "/api/users/" + g.id("ana.lopez@example.com") + "/deactivate"
	token := g.csrf
	for _, wrong := range []string{"", "guess"} {
		g.csrf = wrong
		g.want(403, "csrf", "POST", path, object{}, nil)
	}
	g.csrf = token
	g.want(200, "", "POST", path, object{}, nil)
}

func TestFiveWrongPasswordsLockTheAccountForAWhile(t *testing.T) {
	t.Parallel()
	g := setup(t, nil)
	wrong := object{"email": g.secret("user"), "password": "wrong"}
	for range 4 {
		g.want(401, "refused", "POST", "/api/sign-in", wrong, nil)
	}
	g.want(423, "locked", "POST", "/api/sign-in", wrong, nil)
	g.want(423, "locked", "POST", "/api/sign-in", object{"email": g.secret("user"), "password": g.secret("password")}, nil)
	g.clock.add(16 * time.Minute)
	g.signIn()
	if truth := g.truth(); truth.RefusedPasswords != 6 || truth.SignIns != 1 {
		t.Errorf("refused %d, sign-ins %d", truth.RefusedPasswords, truth.SignIns)
	}
}

func TestSomebodyElseHasNoPassword(t *testing.T) {
	t.Parallel()
	g := setup(t, nil)
	g.want(401, "refused", "POST", "/api/sign-in", object{"email": "ana.lopez@example.com", "password": g.secret("password")}, nil)
}

func TestACodesTimeStepIsGoodOnceAndOlderOnesNeverAfter(t *testing.T) {
	t.Parallel()
	g := setup(t, nil)
	old := g.code()
	g.clock.add(30 * time.Second)
	code := g.code()
	g.want(200, "", "POST", "/api/sign-in/code", object{"pending": g.password(), "code": code}, nil)
	pending := g.password()
	g.want(401, "code_refused", "POST", "/api/sign-in/code", object{"pending": pending, "code": code}, nil)
	g.want(401, "code_refused", "POST", "/api/sign-in/code", object{"pending": pending, "code": old}, nil)
	g.clock.add(30 * time.Second)
	g.want(200, "", "POST", "/api/sign-in/code", object{"pending": pending, "code": g.code()}, nil)
	g.want(401, "stale", "POST", "/api/sign-in/code", object{"pending": pending, "code": g.code()}, nil)
	if n := g.truth().RefusedCodes; n != 2 {
		t.Errorf("refused codes: %d, want 2", n)
	}
}

func TestACodeOneStepEarlyOrLateIsTakenAndTwoStepsOffIsNot(t *testing.T) {
	t.Parallel()
	for off, status := range map[time.Duration]int{-time.Minute: 401, -30 * time.Second: 200, 30 * time.Second: 200, time.Minute: 401} {
		g := setup(t, nil)
		pending := g.password()
		g.clock.add(off)
		code := g.code()
		g.clock.add(-off)
		word := ""
		if status != 200 {
			word = "code_refused"
		}
		g.want(status, word, "POST", "/api/sign-in/code", object{"pending": pending, "code": code}, nil)
	}
}

func TestATicketIsGoodOnceAndNotForLong(t *testing.T) {
	t.Parallel()
	g := setup(t, nil)
	g.want(401, "stale", "POST", "/api/session", object{"ticket": "made-up"}, nil)
	g.signIn()
	if n := g.truth().Sessions; n != 1 {
		t.Errorf("sessions: %d", n)
	}
}

func TestASessionEndsWhenIdleAndBySigningOut(t *testing.T) {
	t.Parallel()
	g := setup(t, nil).signIn()
	g.clock.add(29 * time.Minute)
	g.list("")
	g.clock.add(29 * time.Minute)
	g.list("")
	g.clock.add(31 * time.Minute)
	g.want(401, "signed_out", "GET", "/api/users", nil, nil)
	g.signIn()
	g.want(200, "", "POST", "/api/sign-out", object{}, nil)
	g.want(401, "signed_out", "GET", "/api/users", nil, nil)
}

func TestOneSiteSignsInWithoutAHandover(t *testing.T) {
	t.Parallel()
	g := setup(t, func(c *sandbox.Config) { c.Sites, c.TOTP = []string{"app"}, false })
	var a struct{ Next, Csrf string }
	status, _, err := g.try("POST", "app", "/api/sign-in", object{"email": g.secret("user"), "password": g.secret("password")}, &a)
	if err != nil || status != 200 || a.Next != "home" || a.Csrf == "" {
		t.Fatalf("%d %+v %v", status, a, err)
	}
	g.list("")
	if _, ok := g.s.Secrets()["totp"]; ok {
		t.Error("a TOTP secret where no code is asked for")
	}
}
