package scim_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/usherhq/usher/flows"
)

// What a case asks of the answer to an order.
type verdict string

const (
	any_    verdict = ""        // whatever it is, it is true
	done    verdict = "done"    // the client can do it, and know
	already verdict = "already" //
	failed  verdict = "failed"  // an error of any code: nobody could know, or nothing came of it
	unsure  verdict = verdict(flows.Unverified)
	refused verdict = verdict(flows.Refused)
)

// A writeCase is a service that lies where something is to change. With each, one order is given.
type writeCase struct {
	name  string
	order func(t *testing.T, s *site) order
	quirk func() quirk // made afresh, as some remember
	want  verdict
	twins bool                    // the service would let a second one of the name in
	acts  []string                // what the connection's policy allows
	seed  func(s *site)           // before all
	also  func(*testing.T, *site) // further truths
	quiet bool
}

func inviting(*testing.T, *site) order         { return invite(newcomer) }
func deactivating(t *testing.T, s *site) order { t.Helper(); return s.deactivate(t, active1) }
func reactivating(t *testing.T, s *site) order { t.Helper(); return s.reactivate(t, inactive) }
func updating(t *testing.T, s *site) order     { t.Helper(); return s.update(t, active1, "Sales") }

// writing answers each request of that method instead of the service, after it did what was asked where
// applied.
func writing(method string, applied bool, a func(s *site, c *call, honest *answer) *answer) func() quirk {
	return func() quirk {
		return func(s *site, c *call) *answer {
			if c.Method != method {
				return nil
			}
			var h *answer
			if applied {
				h = s.honest(c)
			}
			s.strike()
			return a(s, c, h)
		}
	}
}

func fixed(a *answer) func(*site, *call, *answer) *answer {
	return func(*site, *call, *answer) *answer { return a }
}

// once strikes only the first n requests of the method.
func once(n int, method string, applied bool, a *answer) func() quirk {
	return func() quirk {
		q := writing(method, applied, fixed(a))()
		return func(s *site, c *call) *answer {
			if c.Method == method && c.n <= n {
				return q(s, c)
			}
			return nil
		}
	}
}

// both strikes PATCH and PUT.
func both(applied bool, a *answer) func() quirk {
	return func() quirk {
		patch, put := writing(http.MethodPatch, applied, fixed(a))(), writing(http.MethodPut, applied, fixed(a))()
		return func(s *site, c *call) *answer {
			if out := patch(s, c); out != nil {
				return out
			}
			return put(s, c)
		}
	}
}

// cut ends the connection without an answer.
func cut() *answer { return &answer{do: func(http.ResponseWriter) { panic(http.ErrAbortHandler) }} }

func limited(after string) *answer {
	return problem(http.StatusTooManyRequests, "", "too many requests").with("Retry-After", after)
}

