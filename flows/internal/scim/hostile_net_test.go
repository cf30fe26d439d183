package scim_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
)

// A netCase is a bad network, or a gateway that speaks in the service's place. With each, everybody is
// listed, somebody is sought, and somebody is invited.
type netCase struct {
	name  string
	reads verdict // of the list: done, failed, or the code of the error
	quirk func() quirk
}

// onReads answers lists of users so; n is how often, 0 for ever.
func onReads(n int, a func() *answer) func() quirk {
	return func() quirk {
		return func(s *site, c *call) *answer {
			if c.kind != users || c.Method != http.MethodGet || n > 0 && s.struck() >= n {
				return nil
			}
			s.strike()
			return a()
		}
	}
}

// always answers everything so.
func always(a func() *answer) func() quirk {
	return func() quirk {
		return func(s *site, _ *call) *answer {
			s.strike()
			return a()
		}
	}
}

func as(a *answer) func() *answer { return func() *answer { return a } }

// garbled lets f change the bytes of each list of users.
func garbled(f func(b []byte) []byte) func() quirk {
	return func() quirk {
		return func(s *site, c *call) *answer {
			if !c.lists(users) {
				return nil
			}
			a := s.honest(c)
			a.body = f(a.body)
			s.strike()
			return a
		}
	}
}

