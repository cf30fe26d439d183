package flowtest

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

func signIns() []Story {
	return []Story{
		{Name: "a kept session is taken up without a sign-in", Run: func(t *testing.T, s *Stage) {
			s.Console(t)
			s.Console(t)
			if n := s.Truth(t).SignIns; n != 1 {
				t.Errorf("signed in %d times, not once", n)
			}
		}},
		{Name: "a wrong password is tried once", Run: func(t *testing.T, s *Stage) {
			s.Env.Secrets["password"] = secrets.New("not-the-password-7281")
			_, err := s.Open()
			wantCode(t, err, flows.LoginRefused)
			if n := s.Truth(t).RefusedPasswords; n != 1 {
				t.Errorf("the wrong password was tried %d times", n)
			}
			s.nothingLeaks(t)
		}},
		{Name: "a wrong code is tried twice and no more", Only: []string{"thoropass"}, Run: func(t *testing.T, s *Stage) {
			s.Env.Secrets["totp"] = secrets.New("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
			_, err := s.Open()
			wantCode(t, err, flows.LoginRefused)
			if n := s.Truth(t).RefusedCodes; n != 2 {
				t.Errorf("wrong codes were tried %d times, not twice", n)
			}
			s.nothingLeaks(t)
		}},
		{Name: "one time step's code is never used twice", Only: []string{"thoropass"}, Run: func(t *testing.T, s *Stage) {
			s.Console(t)
			if err := s.Notes.DropSession(s.Ctx); err != nil {
				t.Fatal(err)
			}
			s.Console(t) // waits for the next step
			if tr := s.Truth(t); tr.RefusedCodes != 0 || tr.SignIns != 2 {
				t.Errorf("%d codes were refused in %d sign-ins", tr.RefusedCodes, tr.SignIns)
			}
		}},
		{Name: "a challenge waits for a person", Run: func(t *testing.T, s *Stage) {
			s.Fault(t, "captcha", nil)
			_, err := s.Open()
			wantCode(t, err, flows.Challenge)
		}},
		{Name: "another workspace is not worked on", Run: func(t *testing.T, s *Stage) {
			s.Fault(t, "wrong_workspace", map[string]any{"workspace": "Somebody Else Inc"})
			_, err := s.Open()
			wantCode(t, err, flows.WrongTenant)
		}},
		{Name: "a workspace that changes after sign-in is noticed", Run: func(t *testing.T, s *Stage) {
			c := s.Console(t)
			s.Fault(t, "wrong_workspace", map[string]any{"workspace": "Somebody Else Inc"})
			wantCode(t, listErr(s, c), flows.WrongTenant)
		}},
		{Name: "a password is typed only at the connection's own addresses", Only: []string{"thoropass"}, Run: func(t *testing.T, s *Stage) {
			s.Env.Connection.SignIn = "" // the sign-in page is of another origin then
			_, err := s.Open()
			if code := flows.CodeOf(err); code != flows.Refused && code != flows.Drift {
				t.Errorf("want refused, got %v", err)
			}
			if tr := s.Truth(t); tr.SignIns+tr.RefusedPasswords != 0 {
				t.Error("the password was sent to an address that the connection does not name")
			}
		}},
		{Name: "no secret stands in what is kept", Run: func(t *testing.T, s *Stage) {
			if _, err := s.Console(t).List(s.Ctx); err != nil {
				t.Fatal(err)
			}
			s.nothingLeaks(t)
		}},
	}
}

// nothingLeaks looks for every secret, plain and encoded, in the evidence.
func (s *Stage) nothingLeaks(t *testing.T) {
	t.Helper()
	s.Notes.mu.Lock()
	defer s.Notes.mu.Unlock()
	for name, v := range s.Env.Secrets {
		if name == "user" || v.Empty() {
			continue
		}
		plain := v.Reveal()
		for _, form := range []string{plain, url.QueryEscape(plain), base64.StdEncoding.EncodeToString([]byte(plain))} {
			for _, st := range s.Notes.Steps {
				if strings.Contains(st.Name+st.Note+st.Selector+string(st.Picture), form) {
					t.Errorf("the secret %s stands in the step %s", name, st.Name)
				}
			}
		}
	}
}