func inviteCases() []writeCase {
	down := problem(http.StatusServiceUnavailable, "", "back soon")
	broken := problem(http.StatusInternalServerError, "", "something broke")
	return []writeCase{
		{name: "POST to an honest service", order: inviting, want: done, quirk: nil},
		{name: "POST is a 500, and applied", order: inviting, twins: true, quirk: writing(http.MethodPost, true, fixed(broken))},
		{name: "POST is a 500, and not applied", order: inviting, twins: true, want: failed, quirk: writing(http.MethodPost, false, fixed(broken))},
		{name: "POST is a 503, and applied", order: inviting, twins: true, quirk: writing(http.MethodPost, true, fixed(down))},
		{name: "POST is a 503 once, and not applied", order: inviting, twins: true, quirk: once(1, http.MethodPost, false, down)},
		{name: "POST is a 429 once, and not applied", order: inviting, twins: true, want: done, quirk: once(1, http.MethodPost, false, limited("1"))},
		{name: "POST is a 429, and applied", order: inviting, twins: true, quirk: writing(http.MethodPost, true, fixed(limited("1")))},
		{name: "POST is a 201 without an id", order: inviting, twins: true, quirk: writing(http.MethodPost, true, func(_ *site, _ *call, h *answer) *answer {
			return without(h, "id")
		})},
		{name: "POST is a 201 with somebody else's id", order: inviting, twins: true, quirk: writing(http.MethodPost, true, func(_ *site, _ *call, h *answer) *answer {
			return changed(h, map[string]any{"id": "id-0002"})
		})},
		{name: "POST is a 201 with somebody else altogether", order: inviting, twins: true, quirk: writing(http.MethodPost, true, func(s *site, _ *call, _ *answer) *answer {
			return say(http.StatusCreated, s.all(users)[1])
		})},
		{name: "POST is a 201, and not applied", order: inviting, twins: true, want: failed, quirk: writing(http.MethodPost, false, fixed(say(http.StatusCreated, map[string]any{
			"schemas": []string{userURN}, "id": "id-9999", "userName": newcomer, "active": true,
		})))},
		{name: "POST is a 201 with nothing in it", order: inviting, twins: true, quirk: writing(http.MethodPost, true, fixed(raw(http.StatusCreated, "", "")))},
		{name: "POST is a 200 in HTML, and not applied", order: inviting, twins: true, want: failed, quirk: writing(http.MethodPost, false, fixed(raw(http.StatusOK, "text/html", "<html>Welcome</html>")))},
		{name: "POST is a 202, and not applied", order: inviting, twins: true, want: failed, quirk: writing(http.MethodPost, false, fixed(raw(http.StatusAccepted, "", "")))},
		{name: "POST is a 409 although nobody is there", order: inviting, twins: true, want: failed, quirk: writing(http.MethodPost, false, fixed(problem(http.StatusConflict, "uniqueness", "taken")))},
		{name: "POST is applied, and the connection cut", order: inviting, twins: true, quirk: writing(http.MethodPost, true, fixed(cut())), also: postedOnce},
		{name: "POST is not applied, and the connection cut", order: inviting, twins: true, want: failed, quirk: writing(http.MethodPost, false, fixed(cut()))},
		{name: "POST is a 504, and applied after the next looks", order: inviting, twins: true, want: unsure, quirk: func() quirk { return late(40) }, also: postedOnce},
		{name: "POST is a 504, and applied after one look", order: inviting, twins: true, quirk: func() quirk { return late(1) }, also: postedOnce},
		{name: "POST is a 400", order: inviting, twins: true, want: failed, quirk: writing(http.MethodPost, false, fixed(problem(http.StatusBadRequest, "invalidValue", "no seat is free")))},
		{name: "POST wants application/json", order: inviting, twins: true, want: done, quirk: wantsJSON(http.MethodPost)},
		{name: "POST of one who is there in another case", order: func(*testing.T, *site) order { return invite(active1) }, twins: true, want: already, quiet: true,
			seed: func(s *site) { s.kinds[users][0]["userName"] = "Person001@Example.COM" }},
		{name: "POST makes an account that is not active", order: inviting, twins: true, want: failed, quirk: writing(http.MethodPost, false, func(s *site, c *call, _ *answer) *answer {
			var r record
			if json.Unmarshal(c.body, &r) == nil {
				r["active"] = false
				b, _ := json.Marshal(r)
				c.body = b
			}
			return s.honest(c)
		})},
		{name: "the look after POST is a 500", order: inviting, twins: true, want: unsure, quirk: blind(http.MethodPost)},
	}
}

func activeCases() []writeCase {
	ignored := raw(http.StatusNoContent, "", "")
	notThere := problem(http.StatusNotImplemented, "", "no PATCH here")
	return []writeCase{
		{name: "PATCH to an honest service", order: deactivating, want: done},
		{name: "PATCH back to an honest service", order: reactivating, want: done},
		{name: "PATCH is a 204, and ignored; PUT works", order: deactivating, quirk: writing(http.MethodPatch, false, fixed(ignored))},
		{name: "PATCH back is a 204, and ignored; PUT works", order: reactivating, quirk: writing(http.MethodPatch, false, fixed(ignored))},
		{name: "PATCH and PUT are a 204, and ignored", order: deactivating, want: failed, quirk: both(false, ignored)},
		{name: "PATCH and PUT are a 200 that says so, and ignored", order: deactivating, want: failed, quirk: flattered},
		{name: "PATCH is a 405; PUT works", order: deactivating, want: done, quirk: writing(http.MethodPatch, false, fixed(problem(http.StatusMethodNotAllowed, "", "no")))},
		{name: "PATCH is a 501; PUT works", order: deactivating, want: done, quirk: writing(http.MethodPatch, false, fixed(notThere))},
		{name: "PATCH is a 501; PUT keeps what nobody knows", order: updating, want: done, quirk: writing(http.MethodPatch, false, fixed(notThere))},
		{name: "PATCH is a 501; PUT loses what it is sent", order: updating, want: failed, quirk: func() quirk { return forgetful(notThere) }},
		{name: "PATCH wants application/json", order: deactivating, want: done, quirk: wantsJSON(http.MethodPatch)},
		{name: "PATCH is a 500, and applied", order: deactivating, quirk: writing(http.MethodPatch, true, fixed(problem(http.StatusInternalServerError, "", "oh")))},
		{name: "PATCH is a 500, and not applied", order: deactivating, quirk: both(false, problem(http.StatusInternalServerError, "", "oh")), want: failed},
		{name: "PATCH is a 429, and applied", order: deactivating, quirk: both(true, limited("1"))},
		{name: "PATCH is a 429 once, and not applied", order: deactivating, want: done, quirk: once(1, http.MethodPatch, false, limited("1"))},
		{name: "PATCH is applied, and the connection cut", order: deactivating, quirk: writing(http.MethodPatch, true, fixed(cut()))},
		{name: "an update is a 500, and applied", order: updating, quirk: both(true, problem(http.StatusInternalServerError, "", "oh"))},
		{name: "an update is a 204, and ignored", order: updating, want: failed, quirk: both(false, ignored)},
		{name: "only DELETE is left, and no policy names it", order: deactivating, want: failed, quirk: onlyDelete(http.StatusNoContent, true),
			also: func(t *testing.T, s *site) {
				t.Helper()
				if n := s.count("DELETE Users"); n > 0 {
					t.Errorf("DELETE was sent %d times, and nobody allowed it", n)
				}
			}},
		{name: "only DELETE is left, and the policy names it", order: deactivating, acts: []string{"delete"}, want: done, quirk: onlyDelete(http.StatusNoContent, true)},
		{name: "DELETE is a 204, and ignored", order: deactivating, acts: []string{"delete"}, want: failed, quirk: onlyDelete(http.StatusNoContent, false)},
		{name: "DELETE is a 500, and applied", order: deactivating, acts: []string{"delete"}, quirk: onlyDelete(http.StatusInternalServerError, true)},
		{name: "the look after PATCH is a 500", order: deactivating, want: unsure, quirk: blind(http.MethodPatch, http.MethodPut)},
		{name: "the look after PATCH shows somebody else", order: deactivating, want: failed, quirk: confused},
		{name: "one who is inactive already", order: func(t *testing.T, s *site) order { t.Helper(); return s.deactivate(t, inactive) }, want: already},
		{name: "one who is active already", order: func(t *testing.T, s *site) order { t.Helper(); return s.reactivate(t, active1) }, want: already},
		{name: "one whose id is now somebody else", order: reassigned, want: refused},
		{name: "an address that is another's", order: func(t *testing.T, s *site) order {
			t.Helper()
			return s.readdress(t, active1, "person002@example.com")
		}, want: refused},
		{name: "a new address", order: func(t *testing.T, s *site) order {
			t.Helper()
			return s.readdress(t, active1, "ana.married@example.com")
		}, want: done},
		{name: "a new address is a 500, and applied", order: func(t *testing.T, s *site) order {
			t.Helper()
			return s.readdress(t, active1, "ana.married@example.com")
		},
			quirk: both(true, problem(http.StatusInternalServerError, "", "oh"))},
	}
}