func netCases() []netCase {
	escapes := "\x1b]0;owned\x07\x1b[2J\u202edetia\u0000 denied"
	return []netCase{
		{"401 in plain text", verdict(flows.LoginRefused), always(as(raw(http.StatusUnauthorized, "text/plain", "Unauthorized")))},
		{"401 that echoes the token", verdict(flows.LoginRefused), always(as(raw(http.StatusUnauthorized, "text/plain", "bad token: Bearer "+token)))},
		{"401 that echoes the token, cut in two", verdict(flows.LoginRefused), always(as(problem(http.StatusUnauthorized, "", "bad token: "+token[:12]+"\u200b"+token[12:])))},
		{"403 with terminal escapes", failed, always(as(problem(http.StatusForbidden, "", escapes)))},
		{"400 with terminal escapes in plain text", failed, onReads(0, as(raw(http.StatusBadRequest, "text/plain", escapes)))},
		{"an error of 5 MB", failed, onReads(0, as(raw(http.StatusBadRequest, "text/plain", strings.Repeat("no ", 5<<20/3))))},
		{"an error of 5 MB of JSON", failed, onReads(0, as(problem(http.StatusForbidden, "", strings.Repeat("no ", 5<<20/3))))},
		{"HTML with a 200", failed, always(as(raw(http.StatusOK, "text/html", "<!doctype html><title>Sign in</title>")))},
		{"HTML with a 200 on lists", failed, onReads(0, as(raw(http.StatusOK, "text/html", "<!doctype html><title>Sign in</title>")))},
		{"nothing, with a 200", failed, onReads(0, as(raw(http.StatusOK, scimJSON, "")))},
		{"nothing, with a 204", failed, onReads(0, as(raw(http.StatusNoContent, "", "")))},
		{"{}", failed, onReads(0, as(raw(http.StatusOK, scimJSON, "{}")))},
		{"null", failed, onReads(0, as(raw(http.StatusOK, scimJSON, "null")))},
		{"an array", failed, onReads(0, as(raw(http.StatusOK, scimJSON, "[]")))},
		{"an error with a 200", failed, onReads(0, as(raw(http.StatusOK, scimJSON, `{"schemas":["`+errorURN+`"],"status":"500"}`)))},
		{"JSON that ends early", failed, garbled(func(b []byte) []byte { return b[:len(b)*2/3] })},
		{"JSON with more behind it", any_, garbled(func(b []byte) []byte { return append(b, `{"totalResults":0}`...) })},
		{"JSON that says the total twice", any_, garbled(func(b []byte) []byte {
			return append(b[:len(b)-1], `,"totalResults":1,"totalResults":10}`...)
		})},
		{"a BOM before the JSON", any_, garbled(func(b []byte) []byte { return append([]byte("\ufeff"), b...) })},
		{"JSON that is deeply nested", failed, onReads(0, as(raw(http.StatusOK, scimJSON, `{"totalResults":1,"Resources":`+strings.Repeat("[", 2<<20))))},
		{"JSON that is deeply nested within a user", any_, garbled(func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"nickName":"as it was"`), []byte(`"nickName":`+strings.Repeat(`{"a":`, 20_000)+"1"+strings.Repeat("}", 20_000)), 1)
		})},
		{"text that is no UTF-8", any_, garbled(func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("Person"), []byte("P\xff\xfe\xf0")) })},
		{"terminal escapes in names", done, garbled(func(b []byte) []byte {
			return bytes.ReplaceAll(b, []byte(`"Person"`), []byte(`"P\u001b[31m\u0000\u202e"`))
		})},
		{"another media type", done, func() quirk {
			return func(s *site, c *call) *answer {
				if !c.lists(users) {
					return nil
				}
				s.strike()
				return s.honest(c).with("Content-Type", "application/json; charset=utf-8")
			}
		}},
		{"a body that is cut off", failed, onReads(0, func() *answer {
			return &answer{do: func(w http.ResponseWriter) {
				w.Header().Set("Content-Length", "5000")
				tell(w, `{"totalResults":1,"Resources":[{"id":"id-0001","userName":"person001@example.com","active":true}]}`)
			}}
		})},
		{"a connection that is cut", failed, onReads(0, cut)},
		{"a connection that is cut once", done, onReads(1, cut)},
		{"503 once", done, onReads(1, as(problem(http.StatusServiceUnavailable, "", "back soon")))},
		{"502 in HTML once", done, onReads(1, as(raw(http.StatusBadGateway, "text/html", "<h1>Bad gateway</h1>")))},
		{"429 once, after a second", done, onReads(1, as(limited("1")))},
		{"429 once, after a date", done, onReads(1, func() *answer { return limited(time.Now().Add(time.Second).UTC().Format(http.TimeFormat)) })},
		{"429 once, after a date that has passed", done, onReads(1, as(limited("Mon, 02 Jan 2006 15:04:05 GMT")))},
		{"429 once, after garbage", done, onReads(1, as(limited("soon\x7f")))},
		{"429 once, after a negative time", done, onReads(1, as(limited("-5")))},
		{"429 once, after no time", done, onReads(1, as(limited("0")))},
		{"429 for ever", verdict(flows.Unavailable), onReads(0, as(limited("1")))},
		{"429 for ever, after a year", verdict(flows.Unavailable), onReads(0, as(limited("31536000")))},
		{"429 for ever, after longer than can be counted", failed, onReads(0, as(limited("99999999999999999999999")))},
		{"503 for ever", verdict(flows.Unavailable), onReads(0, as(problem(http.StatusServiceUnavailable, "", "back soon")))},
		{"a redirect that goes round", failed, func() quirk {
			return func(s *site, c *call) *answer {
				s.strike()
				return raw(http.StatusFound, "", "").with("Location", c.URL.Path+"?again=1")
			}
		}},
		{"a header of 8 MB", failed, onReads(0, func() *answer {
			return raw(http.StatusOK, scimJSON, "{}").with("X-Long", strings.Repeat("x", 8<<20))
		})},
	}
}

func TestABadNetworkLosesNobodyAndWritesNothingTwice(t *testing.T) {
	t.Parallel()
	for _, k := range netCases() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			s, n := newSite(t, 12, k.quirk()), &notes{}
			s.twins = true
			o := invite(newcomer)
			var kind flows.OutcomeKind
			var err error
			bounded(t, "the reading and the order", func(ctx context.Context) {
				c, oerr := enter(ctx, t, environment(s.url(), n))
				if err = oerr; err != nil {
					k.judge(t, nil, err)
					return
				}
				r, lerr := c.List(ctx)
				k.judge(t, r, lerr)
				if r != nil && r.Grade == flows.Complete {
					agrees(t, s, r)
					for _, a := range r.Accounts {
						if strings.ContainsAny(a.Name+a.Email, "\x1b\x00\u202e") {
							t.Errorf("a name is not harmless: %q", a.Name)
						}
					}
				}
				harmless(t, n, lerr, sought(ctx, t, s, c, active1), sought(ctx, t, s, c, "nobody@example.com"))
				kind, err = o.do(ctx, c)
			})
			harmless(t, n, err)
			for _, w := range o.judge(s, false, s.changes(), kind, err) {
				t.Error(w)
			}
			if s.struck() == 0 {
				t.Error("the quirk never struck: this proved nothing")
			}
		})
	}
}

// judge holds the answer to the list, or to opening the console, against what the case wants.
func (k netCase) judge(t *testing.T, r *flows.Roster, err error) {
	t.Helper()
	t.Logf("read: %v", err)
	whole := err == nil && r != nil && r.Grade == flows.Complete
	switch k.reads {
	case any_:
	case done:
		if !whole {
			t.Errorf("the list: %v; the client can read it", err)
		}
	case failed:
		if whole {
			t.Errorf("%d accounts are called complete", len(r.Accounts))
		}
	default:
		if string(flows.CodeOf(err)) != string(k.reads) {
			t.Errorf("the list: %v; want %s", err, k.reads)
		}
	}
}

func TestTheTokenGoesNowhereElse(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		for _, name := range []string{"another port", "another host", "a name with a user in it"} {
			t.Run(fmt.Sprintf("%d to %s", status, name), func(t *testing.T) {
				t.Parallel()
				var told atomic.Int32
				away := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					if r.Header.Get("Authorization") != "" || strings.Contains(r.URL.String(), token) {
						told.Add(1)
					}
				}))
				t.Cleanup(away.Close)
				to := away.URL
				switch name {
				case "another host":
					to = strings.Replace(to, "127.0.0.1", "localhost", 1)
				case "a name with a user in it":
					to = strings.Replace(to, "http://", "http://127.0.0.1:1@", 1)
				}
				s := newSite(t, 3, nil)
				o, n := s.deactivate(t, active1), &notes{}
				s.quirk = always(func() *answer { return raw(status, "", "").with("Location", to+base+"/Users") })()
				bounded(t, "the order", func(ctx context.Context) {
					c, err := enter(ctx, t, environment(s.url(), n))
					if err == nil {
						_, lerr := c.List(ctx)
						_, derr := o.do(ctx, c)
						_, ierr := invite(newcomer).do(ctx, c)
						if lerr == nil || derr == nil || ierr == nil {
							t.Errorf("a service that only sends us away was believed: %v, %v, %v", lerr, derr, ierr)
						}
						harmless(t, n, lerr, derr, ierr)
					}
					harmless(t, n, err)
				})
				if told.Load() > 0 {
					t.Errorf("the token went to %s %d times", name, told.Load())
				}
				if s.struck() == 0 {
					t.Error("the quirk never struck: this proved nothing")
				}
			})
		}
	}
}
