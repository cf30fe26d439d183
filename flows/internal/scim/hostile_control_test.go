package scim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/usherhq/usher/flows"
)

// A naive client believes what it is told, and repeats what failed. What it does wrong shows that a case
// of the tables can catch somebody.
type naive struct {
	t *testing.T
	s *site
}

// call returns status 0 where there was no answer.
func (n naive) call(method, path string, body any) (status int, v map[string]any) {
	n.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		n.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(n.t.Context(), method, n.s.url()+path, bytes.NewReader(b))
	if err != nil {
		n.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", scimJSON)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&v); err != nil {
		return resp.StatusCode, nil
	}
	return resp.StatusCode, v
}

// list reads until it has as many as there are.
func (n naive) list() []string {
	n.t.Helper()
	var got []string
	for start, total := 1, 1; len(got) < total; {
		_, l := n.call(http.MethodGet, fmt.Sprintf("/Users?startIndex=%d&count=%d", start, pageOfOne), nil)
		page := resources(l)
		if len(page) == 0 {
			break
		}
		total = int(number64(l["totalResults"]))
		for _, u := range page {
			if u, ok := u.(map[string]any); ok {
				got = append(got, text(u["userName"]))
			}
		}
		start += len(page)
	}
	return got
}

func number64(v any) float64 {
	n, _ := v.(float64)
	return n
}

// find takes the first that a filter finds.
func (n naive) find(email string) (id string) {
	n.t.Helper()
	_, l := n.call(http.MethodGet, "/Users?filter="+url.QueryEscape(fmt.Sprintf("userName eq %q", email)), nil)
	for _, u := range resources(l) {
		if u, ok := u.(map[string]any); ok {
			return text(u["id"])
		}
	}
	return ""
}

// believe takes the status for the outcome.
func believe(status int) (flows.OutcomeKind, error) {
	if status >= 200 && status < 300 {
		return flows.Done, nil
	}
	return "", flows.Errorf(flows.Unavailable, "write", "it answers %d", status)
}

func (n naive) invite() (flows.OutcomeKind, error) {
	n.t.Helper()
	status := 0
	for try := 0; try < 2 && (status == 0 || status >= 429); try++ {
		status, _ = n.call(http.MethodPost, "/Users", map[string]any{"schemas": []string{userURN}, "userName": newcomer, "active": true})
	}
	return believe(status)
}

func (n naive) patch(path, op, attribute string, value any) (flows.OutcomeKind, error) {
	n.t.Helper()
	status, _ := n.call(http.MethodPatch, path, map[string]any{
		"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": []any{map[string]any{"op": op, "path": attribute, "value": value}},
	})
	return believe(status)
}

func (n naive) deactivate() (flows.OutcomeKind, error) {
	n.t.Helper()
	return n.patch("/Users/"+n.find(active1), "replace", "active", false)
}

func (n naive) leave() (flows.OutcomeKind, error) {
	n.t.Helper()
	return n.patch("/Groups/g-1", "remove", `members[value eq "id-0002"]`, nil)
}

// The deadliest of the cases deceive a client that believes what it is told: its lists lack somebody, its
// writes are doubled, are somebody else's, or are not so.
func TestTheDeadliestQuirksDeceiveWhoBelievesThem(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"startIndex ignored, and said so", "startIndex ignored, and echoed all the same", "startIndex counted from 0", "one is left out of every page",
		"somebody leaves meanwhile",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, 37, named(t, append(pagingCases(), peopleCases()...), func(k listCase) string { return k.name }, name).quirk)
			got := naive{t, s}.list()
			var want []string
			for _, u := range s.all(users) {
				want = append(want, u.label())
			}
			slices.Sort(got)
			slices.Sort(want)
			if slices.Equal(got, want) || s.struck() == 0 {
				t.Errorf("nobody was deceived: %d read, struck %d times", len(got), s.struck())
			}
		})
	}
	for name, do := range map[string]func(naive) (flows.OutcomeKind, error){
		"POST is a 500, and applied":                        naive.invite,
		"POST is a 429, and applied":                        naive.invite,
		"POST is a 201, and not applied":                    naive.invite,
		"POST is applied, and the connection cut":           naive.invite,
		"PATCH is a 204, and ignored; PUT works":            naive.deactivate,
		"PATCH is a 500, and applied":                       naive.deactivate,
		"PATCH is applied, and the connection cut":          naive.deactivate,
		"PATCH and PUT are a 200 that says so, and ignored": naive.deactivate,
		"the id is id%2d0002":                               naive.deactivate,
		"a removal is a 204, and ignored":                   naive.leave,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := named(t, slices.Concat(inviteCases(), activeCases(), idCases(), groupWriteCases()), func(k writeCase) string { return k.name }, name)
			s := newSite(t, 12, nil)
			s.twins = k.twins
			if k.seed != nil {
				k.seed(s)
			}
			o := k.order(t, s)
			if k.quirk != nil {
				s.quirk = k.quirk()
			}
			was := o.so(s)
			kind, err := do(naive{t, s})
			if wrong := o.judge(s, was, s.changes(), kind, err); len(wrong) == 0 {
				t.Errorf("nobody was deceived: %q, %v, %v", kind, err, s.changes())
			} else {
				t.Log(strings.Join(wrong, "; "))
			}
		})
	}
}

// named returns the case of that name.
func named[K any](t *testing.T, all []K, name func(K) string, want string) K {
	t.Helper()
	at := slices.IndexFunc(all, func(k K) bool { return name(k) == want })
	if at < 0 {
		t.Fatalf("there is no case %q", want)
	}
	return all[at]
}