// awkward ids: each is deactivated, and nobody else.
func idCases() []writeCase {
	var out []writeCase
	for _, id := range []string{"a@b.example", "a/b", "a?b=c", "a%2fb", "a#b", "ünï", "a b", "a\"b", "id%2d0002", "42"} {
		out = append(out, writeCase{name: "the id is " + strings.ReplaceAll(id, "/", "|"), order: deactivating, want: done, quiet: true,
			seed: func(s *site) { s.kinds[users][0]["id"] = id },
			also: func(t *testing.T, s *site) {
				t.Helper()
				if u, _ := s.byID(users, "id-0002"); !u.on() {
					t.Error("a neighbour was deactivated")
				}
			}})
	}
	return out
}

func TestNoWriteIsCalledDoneThatIsNot(t *testing.T) {
	t.Parallel()
	for _, k := range slices.Concat(inviteCases(), activeCases(), idCases()) {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			k.run(t)
		})
	}
}

func (k writeCase) run(t *testing.T) {
	t.Helper()
	s := newSite(t, 12, nil)
	s.twins = k.twins
	if k.seed != nil {
		k.seed(s)
	}
	o := k.order(t, s)
	if k.quirk != nil {
		s.quirk = k.quirk()
	}
	was, n := o.so(s), &notes{}
	env := environment(s.url(), n)
	env.Connection.Acts = k.acts
	var kind flows.OutcomeKind
	var err error
	bounded(t, "the order", func(ctx context.Context) {
		c, oerr := enter(ctx, t, env)
		if err = oerr; err == nil {
			kind, err = o.do(ctx, c)
		}
	})
	t.Logf("%s: %q, %v", o.verb, kind, err)
	harmless(t, n, err)
	for _, w := range o.judge(s, was, s.changes(), kind, err) {
		t.Error(w)
	}
	switch k.want {
	case any_:
	case done, already:
		if err != nil || string(kind) != string(k.want) {
			t.Errorf("%q, %v; the client can do that: want %s", kind, err, k.want)
		}
	case failed:
		if err == nil && kind != flows.Manual {
			t.Errorf("%q, and nobody could know that", kind)
		}
	default:
		if string(flows.CodeOf(err)) != string(k.want) {
			t.Errorf("%q, %v; want %s", kind, err, k.want)
		}
	}
	if k.quirk != nil && !k.quiet && s.struck() == 0 {
		t.Error("the quirk never struck: this proved nothing")
	}
	if k.also != nil {
		k.also(t, s)
	}
	pressed(t, s, n)
}

// pressed checks that what may have changed something was announced before.
func pressed(t *testing.T, s *site, n *notes) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	n.mu.Lock()
	defer n.mu.Unlock()
	writes := 0
	for k, v := range s.asked {
		if !strings.HasPrefix(k, http.MethodGet+" ") {
			writes += v
		}
	}
	if writes > 0 && len(n.presses) == 0 {
		t.Errorf("%d writes, and none announced: %v", writes, maps.Clone(s.asked))
	}
}
