package scim

import (
	"net/http"
	"testing"

	"github.com/usherhq/usher/flows"
)

// What was seen to be wrong must not be overruled by a look that sees less; what could not be seen may.
func TestOnlyWhatWasSeenToBeWrongIsMarkedSo(t *testing.T) {
	t.Parallel()
	for name, k := range map[string]struct {
		twist func(s *stand) func(http.ResponseWriter, *http.Request, resource) bool
		seen  bool
	}{
		"another member is thrown out": {func(s *stand) func(http.ResponseWriter, *http.Request, resource) bool {
			return func(w http.ResponseWriter, r *http.Request, body resource) bool {
				if r.Method != http.MethodPatch {
					return false
				}
				s.honest(w, r, body)
				s.mu.Lock()
				s.kinds["Groups"][0]["members"] = []any{resource{"value": "3"}}
				s.mu.Unlock()
				return true
			}
		}, true},
		"the group is gone": {func(s *stand) func(http.ResponseWriter, *http.Request, resource) bool {
			return func(w http.ResponseWriter, r *http.Request, _ resource) bool {
				if r.Method != http.MethodPatch {
					return false
				}
				s.mu.Lock()
				s.kinds["Groups"] = nil
				s.mu.Unlock()
				reply(w, 204, nil)
				return true
			}
		}, true},
		"it is answered 500, and as it was": {func(*stand) func(http.ResponseWriter, *http.Request, resource) bool {
			return refusing(500, "PATCH path")
		}, false},
		"the reply is lost": {func(*stand) func(http.ResponseWriter, *http.Request, resource) bool {
			return func(_ http.ResponseWriter, r *http.Request, _ resource) bool {
				if r.Method == http.MethodPatch {
					panic(http.ErrAbortHandler)
				}
				return false
			}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, 3)
			s.kinds["Groups"] = []resource{testGroup("g1", "Sales", "1", "2")}
			c, _ := s.console(testShape())
			who := s.account(c, "u3@example.com")
			s.twist = k.twist(s)
			_, err := c.ChangeMembers(t.Context(), flows.Group{ID: "g1", Name: "Sales"}, []flows.Account{who}, nil)
			wantCode(t, err, flows.Unverified)
			if flows.SeenWrong(err) != k.seen {
				t.Errorf("%v: seen wrong %v", err, !k.seen)
			}
		})
	}
}
