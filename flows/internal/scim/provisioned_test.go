package scim

import (
	"testing"

	"github.com/usherhq/usher/flows"
)

func TestADirectoryThatAProviderKeepsIsSaidToBeOne(t *testing.T) {
	t.Parallel()
	people := func(with, without int) (out []flows.Account) {
		for i := range with + without {
			words := map[string]string{}
			if i < with {
				words[flows.WordExternalID] = "00u1"
			}
			out = append(out, flows.Account{Words: words})
		}
		return out
	}
	for _, tt := range []struct {
		with, without  int
		readOnly, said bool
	}{
		{0, 0, false, false}, {0, 10, false, false}, {4, 6, false, false}, {5, 5, false, true}, {10, 0, false, true}, {10, 0, true, false},
	} {
		c := &Console{shape: Shape{App: flows.App{Title: "Spekit"}}}
		c.env.Connection.ReadOnly = tt.readOnly
		if got := c.provisioned(people(tt.with, tt.without)) != ""; got != tt.said {
			t.Errorf("%+v: said %v", tt, got)
		}
	}
}
