package scim

import (
	"strings"
	"testing"

	"github.com/usherhq/usher/flows"
)

// The address that a hint names is the one that is ordered by next: it is never another person's.
func TestNobodyIsAdvisedToOrderByAnotherPersonsAddress(t *testing.T) {
	t.Parallel()
	for name, k := range map[string]struct {
		address string
		says    []string
	}{
		"of one and among the e-mails of another": {someone, []string{"the user name of the account 2", "an e-mail of the account 3 (u3@example.com)"}},
		"only among the e-mails of another":       {"shared@example.com", []string{"nobody's user name", "an e-mail of the account 3 (u3@example.com)"}},
	} {
		s := newStand(t, 3)
		s.user("3")["emails"] = []any{resource{"value": someone}, resource{"value": "shared@example.com"}}
		c, _ := s.console(testShape())
		_, err := c.Find(t.Context(), k.address)
		wantCode(t, err, flows.Ambiguous)
		for _, w := range k.says {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v; want %q", name, err, w)
			}
		}
		if h := flows.HintOf(err); strings.Contains(h, "@") || !strings.Contains(h, "Spekit") || strings.Contains(h, "127.0.0.1") {
			t.Errorf("%s: hint %q", name, h)
		}
	}
}
