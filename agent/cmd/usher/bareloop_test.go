package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

// A bare is an HTTP client that knows the stand-ins' own API. It is the floor under what a browser
// can reach, and no way to anything real: the consoles have no such API.
type bare struct {
	t    testing.TB
	http *http.Client
}

// bareLoop signs in and reads the same pages without a browser; what it returns is the time of the
// pages alone.
func (r *rig) bareLoop(t testing.TB, app string, users int) (took time.Duration, pages int) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &bare{t: t, http: &http.Client{Jar: jar, Timeout: time.Minute}}
	at := r.at[app].URL
	var flags struct {
		PageSize int    `json:"page_size"`
		SignIn   string `json:"sign_in_url"`
	}
	b.do(http.MethodGet, at+"/api/flags", nil, &flags)
	login, err := url.Parse(flags.SignIn)
	if err != nil {
		t.Fatal(err)
	}
	var a struct{ Next, Pending, URL, Ticket string }
	b.do(http.MethodPost, login.Scheme+"://"+login.Host+"/api/sign-in",
		map[string]string{"email": r.secret(t, app+".user"), "password": r.secret(t, app+".password")}, &a)
	if a.Next == "code" {
		b.do(http.MethodPost, login.Scheme+"://"+login.Host+"/api/sign-in/code",
			map[string]string{"pending": a.Pending, "code": r.nextCode(t, app)}, &a)
	}
	if a.URL != "" {
		handover, err := url.Parse(a.URL)
		if err != nil {
			t.Fatal(err)
		}
		b.do(http.MethodPost, at+"/api/session", map[string]string{"ticket": handover.Query().Get("ticket")}, nil)
	}
	began, seen := time.Now(), map[string]bool{}
	for more := true; more; pages++ {
		var page struct {
			Items []struct{ ID string }
			More  bool
		}
		b.do(http.MethodGet, fmt.Sprintf("%s/api/users?include_deactivated=true&offset=%d&limit=%d", at, pages*flags.PageSize, flags.PageSize), nil, &page)
		for _, u := range page.Items {
			seen[u.ID] = true
		}
		more = page.More
	}
	took = time.Since(began)
	if len(seen) != users {
		t.Errorf("the bare loop saw %d accounts of %d", len(seen), users)
	}
	return took, pages
}

func (b *bare) do(method, at string, in, out any) {
	b.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		b.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, at, bytes.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	res, err := b.http.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		b.t.Fatalf("%s %s: %s", method, at, res.Status)
	}
	if out != nil {
		err = json.NewDecoder(res.Body).Decode(out)
	}
	if err = errors.Join(err, res.Body.Close()); err != nil {
		b.t.Fatal(err)
	}
}

func (r *rig) secret(t testing.TB, file string) string {
	t.Helper()
	b, err := os.ReadFile(r.file(file))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// nextCode makes a code of a time step that usher has not used: the console takes no older one.
func (r *rig) nextCode(t testing.TB, app string) string {
	t.Helper()
	code, err := totp.GenerateCode(r.secret(t, app+".totp"), time.Unix(30*max(r.lastStep(t)+1, time.Now().Unix()/30), 0))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// lastStep is the last time step of a one-time code that usher used.
func (r *rig) lastStep(t testing.TB) (step int64) {
	t.Helper()
	db, err := sql.Open("sqlite", r.database())
	if err != nil {
		t.Fatal(err)
	}
	err = db.QueryRowContext(t.Context(), `SELECT max(step) FROM codes`).Scan(&step)
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return step
}
